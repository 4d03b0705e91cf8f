"""Points set aside for a cause, then spent, in whole or in part, or given back: exactly one winner."""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.prepared import Prepared
from app.points import queries
from app.points.actions.books import Side, post, shift, system_account
from app.points.errors import AccountFrozen, HoldClosed
from app.points.models import ACCOUNT, HOLD
from app.points.rules import month_of, portions, posted_parts
from app.points.terms import AccountKind, HeldPocket, HoldState, TransferKind


def hold(
    actor: Actor, *, person_id: int, area_id: int, amount: int, cause_id: int, expires_at: datetime
) -> None:
    """Set points aside for a cause (a redemption), out of the pockets soonest to expire.

    They are not available from now on, until `post_hold`, `void_hold`, or the clock passes `expires_at` and
    somebody lapses them. The wallet stays locked to the end of the transaction.
    Raises: InsufficientPoints, AccountFrozen.
    """
    wallet_id, pockets = queries.lock_spendable(person_id, month_of(china_date(actor.now)))
    taken = portions(pockets, amount)
    _HOLD.run_each(
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
        ]
    )
    for portion in taken:
        shift(portion.account_id, held=portion.points)


def post_hold(actor: Actor, cause_id: int, points: int | None = None) -> None:
    """Spend what is held for a cause, or only `points` of it: one transfer for each pocket; the rest is free again.

    A part is taken from the pockets soonest to expire. Raises: HoldClosed, also when it is too late;
    MoreThanHeld, AccountFrozen.
    """
    rows = db.session.execute(_POST_HOLD, {"cause": cause_id, "now": actor.now}).all()
    if not rows:
        raise HoldClosed
    if rows[0].frozen:
        raise AccountFrozen
    held = [HeldPocket(row.account_id, row.expires_month, row.amount) for row in rows]
    parts = posted_parts(held, sum(pocket.points for pocket in held) if points is None else points)
    spent_id = rows[0].spent_id or system_account(AccountKind.SPENT, rows[0].area_id)
    for row in sorted(rows, key=lambda row: row.account_id):
        part = parts.get(row.account_id, 0)
        if part < row.amount:
            _post_less(cause_id, row.account_id, part)
        debit = shift(row.account_id, posted=-part, held=-row.amount)
        if part:
            post(
                actor,
                kind=TransferKind.SPEND,
                cause_id=cause_id,
                part=row.account_id,
                debit=debit,
                credit=Side(spent_id),
                amount=part,
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
        shift(row.account_id, held=-row.amount)


_HOLD = Prepared(insert(HOLD))

_closed_hold = (
    update(HOLD)
    .where(HOLD.c.cause_id == bindparam("cause"), HOLD.c.state == HoldState.OPEN)
    .returning(HOLD.c.account_id, HOLD.c.wallet_id, HOLD.c.area_id, HOLD.c.amount)
)
_in_time, _too_late = HOLD.c.expires_at > bindparam("now"), HOLD.c.expires_at <= bindparam("now")
_POST_HOLD = (
    _closed_hold.where(_in_time)
    .values(state=HoldState.POSTED, posted=HOLD.c.amount)
    .returning(
        select(ACCOUNT.c.expires_month)
        .where(ACCOUNT.c.id == HOLD.c.account_id)
        .scalar_subquery()
        .label("expires_month"),
        select(ACCOUNT.c.id)
        .where(
            ACCOUNT.c.wallet_id.is_(None),
            ACCOUNT.c.kind == AccountKind.SPENT,
            ACCOUNT.c.area_id == HOLD.c.area_id,
        )
        .scalar_subquery()
        .label("spent_id"),
        queries.is_frozen(HOLD.c.wallet_id),
    )
)
_LAPSE_HOLD = _closed_hold.where(_too_late).values(state=HoldState.LAPSED)
_VOID_HOLD = _closed_hold.values(state=HoldState.VOID)


def _post_less(cause_id: int, account_id: int, part: int) -> None:
    """Of one pocket only `part` was spent, perhaps nothing; the winner of the hold says so."""
    state = (
        {"state": HoldState.POSTED, "posted": part}
        if part
        else {"state": HoldState.VOID, "posted": None}
    )
    db.session.execute(
        update(HOLD)
        .where(HOLD.c.cause_id == cause_id, HOLD.c.account_id == account_id)
        .values(state)
    )
