"""Orders: made, collected, cancelled, lapsed."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.sql.elements import ColumnElement

from app.core.actor import Actor
from app.core.clock import china_date, china_midnight
from app.core.db import db
from app.core.errors import Refusal
from app.core.ids import new_spoken_code
from app.core.journal import announce
from app.core.prepared import Prepared
from app.identity import queries as people
from app.points import actions as points
from app.policies.queries import rules_at
from app.policies.terms import REDEMPTION_PICKUP_DAYS, REDEMPTION_WINDOW
from app.redemption import queries, rules
from app.redemption.actions.stock import move_stock, moved, note_move
from app.redemption.errors import CollectionCodeUnknown, CollectionElsewhere, OutOfStock
from app.redemption.events import (
    RedemptionCancelled,
    RedemptionCollected,
    RedemptionLapsed,
    RewardRedeemed,
)
from app.redemption.models import REDEMPTION
from app.redemption.terms import (
    CODE_LENGTH,
    Handover,
    MoveKind,
    Period,
    RedemptionShown,
    RedemptionState,
    Window,
)
from app.sites import queries as sites


def redeem(actor: Actor, *, reward_id: int, site_id: int, quantity: int) -> RedemptionShown:
    """Order pieces of a reward: points and stock are held until the deadline.

    Raises: NotFound, RewardOfAnotherCommunity, RewardOffShelf, RewardNotYetOpen, RewardNoLongerOpen,
    OrderLimitReached, RewardNotAtSite, RedemptionWindowClosed, OutOfStock, InsufficientPoints, PersonLimitReached,
    PeriodLimitReached.
    """
    wanted = queries.offer(actor, reward_id=reward_id, site_id=site_id)
    today = china_date(actor.now)
    site_name = rules.check_offer(wanted, quantity, today)
    in_force = rules_at(wanted.area_path, actor.now)
    rules.check_window(Window(in_force[REDEMPTION_WINDOW]), today)
    pickup_days = wanted.pickup_days or in_force[REDEMPTION_PICKUP_DAYS]
    pickup_by = china_midnight(today + timedelta(days=pickup_days + 1))
    code = new_spoken_code(CODE_LENGTH)
    price = wanted.points * quantity
    redemption_id: int = _ORDER.scalar(
        {
            "person_id": actor.person_id,
            "reward_id": reward_id,
            "site_id": site_id,
            "area_id": wanted.area_id,
            "title": wanted.title,
            "quantity": quantity,
            "points": price,
            "state": RedemptionState.HELD,
            "code": code,
            "made_at": actor.now,
            "pickup_by": pickup_by,
        }
    )
    points.hold(
        actor,
        person_id=actor.person_id,
        area_id=wanted.area_id,
        amount=price,
        cause_id=redemption_id,
        expires_at=pickup_by,
    )
    limits = wanted.limits
    if limits.per_person_max is not None or limits.period is not None:
        # The hold has locked the wallet, so orders of one person are counted one after the other.
        since = rules.first_day_of(limits.period or Period.YEAR, today)
        ever, lately = queries.pieces_had(actor.person_id, reward_id, china_midnight(since))
        rules.check_limits(
            limits, ever=ever - quantity, in_period=lately - quantity, quantity=quantity
        )
    announce(
        actor,
        RewardRedeemed(
            subject_id=redemption_id,
            area_id=wanted.area_id,
            person_id=actor.person_id,
            reward_id=reward_id,
            site_id=site_id,
            quantity=quantity,
            points=price,
            pickup_by=pickup_by,
        ),
    )
    if not moved(reward_id, site_id, available=-quantity, held=quantity):
        raise OutOfStock(available=queries.available(reward_id, site_id))
    return RedemptionShown(
        id=redemption_id,
        reward_id=reward_id,
        title=wanted.title,
        site_id=site_id,
        site_name=site_name,
        quantity=quantity,
        points=price,
        state=RedemptionState.HELD,
        code=code,
        link=queries.link_to(code),
        made_at=actor.now,
        pickup_by=pickup_by,
        closed_at=None,
    )


def cancel(actor: Actor, redemption_id: int) -> RedemptionShown:
    """Give up one's own order: points and stock are free again.

    Raises: NotFound, AlreadyCollected, AlreadyCancelled, CollectionTooLate.
    """
    row = _leave_held(
        actor,
        RedemptionState.CANCELLED,
        REDEMPTION.c.id == redemption_id,
        REDEMPTION.c.person_id == actor.person_id,
    )
    if row is None:
        raise rules.WHY_NOT_HELD[
            RedemptionState(queries.own_redemption(actor, redemption_id).state)
        ]
    points.void_hold(actor, redemption_id)
    announce(actor, RedemptionCancelled(**_told(row)))
    move_stock(row.reward_id, row.site_id, available=row.quantity, held=-row.quantity)
    return queries.own_shown(actor, redemption_id)


def collect(actor: Actor, *, code: str, site_id: int | None = None) -> Handover:
    """Hand an order out at a station of the actor's (at `site_id`, when given): the points are spent.

    `code` is what was scanned or typed: the link, `r1.…`, or the bare code.
    Raises: CollectionCodeUnknown, CollectionElsewhere, AlreadyCollected, AlreadyCancelled, CollectionTooLate.
    """
    bare = rules.code_in(code)
    here = queries.at_counters_of(actor)
    if site_id is not None:
        here &= REDEMPTION.c.site_id == site_id
    row = _leave_held(
        actor,
        RedemptionState.COLLECTED,
        REDEMPTION.c.code == bare,
        REDEMPTION.c.pickup_by > actor.now,
        here,
        collected_by=actor.person_id,
    )
    if row is None:
        raise _why_not_collected(bare, here)
    handover = Handover(
        id=row.id,
        title=row.title,
        quantity=row.quantity,
        points=row.points,
        site_id=row.site_id,
        person_name=people.masked_names([row.person_id])[row.person_id],
        collected_at=actor.now,
    )
    points.post_hold(actor, row.id)
    note_move(
        actor,
        MoveKind.HANDED_OUT,
        row.reward_id,
        row.site_id,
        row.quantity,
        redemption_id=row.id,
    )
    announce(actor, RedemptionCollected(**_told(row)))
    move_stock(row.reward_id, row.site_id, held=-row.quantity)
    return handover


def lapse(actor: Actor, redemption_id: int) -> bool:
    """Give points and stock of an uncollected order back. False when somebody was quicker, or it is not yet time."""
    row = _leave_held(
        actor,
        RedemptionState.LAPSED,
        REDEMPTION.c.id == redemption_id,
        REDEMPTION.c.pickup_by <= actor.now,
    )
    if row is None:
        return False
    points.void_hold(actor, redemption_id, lapsed=True)
    announce(actor, RedemptionLapsed(**_told(row)))
    move_stock(row.reward_id, row.site_id, available=row.quantity, held=-row.quantity)
    return True


# --- the single door to orders ------------------------------------------------------------------------------

_ORDER = Prepared(insert(REDEMPTION).returning(REDEMPTION.c.id))


def _leave_held(
    actor: Actor, to: RedemptionState, *where: ColumnElement[bool], **values: Any
) -> Row[Any] | None:
    """Move the held order that fits `where` to its end; None when there is none: one winner."""
    return db.session.execute(
        update(REDEMPTION)
        .where(REDEMPTION.c.state == RedemptionState.HELD, *where)
        .values(state=to, closed_at=actor.now, **values)
        .returning(
            REDEMPTION.c.id,
            REDEMPTION.c.person_id,
            REDEMPTION.c.reward_id,
            REDEMPTION.c.site_id,
            REDEMPTION.c.area_id,
            REDEMPTION.c.title,
            REDEMPTION.c.quantity,
            REDEMPTION.c.points,
        )
    ).first()


def _why_not_collected(code: str, here: ColumnElement[bool]) -> Refusal:
    found = queries.by_code(code)
    if found is None:
        return CollectionCodeUnknown()
    if not queries.fits(found.id, here):
        return CollectionElsewhere(site_name=sites.site_by_id(found.site_id).name)
    return rules.WHY_NOT_HELD[RedemptionState(found.state)]()


def _told(row: Row[Any]) -> dict[str, Any]:
    """What every fact about an order that left `held` says."""
    return {
        "subject_id": row.id,
        "area_id": row.area_id,
        "person_id": row.person_id,
        "reward_id": row.reward_id,
        "site_id": row.site_id,
        "quantity": row.quantity,
        "points": row.points,
    }
