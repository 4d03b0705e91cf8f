"""Every select on wishes. Everybody sees the wall; the wisher, the claimer and the reviewers see more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people
from app.micro_wish import rules
from app.micro_wish.models import Wish, WishClaim
from app.micro_wish.terms import (
    CLAIM_LIVE,
    CLAIM_OPEN,
    WISH_OPEN,
    ClaimState,
    WallState,
    WishCategory,
    WishState,
)

if TYPE_CHECKING:
    from app.community.models import Area

WAITS_FOR_REVIEW = (WishState.MADE, WishState.CLAIMED)


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """A claim with the masked name of its claimer, and whether staff confirmed in the wisher's place."""

    claim: WishClaim
    claimer_name: str
    confirmed_on_behalf: bool | None


@dataclass(frozen=True, slots=True)
class WishShown:
    """A wish as one reader may see it: what is not for this reader is None."""

    wish: Wish
    area: "Area"
    wisher_name: str
    wisher_id: int | None = None
    made_for_other: bool | None = None
    made_at: datetime | None = None
    reason: str | None = None
    private_text: str | None = None
    claim: ClaimShown | None = None


# --- one wish, for a step ---------------------------------------------------------------------------------


def wish_to_review(actor: Actor, wish_id: int) -> Wish:
    """A wish within the reviewer's subtree. Raises: NotFound."""
    return _one(Wish.id == wish_id, _reviewed_by(actor))


def wish_to_claim(actor: Actor, wish_id: int) -> Wish:
    """A wish that is or was on the wall, or the actor's own. Raises: NotFound."""
    return _one(
        Wish.id == wish_id, or_(Wish.published_at.is_not(None), Wish.wisher_id == actor.person_id)
    )


def wish_to_confirm(actor: Actor, wish_id: int) -> Wish:
    """The actor's own wish, or one the actor wrote down for somebody and still may. Raises: NotFound."""
    for_other = and_(
        Wish.made_by == actor.person_id,
        Wish.area_id.in_(
            communities.ids_within(people.paths_of(actor, Permission.WISH_MAKE_FOR_OTHERS))
        ),
    )
    return _one(Wish.id == wish_id, or_(Wish.wisher_id == actor.person_id, for_other))


def wish_to_withdraw(actor: Actor, wish_id: int) -> Wish:
    """The actor's own wish, or one within the reviewer's subtree. Raises: NotFound."""
    return _one(Wish.id == wish_id, or_(Wish.wisher_id == actor.person_id, _reviewed_by(actor)))


def claimed_wish(actor: Actor, wish_id: int) -> tuple[Wish, WishClaim]:
    """A wish that the actor claimed, and the actor's last claim of it. Raises: NotFound."""
    claim = db.session.scalars(
        select(WishClaim)
        .where(WishClaim.wish_id == wish_id, WishClaim.claimer_id == actor.person_id)
        .order_by(WishClaim.id.desc())
        .limit(1)
    ).first()
    if claim is None:
        raise NotFound
    return _one(Wish.id == wish_id), claim


def wish_of_claim(claim_id: int) -> tuple[Wish, WishClaim]:
    """A claim and its wish, for the clock."""
    claim = db.session.get_one(WishClaim, claim_id)
    return _one(Wish.id == claim.wish_id), claim


CATEGORY_OF_WISH = select(Wish.id.label("cause_id"), Wish.category.label("class_name"))
"""What each wish was about, for reports on what was paid for it."""


def wish_by_id(wish_id: int) -> Wish:
    """A wish, for whoever was paid for it. Raises: NotFound."""
    return _one(Wish.id == wish_id)


def titles_of(wish_ids: Sequence[int]) -> Mapping[int, str]:
    """What was wished for, by wish."""
    rows = db.session.execute(select(Wish.id, Wish.title).where(Wish.id.in_(wish_ids)))
    return {row.id: row.title for row in rows}


def lock(*rows: Wish | WishClaim) -> None:
    """Hold the rows and read them again, so that what is decided next is decided on the truth."""
    for row in rows:
        db.session.refresh(row, with_for_update={"key_share": True})


