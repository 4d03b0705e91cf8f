"""Every select on rewards, stock and redemptions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import and_, bindparam, case, column, func, or_, select, table
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as communities
from app.config import settings
from app.core.actor import Actor
from app.core.clock import china_midnight
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.identity import queries as people
from app.integrations import files, qr
from app.redemption import rules
from app.redemption.models import (
    REDEMPTION,
    STOCK,
    STOCK_COUNT,
    STOCK_MOVE,
    Redemption,
    Reward,
    Stock,
    StockCount,
    StockCountLine,
    StockMove,
)
from app.redemption.terms import (
    CODE_PAGE_PREFIX,
    PICTURE_PAGE_PREFIX,
    Category,
    Collected,
    CollectionCode,
    CountLine,
    CountShown,
    Limits,
    MoveKind,
    MoveShown,
    Offer,
    Period,
    RedemptionShown,
    RedemptionState,
    RewardKind,
    RewardShown,
    RewardTotal,
    Settlement,
    StockNow,
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

_OFFER = Prepared(
    select(
        Reward.id,
        Reward.area_id,
        _area.c.path,
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
        _site.c.name.label("site_name"),
        STOCK.c.available,
        _home.c.path.label("home_path"),
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


def available(reward_id: int, site_id: int) -> int:
    """Pieces free at a station now; none where it never had any."""
    here = select(Stock.available).where(Stock.reward_id == reward_id, Stock.site_id == site_id)
    return db.session.scalars(here).first() or 0


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


# --- stock --------------------------------------------------------------------------------------------------


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
            _at_sites_of(actor, Permission.REWARD_MANAGE, STOCK_COUNT.c.site_id),
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
        _at_sites_of(actor, Permission.REWARD_MANAGE, STOCK_COUNT.c.site_id)
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


# --- pictures -----------------------------------------------------------------------------------------------


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


def shown_by_id(redemption_id: int) -> RedemptionShown:
    """A redemption, for whoever paid for it. Raises: NotFound."""
    redemption = db.session.get(Redemption, redemption_id)
    if redemption is None:
        raise NotFound
    return _all_shown([redemption])[0]


def titles_of(redemption_ids: Sequence[int]) -> Mapping[int, str]:
    """What was redeemed, by redemption."""
    rows = db.session.execute(
        select(Redemption.id, Redemption.title).where(Redemption.id.in_(redemption_ids))
    )
    return {row.id: row.title for row in rows}


def own_code(actor: Actor, redemption_id: int) -> CollectionCode:
    """What to show at the counter. Raises: NotFound, AlreadyCollected, AlreadyCancelled, CollectionTooLate."""
    redemption = own_redemption(actor, redemption_id)
    if redemption.state != RedemptionState.HELD or redemption.pickup_by <= actor.now:
        raise rules.WHY_NOT_HELD[RedemptionState(redemption.state)]
    link = link_to(redemption.code)
    return CollectionCode(redemption.code, link, qr.png_data_url(link), redemption.pickup_by)


def link_to_picture(name: str) -> str:
    """Where a picture is shown; the name changes with the picture, so that phones may keep it."""
    return f"{settings().public_url}{PICTURE_PAGE_PREFIX}{name}"


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
    return _at_sites_of(actor, Permission.REDEMPTION_COLLECT, REDEMPTION.c.site_id)


def fits(redemption_id: int, condition: ColumnElement[bool]) -> bool:
    """Whether a redemption meets a condition such as `at_counters_of`."""
    met = select(REDEMPTION.c.id).where(REDEMPTION.c.id == redemption_id, condition)
    return db.session.scalars(met).first() is not None


def pieces_had(person_id: int, reward_id: int, since: datetime) -> tuple[int, int]:
    """Pieces of a reward that a person has waiting or collected: ever, and of those ordered since a moment."""
    counted = REDEMPTION.c.quantity
    later = case((REDEMPTION.c.made_at >= since, counted), else_=0)
    ever, lately = db.session.execute(
        select(
            func.coalesce(func.sum(counted), 0).label("ever"),
            func.coalesce(func.sum(later), 0).label("lately"),
        ).where(
            REDEMPTION.c.reward_id == reward_id,
            REDEMPTION.c.person_id == person_id,
            REDEMPTION.c.state.in_(HAD),
        )
    ).one()
    return int(ever), int(lately)


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


def settlement(
    actor: Actor,
    *,
    site: int,
    first_day: date,
    last_day: date,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Settlement:
    """What was handed out at a station or shop of the actor's from one day to another, both included, newest first.

    Raises: NotFound, CursorInvalid.
    """
    here = sites.site_for(actor, Permission.REDEMPTION_COLLECT, site)
    handed_out = and_(
        REDEMPTION.c.site_id == here.id,
        REDEMPTION.c.state == RedemptionState.COLLECTED,
        REDEMPTION.c.closed_at >= china_midnight(first_day),
        REDEMPTION.c.closed_at < china_midnight(last_day + timedelta(days=1)),
    )
    page = paginate(
        select(Redemption).where(handed_out),
        [Redemption.closed_at, Redemption.id],
        limit=limit,
        cursor=cursor,
    )
    names = people.masked_names(redemption.person_id for redemption in page.items)
    totals = [
        RewardTotal(row.reward_id, row.title, row.redemptions, int(row.pieces), int(row.points))
        for row in db.session.execute(
            select(
                REDEMPTION.c.reward_id,
                REDEMPTION.c.title,
                func.count().label("redemptions"),
                func.sum(REDEMPTION.c.quantity).label("pieces"),
                func.sum(REDEMPTION.c.points).label("points"),
            )
            .where(handed_out)
            .group_by(REDEMPTION.c.reward_id, REDEMPTION.c.title)
            .order_by(REDEMPTION.c.reward_id, REDEMPTION.c.title)
        )
    ]
    return Settlement(
        site_id=here.id,
        site_name=here.name,
        first_day=first_day,
        last_day=last_day,
        redemptions=sum(total.redemptions for total in totals),
        pieces=sum(total.pieces for total in totals),
        points=sum(total.points for total in totals),
        rewards=tuple(totals),
        items=tuple(
            Collected(
                id=redemption.id,
                title=redemption.title,
                quantity=redemption.quantity,
                points=redemption.points,
                person_name=names[redemption.person_id],
                collected_at=redemption.closed_at or redemption.made_at,
            )
            for redemption in page.items
        ),
        next_cursor=page.next_cursor,
    )


def _at_sites_of(
    actor: Actor, permission: Permission, site_id: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether a site is one at which, or at an area above which, the actor holds `permission`."""
    beside = communities.ids_within(actor.area_paths(permission))
    return or_(
        site_id.in_(actor.site_ids(permission)),
        site_id.in_(select(_site.c.id).where(_site.c.area_id.in_(beside))),
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
