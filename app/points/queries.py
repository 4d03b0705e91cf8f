"""Every select on the books. Statements of the write path are built once, with names for what changes."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Row,
    Select,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement, Label

from app.community import queries as communities
from app.community.errors import UnknownArea
from app.community.terms import Level
from app.core.actor import Actor
from app.core.clock import china_date, china_midnight
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, page_of_rows, paginate
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.identity import queries as people
from app.points import causes, rules
from app.points.causes import CauseShown, Fact, Ref
from app.points.errors import AccountFrozen, FundNeedsCommunity, StatementTooLong
from app.points.models import (
    ACCOUNT,
    BALANCE,
    BUDGET_SLICE,
    LEDGER_ALERT,
    POINTS_BUDGET,
    POINTS_DAY,
    POINTS_GRANT,
    REVERSAL_TALLY,
    TRANSFER,
    WALLET,
    Account,
    Donation,
    GrantReview,
    PointsBudget,
    PointsGrant,
    PointsReminder,
    PointsReversal,
    Transfer,
    Wallet,
)
from app.points.terms import (
    CAUSES,
    ISSUED,
    NEVER,
    TITLES_ZH,
    AccountKind,
    BudgetShown,
    CauseKind,
    FundShown,
    GrantShown,
    GrantState,
    Pocket,
    Standing,
    TransferKind,
)
from app.policies.rules import Rules
from app.policies.terms import POINTS_DAILY_MAX, POINTS_YEARLY_MAX

if TYPE_CHECKING:
    from app.community.models import Area

SWEEP_BATCH = 500
STATEMENT_LINES_MAX = 2000
"""What one document shows: five movements a day for a year."""

_POCKET = (ACCOUNT.c.id, ACCOUNT.c.expires_month, BALANCE.c.posted, BALANCE.c.held)
_POCKETS = WALLET.join(ACCOUNT, ACCOUNT.c.wallet_id == WALLET.c.id).join(
    BALANCE, BALANCE.c.account_id == ACCOUNT.c.id
)


def is_frozen(wallet_id: ColumnElement[int]) -> Label[bool]:
    """Whether an alert about the wallet is open: read along with what is read anyway, out of an index usually empty."""
    alert = select(LEDGER_ALERT.c.id).where(
        LEDGER_ALERT.c.wallet_id == wallet_id, LEDGER_ALERT.c.lifted_at.is_(None)
    )
    return alert.exists().label("frozen")


_frozen = is_frozen(WALLET.c.id)

_OWN_POCKETS = Prepared(
    select(*_POCKET)
    .select_from(_POCKETS)
    .where(WALLET.c.person_id == bindparam("person_id"), BALANCE.c.posted > 0)
)

# Locks the wallet, then its pockets by ascending id, and reads what they have when the lock is ours. A pocket that
# another transaction is about to open is not seen: this one came first.
_LOCK_SPENDABLE = Prepared(
    select(WALLET.c.id.label("wallet_id"), _frozen, *_POCKET)
    .select_from(_POCKETS)
    .where(
        WALLET.c.person_id == bindparam("person_id"),
        or_(ACCOUNT.c.expires_month == NEVER, ACCOUNT.c.expires_month >= bindparam("this_month")),
        BALANCE.c.posted > BALANCE.c.held,
    )
    .order_by(ACCOUNT.c.id)
    .with_for_update(key_share=True, of=[WALLET, BALANCE])
)

_LOCK_WALLETS = (
    select(WALLET.c.id)
    .where(WALLET.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(WALLET.c.id)
    .with_for_update(key_share=True)
)

_LOCK_POCKETS = (
    select(WALLET.c.id.label("wallet_id"), _frozen, ACCOUNT.c.area_id, *_POCKET)
    .select_from(_POCKETS)
    .where(
        WALLET.c.id.in_(bindparam("ids", expanding=True)),
        or_(ACCOUNT.c.expires_month == NEVER, ACCOUNT.c.expires_month >= bindparam("this_month")),
        BALANCE.c.posted > BALANCE.c.held,
    )
    .order_by(ACCOUNT.c.id)
    .with_for_update(key_share=True, of=BALANCE)
)

_LOCK_BALANCE = (
    select(BALANCE.c.posted - BALANCE.c.held)
    .where(BALANCE.c.account_id == bindparam("account_id"))
    .with_for_update(key_share=True)
)

_LOCK_TO_SWEEP = (
    select(
        WALLET.c.id.label("wallet_id"),
        WALLET.c.person_id,
        ACCOUNT.c.area_id,
        ACCOUNT.c.expires_month,
        BALANCE.c.posted,
        BALANCE.c.held,
    )
    .select_from(_POCKETS)
    .where(ACCOUNT.c.id == bindparam("account_id"), ACCOUNT.c.closed_at.is_(None))
    .with_for_update(key_share=True, of=[WALLET, BALANCE])
)


def _system_account(kind: AccountKind | None = None) -> Select[tuple[int]]:
    return select(ACCOUNT.c.id).where(
        ACCOUNT.c.wallet_id.is_(None),
        ACCOUNT.c.kind == (kind or bindparam("kind")),
        ACCOUNT.c.area_id == bindparam("area_id"),
    )


_SYSTEM_ACCOUNT = Prepared(_system_account())

_pocket = ACCOUNT.alias("pocket")
_ISSUING = Prepared(
    select(
        WALLET.c.id.label("wallet_id"),
        select(_pocket.c.id)
        .where(_pocket.c.wallet_id == WALLET.c.id, _pocket.c.expires_month == bindparam("month"))
        .scalar_subquery()
        .label("pocket_id"),
        _system_account(AccountKind.ISSUER).scalar_subquery().label("issuer_id"),
        select(POINTS_DAY.c.points)
        .where(POINTS_DAY.c.wallet_id == WALLET.c.id, POINTS_DAY.c.day == bindparam("day"))
        .scalar_subquery()
        .label("earned_on_day"),
        select(POINTS_BUDGET.c.area_id)
        .where(
            POINTS_BUDGET.c.area_id.in_(bindparam("line", expanding=True)),
            POINTS_BUDGET.c.year == bindparam("year"),
        )
        .scalar_subquery()
        .label("budget_area_id"),
        _frozen,
    ).where(WALLET.c.person_id == bindparam("person_id"))
)


@dataclass(frozen=True, slots=True)
class Issuing:
    """What is there before points are issued into a wallet; None for an account not opened yet."""

    wallet_id: int
    pocket_id: int | None
    issuer_id: int | None
    earned_on_day: int | None
    """None: nothing counted on that day yet."""
    budget_area_id: int | None
    """The community whose budget of the year these points come out of; None where there is none."""


def issuing(
    person_id: int, *, month: int, area_id: int, area_path: str, day: date, year: int
) -> Issuing | None:
    """Where points of `month` would go for this person; None for somebody without a wallet. Locks nothing."""
    row = _ISSUING.first(
        {
            "person_id": person_id,
            "month": month,
            "area_id": area_id,
            "day": day,
            "line": _line_of(area_path),
            "year": year,
        }
    )
    if row is None:
        return None
    _refuse_frozen([row])
    return Issuing(*row[:-1])


def _refuse_frozen(rows: Iterable[Any]) -> None:
    if any(row.frozen for row in rows):
        raise AccountFrozen


def _line_of(area_path: str) -> list[int]:
    """The ids of an area and those above it. Budgets are kept by communities, so at most one of them has one."""
    return [int(part) for part in area_path.strip("/").split("/")]


def pocket_id(wallet_id: int, month: int) -> int:
    """The pocket of a wallet for a month; it must be there."""
    return db.session.scalars(
        select(Account.id).where(Account.wallet_id == wallet_id, Account.expires_month == month)
    ).one()


def system_account_id(kind: AccountKind, area_id: int) -> int | None:
    """The issuer, spent or expired account of an area, if it has been opened."""
    found: int | None = _SYSTEM_ACCOUNT.scalar({"kind": kind, "area_id": area_id})
    return found


def lock_spendable(person_id: int, this_month: int) -> tuple[int, list[Pocket]]:
    """The wallet and its pockets with usable free points, all locked; (0, []) when there are none."""
    rows = _LOCK_SPENDABLE.all({"person_id": person_id, "this_month": this_month})
    if not rows:
        return 0, []
    _refuse_frozen(rows)
    return rows[0].wallet_id, [Pocket(*row[2:]) for row in rows]


def lock_wallets(wallet_ids: Collection[int]) -> None:
    """Hold the rows of these wallets to the end of the transaction, by ascending id."""
    locked = db.session.execute(_LOCK_WALLETS, {"ids": sorted(wallet_ids)}).all()
    assert len(locked) == len(wallet_ids)  # noqa: S101 - a wallet is never removed


@dataclass(frozen=True, slots=True)
class SpendablePocket:
    """A pocket with usable free points, and whose it is."""

    wallet_id: int
    area_id: int
    pocket: Pocket


def lock_pockets(wallet_ids: Collection[int], this_month: int) -> list[SpendablePocket]:
    """The pockets of these wallets with usable free points, locked by ascending id."""
    rows = db.session.execute(
        _LOCK_POCKETS, {"ids": sorted(wallet_ids), "this_month": this_month}
    ).all()
    _refuse_frozen(rows)
    return [SpendablePocket(row[0], row[2], Pocket(*row[3:])) for row in rows]


def wallet_of(person_id: int) -> int:
    """The wallet of a person, who must have one. Raises: AccountFrozen."""
    row = db.session.execute(
        select(WALLET.c.id, _frozen).where(WALLET.c.person_id == person_id)
    ).one()
    _refuse_frozen([row])
    wallet_id: int = row.id
    return wallet_id


def fund_wallets(area_id: int) -> Sequence[int]:
    """The wallets of a community's fund, by shard."""
    return db.session.scalars(
        select(Wallet.id).where(Wallet.area_id == area_id).order_by(Wallet.shard)
    ).all()


