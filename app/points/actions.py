"""What can be done with points. Each verb is complete when it returns; none commits.

Rows are locked in one order: wallet, holds, the day's counter, pockets by ascending id. What is decided is decided
on locked rows or counted by a conditional UPDATE, so no two transactions can decide on the same points.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BindParameter, bindparam, insert, select, update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.upsert import insert_or_ignore
from app.identity import queries as people
from app.points import queries
from app.points.errors import AlreadyReversed, HoldClosed
from app.points.events import PointsEarned, PointsExpired, PointsGranted, PointsReversed
from app.points.models import (
    ACCOUNT,
    BALANCE,
    HOLD,
    POINTS_DAY,
    POINTS_GRANT,
    TRANSFER,
    Account,
    PointsDay,
    PointsReversal,
    Wallet,
)
from app.points.queries import Issuing
from app.points.rules import (
    below_cap,
    check_grant,
    check_reversible,
    check_still_there,
    expires_on,
    expiry_month,
    expiry_run,
    month_of,
    portions,
    usable,
)
from app.points.terms import (
    EARNED,
    AccountKind,
    Earned,
    GrantMade,
    HoldState,
    ReversalMade,
    TransferKind,
)
from app.policies.queries import rules_at
from app.policies.rules import Rules
from app.policies.terms import POINTS_DAILY_MAX, POINTS_GRANT_MAX, POINTS_MONTHS_TO_EXPIRY


class BalanceRefused(RuntimeError):
    """A balance would not move although the rows that say it can were locked: the books are broken."""


def open_wallet(person_id: int) -> None:
    """Give a person a wallet, if there is none yet."""
    insert_or_ignore(Wallet, {"person_id": person_id})


def earn(
    actor: Actor,
    *,
    person_id: int,
    area_id: int,
    area_path: str,
    amount: int,
    kind: TransferKind,
    cause_id: int,
    rules: Rules | None = None,
    at: datetime | None = None,
) -> Earned:
    """Pay points for a service or a wish, as many as the daily cap leaves; they rest in the pocket of their month.

    `at` is when the service ended (default: now): its day bears the cap. The life of the points begins now, so that
    a service confirmed months later does not pay points that are over already. `rules` are those in force at
    `area_path` on the day of service, looked up unless the caller has them at hand.
    Raises: CauseAlreadyPosted when this cause has paid before.
    """
    moment = at or actor.now
    rules = rules or rules_at(area_path, moment)
    day = china_date(moment)
    month = expiry_month(china_date(actor.now), rules[POINTS_MONTHS_TO_EXPIRY])
    # Counted by a conditional change, without a lock on the wallet: who loses a race looks again.
    while True:
        place = _place(person_id, month=month, area_id=area_id, day=day)
        points = below_cap(amount, place.earned_on_day or 0, rules[POINTS_DAILY_MAX])
        if points == 0:
            return Earned(0)
        if _counted(place, day, points, rules[POINTS_DAILY_MAX]):
            break
    transfer_id = _issue(
        actor,
        place,
        area_id=area_id,
        month=month,
        amount=points,
        kind=kind,
        cause_id=cause_id,
        at=moment,
    )
    announce(
        actor,
        PointsEarned(
            subject_id=transfer_id,
            area_id=area_id,
            person_id=person_id,
            points=points,
            kind=kind,
            cause_id=cause_id,
            expires_month=month,
        ),
    )
    return Earned(points, transfer_id, month)


def grant(actor: Actor, *, person_id: int, points: int, reason: str) -> GrantMade:
    """Give points by hand to somebody who lives where the actor grants. The daily cap does not count.

    Raises: NotFound, GrantToSelf, GrantNeedsSecondPerson.
    """
    person = people.person_within(actor, Permission.POINTS_GRANT, person_id)
    home_id = person.home_area_id
    assert home_id is not None  # noqa: S101 - tells the type checker: whoever is within an area has a home
    area = communities.community_of(communities.area_by_id(home_id))
    rules = rules_at(area.path, actor.now)
    check_grant(actor.person_id, person_id, points, rules[POINTS_GRANT_MAX])
    day = china_date(actor.now)
    month = expiry_month(day, rules[POINTS_MONTHS_TO_EXPIRY])
    grant_id = db.session.scalars(
        insert(POINTS_GRANT).returning(POINTS_GRANT.c.id),
        {
            "person_id": person_id,
            "area_id": area.id,
            "points": points,
            "reason": reason,
            "granted_by": actor.person_id,
            "granted_at": actor.now,
        },
    ).one()
    transfer_id = _issue(
        actor,
        _place(person_id, month=month, area_id=area.id, day=day),
        area_id=area.id,
        month=month,
        amount=points,
        kind=TransferKind.GRANT,
        cause_id=grant_id,
        at=actor.now,
    )
    announce(
        actor,
        PointsGranted(
            subject_id=transfer_id,
            area_id=area.id,
            person_id=person_id,
            points=points,
            grant_id=grant_id,
            expires_month=month,
        ),
    )
    return GrantMade(
        id=grant_id,
        person_id=person_id,
        points=points,
        reason=reason,
        transfer_id=transfer_id,
        expires_on=expires_on(month),
        granted_at=actor.now,
    )


def hold(
    actor: Actor, *, person_id: int, area_id: int, amount: int, cause_id: int, expires_at: datetime
) -> None:
    """Set points aside for a cause (a redemption), out of the pockets soonest to expire.

    They are not available from now on, until `post_hold`, `void_hold`, or the clock passes `expires_at` and
    somebody lapses them. The wallet stays locked to the end of the transaction. Raises: InsufficientPoints.
    """
    wallet_id, pockets = queries.lock_spendable(person_id, month_of(china_date(actor.now)))
    taken = portions(pockets, amount)
    db.session.execute(
        insert(HOLD),
        [
            {
                "cause_id": cause_id,
                "account_id": portion.account_id,
                "wallet_id": wallet_id,
                "area_id": area_id,
                "amount": portion.points,
                "state": HoldState.OPEN,
                "expires_at": expires_at,
            }
            for portion in taken
        ],
    )
    for portion in taken:
        _shift(portion.account_id, held=portion.points)


def post_hold(actor: Actor, cause_id: int) -> None:
    """Spend what is held for a cause: one transfer for each pocket. Raises: HoldClosed, also when it is too late."""
    rows = db.session.execute(_POST_HOLD, {"cause": cause_id, "now": actor.now}).all()
    if not rows:
        raise HoldClosed
    spent_id = rows[0].spent_id or _system_account(AccountKind.SPENT, rows[0].area_id)
    for row in sorted(rows, key=lambda row: row.account_id):
        _post(
            actor,
            kind=TransferKind.SPEND,
            cause_id=cause_id,
            part=row.account_id,
            debit=_shift(row.account_id, posted=-row.amount, held=-row.amount),
            credit=_Side(spent_id),
            amount=row.amount,
            wallet_id=row.wallet_id,
            area_id=row.area_id,
            at=actor.now,
        )


def void_hold(actor: Actor, cause_id: int, *, lapsed: bool = False) -> None:
    """Give back what is held for a cause; `lapsed` says that its time was over, and it must be.

    Raises: HoldClosed.
    """
    if lapsed:
        answer = db.session.execute(_LAPSE_HOLD, {"cause": cause_id, "now": actor.now})
    else:
        answer = db.session.execute(_VOID_HOLD, {"cause": cause_id})
    rows = answer.all()
    if not rows:
        raise HoldClosed
    for row in sorted(rows, key=lambda row: row.account_id):
        _shift(row.account_id, held=-row.amount)


def reverse(actor: Actor, transfer_id: int, *, reason: str) -> ReversalMade:
    """Answer a transfer by its mirror image, once: earned points leave their pocket, spent points return to it.

    A pocket whose month has passed takes a refund too; the next sweep expires it.
    Raises: NotFound, NotReversible, AlreadyReversed, PointsAlreadySpent.
    """
    original = queries.transfer_within(actor, Permission.POINTS_REVERSE, transfer_id)
    check_reversible(TransferKind(original.kind))
    queries.lock_wallet(original.wallet_id)
    if not insert_or_ignore(PointsReversal, {"transfer_id": transfer_id, "reason": reason}):
        raise AlreadyReversed
    if original.credit_version is not None:
        points = -original.amount
        if original.kind in EARNED:
            _uncount(original.wallet_id, china_date(original.at), original.amount)
        check_still_there(original.amount, queries.lock_free(original.credit_account_id))
        debit = _shift(original.credit_account_id, posted=points)
        credit = _Side(original.debit_account_id)
    else:
        points = original.amount
        debit = _Side(original.credit_account_id)
        credit = _shift(original.debit_account_id, posted=points)
        _set_closed(original.debit_account_id, None)
    reversal_id = _post(
        actor,
        kind=TransferKind.REVERSAL,
        cause_id=transfer_id,
        debit=debit,
        credit=credit,
        amount=original.amount,
        wallet_id=original.wallet_id,
        area_id=original.area_id,
        at=actor.now,
        reverses_id=transfer_id,
    )
    person_id = queries.person_of(original.wallet_id)
    announce(
        actor,
        PointsReversed(
            subject_id=reversal_id,
            area_id=original.area_id,
            person_id=person_id,
            points=points,
            reverses_id=transfer_id,
        ),
    )
    return ReversalMade(
        id=reversal_id,
        reverses_id=transfer_id,
        person_id=person_id,
        points=points,
        reason=reason,
        at=actor.now,
    )


def expire(actor: Actor, account_id: int) -> int:
    """Take the free points of a pocket whose month is over; close it when nothing is left. Returns how many.

    What is held stays until its hold is posted or given back; a later run takes what comes free. A run is a day:
    the same pocket on the same day is swept once, so the job may be killed and run again.
    """
    today = china_date(actor.now)
    pocket = queries.lock_to_sweep(account_id)
    if pocket is None or usable(pocket.expires_month, month_of(today)):
        return 0
    run = expiry_run(today)
    free: int = pocket.posted - pocket.held
    if free and queries.swept(run, account_id):
        return 0
    if free:
        transfer_id = _post(
            actor,
            kind=TransferKind.EXPIRE,
            cause_id=run,
            part=account_id,
            debit=_shift(account_id, posted=-free),
            credit=_Side(_system_account(AccountKind.EXPIRED, pocket.area_id)),
            amount=free,
            wallet_id=pocket.wallet_id,
            area_id=pocket.area_id,
            at=actor.now,
        )
        announce(
            actor,
            PointsExpired(
                subject_id=transfer_id,
                area_id=pocket.area_id,
                person_id=pocket.person_id,
                points=free,
                expires_month=pocket.expires_month,
            ),
        )
    if pocket.held == 0:
        _set_closed(account_id, actor.now)
    return free


# --- the single doors to balances and transfers -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a transfer; the side that keeps a balance knows its number there and what it had after."""

    account_id: int
    version: int | None = None
    after: int | None = None