def live_claim(wish_id: int) -> WishClaim | None:
    """The claim that stands, row locked. Call with the wish held."""
    return db.session.scalars(
        select(WishClaim)
        .where(WishClaim.wish_id == wish_id, WishClaim.state.in_(CLAIM_LIVE))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def claims_open(person_id: int) -> int:
    """How many claims the person still has to act on."""
    count = select(func.count()).where(
        WishClaim.claimer_id == person_id, WishClaim.state.in_(CLAIM_OPEN)
    )
    return db.session.scalars(count).one()


def claims_past_due(at: datetime, *, claims_max: int) -> Sequence[int]:
    """Ids of approved claims whose deadline has passed, the longest overdue first."""
    return db.session.scalars(
        select(WishClaim.id)
        .where(WishClaim.state == ClaimState.APPROVED, WishClaim.due_at <= at)
        .order_by(WishClaim.due_at, WishClaim.id)
        .limit(claims_max)
    ).all()


# --- wishes to be shown -----------------------------------------------------------------------------------


def wall(
    *,
    limit: int,
    area: str | None = None,
    state: WallState | None = None,
    category: WishCategory | None = None,
    cursor: str | None = None,
) -> Page[WishShown]:
    """Published wishes at and below an area, or everywhere, newest first. Raises: UnknownArea, CursorInvalid."""
    states = WallState if state is None else (state,)
    statement = select(Wish).where(Wish.state.in_(list(states)))
    if area is not None:
        inside = communities.ids_within([communities.area_by_code(area).path])
        statement = statement.where(Wish.area_id.in_(inside))
    if category is not None:
        statement = statement.where(Wish.category == category)
    page = paginate(statement, [Wish.published_at, Wish.id], limit=limit, cursor=cursor)
    return Page(_on_the_wall(page.items), page.next_cursor)


def wish_for(actor: Actor, wish_id: int) -> WishShown:
    """A wish on the wall, or one that is the actor's to see. Raises: NotFound."""
    wish = _one(Wish.id == wish_id, or_(Wish.state.in_(list(WallState)), _concerns(actor)))
    return shown(actor, wish)


def own(actor: Actor, *, limit: int, cursor: str | None = None) -> Page[WishShown]:
    """Wishes the actor has, or wrote down for somebody, newest first. Raises: CursorInvalid."""
    mine = or_(Wish.wisher_id == actor.person_id, Wish.made_by == actor.person_id)
    page = paginate(select(Wish).where(mine), [Wish.id], limit=limit, cursor=cursor)
    return Page(_shown_to(actor, page.items, _live_claims(page.items)), page.next_cursor)


def own_claims(actor: Actor, *, limit: int, cursor: str | None = None) -> Page[WishShown]:
    """The actor's claims, newest first, each with its wish. Raises: CursorInvalid."""
    statement = select(WishClaim).where(WishClaim.claimer_id == actor.person_id)
    page = paginate(statement, [WishClaim.id], limit=limit, cursor=cursor)
    return Page(_shown_to(actor, _wishes_of(page.items), page.items), page.next_cursor)


def queue(
    actor: Actor, *, limit: int, state: WishState | None = None, cursor: str | None = None
) -> Page[WishShown]:
    """Wishes within the reviewer's subtree, oldest first; those that wait for a decision unless `state` is given.

    Raises: CursorInvalid.
    """
    states = WAITS_FOR_REVIEW if state is None else (state,)
    statement = select(Wish).where(_reviewed_by(actor), Wish.state.in_(states))
    page = paginate(statement, [Wish.id], limit=limit, cursor=cursor, descending=False)
    return Page(_shown_to(actor, page.items, _live_claims(page.items)), page.next_cursor)


def wishes_of(person_id: int) -> list[WishShown]:
    """Every wish of a person, newest first: what the room holds about somebody."""
    found = db.session.scalars(
        select(Wish).where(Wish.wisher_id == person_id).order_by(Wish.id.desc())
    ).all()
    return _shown(person_id, (), found, _live_claims(found))


def claims_of(person_id: int) -> list[WishShown]:
    """Every claim of a person, newest first, with its wish: the rest of what the room holds."""
    found = db.session.scalars(
        select(WishClaim).where(WishClaim.claimer_id == person_id).order_by(WishClaim.id.desc())
    ).all()
    return _shown(person_id, (), _wishes_of(found), found)


def has_open(person_id: int) -> bool:
    """Whether a wish of the person, or a claim that the person must act on, is under way."""
    wish = select(Wish.id).where(Wish.wisher_id == person_id, Wish.state.in_(WISH_OPEN))
    return claims_open(person_id) > 0 or db.session.scalar(select(wish.exists())) is True


def shown(actor: Actor, wish: Wish) -> WishShown:
    """One wish as the actor may see it: with the claim that stands, or for anybody else the own last claim."""
    seen = _shown_to(actor, [wish], _live_claims([wish]))[0]
    if seen.claim is None and (claim := _last_claim(actor, wish)) is not None:
        return _shown_to(actor, [wish], [claim])[0]
    return seen


def _reviewed_by(actor: Actor) -> ColumnElement[bool]:
    paths = actor.area_paths(Permission.WISH_REVIEW)
    return Wish.area_id.in_(communities.ids_within(paths))


def _concerns(actor: Actor) -> ColumnElement[bool]:
    """Whether the actor sees a wish that is not on the wall."""
    claimed = select(WishClaim.wish_id).where(WishClaim.claimer_id == actor.person_id)
    return or_(
        Wish.wisher_id == actor.person_id,
        Wish.made_by == actor.person_id,
        Wish.id.in_(claimed),
        _reviewed_by(actor),
    )


def _one(*conditions: ColumnElement[bool]) -> Wish:
    wish = db.session.scalars(select(Wish).where(*conditions)).one_or_none()
    if wish is None:
        raise NotFound
    return wish


def _live_claims(wishes: Sequence[Wish]) -> list[WishClaim | None]:
    found = db.session.scalars(
        select(WishClaim).where(
            WishClaim.wish_id.in_([wish.id for wish in wishes]), WishClaim.state.in_(CLAIM_LIVE)
        )
    )
    by_wish = {claim.wish_id: claim for claim in found}
    return [by_wish.get(wish.id) for wish in wishes]


def _wishes_of(claims: Sequence[WishClaim]) -> list[Wish]:
    found = db.session.scalars(select(Wish).where(Wish.id.in_({claim.wish_id for claim in claims})))
    wishes = {wish.id: wish for wish in found}
    return [wishes[claim.wish_id] for claim in claims]


def _last_claim(actor: Actor, wish: Wish) -> WishClaim | None:
    return db.session.scalars(
        select(WishClaim)
        .where(WishClaim.wish_id == wish.id, WishClaim.claimer_id == actor.person_id)
        .order_by(WishClaim.id.desc())
        .limit(1)
    ).first()


def _on_the_wall(wishes: Sequence[Wish]) -> list[WishShown]:
    areas = communities.areas_by_id(wish.area_id for wish in wishes)
    names = people.masked_names({wish.wisher_id for wish in wishes})
    return [WishShown(wish, areas[wish.area_id], names[wish.wisher_id]) for wish in wishes]


def _shown_to(
    actor: Actor, wishes: Sequence[Wish], claims: Sequence[WishClaim | None]
) -> list[WishShown]:
    return _shown(actor.person_id, actor.area_paths(Permission.WISH_REVIEW), wishes, claims)


def _shown(
    reader_id: int,
    reviewed: tuple[str, ...],
    wishes: Sequence[Wish],
    claims: Sequence[WishClaim | None],
) -> list[WishShown]:
    areas = communities.areas_by_id(wish.area_id for wish in wishes)
    names = people.masked_names(
        {wish.wisher_id for wish in wishes} | {claim.claimer_id for claim in claims if claim}
    )
    result = []
    for wish, claim in zip(wishes, claims, strict=True):
        area = areas[wish.area_id]
        sight = rules.sight(
            reader_id,
            reviews=area.path.startswith(reviewed),
            wisher_id=wish.wisher_id,
            made_by=wish.made_by,
            claimer_id=claim.claimer_id if claim else None,
            claim_state=claim.state if claim else None,
        )
        result.append(
            WishShown(
                wish,
                area,
                names[wish.wisher_id],
                wisher_id=wish.wisher_id if sight.whole else None,
                made_for_other=wish.made_by != wish.wisher_id if sight.whole else None,
                made_at=wish.made_at if sight.whole else None,
                reason=wish.reason if sight.whole else None,
                private_text=wish.private_text if sight.private else None,
                claim=_claim_shown(wish, claim, names) if claim and sight.claim else None,
            )
        )
    return result


def _claim_shown(wish: Wish, claim: WishClaim, names: Mapping[int, str]) -> ClaimShown:
    on_behalf = None if claim.confirmed_by is None else claim.confirmed_by != wish.wisher_id
    return ClaimShown(claim, names[claim.claimer_id], on_behalf)