def lock_free(account_id: int) -> int:
    """The free points of a pocket, its balance locked."""
    free: int = db.session.scalars(_LOCK_BALANCE, {"account_id": account_id}).one()
    return free


def lock_to_sweep(account_id: int) -> Row[tuple[int, int, int, int, int, int]] | None:
    """A pocket not closed yet, its wallet and balance locked."""
    return db.session.execute(_LOCK_TO_SWEEP, {"account_id": account_id}).first()


def swept(run: int, account_id: int) -> bool:
    """Whether this expiry run has taken points from this pocket before."""
    return (
        db.session.scalar(
            select(TRANSFER.c.id).where(
                TRANSFER.c.kind == TransferKind.EXPIRE,
                TRANSFER.c.cause_id == run,
                TRANSFER.c.part == account_id,
            )
        )
        is not None
    )


def pockets_past(this_month: int, after_id: int) -> Sequence[int]:
    """Pockets whose month is over and which no sweep has found empty yet: a batch by ascending id."""
    return db.session.scalars(
        select(Account.id)
        .where(
            Account.wallet_id.is_not(None),
            Account.closed_at.is_(None),
            Account.expires_month > NEVER,
            Account.expires_month < this_month,
            Account.id > after_id,
        )
        .order_by(Account.id)
        .limit(SWEEP_BATCH)
    ).all()


