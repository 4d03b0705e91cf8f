"""Every select on the books. Statements of the write path are built once, with names for what changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, bindparam, case, func, or_, select

from app.community import queries as communities
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.points import rules
from app.points.models import (
    ACCOUNT,
    BALANCE,
    POINTS_DAY,
    TRANSFER,
    WALLET,
    Account,
    PointsGrant,
    PointsReversal,
    Transfer,
    Wallet,
)
from app.points.terms import (
    CAUSES,
    NEVER,
    TITLES_ZH,
    AccountKind,
    CauseKind,
    Pocket,
    Standing,
    TransferKind,
)

SWEEP_BATCH = 500

_POCKET = (ACCOUNT.c.id, ACCOUNT.c.expires_month, BALANCE.c.posted, BALANCE.c.held)
_POCKETS = WALLET.join(ACCOUNT, ACCOUNT.c.wallet_id == WALLET.c.id).join(
    BALANCE, BALANCE.c.account_id == ACCOUNT.c.id
)

_OWN_POCKETS = (
    select(*_POCKET)
    .select_from(_POCKETS)
    .where(WALLET.c.person_id == bindparam("person_id"), BALANCE.c.posted > 0)
)

# Locks the wallet, then its pockets by ascending id, and reads what they have when the lock is ours. A pocket that
# another transaction is about to open is not seen: this one came first.
_LOCK_SPENDABLE = (
    select(WALLET.c.id.label("wallet_id"), *_POCKET)
    .select_from(_POCKETS)
    .where(
        WALLET.c.person_id == bindparam("person_id"),
        or_(ACCOUNT.c.expires_month == NEVER, ACCOUNT.c.expires_month >= bindparam("this_month")),
        BALANCE.c.posted > BALANCE.c.held,
    )
    .order_by(ACCOUNT.c.id)
    .with_for_update(key_share=True, of=[WALLET, BALANCE])
)

_LOCK_WALLET = (
    select(WALLET.c.id).where(WALLET.c.id == bindparam("id")).with_for_update(key_share=True)
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


_SYSTEM_ACCOUNT = _system_account()

_pocket = ACCOUNT.alias("pocket")
_ISSUING = select(
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
).where(WALLET.c.person_id == bindparam("person_id"))


@dataclass(frozen=True, slots=True)
class Issuing:
    """What is there before points are issued into a wallet; None for an account not opened yet."""

    wallet_id: int
    pocket_id: int | None
    issuer_id: int | None
    earned_on_day: int | None
    """None: nothing counted on that day yet."""


def issuing(person_id: int, *, month: int, area_id: int, day: date) -> Issuing | None:
    """Where points of `month` would go for this person; None for somebody without a wallet. Locks nothing."""
    row = db.session.execute(
        _ISSUING, {"person_id": person_id, "month": month, "area_id": area_id, "day": day}
    ).first()
    if row is None:
        return None
    return Issuing(row.wallet_id, row.pocket_id, row.issuer_id, row.earned_on_day)


def pocket_id(wallet_id: int, month: int) -> int:
    """The pocket of a wallet for a month; it must be there."""
    return db.session.scalars(
        select(Account.id).where(Account.wallet_id == wallet_id, Account.expires_month == month)
    ).one()


def system_account_id(kind: AccountKind, area_id: int) -> int | None:
    """The issuer, spent or expired account of an area, if it has been opened."""
    found: int | None = db.session.scalar(_SYSTEM_ACCOUNT, {"kind": kind, "area_id": area_id})
    return found


def lock_spendable(person_id: int, this_month: int) -> tuple[int, list[Pocket]]:
    """The wallet and its pockets with usable free points, all locked; (0, []) when there are none."""
    rows = db.session.execute(
        _LOCK_SPENDABLE, {"person_id": person_id, "this_month": this_month}
    ).all()
    if not rows:
        return 0, []
    return rows[0].wallet_id, [Pocket(*row[1:]) for row in rows]


def lock_wallet(wallet_id: int) -> None:
    """Hold the wallet's row to the end of the transaction."""
    db.session.execute(_LOCK_WALLET, {"id": wallet_id}).one()


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


def person_of(wallet_id: int) -> int:
    """Whose wallet it is."""
    return db.session.scalars(select(Wallet.person_id).where(Wallet.id == wallet_id)).one()


def standing(actor: Actor) -> Standing:
    """What the actor has; nothing for somebody without a wallet."""
    rows = db.session.execute(_OWN_POCKETS, {"person_id": actor.person_id})
    this_month = rules.month_of(china_date(actor.now))
    return rules.standing((Pocket(*row) for row in rows), this_month)


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


def statement(
    actor: Actor, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[StatementLine]:
    """The actor's transfers, newest first. Raises: CursorInvalid."""
    own = select(Wallet.id).where(Wallet.person_id == actor.person_id).scalar_subquery()
    page = paginate(
        select(Transfer).where(Transfer.wallet_id == own),
        [Transfer.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(_lines(page.items), page.next_cursor)


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


def _lines(newest_first: Sequence[Transfer]) -> list[StatementLine]:
    if not newest_first:
        return []
    reasons = _reasons(newest_first)
    lines = []
    balance_after = _balance_after(newest_first[0])
    for transfer in newest_first:
        line = _line(transfer, balance_after, reasons.get(transfer.id))
        lines.append(line)
        balance_after -= line.points
    return lines


def _line(transfer: Transfer, balance_after: int, reason: str | None) -> StatementLine:
    kind = TransferKind(transfer.kind)
    return StatementLine(
        id=transfer.id,
        at=transfer.at,
        kind=kind,
        title=TITLES_ZH[kind],
        points=transfer.amount if transfer.credit_version is not None else -transfer.amount,
        balance_after=balance_after,
        cause=Cause(CAUSES[kind], transfer.cause_id),
        reason=reason,
        reverses_id=transfer.reverses_id,
    )


def _balance_after(transfer: Transfer) -> int:
    # From what the wallet has now back to this transfer: the first page of a statement adds up nothing.
    signed = case(
        (TRANSFER.c.credit_version.is_not(None), TRANSFER.c.amount), else_=-TRANSFER.c.amount
    )
    newer = select(func.coalesce(func.sum(signed), 0)).where(
        TRANSFER.c.wallet_id == transfer.wallet_id, TRANSFER.c.id > transfer.id
    )
    resting = select(func.sum(BALANCE.c.posted)).where(
        BALANCE.c.account_id == ACCOUNT.c.id, ACCOUNT.c.wallet_id == transfer.wallet_id
    )
    return int(
        db.session.scalars(select(resting.scalar_subquery() - newer.scalar_subquery())).one()
    )


def _reasons(transfers: Sequence[Transfer]) -> dict[int, str]:
    """Reasons by transfer, for those made by hand."""
    granted = {t.cause_id: t.id for t in transfers if t.kind == TransferKind.GRANT}
    reversed_ = {t.cause_id: t.id for t in transfers if t.kind == TransferKind.REVERSAL}
    found: dict[int, str] = {}
    if granted:
        rows = db.session.execute(
            select(PointsGrant.id, PointsGrant.reason).where(PointsGrant.id.in_(granted))
        )
        found.update((granted[grant_id], reason) for grant_id, reason in rows)
    if reversed_:
        rows = db.session.execute(
            select(PointsReversal.transfer_id, PointsReversal.reason).where(
                PointsReversal.transfer_id.in_(reversed_)
            )
        )
        found.update((reversed_[transfer_id], reason) for transfer_id, reason in rows)
    return found
