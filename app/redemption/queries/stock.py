"""Selects on what stations have, what came and went, and what was counted."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people
from app.redemption.models import (
    STOCK,
    STOCK_COUNT,
    STOCK_MOVE,
    Reward,
    Stock,
    StockCount,
    StockCountLine,
    StockMove,
)
from app.redemption.queries.places import at_sites_of
from app.redemption.queries.shelf import reward_within
from app.redemption.terms import CountLine, CountShown, MoveKind, MoveShown, StockNow
from app.sites import queries as sites


def available(reward_id: int, site_id: int) -> int:
    """Pieces free at a station now; none where it never had any."""
    here = select(Stock.available).where(Stock.reward_id == reward_id, Stock.site_id == site_id)
    return db.session.scalars(here).first() or 0


def moves(
    actor: Actor,
    reward_id: int,
    *,
    site_id: int | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[MoveShown]:
    """What came and went of a reward the actor runs, newest first. Raises: NotFound, CursorInvalid."""
    reward = reward_within(actor, reward_id)
    statement = select(StockMove).where(StockMove.reward_id == reward.id)
    if site_id is not None:
        statement = statement.where(StockMove.site_id == site_id)
    page = paginate(statement, [StockMove.id], limit=limit, cursor=cursor)
    places = sites.sites_by_id(move.site_id for move in page.items)
    names = people.masked_names(move.actor_id for move in page.items)
    return Page(
        [
            MoveShown(
                id=move.id,
                kind=MoveKind(move.kind),
                site_id=move.site_id,
                site_name=places[move.site_id].name,
                quantity=move.quantity,
                reason=move.reason,
                redemption_id=move.redemption_id,
                actor_name=names[move.actor_id],
                at=move.at,
            )
            for move in page.items
        ],
        page.next_cursor,
    )


def last_move_id(site_id: int) -> int:
    """The newest stock move of a station, 0 before the first."""
    newest = select(func.coalesce(func.max(STOCK_MOVE.c.id), 0)).where(
        STOCK_MOVE.c.site_id == site_id
    )
    return int(db.session.scalars(newest).one())


def lock_stock_at(site_id: int, reward_ids: Collection[int]) -> Mapping[int, StockNow]:
    """What a station has of some rewards, rows locked by ascending reward."""
    rows = db.session.execute(
        select(STOCK.c.reward_id, Reward.title, STOCK.c.available, STOCK.c.held)
        .join(Reward, Reward.id == STOCK.c.reward_id)
        .where(STOCK.c.site_id == site_id, STOCK.c.reward_id.in_(reward_ids))
        .order_by(STOCK.c.reward_id)
        .with_for_update(key_share=True, of=STOCK)
    )
    return {row.reward_id: StockNow(row.title, row.available, row.held) for row in rows}


def moved_after(move_id: int, site_id: int, reward_ids: Collection[int]) -> Collection[int]:
    """Which of some rewards came to a station or left it after a move."""
    later = select(STOCK_MOVE.c.reward_id).where(
        STOCK_MOVE.c.site_id == site_id,
        STOCK_MOVE.c.reward_id.in_(reward_ids),
        STOCK_MOVE.c.id > move_id,
    )
    return set(db.session.scalars(later))


def count_within(actor: Actor, count_id: int) -> StockCount:
    """A stock-taking of a station whose shelf the actor runs. Raises: NotFound."""
    found = db.session.scalars(
        select(StockCount).where(
            StockCount.id == count_id,
            at_sites_of(actor, Permission.REWARD_MANAGE, STOCK_COUNT.c.site_id),
        )
    ).first()
    if found is None:
        raise NotFound
    return found


def counts(
    actor: Actor,
    *,
    site_id: int | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[CountShown]:
    """Stock-takings of the stations whose shelf the actor runs, newest first. Raises: CursorInvalid."""
    statement = select(StockCount).where(
        at_sites_of(actor, Permission.REWARD_MANAGE, STOCK_COUNT.c.site_id)
    )
    if site_id is not None:
        statement = statement.where(StockCount.site_id == site_id)
    page = paginate(statement, [StockCount.id], limit=limit, cursor=cursor)
    return Page(counts_shown(page.items), page.next_cursor)


def counts_shown(found: Sequence[StockCount]) -> list[CountShown]:
    """Stock-takings with their stations and lines: what was found, or of an open one what is to be counted."""
    places = sites.sites_by_id(count.site_id for count in found)
    lines: dict[int, list[CountLine]] = {}
    written = (
        select(
            StockCountLine.count_id,
            StockCountLine.reward_id,
            Reward.title,
            StockCountLine.expected,
            StockCountLine.counted,
        )
        .join(Reward, Reward.id == StockCountLine.reward_id)
        .where(StockCountLine.count_id.in_([count.id for count in found]))
        .order_by(StockCountLine.reward_id)
    )
    for count_id, *line in db.session.execute(written):
        lines.setdefault(count_id, []).append(CountLine(*line))
    # A station counts one at a time, so its stock is the list of one open count at most.
    open_at = {count.site_id: count.id for count in found if count.closed_at is None}
    to_count = (
        select(STOCK.c.site_id, STOCK.c.reward_id, Reward.title, STOCK.c.available + STOCK.c.held)
        .join(Reward, Reward.id == STOCK.c.reward_id)
        .where(STOCK.c.site_id.in_(open_at))
        .order_by(STOCK.c.reward_id)
    )
    for site_id, reward_id, title, expected in db.session.execute(to_count):
        lines.setdefault(open_at[site_id], []).append(CountLine(reward_id, title, expected, None))
    return [
        CountShown(
            id=count.id,
            site_id=count.site_id,
            site_name=places[count.site_id].name,
            opened_at=count.opened_at,
            closed_at=count.closed_at,
            reason=count.reason,
            lines=tuple(lines.get(count.id, ())),
        )
        for count in found
    ]