def transfer_within(actor: Actor, permission: Permission, transfer_id: int) -> Transfer:
    """A transfer booked where the actor holds `permission`. Raises: NotFound."""
    found = db.session.scalars(
        select(Transfer).where(
            Transfer.id == transfer_id,
            Transfer.area_id.in_(communities.ids_within(actor.area_paths(permission))),
        )
    ).first()
    if found is None:
        raise NotFound
    return found


def points_left(transfer_id: int) -> int:
    """What of a transfer has not been reversed; its tally must be there."""
    left: int = db.session.scalars(
        select(REVERSAL_TALLY.c.amount - REVERSAL_TALLY.c.points).where(
            REVERSAL_TALLY.c.transfer_id == transfer_id
        )
    ).one()
    return left


def account_kind(account_id: int) -> AccountKind:
    """What kind of account this is."""
    return AccountKind(
        db.session.scalars(select(Account.kind).where(Account.id == account_id)).one()
    )


def month_of_pocket(account_id: int) -> int:
    """The expiry month of a pocket."""
    month: int = db.session.scalars(
        select(ACCOUNT.c.expires_month).where(ACCOUNT.c.id == account_id)
    ).one()
    return month


def person_of(wallet_id: int) -> int:
    """Whose wallet it is; it must be a person's."""
    person_id: int = db.session.scalars(
        select(WALLET.c.person_id).where(WALLET.c.id == wallet_id)
    ).one()
    return person_id


def standing(actor: Actor) -> Standing:
    """What the actor has; nothing for somebody without a wallet."""
    rows = _OWN_POCKETS.all({"person_id": actor.person_id})
    this_month = rules.month_of(china_date(actor.now))
    return rules.standing((Pocket(*row) for row in rows), this_month)


# --- what its owner sees of a wallet ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cause:
    """What a transfer hangs on, for a link."""

    kind: CauseKind
    id: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A transfer as the owner of the wallet sees it."""

    id: int
    at: datetime
    recorded_at: datetime
    kind: TransferKind
    title: str
    points: int
    """Positive when points came, negative when they went."""
    balance_after: int
    """The whole wallet's points after this line, held ones included."""
    cause: Cause
    reason: str | None
    """What was written when the points were granted or reversed by hand."""
    reverses_id: int | None


# Put together once, of the table and not of the class: what a phone shows when it opens the statement.
_NEWEST = Prepared(
    select(TRANSFER)
    .where(
        TRANSFER.c.wallet_id
        == select(WALLET.c.id).where(WALLET.c.person_id == bindparam("person_id")).scalar_subquery()
    )
    .order_by(TRANSFER.c.id.desc())
    .limit(bindparam("rows_max"))
)


