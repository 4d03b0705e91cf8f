"""What can be done with rewards and redemptions. Each verb is complete when it returns; none commits.

Rows are locked in one order: the redemption, its holds and pockets (in the points bank), the stock last: at the last
piece of a reward everybody meets, so nobody waits there for more than a commit.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, insert, update
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as communities
from app.core.actor import Actor
from app.core.clock import china_date, china_midnight
from app.core.db import db
from app.core.errors import Refusal
from app.core.ids import new_spoken_code
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.upsert import insert_or_ignore
from app.identity import queries as people
from app.points import actions as points
from app.policies.queries import rules_at
from app.policies.terms import REDEMPTION_PICKUP_DAYS, REDEMPTION_WINDOW
from app.redemption import queries, rules
from app.redemption.errors import (
    CollectionCodeUnknown,
    CollectionElsewhere,
    OutOfStock,
    RewardOffShelf,
)
from app.redemption.events import (
    RedemptionCancelled,
    RedemptionCollected,
    RedemptionLapsed,
    RewardClosed,
    RewardOffered,
    RewardRedeemed,
    StockReceived,
)
from app.redemption.models import REDEMPTION, STOCK, STOCK_MOVE, Reward, Stock
from app.redemption.terms import (
    CODE_LENGTH,
    Handover,
    MoveKind,
    RedemptionShown,
    RedemptionState,
    RewardShown,
    Window,
)
from app.sites import queries as sites
from app.sites.errors import SiteClosed


class StockRefused(RuntimeError):
    """Stock would not move although a held redemption says that it is there: the shelf is broken."""


# --- the shelf ----------------------------------------------------------------------------------------------


def offer(actor: Actor, body: dict[str, Any]) -> RewardShown:
    """Put a reward on the shelf of an area the actor runs. Raises: UnknownArea."""
    area = communities.managed_area(actor, Permission.REWARD_MANAGE, body["area"])
    reward = Reward(
        area_id=area.id,
        title=body["title"],
        description=body["description"],
        points=body["points"],
        per_person_max=body["per_person_max"],
        offered_at=actor.now,
    )
    db.session.add(reward)
    db.session.flush()  # the journal needs its id
    announce(actor, RewardOffered(subject_id=reward.id, area_id=area.id, points=reward.points))
    return queries.rewards_shown([reward])[0]


def receive(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Take pieces of a reward into a station's stock. Raises: NotFound, RewardOffShelf, SiteClosed."""
    reward = queries.reward_within(actor, reward_id)
    if reward.closed_at is not None:
        raise RewardOffShelf
    site = sites.site_for(actor, Permission.REWARD_MANAGE, body["site_id"])
    if site.closed_at is not None:
        raise SiteClosed
    quantity = body["quantity"]
    insert_or_ignore(Stock, {"reward_id": reward_id, "site_id": site.id, "available": 0, "held": 0})
    _note_move(actor, MoveKind.RECEIVED, reward_id, site.id, quantity)
    announce(
        actor,
        StockReceived(
            subject_id=reward_id, area_id=reward.area_id, site_id=site.id, quantity=quantity
        ),
    )
    _move_stock(reward_id, site.id, available=quantity)
    return queries.rewards_shown([reward])[0]


def close(actor: Actor, reward_id: int) -> RewardShown:
    """Take a reward off the shelf; what was ordered before can still be collected.

    Raises: NotFound, RewardOffShelf when it is off already.
    """
    reward = queries.reward_within(actor, reward_id)
    closed = db.session.scalars(
        update(Reward)
        .where(Reward.id == reward_id, Reward.closed_at.is_(None))
        .values(closed_at=actor.now)
        .returning(Reward)
        .execution_options(populate_existing=True)
    ).first()
    if closed is None:
        raise RewardOffShelf
    announce(actor, RewardClosed(subject_id=reward_id, area_id=reward.area_id))
    return queries.rewards_shown([closed])[0]


# --- orders -------------------------------------------------------------------------------------------------


