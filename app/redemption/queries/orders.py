"""Selects on redemptions and what was handed out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import and_, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.config import settings
from app.core.actor import Actor
from app.core.clock import china_midnight
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people
from app.integrations import qr
from app.redemption import rules
from app.redemption.models import REDEMPTION, Redemption
from app.redemption.queries.places import at_sites_of
from app.redemption.terms import (
    CODE_PAGE_PREFIX,
    Collected,
    CollectionCode,
    RedemptionShown,
    RedemptionState,
    RewardTotal,
    Settlement,
)
from app.sites import queries as sites

LAPSE_BATCH = 500
HAD = (RedemptionState.HELD, RedemptionState.COLLECTED)
"""States in which pieces count towards what one person may have."""


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
    return at_sites_of(actor, Permission.REDEMPTION_COLLECT, REDEMPTION.c.site_id)


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