def statement(
    actor: Actor,
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
    kind: TransferKind | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Page[StatementLine]:
    """The actor's transfers, newest first; of one kind, and recorded on days in China, if so asked.

    Whatever is left out, each line says what the whole wallet had after it. Raises: CursorInvalid.
    """
    narrower = _recorded(since, until)
    if kind is not None:
        narrower.append(Transfer.kind == kind)
    if not narrower and cursor is None:
        newest = {"person_id": actor.person_id, "rows_max": limit + 1}
        rows = _NEWEST.all(newest)
        first = page_of_rows(rows, [Transfer.id], limit=limit)
        return Page(_lines(first.items), first.next_cursor)
    page = paginate(
        select(Transfer).where(Transfer.wallet_id == _own_wallet(actor), *narrower),
        [Transfer.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(_lines(page.items, with_gaps=bool(narrower)), page.next_cursor)


def whole_statement(person_id: int) -> list[StatementLine]:
    """Every transfer of a person, newest first, for the person's own export."""
    return _lines(
        db.session.scalars(
            select(Transfer)
            .join(Wallet, Wallet.id == Transfer.wallet_id)
            .where(Wallet.person_id == person_id)
            .order_by(Transfer.id.desc())
        ).all()
    )


@dataclass(frozen=True, slots=True)
class TransferShown:
    """A line of a statement with all there is to know about it."""

    line: StatementLine
    area_name: str
    cause: CauseShown
    reversed_by: Sequence[int]
    """The transfers that took it back or gave it back, whole or in part."""


def own_transfer(actor: Actor, transfer_id: int) -> TransferShown:
    """One of the actor's transfers with what it hangs on, down to the scan. Raises: NotFound."""
    transfer = db.session.scalars(
        select(Transfer).where(Transfer.id == transfer_id, Transfer.wallet_id == _own_wallet(actor))
    ).first()
    if transfer is None:
        raise NotFound
    (line,) = _lines([transfer])
    reversed_by = select(Transfer.id).where(Transfer.reverses_id == transfer.id)
    return TransferShown(
        line=line,
        area_name=communities.area_by_id(transfer.area_id).name,
        cause=_cause_shown(transfer, line),
        reversed_by=db.session.scalars(reversed_by.order_by(Transfer.id)).all(),
    )


@dataclass(frozen=True, slots=True)
class KindTotal:
    """What transfers of one kind moved, signed as the wallet sees it."""

    kind: TransferKind
    title: str
    count: int
    points: int


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """A month in China of one wallet: what it had, what came, what went, what it had then."""

    month: int
    opening: int
    came: int
    went: int
    closing: int
    kinds: Sequence[KindTotal]


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """Months of one wallet, newest first."""

    items: Sequence[MonthTotal]


def months(actor: Actor, *, count: int) -> MonthTotals:
    """The actor's last `count` months, this one first. A month that is over never changes: days are of recording."""
    wallet_id = db.session.scalar(select(Wallet.id).where(Wallet.person_id == actor.person_id))
    numbers = rules.months_back(china_date(actor.now), count)
    starts = [china_midnight(rules.first_day(number)) for number in numbers]
    which = case(
        *((TRANSFER.c.recorded_at >= start, n) for n, start in enumerate(starts)), else_=count
    )
    rows = db.session.execute(
        select(which.label("nth"), TRANSFER.c.kind, func.count(), *_CAME_AND_WENT)
        .where(TRANSFER.c.wallet_id == wallet_id)
        .group_by(which, TRANSFER.c.kind)
        .order_by(TRANSFER.c.kind)
    ).all()
    balance = sum(came - went for nth, _, _, came, went in rows if nth == count)
    found: list[MonthTotal] = []
    for nth in reversed(range(count)):
        inside = [row for row in rows if row[0] == nth]
        opening = balance
        came, went = sum(row[3] for row in inside), sum(row[4] for row in inside)
        balance += came - went
        kinds = [_kind_total(kind, times, plus - minus) for _, kind, times, plus, minus in inside]
        found.append(MonthTotal(numbers[nth], opening, came, went, balance, kinds))
    return MonthTotals(found[::-1])


@dataclass(frozen=True, slots=True)
class PeriodStatement:
    """Everything that moved in a wallet over some days, oldest first, and what it had before and after."""

    wallet_id: int | None
    owner_name: str
    home_name: str
    since: date
    until: date
    opening: int
    came: int
    went: int
    closing: int
    lines: Sequence[StatementLine]
    about: Mapping[int, str]
    """What each line was about, by transfer."""
    kinds: Sequence[KindTotal]
    made_at: datetime


def period_statement(actor: Actor, *, since: date, until: date) -> PeriodStatement:
    """The actor's statement over days of recording in China, both included. Raises: StatementTooLong."""
    owner = people.person_by_id(actor.person_id)
    wallet_id = db.session.scalar(select(Wallet.id).where(Wallet.person_id == actor.person_id))
    own = TRANSFER.c.wallet_id == wallet_id
    opening = db.session.scalars(
        select(_MOVED).where(own, TRANSFER.c.recorded_at < china_midnight(since))
    ).one()
    newest_first = db.session.scalars(
        select(Transfer)
        .where(Transfer.wallet_id == wallet_id, *_recorded(since, until))
        .order_by(Transfer.id.desc())
        .limit(STATEMENT_LINES_MAX + 1)
    ).all()
    if len(newest_first) > STATEMENT_LINES_MAX:
        raise StatementTooLong(lines_max=STATEMENT_LINES_MAX)
    lines = _lines(newest_first)[::-1]
    # On PostgreSQL two transfers around midnight may bear their days against their numbers: a document adds up itself.
    balance, added = opening, []
    for line in lines:
        balance += line.points
        added.append(replace(line, balance_after=balance))
    totals: dict[TransferKind, list[int]] = defaultdict(list)
    for line in lines:
        totals[line.kind].append(line.points)
    home_id = owner.home_area_id
    return PeriodStatement(
        wallet_id=wallet_id,
        owner_name=owner.name or "",
        home_name="" if home_id is None else communities.area_by_id(home_id).name,
        since=since,
        until=until,
        opening=opening,
        came=sum(line.points for line in lines if line.points > 0),
        went=-sum(line.points for line in lines if line.points < 0),
        closing=balance,
        lines=added,
        about=_about(lines),
        kinds=[_kind_total(kind, len(each), sum(each)) for kind, each in sorted(totals.items())],
        made_at=actor.now,
    )


def _own_wallet(actor: Actor) -> ColumnElement[int]:
    return select(Wallet.id).where(Wallet.person_id == actor.person_id).scalar_subquery()


def _recorded(since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Recorded on the days from `since` to `until` in China, both included."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(TRANSFER.c.recorded_at >= china_midnight(since))
    if until is not None:
        conditions.append(TRANSFER.c.recorded_at < china_midnight(until + timedelta(days=1)))
    return conditions


def _lines(
    newest_first: Sequence[Transfer] | Sequence[Row[Any]], *, with_gaps: bool = False
) -> list[StatementLine]:
    if not newest_first:
        return []
    reasons = _reasons(newest_first)
    lines = []
    balance_after = _balance_after(newest_first[0])
    skipped = _moved_between(newest_first) if with_gaps else {}
    for transfer in newest_first:
        balance_after -= skipped.get(transfer.id, 0)
        line = _line(transfer, balance_after, reasons.get(transfer.id))
        lines.append(line)
        balance_after -= line.points
    return lines


def _line(transfer: Transfer | Row[Any], balance_after: int, reason: str | None) -> StatementLine:
    kind = TransferKind(transfer.kind)
    return StatementLine(
        id=transfer.id,
        at=transfer.at,
        recorded_at=transfer.recorded_at,
        kind=kind,
        title=TITLES_ZH[kind],
        points=transfer.amount if transfer.credit_version is not None else -transfer.amount,
        balance_after=balance_after,
        cause=Cause(CAUSES[kind], transfer.cause_id),
        reason=reason,
        reverses_id=transfer.reverses_id,
    )


def _kind_total(kind: str, count: int, points: int) -> KindTotal:
    return KindTotal(TransferKind(kind), TITLES_ZH[TransferKind(kind)], count, points)


_CAME = case((TRANSFER.c.credit_version.is_not(None), TRANSFER.c.amount), else_=0)
_WENT = case((TRANSFER.c.credit_version.is_(None), TRANSFER.c.amount), else_=0)


def _total(points: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL sums 64-bit integers into a decimal.
    return cast(func.coalesce(func.sum(points), 0), BigInteger)


_CAME_AND_WENT = (_total(_CAME), _total(_WENT))
_MOVED = _total(_CAME - _WENT)


# From what the wallet has now back to a transfer: the first page of a statement adds up nothing.
_NEWER = select(_MOVED).where(
    TRANSFER.c.wallet_id == bindparam("wallet_id"), TRANSFER.c.id > bindparam("transfer_id")
)
_RESTING = select(func.sum(BALANCE.c.posted)).where(
    BALANCE.c.account_id == ACCOUNT.c.id, ACCOUNT.c.wallet_id == bindparam("wallet_id")
)
_BALANCE_AFTER = Prepared(select(_RESTING.scalar_subquery() - _NEWER.scalar_subquery()))


def _balance_after(transfer: Transfer | Row[Any]) -> int:
    after = {"wallet_id": transfer.wallet_id, "transfer_id": transfer.id}
    return int(_BALANCE_AFTER.scalar(after))


def _moved_between(newest_first: Sequence[Transfer] | Sequence[Row[Any]]) -> dict[int, int]:
    """What moved between each of these transfers and the next newer one of them, by the older one's id."""
    shown = sorted(transfer.id for transfer in newest_first)
    rows = db.session.execute(
        select(TRANSFER.c.id, TRANSFER.c.amount, TRANSFER.c.credit_version.is_not(None)).where(
            TRANSFER.c.wallet_id == newest_first[0].wallet_id,
            TRANSFER.c.id > shown[0],
            TRANSFER.c.id < shown[-1],
            TRANSFER.c.id.not_in(shown),
        )
    )
    moved: dict[int, int] = defaultdict(int)
    for transfer_id, amount, came in rows:
        moved[shown[bisect(shown, transfer_id) - 1]] += amount if came else -amount
    return moved


_GRANTED_FOR = Prepared(
    select(POINTS_GRANT.c.id, POINTS_GRANT.c.reason).where(
        POINTS_GRANT.c.id.in_(bindparam("grants", expanding=True))
    )
)


def _reasons(transfers: Sequence[Transfer] | Sequence[Row[Any]]) -> dict[int, str]:
    """Reasons by transfer, for those made by hand."""
    granted = {t.cause_id: t.id for t in transfers if t.kind == TransferKind.GRANT}
    reversed_ = {(t.cause_id, t.part): t.id for t in transfers if t.kind == TransferKind.REVERSAL}
    found: dict[int, str] = {}
    if granted:
        rows = _GRANTED_FOR.all({"grants": list(granted)})
        found.update((granted[grant_id], reason) for grant_id, reason in rows)
    if reversed_:
        parts = db.session.execute(
            select(PointsReversal.transfer_id, PointsReversal.part, PointsReversal.reason).where(
                tuple_(PointsReversal.transfer_id, PointsReversal.part).in_(reversed_)
            )
        )
        found.update((reversed_[transfer_id, part], reason) for transfer_id, part, reason in parts)
    return found


# --- what caps leave ----------------------------------------------------------------------------------------------


def earned_in_year(wallet_id: int, day: date) -> int:
    """Points earned in a wallet on the days of that year. Stable while the wallet is locked."""
    return db.session.scalars(
        select(_total(POINTS_DAY.c.points)).where(
            POINTS_DAY.c.wallet_id == wallet_id,
            POINTS_DAY.c.day.between(date(day.year, 1, 1), date(day.year, 12, 31)),
        )
    ).one()


def payable(actor: Actor, points: int, policy: Rules) -> int:
    """How many of so many points the caps of today and of this year would leave the actor. Locks nothing."""
    day = china_date(actor.now)
    wallet_id = db.session.scalar(select(Wallet.id).where(Wallet.person_id == actor.person_id)) or 0
    today = select(POINTS_DAY.c.points).where(
        POINTS_DAY.c.wallet_id == wallet_id, POINTS_DAY.c.day == day
    )
    left = rules.below_cap(points, db.session.scalar(today) or 0, policy[POINTS_DAILY_MAX])
    if policy[POINTS_YEARLY_MAX]:
        left = rules.below_cap(left, earned_in_year(wallet_id, day), policy[POINTS_YEARLY_MAX])
    return left


# --- what a transfer hangs on -------------------------------------------------------------------------------------


def _cause_shown(transfer: Transfer, line: StatementLine) -> CauseShown:
    """The cause of a transfer that the reader may see."""
    source = causes.source_of(line.cause.kind)
    if source is not None:
        return source.show(line.cause.id)
    match line.cause.kind:
        case CauseKind.GRANT:
            return _grant_shown(transfer, line)
        case CauseKind.TRANSFER:
            return _reversal_shown(line)
        case CauseKind.DONATION:
            return _donation_shown(transfer)
        case _:
            return _expiry_shown(transfer)


def _grant_shown(transfer: Transfer, line: StatementLine) -> CauseShown:
    grant = db.session.get_one(PointsGrant, transfer.cause_id)
    names = people.masked_names([grant.granted_by])
    facts = (
        Fact("reason", "发放事由", line.reason or ""),
        Fact("granted_by", "经办人", names.get(grant.granted_by, "")),
    )
    return CauseShown(line.title, facts, (Ref("grant", grant.id),))


def _reversal_shown(line: StatementLine) -> CauseShown:
    original = db.session.get_one(Transfer, line.cause.id)
    title = TITLES_ZH[TransferKind(original.kind)]
    facts = (
        Fact("reason", "冲正原因", line.reason or ""),
        Fact("original", "原记账", f"{_day(original.recorded_at)} {title} {original.amount} 分"),
    )
    return CauseShown(f"{line.title}：{title}", facts, (Ref("transfer", original.id),))


def _donation_shown(transfer: Transfer) -> CauseShown:
    donation = db.session.get_one(Donation, transfer.cause_id)
    came = transfer.credit_version is not None
    person_id = donation.from_person_id if came else donation.to_person_id
    area_id = donation.from_area_id if came else donation.to_area_id
    if person_id is not None:
        other = people.masked_names([person_id]).get(person_id, "")
    else:
        assert area_id is not None  # noqa: S101 - the table's checks say so: a person or a fund
        other = f"{communities.area_by_id(area_id).name}爱心基金"
    facts = [Fact("other", "来自" if came else "转给", other)]
    if donation.note:
        facts.append(Fact("note", "留言", donation.note))
    return CauseShown(
        TITLES_ZH[TransferKind(transfer.kind)], facts, (Ref("donation", donation.id),)
    )


def _expiry_shown(transfer: Transfer) -> CauseShown:
    month = db.session.scalars(
        select(Account.expires_month).where(Account.id == transfer.debit_account_id)
    ).one()
    last_day = rules.expires_on(month or NEVER)
    facts = (Fact("expired_on", "有效期至", f"{last_day}"),)
    return CauseShown(TITLES_ZH[TransferKind.EXPIRE], facts)


def _about(lines: Sequence[StatementLine]) -> dict[int, str]:
    """What each line was about, in a word or two; the reason stands for what was done by hand."""
    found = {line.id: line.reason for line in lines if line.reason}
    by_kind: dict[CauseKind, list[StatementLine]] = defaultdict(list)
    for line in lines:
        by_kind[line.cause.kind].append(line)
    for kind, same in by_kind.items():
        source = causes.source_of(kind)
        if source is None:
            continue
        titles: dict[int, str] = {}
        ids = sorted({line.cause.id for line in same})
        for begin in range(0, len(ids), SWEEP_BATCH):
            titles.update(source.titles(ids[begin : begin + SWEEP_BATCH]))
        found.update({line.id: titles.get(line.cause.id, "") for line in same})
    return found


def _day(moment: datetime) -> str:
    return china_date(moment).isoformat()


# --- what a community sees ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MonthOutstanding:
    """Points that rest in pockets and expire together; a month of 0 never comes."""

    month: int
    expires_on: date | None
    points: int
    wallets: int


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """What was paid for causes of one class, before reversals."""

    kind: CauseKind
    kind_title: str
    name: str
    title: str
    count: int
    points: int


@dataclass(frozen=True, slots=True)
class PointsReport:
    """What was issued, spent and expired at and below an area over some days, and what is still owed after them.

    A transfer is counted where it was booked; a pocket where its first points were earned, which is also where they
    will be booked when they expire. Who earns here may spend elsewhere, so the first do not add up to the second.
    """

    area: "Area"
    since: date
    until: date
    issued: int
    taken_back: int
    """Issued points that were reversed."""
    spent: int
    refunded: int
    """Spent points that were reversed."""
    expired: int
    outstanding: int
    kinds: Sequence[KindTotal]
    months: Sequence[MonthOutstanding]
    classes: Sequence[ClassTotal]
    made_at: datetime


def report(actor: Actor, *, area: str, since: date, until: date) -> PointsReport:
    """The points of an area of the actor's own over days of recording in China. Raises: UnknownArea."""
    place = communities.area_by_code(area)
    if not place.path.startswith(actor.area_paths(Permission.POINTS_REPORT)):
        raise UnknownArea
    inside = communities.ids_within([place.path])
    booked = (TRANSFER.c.area_id.in_(inside), *_recorded(since, until))
    rows = db.session.execute(
        select(TRANSFER.c.kind, func.count(), *_CAME_AND_WENT)
        .where(*booked)
        .group_by(TRANSFER.c.kind)
        .order_by(TRANSFER.c.kind)
    ).all()
    came = {TransferKind(kind): plus for kind, _, plus, _ in rows}
    went = {TransferKind(kind): minus for kind, _, _, minus in rows}
    outstanding = _outstanding(inside, until)
    return PointsReport(
        area=place,
        since=since,
        until=until,
        issued=sum(came.get(kind, 0) for kind in ISSUED),
        taken_back=went.get(TransferKind.REVERSAL, 0),
        spent=went.get(TransferKind.SPEND, 0),
        refunded=came.get(TransferKind.REVERSAL, 0),
        expired=went.get(TransferKind.EXPIRE, 0),
        outstanding=sum(month.points for month in outstanding),
        kinds=[_kind_total(kind, count, plus - minus) for kind, count, plus, minus in rows],
        months=outstanding,
        classes=_class_totals(booked),
        made_at=actor.now,
    )


def _outstanding(inside: Select[tuple[int]], until: date) -> list[MonthOutstanding]:
    """What rested in the pockets of these areas at the end of a day: what rests now, less what moved since."""
    later = TRANSFER.c.recorded_at >= china_midnight(until + timedelta(days=1))
    moved = union_all(
        select(BALANCE.c.account_id, BALANCE.c.posted.label("points")),
        select(TRANSFER.c.credit_account_id, -TRANSFER.c.amount).where(
            TRANSFER.c.credit_version.is_not(None), later
        ),
        select(TRANSFER.c.debit_account_id, TRANSFER.c.amount).where(
            TRANSFER.c.debit_version.is_not(None), later
        ),
    ).subquery()
    resting = (
        select(ACCOUNT.c.id, ACCOUNT.c.expires_month, _total(moved.c.points).label("points"))
        .join(moved, moved.c.account_id == ACCOUNT.c.id)
        .where(ACCOUNT.c.wallet_id.is_not(None), ACCOUNT.c.area_id.in_(inside))
        .group_by(ACCOUNT.c.id, ACCOUNT.c.expires_month)
        .having(func.sum(moved.c.points) > 0)
        .subquery()
    )
    rows = db.session.execute(
        select(resting.c.expires_month, _total(resting.c.points), func.count())
        .group_by(resting.c.expires_month)
        .order_by(resting.c.expires_month == NEVER, resting.c.expires_month)
    )
    return [
        MonthOutstanding(month, rules.expires_on(month), points, wallets)
        for month, points, wallets in rows
    ]


def _class_totals(booked: Sequence[ColumnElement[bool]]) -> list[ClassTotal]:
    found: list[ClassTotal] = []
    for kind, classes in causes.classified():
        (paying,) = [transfer for transfer, cause in CAUSES.items() if cause is kind]
        of = classes.statement.subquery()
        rows = db.session.execute(
            select(of.c.class_name, func.count(), _total(TRANSFER.c.amount))
            .join(of, of.c.cause_id == TRANSFER.c.cause_id)
            .where(TRANSFER.c.kind == paying, *booked)
            .group_by(of.c.class_name)
            .order_by(func.sum(TRANSFER.c.amount).desc(), of.c.class_name)
        )
        found += [
            ClassTotal(kind, TITLES_ZH[paying], name, classes.titles[name], count, points)
            for name, count, points in rows
        ]
    return found


# --- what the clock asks ------------------------------------------------------------------------------------------


def pockets_to_remind(
    today: date, lead_days: int, nearer_days: int, after_id: int
) -> Sequence[int]:
    """Open pockets with free points whose last day is within `lead_days` and whose owner was not told so yet.

    Not those within `nearer_days`: of them the next lead tells.
    """
    reminded = exists().where(
        PointsReminder.account_id == ACCOUNT.c.id, PointsReminder.lead_days == lead_days
    )
    return db.session.scalars(
        select(ACCOUNT.c.id)
        .join(BALANCE, BALANCE.c.account_id == ACCOUNT.c.id)
        .join(WALLET, WALLET.c.id == ACCOUNT.c.wallet_id)
        .where(
            ACCOUNT.c.closed_at.is_(None),
            ACCOUNT.c.expires_month.in_(rules.months_ending(today, nearer_days, lead_days)),
            ACCOUNT.c.id > after_id,
            WALLET.c.person_id.is_not(None),
            BALANCE.c.posted > BALANCE.c.held,
            ~reminded,
        )
        .order_by(ACCOUNT.c.id)
        .limit(SWEEP_BATCH)
    ).all()


def pocket_to_remind(account_id: int) -> Row[tuple[int, int, int, int]] | None:
    """Whose pocket it is, where it was opened, its month and its free points; None when there are none any more."""
    return db.session.execute(
        select(
            WALLET.c.person_id,
            ACCOUNT.c.area_id,
            ACCOUNT.c.expires_month,
            (BALANCE.c.posted - BALANCE.c.held).label("free"),
        )
        .select_from(_POCKETS)
        .where(ACCOUNT.c.id == account_id, BALANCE.c.posted > BALANCE.c.held)
    ).first()


# --- grants that take two people ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskedGrant:
    """A grant that takes a second person, as it was asked for."""

    area_id: int
    person_id: int
    points: int
    asked_by: int
    from_fund: bool


def grant_within(actor: Actor, grant_id: int, *, asked_by: int | None = None) -> AskedGrant:
    """A grant that takes a second person, where the actor grants; of one's own only, if so asked. Raises: NotFound."""
    statement = (
        select(
            GrantReview.area_id,
            GrantReview.person_id,
            PointsGrant.points,
            GrantReview.asked_by,
            GrantReview.from_fund,
        )
        .join(PointsGrant, PointsGrant.id == GrantReview.grant_id)
        .where(
            GrantReview.grant_id == grant_id,
            GrantReview.area_id.in_(
                communities.ids_within(actor.area_paths(Permission.POINTS_GRANT))
            ),
        )
    )
    if asked_by is not None:
        statement = statement.where(GrantReview.asked_by == asked_by)
    found = db.session.execute(statement).first()
    if found is None:
        raise NotFound
    return AskedGrant(*found)


def grant_shown(grant_id: int) -> GrantShown:
    """A grant that is known to be there."""
    return _grants_shown([db.session.get_one(PointsGrant, grant_id)])[0]


def list_grants(
    actor: Actor,
    *,
    state: GrantState | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[GrantShown]:
    """Grants where the actor grants, the last asked first; in one state, if so asked. Raises: CursorInvalid."""
    statement = (
        select(PointsGrant)
        .outerjoin(GrantReview, GrantReview.grant_id == PointsGrant.id)
        .where(
            PointsGrant.area_id.in_(
                communities.ids_within(actor.area_paths(Permission.POINTS_GRANT))
            )
        )
    )
    if state is not None:
        statement = statement.where(func.coalesce(GrantReview.state, GrantState.GRANTED) == state)
    page = paginate(statement, [PointsGrant.id], limit=limit, cursor=cursor)
    return Page(_grants_shown(page.items), page.next_cursor)


def _grants_shown(grants: Sequence[PointsGrant]) -> list[GrantShown]:
    ids = [grant.id for grant in grants]
    rows = db.session.scalars(
        select(GrantReview)
        .where(GrantReview.grant_id.in_(ids))
        .execution_options(populate_existing=True)
    )
    reviews = {review.grant_id: review for review in rows}
    names = people.masked_names(grant.person_id for grant in grants)
    return [
        _one_grant(
            grant, reviews.get(grant.id), names[grant.person_id], _arrived(ids).get(grant.id)
        )
        for grant in grants
    ]


def _arrived(grant_ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """By grant, the first transfer that brought its points and the month in which they expire."""
    came = select(
        func.coalesce(Donation.grant_id, TRANSFER.c.cause_id),
        TRANSFER.c.id,
        ACCOUNT.c.expires_month,
    )
    joined = TRANSFER.join(ACCOUNT, ACCOUNT.c.id == TRANSFER.c.credit_account_id).outerjoin(
        Donation,
        (TRANSFER.c.kind == TransferKind.RECEIVE) & (Donation.id == TRANSFER.c.cause_id),
    )
    rows = db.session.execute(
        came.select_from(joined)
        .where(
            or_(
                (TRANSFER.c.kind == TransferKind.GRANT) & TRANSFER.c.cause_id.in_(grant_ids),
                (TRANSFER.c.kind == TransferKind.RECEIVE)
                & TRANSFER.c.cause_id.in_(
                    select(Donation.id).where(Donation.grant_id.in_(grant_ids))
                ),
            )
        )
        .order_by(TRANSFER.c.id.desc())
    )
    return {grant_id: (transfer_id, month) for grant_id, transfer_id, month in rows}


def _one_grant(
    grant: PointsGrant, review: GrantReview | None, name: str, arrived: tuple[int, int] | None
) -> GrantShown:
    return GrantShown(
        id=grant.id,
        state=GrantState.GRANTED if review is None else GrantState(review.state),
        person_id=grant.person_id,
        person_name=name,
        points=grant.points,
        reason=grant.reason,
        from_fund=review is not None and review.from_fund,
        asked_by=grant.granted_by,
        asked_at=grant.granted_at,
        decided_by=None if review is None else review.decided_by,
        decided_at=None if review is None else review.decided_at,
        decision_reason=None if review is None else review.reason,
        transfer_id=None if arrived is None else arrived[0],
        expires_on=None if arrived is None else rules.expires_on(arrived[1]),
    )


# --- funds --------------------------------------------------------------------------------------------------------


def fund_shown(actor: Actor, *, area: str) -> FundShown:
    """What a community's fund has, its wallets taken together. Raises: UnknownArea, FundNeedsCommunity."""
    place = communities.area_by_code(area)
    if place.level != Level.COMMUNITY:
        raise FundNeedsCommunity(name=place.name)
    rows = db.session.execute(
        select(ACCOUNT.c.expires_month, _total(BALANCE.c.posted))
        .select_from(_POCKETS)
        .where(WALLET.c.area_id == place.id)
        .group_by(ACCOUNT.c.expires_month)
    )
    # Nothing of a fund is ever held: it is given by grants, at once.
    pockets = [Pocket(0, month, posted, 0) for month, posted in rows]
    shown = rules.standing(pockets, rules.month_of(china_date(actor.now)))
    return FundShown(place.code, place.name, shown.available, shown.pockets)


# --- budgets ------------------------------------------------------------------------------------------------------

_IN_SLICES = (
    select(func.coalesce(func.sum(BUDGET_SLICE.c.points), 0))
    .where(
        BUDGET_SLICE.c.area_id == POINTS_BUDGET.c.area_id,
        BUDGET_SLICE.c.year == POINTS_BUDGET.c.year,
    )
    .correlate(POINTS_BUDGET)
    .scalar_subquery()
)
_LEFT = cast(POINTS_BUDGET.c.undealt + _IN_SLICES, BigInteger)


def budget_area_id(area_path: str, year: int) -> int:
    """The community whose budget covers this area in a year; there must be one."""
    return db.session.scalars(
        select(PointsBudget.area_id).where(
            PointsBudget.area_id.in_(_line_of(area_path)), PointsBudget.year == year
        )
    ).one()


def budget_left(area_id: int, year: int) -> int:
    """What a budget has left, as committed; locks nothing."""
    left: int = db.session.scalars(
        select(_LEFT).where(POINTS_BUDGET.c.area_id == area_id, POINTS_BUDGET.c.year == year)
    ).one()
    return left


def lock_budget(area_id: int, year: int) -> tuple[int, int]:
    """A budget and what is left of it, itself and all its slices locked, those by ascending number."""
    points, undealt = db.session.execute(
        select(POINTS_BUDGET.c.points, POINTS_BUDGET.c.undealt)
        .where(POINTS_BUDGET.c.area_id == area_id, POINTS_BUDGET.c.year == year)
        .with_for_update(key_share=True)
    ).one()
    slices = db.session.scalars(
        select(BUDGET_SLICE.c.points)
        .where(BUDGET_SLICE.c.area_id == area_id, BUDGET_SLICE.c.year == year)
        .order_by(BUDGET_SLICE.c.slice)
        .with_for_update(key_share=True)
    )
    return points, undealt + sum(slices)


def list_budgets(
    actor: Actor,
    *,
    area: str,
    year: int | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[BudgetShown]:
    """Budgets of the communities at and below an area within the actor's reach, the newest year first.

    Raises: UnknownArea, CursorInvalid.
    """
    place = communities.area_by_code(area)
    if not place.path.startswith(actor.area_paths(Permission.POINTS_REPORT)):
        raise UnknownArea
    statement = select(PointsBudget).where(
        PointsBudget.area_id.in_(communities.ids_within([place.path]))
    )
    if year is not None:
        statement = statement.where(PointsBudget.year == year)
    keys = [PointsBudget.year, PointsBudget.area_id]
    page = paginate(statement, keys, limit=limit, cursor=cursor)
    areas = communities.areas_by_id(budget.area_id for budget in page.items)
    shown = [
        BudgetShown(
            area=areas[budget.area_id].code,
            area_name=areas[budget.area_id].name,
            year=budget.year,
            points=budget.points,
            left=budget_left(budget.area_id, budget.year),
        )
        for budget in page.items
    ]
    return Page(shown, page.next_cursor)