_posted_by: BindParameter[int] = bindparam("posted_by")
_held_by: BindParameter[int] = bindparam("held_by")
_SHIFT = (
    update(BALANCE)
    .where(
        BALANCE.c.account_id == bindparam("account"),
        BALANCE.c.held + _held_by >= 0,
        BALANCE.c.posted + _posted_by - BALANCE.c.held - _held_by >= 0,
    )
    .values(
        posted=BALANCE.c.posted + _posted_by,
        held=BALANCE.c.held + _held_by,
        version=BALANCE.c.version + bindparam("turn"),
    )
    .returning(BALANCE.c.version, BALANCE.c.posted)
)


def _shift(account_id: int, *, posted: int = 0, held: int = 0) -> _Side:
    """Move a pocket's balance. Raises: BalanceRefused when it would fall below what is held."""
    row = db.session.execute(
        _SHIFT,
        {"account": account_id, "posted_by": posted, "held_by": held, "turn": int(posted != 0)},
    ).first()
    if row is None:
        raise BalanceRefused(f"account {account_id}: posted {posted:+}, held {held:+}")
    return _Side(account_id, row.version, row.posted)


_POST = insert(TRANSFER).returning(TRANSFER.c.id)


def _post(
    actor: Actor,
    *,
    kind: TransferKind,
    cause_id: int,
    part: int = 0,
    debit: _Side,
    credit: _Side,
    amount: int,
    wallet_id: int,
    area_id: int,
    at: datetime,
    reverses_id: int | None = None,
) -> int:
    """Write a transfer between two sides that have moved. Returns its id."""
    transfer_id: int = db.session.scalars(
        _POST,
        {
            "kind": kind,
            "cause_id": cause_id,
            "part": part,
            "debit_account_id": debit.account_id,
            "credit_account_id": credit.account_id,
            "amount": amount,
            "wallet_id": wallet_id,
            "actor_id": actor.person_id or None,
            "area_id": area_id,
            "at": at,
            "recorded_at": actor.now,
            "reverses_id": reverses_id,
            "debit_version": debit.version,
            "debit_after": debit.after,
            "credit_version": credit.version,
            "credit_after": credit.after,
        },
    ).one()
    return transfer_id