def redeem(actor: Actor, *, reward_id: int, site_id: int, quantity: int) -> RedemptionShown:
    """Order pieces of a reward: points and stock are held until the deadline.

    Raises: NotFound, RewardOfAnotherCommunity, RewardOffShelf, RewardNotAtSite, RedemptionWindowClosed, OutOfStock,
    InsufficientPoints, PersonLimitReached.
    """
    wanted = queries.offer(actor, reward_id=reward_id, site_id=site_id)
    site_name = rules.check_offer(wanted, quantity)
    in_force = rules_at(wanted.area_path, actor.now)
    today = china_date(actor.now)
    rules.check_window(Window(in_force[REDEMPTION_WINDOW]), today)
    pickup_by = china_midnight(today + timedelta(days=in_force[REDEMPTION_PICKUP_DAYS] + 1))
    code = new_spoken_code(CODE_LENGTH)
    price = wanted.points * quantity
    redemption_id = db.session.scalars(
        _ORDER,
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
        },
    ).one()
    points.hold(
        actor,
        person_id=actor.person_id,
        area_id=wanted.area_id,
        amount=price,
        cause_id=redemption_id,
        expires_at=pickup_by,
    )
    if wanted.per_person_max is not None:
        # The hold has locked the wallet, so orders of one person are counted one after the other.
        had = queries.pieces_had(actor.person_id, reward_id)
        rules.check_person_limit(wanted.per_person_max, had - quantity, quantity)
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
    if not _moved(reward_id, site_id, available=-quantity, held=quantity):
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
    _move_stock(row.reward_id, row.site_id, available=row.quantity, held=-row.quantity)
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
    _note_move(
        actor,
        MoveKind.HANDED_OUT,
        row.reward_id,
        row.site_id,
        row.quantity,
        redemption_id=row.id,
    )
    announce(actor, RedemptionCollected(**_told(row)))
    _move_stock(row.reward_id, row.site_id, held=-row.quantity)
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
    _move_stock(row.reward_id, row.site_id, available=row.quantity, held=-row.quantity)
    return True


# --- the single doors to orders and stock -------------------------------------------------------------------

_ORDER = insert(REDEMPTION).returning(REDEMPTION.c.id)


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


_available_by: BindParameter[int] = bindparam("available_by")
_held_by: BindParameter[int] = bindparam("held_by")
_MOVE_STOCK = (
    update(STOCK)
    .where(
        STOCK.c.reward_id == bindparam("reward"),
        STOCK.c.site_id == bindparam("site"),
        STOCK.c.available + _available_by >= 0,
        STOCK.c.held + _held_by >= 0,
    )
    .values(available=STOCK.c.available + _available_by, held=STOCK.c.held + _held_by)
    .returning(STOCK.c.available)
)


def _moved(reward_id: int, site_id: int, *, available: int = 0, held: int = 0) -> bool:
    """Move a station's stock unless it would fall below zero."""
    row = db.session.execute(
        _MOVE_STOCK,
        {"reward": reward_id, "site": site_id, "available_by": available, "held_by": held},
    ).first()
    return row is not None


def _move_stock(reward_id: int, site_id: int, *, available: int = 0, held: int = 0) -> None:
    """Move stock that must be there. Raises: StockRefused when it is not."""
    if not _moved(reward_id, site_id, available=available, held=held):
        raise StockRefused(f"reward {reward_id} at site {site_id}: {available:+}, held {held:+}")


def _note_move(
    actor: Actor,
    kind: MoveKind,
    reward_id: int,
    site_id: int,
    quantity: int,
    *,
    redemption_id: int | None = None,
) -> None:
    db.session.execute(
        insert(STOCK_MOVE),
        {
            "reward_id": reward_id,
            "site_id": site_id,
            "kind": kind,
            "quantity": quantity,
            "redemption_id": redemption_id,
            "actor_id": actor.person_id,
            "at": actor.now,
        },
    )
