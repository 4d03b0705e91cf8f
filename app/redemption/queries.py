"""Every select on rewards, stock and redemptions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, column, func, or_, select, table
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as communities
from app.config import settings
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.integrations import qr
from app.redemption import rules
from app.redemption.models import REDEMPTION, STOCK, Redemption, Reward, Stock
from app.redemption.terms import (
    CODE_PAGE_PREFIX,
    CollectionCode,
    Offer,
    RedemptionShown,
    RedemptionState,
    RewardShown,
    StockShown,
)
from app.sites import queries as sites

LAPSE_BATCH = 500
HAD = (RedemptionState.HELD, RedemptionState.COLLECTED)
"""States in which pieces count towards what one person may have."""

# At the counter one look must do, so the columns of other rooms are joined by the names of their tables.
_area = table("area", column("id"), column("path"))
_home = _area.alias("home")
_person = table("person", column("id"), column("home_area_id"))
_site = table("site", column("id"), column("area_id"), column("name"), column("closed_at"))

_OFFER = (
    select(
        Reward.id,
        Reward.area_id,
        _area.c.path,
        Reward.title,
        Reward.points,
        Reward.per_person_max,
        Reward.closed_at.is_(None),
        _site.c.name,
        STOCK.c.available,
        _home.c.path,
    )
    .select_from(Reward)
    .join(_area, _area.c.id == Reward.area_id)
    .outerjoin(STOCK, and_(STOCK.c.reward_id == Reward.id, STOCK.c.site_id == bindparam("site_id")))
    .outerjoin(_site, and_(_site.c.id == bindparam("site_id"), _site.c.closed_at.is_(None)))
    .outerjoin(_person, _person.c.id == bindparam("person_id"))
    .outerjoin(_home, _home.c.id == _person.c.home_area_id)
    .where(Reward.id == bindparam("reward_id"))
)


# --- the shelf ----------------------------------------------------------------------------------------------


def shelf(*, area: str, limit: int = LIMIT_DEFAULT, cursor: str | None = None) -> Page[RewardShown]:
    """Open rewards that somebody at home in an area may want: offered there, below it or above it, newest first.

    Raises: UnknownArea, CursorInvalid.
    """
    place = communities.area_by_code(area)
    page = paginate(
        select(Reward).where(
            Reward.closed_at.is_(None),
            or_(
                Reward.area_id.in_(communities.ids_within((place.path,))),
                Reward.area_id.in_(place.ancestor_ids),
            ),
        ),
        [Reward.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(rewards_shown(page.items), page.next_cursor)


def rewards_shown(rewards: Sequence[Reward]) -> list[RewardShown]:
    """Rewards with their areas and with what open stations have."""
    areas = communities.areas_by_id(reward.area_id for reward in rewards)
    stock = _stock_of([reward.id for reward in rewards])
    return [
        RewardShown(
            id=reward.id,
            area=areas[reward.area_id],
            title=reward.title,
            description=reward.description,
            points=reward.points,
            per_person_max=reward.per_person_max,
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
    row = db.session.execute(
        _OFFER, {"reward_id": reward_id, "site_id": site_id, "person_id": actor.person_id}
    ).first()
    if row is None:
        raise NotFound
    return Offer(*row)


def available(reward_id: int, site_id: int) -> int:
    """Pieces free at a station now; the row must be there."""
    return db.session.scalars(
        select(Stock.available).where(Stock.reward_id == reward_id, Stock.site_id == site_id)
    ).one()


def _stock_of(reward_ids: Sequence[int]) -> dict[int, list[StockShown]]:
    rows = db.session.execute(
        select(Stock.reward_id, Stock.site_id, _site.c.name, Stock.available)
        .join(_site, _site.c.id == Stock.site_id)
        .where(Stock.reward_id.in_(reward_ids), _site.c.closed_at.is_(None))
        .order_by(Stock.site_id)
    )
    found: dict[int, list[StockShown]] = {}
    for reward_id, *shown in rows:
        found.setdefault(reward_id, []).append(StockShown(*shown))
    return found


# --- redemptions --------------------------------------------------------------------------------------------


def own(
    actor: Actor, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[RedemptionShown]:
    """The actor's redemptions, newest first. Raises: CursorInvalid."""
    page = paginate(
        select(Redemption).where(Redemption.person_id == actor.person_id),
        [Redemption.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(_all_shown(page.items), page.next_cursor)


def own_shown(actor: Actor, redemption_id: int) -> RedemptionShown:
    """One of the actor's redemptions. Raises: NotFound."""
    redemption = own_redemption(actor, redemption_id)
    return _shown(redemption, sites.site_by_id(redemption.site_id).name)


def own_code(actor: Actor, redemption_id: int) -> CollectionCode:
    """What to show at the counter. Raises: NotFound, AlreadyCollected, AlreadyCancelled, CollectionTooLate."""
    redemption = own_redemption(actor, redemption_id)
    if redemption.state != RedemptionState.HELD or redemption.pickup_by <= actor.now:
        raise rules.WHY_NOT_HELD[RedemptionState(redemption.state)]
    link = link_to(redemption.code)
    return CollectionCode(redemption.code, link, qr.png_data_url(link), redemption.pickup_by)


def link_to(code: str) -> str:
    """A collection code as a link, for a QR picture that any scanner can read."""
    return f"{settings().public_url}{CODE_PAGE_PREFIX}{code}"


def own_redemption(actor: Actor, redemption_id: int) -> Redemption:
    """One of the actor's redemptions as it is now. Raises: NotFound."""
    found = db.session.scalars(
        select(Redemption)
        .where(Redemption.id == redemption_id, Redemption.person_id == actor.person_id)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound
    return found


def by_code(code: str) -> Redemption | None:
    """The redemption with this code, wherever it waits: whoever shows the code has it from its person."""
    return db.session.scalars(
        select(Redemption).where(Redemption.code == code).execution_options(populate_existing=True)
    ).first()


def at_counters_of(actor: Actor) -> ColumnElement[bool]:
    """Whether a redemption waits at a station where the actor hands out."""
    beside = communities.ids_within(actor.area_paths(Permission.REDEMPTION_COLLECT))
    return or_(
        REDEMPTION.c.site_id.in_(actor.site_ids(Permission.REDEMPTION_COLLECT)),
        REDEMPTION.c.site_id.in_(select(_site.c.id).where(_site.c.area_id.in_(beside))),
    )


def fits(redemption_id: int, condition: ColumnElement[bool]) -> bool:
    """Whether a redemption meets a condition such as `at_counters_of`."""
    met = select(REDEMPTION.c.id).where(REDEMPTION.c.id == redemption_id, condition)
    return db.session.scalars(met).first() is not None


def pieces_had(person_id: int, reward_id: int) -> int:
    """Pieces of a reward that a person has waiting or collected."""
    return int(
        db.session.scalars(
            select(func.coalesce(func.sum(REDEMPTION.c.quantity), 0)).where(
                REDEMPTION.c.reward_id == reward_id,
                REDEMPTION.c.person_id == person_id,
                REDEMPTION.c.state.in_(HAD),
            )
        ).one()
    )


def uncollected(at: datetime, after_id: int) -> Sequence[int]:
    """Held redemptions whose deadline has passed: a batch by ascending id."""
    return db.session.scalars(
        select(Redemption.id)
        .where(
            Redemption.state == RedemptionState.HELD,
            Redemption.pickup_by <= at,
            Redemption.id > after_id,
        )
        .order_by(Redemption.id)
        .limit(LAPSE_BATCH)
    ).all()


def has_waiting(person_id: int) -> bool:
    """Whether something waits at a counter for this person."""
    waiting = select(Redemption.id).where(
        Redemption.person_id == person_id, Redemption.state == RedemptionState.HELD
    )
    return db.session.scalars(waiting.limit(1)).first() is not None


def all_of(person_id: int) -> list[RedemptionShown]:
    """Every redemption of a person, newest first, for the person's own export."""
    return _all_shown(
        db.session.scalars(
            select(Redemption)
            .where(Redemption.person_id == person_id)
            .order_by(Redemption.id.desc())
        ).all()
    )


def _all_shown(redemptions: Sequence[Redemption]) -> list[RedemptionShown]:
    names = sites.sites_by_id(redemption.site_id for redemption in redemptions)
    return [_shown(redemption, names[redemption.site_id].name) for redemption in redemptions]


def _shown(redemption: Redemption, site_name: str) -> RedemptionShown:
    state = RedemptionState(redemption.state)
    waits = state is RedemptionState.HELD
    return RedemptionShown(
        id=redemption.id,
        reward_id=redemption.reward_id,
        title=redemption.title,
        site_id=redemption.site_id,
        site_name=site_name,
        quantity=redemption.quantity,
        points=redemption.points,
        state=state,
        code=redemption.code if waits else None,
        link=link_to(redemption.code) if waits else None,
        made_at=redemption.made_at,
        pickup_by=redemption.pickup_by,
        closed_at=redemption.closed_at,
    )
