"""Stock: received, moved between stations, written off, counted; and the single doors through which it moves."""

from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, update

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.core.upsert import insert_or_ignore
from app.redemption import queries, rules
from app.redemption.errors import (
    RewardOffShelf,
    StockCountClosed,
    StockMovedWhileCounting,
    StockTooLow,
    TransferToItself,
)
from app.redemption.events import (
    StockCounted,
    StockCountOpened,
    StockReceived,
    StockTransferred,
    StockWrittenOff,
)
from app.redemption.models import STOCK, STOCK_COUNT_LINE, STOCK_MOVE, Stock, StockCount
from app.redemption.terms import CountShown, MoveKind, RewardShown
from app.sites import queries as sites
from app.sites.errors import SiteClosed


class StockRefused(RuntimeError):
    """Stock would not move although a held redemption says that it is there: the shelf is broken."""


# --- coming and going ---------------------------------------------------------------------------------------


def receive(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Take pieces of a reward into a station's stock. Raises: NotFound, RewardOffShelf, SiteClosed."""
    reward = queries.reward_within(actor, reward_id)
    if reward.closed_at is not None:
        raise RewardOffShelf
    site_id, quantity = _open_site(actor, body["site_id"]), body["quantity"]
    _begin_stock(reward_id, site_id)
    note_move(actor, MoveKind.RECEIVED, reward_id, site_id, quantity)
    announce(
        actor,
        StockReceived(
            subject_id=reward_id, area_id=reward.area_id, site_id=site_id, quantity=quantity
        ),
    )
    move_stock(reward_id, site_id, available=quantity)
    return queries.rewards_shown([reward])[0]


def write_off(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Take broken, expired or lost pieces out of a station's stock. Raises: NotFound, StockTooLow."""
    reward = queries.reward_within(actor, reward_id)
    site = sites.site_for(actor, Permission.REWARD_MANAGE, body["site_id"])
    quantity = body["quantity"]
    _take(reward_id, site.id, quantity)
    note_move(actor, MoveKind.WRITTEN_OFF, reward_id, site.id, quantity, reason=body["reason"])
    announce(
        actor,
        StockWrittenOff(
            subject_id=reward_id, area_id=reward.area_id, site_id=site.id, quantity=quantity
        ),
    )
    return queries.rewards_shown([reward])[0]


def transfer(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Move pieces from one station of the actor's to another, in one step.

    Raises: NotFound, TransferToItself, SiteClosed, StockTooLow.
    """
    reward = queries.reward_within(actor, reward_id)
    origin = sites.site_for(actor, Permission.REWARD_MANAGE, body["from_site_id"]).id
    goal, quantity = _open_site(actor, body["to_site_id"]), body["quantity"]
    if origin == goal:
        raise TransferToItself
    _begin_stock(reward_id, goal)
    # Two stations that send each other the same reward would wait for one another; so the lower id goes first.
    if origin < goal:
        _take(reward_id, origin, quantity)
    move_stock(reward_id, goal, available=quantity)
    if origin > goal:
        _take(reward_id, origin, quantity)
    out_move_id = note_move(actor, MoveKind.TRANSFERRED_OUT, reward_id, origin, quantity)
    note_move(actor, MoveKind.TRANSFERRED_IN, reward_id, goal, quantity, out_move_id=out_move_id)
    announce(
        actor,
        StockTransferred(
            subject_id=reward_id,
            area_id=reward.area_id,
            from_site_id=origin,
            to_site_id=goal,
            quantity=quantity,
        ),
    )
    return queries.rewards_shown([reward])[0]


# --- stock-taking -------------------------------------------------------------------------------------------


def open_count(actor: Actor, site_id: int) -> CountShown:
    """Begin to count what a station has. Raises: NotFound; by constraint StockCountRunning."""
    site = sites.site_for(actor, Permission.REWARD_MANAGE, site_id)
    count = StockCount(
        site_id=site.id,
        opened_by=actor.person_id,
        opened_at=actor.now,
        after_move_id=queries.last_move_id(site.id),
    )
    db.session.add(count)
    db.session.flush()  # the journal needs its id
    announce(actor, StockCountOpened(subject_id=count.id, area_id=site.area_id, site_id=site.id))
    return queries.counts_shown([count])[0]


def close_count(actor: Actor, body: dict[str, Any], count_id: int) -> CountShown:
    """Book what was found to be more or less than the books say. What is not named was not counted.

    Raises: NotFound, StockCountClosed, StockMovedWhileCounting, StockCountBelowWaiting.
    """
    count = queries.count_within(actor, count_id)
    closed = db.session.scalars(
        update(StockCount)
        .where(StockCount.id == count_id, StockCount.closed_at.is_(None))
        .values(closed_at=actor.now, closed_by=actor.person_id, reason=body["reason"])
        .returning(StockCount)
        .execution_options(populate_existing=True)
    ).first()
    if closed is None:
        raise StockCountClosed
    counted = {line["reward_id"]: line["counted"] for line in body["lines"]}
    stock = queries.lock_stock_at(count.site_id, counted)
    if stock.keys() != counted.keys():
        raise NotFound
    # Read under the lock: nobody hands out, receives or transfers these while the difference is booked.
    stirred = queries.moved_after(count.after_move_id, count.site_id, counted)
    if stirred:
        raise StockMovedWhileCounting(title=stock[min(stirred)].title)
    more = less = 0
    for reward_id, now in stock.items():
        by = rules.difference(
            now.title, available=now.available, held=now.held, counted=counted[reward_id]
        )
        db.session.execute(
            insert(STOCK_COUNT_LINE),
            {
                "count_id": count_id,
                "reward_id": reward_id,
                "expected": now.available + now.held,
                "counted": counted[reward_id],
            },
        )
        if by == 0:
            continue
        more, less = more + max(by, 0), less + max(-by, 0)
        note_move(
            actor,
            MoveKind.COUNTED_MORE if by > 0 else MoveKind.COUNTED_LESS,
            reward_id,
            count.site_id,
            abs(by),
            count_id=count_id,
            reason=body["reason"],
        )
        move_stock(reward_id, count.site_id, available=by)
    announce(
        actor,
        StockCounted(
            subject_id=count_id,
            area_id=sites.site_by_id(count.site_id).area_id,
            site_id=count.site_id,
            rewards=len(counted),
            pieces_more=more,
            pieces_less=less,
        ),
    )
    return queries.counts_shown([closed])[0]


# --- the single doors to stock ------------------------------------------------------------------------------


_available_by: BindParameter[int] = bindparam("available_by")
_held_by: BindParameter[int] = bindparam("held_by")
_MOVE_STOCK = Prepared(
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
_NOTE = insert(STOCK_MOVE).returning(STOCK_MOVE.c.id)


def moved(reward_id: int, site_id: int, *, available: int = 0, held: int = 0) -> bool:
    """Move a station's stock unless it would fall below zero."""
    row = _MOVE_STOCK.first(
        {"reward": reward_id, "site": site_id, "available_by": available, "held_by": held}
    )
    return row is not None


def move_stock(reward_id: int, site_id: int, *, available: int = 0, held: int = 0) -> None:
    """Move stock that must be there. Raises: StockRefused when it is not."""
    if not moved(reward_id, site_id, available=available, held=held):
        raise StockRefused(f"reward {reward_id} at site {site_id}: {available:+}, held {held:+}")


def note_move(
    actor: Actor,
    kind: MoveKind,
    reward_id: int,
    site_id: int,
    quantity: int,
    *,
    redemption_id: int | None = None,
    out_move_id: int | None = None,
    count_id: int | None = None,
    reason: str | None = None,
) -> int:
    """Write down for good what moved; its id."""
    noted = db.session.scalars(
        _NOTE,
        {
            "reward_id": reward_id,
            "site_id": site_id,
            "kind": kind,
            "quantity": quantity,
            "redemption_id": redemption_id,
            "out_move_id": out_move_id,
            "count_id": count_id,
            "reason": reason,
            "actor_id": actor.person_id,
            "at": actor.now,
        },
    ).one()
    return int(noted)


def _take(reward_id: int, site_id: int, quantity: int) -> None:
    """Take free pieces out of a station's stock. Raises: StockTooLow."""
    if not moved(reward_id, site_id, available=-quantity):
        raise StockTooLow(available=queries.available(reward_id, site_id))


def _begin_stock(reward_id: int, site_id: int) -> None:
    insert_or_ignore(Stock, {"reward_id": reward_id, "site_id": site_id, "available": 0, "held": 0})


def _open_site(actor: Actor, site_id: int) -> int:
    """The id of a station of the actor's that works. Raises: NotFound, SiteClosed."""
    site = sites.site_for(actor, Permission.REWARD_MANAGE, site_id)
    if site.closed_at is not None:
        raise SiteClosed
    return site.id