# --- what stands around them --------------------------------------------------------------------------------


def _issue(
    actor: Actor,
    place: Issuing,
    *,
    area_id: int,
    month: int,
    amount: int,
    kind: TransferKind,
    cause_id: int,
    at: datetime,
) -> int:
    """Move points from the area's issuer into the pocket of `month`. Returns the transfer's id."""
    issuer_id = place.issuer_id or _system_account(AccountKind.ISSUER, area_id)
    pocket_id = place.pocket_id or _pocket(place.wallet_id, month, area_id)
    return _post(
        actor,
        kind=kind,
        cause_id=cause_id,
        debit=_Side(issuer_id),
        credit=_shift(pocket_id, posted=amount),
        amount=amount,
        wallet_id=place.wallet_id,
        area_id=area_id,
        at=at,
    )


def _place(person_id: int, *, month: int, area_id: int, day: date) -> Issuing:
    while (place := queries.issuing(person_id, month=month, area_id=area_id, day=day)) is None:
        open_wallet(person_id)
    return place


def _pocket(wallet_id: int, month: int, area_id: int) -> int:
    opened = insert_or_ignore(
        Account,
        {
            "kind": AccountKind.POCKET,
            "area_id": area_id,
            "wallet_id": wallet_id,
            "expires_month": month,
        },
    )
    account_id = queries.pocket_id(wallet_id, month)
    if opened:
        db.session.execute(
            insert(BALANCE), {"account_id": account_id, "posted": 0, "held": 0, "version": 0}
        )
    return account_id


