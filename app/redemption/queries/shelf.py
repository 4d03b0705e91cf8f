"""Selects on rewards and their pictures."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import and_, bindparam, column, or_, select, table

from app.community import queries as communities
from app.config import settings
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.integrations import files
from app.redemption.models import STOCK, Reward, Stock
from app.redemption.queries.places import area_table, site_table
from app.redemption.terms import (
    PICTURE_PAGE_PREFIX,
    Category,
    Limits,
    Offer,
    Period,
    RewardKind,
    RewardShown,
    StockShown,
)

_home = area_table.alias("home")
_person = table("person", column("id"), column("home_area_id"))
_OFFER = Prepared(
    select(
        Reward.id,
        Reward.area_id,
        area_table.c.path,
        Reward.title,
        Reward.points,
        Reward.per_order_max,
        Reward.per_period_max,
        Reward.period,
        Reward.per_person_max,
        Reward.closed_at.is_(None).label("open"),
        Reward.open_from,
        Reward.open_until,
        Reward.pickup_days,
        site_table.c.name.label("site_name"),
        STOCK.c.available,
        _home.c.path.label("home_path"),
    )
    .select_from(Reward)
    .join(area_table, area_table.c.id == Reward.area_id)
    .outerjoin(STOCK, and_(STOCK.c.reward_id == Reward.id, STOCK.c.site_id == bindparam("site_id")))
    .outerjoin(
        site_table, and_(site_table.c.id == bindparam("site_id"), site_table.c.closed_at.is_(None))
    )
    .outerjoin(_person, _person.c.id == bindparam("person_id"))
    .outerjoin(_home, _home.c.id == _person.c.home_area_id)
    .where(Reward.id == bindparam("reward_id"))
)


def shelf(
    *,
    area: str,
    kind: RewardKind | None = None,
    category: Category | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[RewardShown]:
    """Open rewards that somebody at home in an area may want: offered there, below it or above it, newest first.

    Raises: UnknownArea, CursorInvalid.
    """
    place = communities.area_by_code(area)
    statement = select(Reward).where(
        Reward.closed_at.is_(None),
        or_(
            Reward.area_id.in_(communities.ids_within((place.path,))),
            Reward.area_id.in_(place.ancestor_ids),
        ),
    )
    if kind is not None:
        statement = statement.where(Reward.kind == kind)
    if category is not None:
        statement = statement.where(Reward.category == category)
    page = paginate(statement, [Reward.id], limit=limit, cursor=cursor)
    return Page(rewards_shown(page.items), page.next_cursor)


def show_reward(reward_id: int) -> RewardShown:
    """One reward, on the shelf or off it, as everybody may see it. Raises: NotFound."""
    found = db.session.get(Reward, reward_id)
    if found is None:
        raise NotFound
    return rewards_shown([found])[0]


def rewards_shown(rewards: Sequence[Reward]) -> list[RewardShown]:
    """Rewards with their areas and with what open stations have."""
    areas = communities.areas_by_id(reward.area_id for reward in rewards)
    stock = _stock_of([reward.id for reward in rewards])
    return [
        RewardShown(
            id=reward.id,
            area=areas[reward.area_id],
            kind=RewardKind(reward.kind),
            category=Category(reward.category),
            title=reward.title,
            description=reward.description,
            picture=None if reward.picture is None else link_to_picture(reward.picture),
            points=reward.points,
            per_order_max=reward.per_order_max,
            per_period_max=reward.per_period_max,
            period=None if reward.period is None else Period(reward.period),
            per_person_max=reward.per_person_max,
            open_from=reward.open_from,
            open_until=reward.open_until,
            pickup_days=reward.pickup_days,
            open=reward.closed_at is None,
            stock=tuple(stock.get(reward.id, ())),
        )
        for reward in rewards
    ]


def reward_within(actor: Actor, reward_id: int) -> Reward:
    """A reward of an area whose shelf the actor runs. Raises: NotFound."""
    found = db.session.scalars(
        select(Reward).where(
            Reward.id == reward_id,
            Reward.area_id.in_(communities.ids_within(actor.area_paths(Permission.REWARD_MANAGE))),
        )
    ).first()
    if found is None:
        raise NotFound
    return found


def offer(actor: Actor, *, reward_id: int, site_id: int) -> Offer:
    """A reward at a station as it stands before the actor. One statement, no lock. Raises: NotFound."""
    row = _OFFER.first({"reward_id": reward_id, "site_id": site_id, "person_id": actor.person_id})
    if row is None:
        raise NotFound
    return Offer(
        reward_id=row.id,
        area_id=row.area_id,
        area_path=row.path,
        title=row.title,
        points=row.points,
        limits=Limits(
            row.per_order_max,
            row.per_period_max,
            None if row.period is None else Period(row.period),
            row.per_person_max,
        ),
        open=row.open,
        open_from=row.open_from,
        open_until=row.open_until,
        pickup_days=row.pickup_days,
        site_name=row.site_name,
        available=row.available,
        home_path=row.home_path,
    )


def _stock_of(reward_ids: Sequence[int]) -> dict[int, list[StockShown]]:
    rows = db.session.execute(
        select(Stock.reward_id, Stock.site_id, site_table.c.name, Stock.available)
        .join(site_table, site_table.c.id == Stock.site_id)
        .where(Stock.reward_id.in_(reward_ids), site_table.c.closed_at.is_(None))
        .order_by(Stock.site_id)
    )
    found: dict[int, list[StockShown]] = {}
    for reward_id, *shown in rows:
        found.setdefault(reward_id, []).append(StockShown(*shown))
    return found


def picture_file(name: str) -> tuple[Path, str]:
    """Where a picture is kept and what kind it is; the names are random, so who knows one was shown it.

    Raises: NotFound.
    """
    media_type = files.media_type(name)
    path = settings().files_dir / name
    if media_type is None or not path.is_file():
        raise NotFound
    return path, media_type


def pictures_wanted() -> set[str]:
    """Names of all pictures that some reward shows."""
    return set(db.session.scalars(select(Reward.picture).where(Reward.picture.is_not(None))))


def link_to_picture(name: str) -> str:
    """Where a picture is shown; the name changes with the picture, so that phones may keep it."""
    return f"{settings().public_url}{PICTURE_PAGE_PREFIX}{name}"