def _system_account(kind: AccountKind, area_id: int) -> int:
    while (found := queries.system_account_id(kind, area_id)) is None:
        insert_or_ignore(Account, {"kind": kind, "area_id": area_id})
    return found


_closed_hold = (
    update(HOLD)
    .where(HOLD.c.cause_id == bindparam("cause"), HOLD.c.state == HoldState.OPEN)
    .returning(HOLD.c.account_id, HOLD.c.wallet_id, HOLD.c.area_id, HOLD.c.amount)
)
_in_time, _too_late = HOLD.c.expires_at > bindparam("now"), HOLD.c.expires_at <= bindparam("now")
_POST_HOLD = (
    _closed_hold.where(_in_time)
    .values(state=HoldState.POSTED)
    .returning(
        select(ACCOUNT.c.id)
        .where(
            ACCOUNT.c.wallet_id.is_(None),
            ACCOUNT.c.kind == AccountKind.SPENT,
            ACCOUNT.c.area_id == HOLD.c.area_id,
        )
        .scalar_subquery()
        .label("spent_id")
    )
)
_LAPSE_HOLD = _closed_hold.where(_too_late).values(state=HoldState.LAPSED)
_VOID_HOLD = _closed_hold.values(state=HoldState.VOID)

_COUNT = (
    update(POINTS_DAY)
    .where(
        POINTS_DAY.c.wallet_id == bindparam("wallet"),
        POINTS_DAY.c.day == bindparam("on"),
        POINTS_DAY.c.points + bindparam("by") <= bindparam("daily_max"),
    )
    .values(points=POINTS_DAY.c.points + bindparam("by"))
    .returning(POINTS_DAY.c.points)
)


def _counted(place: Issuing, day: date, points: int, daily_max: int) -> bool:
    """Count points towards the day's cap; False when somebody else has counted since `place` was read."""
    if place.earned_on_day is None:
        return insert_or_ignore(
            PointsDay, {"wallet_id": place.wallet_id, "day": day, "points": points}
        )
    counted = db.session.execute(
        _COUNT, {"wallet": place.wallet_id, "on": day, "by": points, "daily_max": daily_max}
    )
    return counted.first() is not None


def _uncount(wallet_id: int, day: date, points: int) -> None:
    """Points taken back leave room under the cap of the day they were earned on."""
    db.session.execute(
        update(POINTS_DAY)
        .where(POINTS_DAY.c.wallet_id == wallet_id, POINTS_DAY.c.day == day)
        .values(points=POINTS_DAY.c.points - points)
    )


def _set_closed(account_id: int, at: datetime | None) -> None:
    db.session.execute(update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(closed_at=at))
