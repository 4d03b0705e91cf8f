"""Selects on claims and the waiting line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people
from app.volunteer.models import Attendance, Claim, Opportunity, Shift
from app.volunteer.queries.shared import about, all_of
from app.volunteer.rules import Engagement
from app.volunteer.terms import LIVE, ClaimState, OpportunityState

if TYPE_CHECKING:
    from app.sites.models import Site


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """A claim with what it is about; of the person, the masked name only."""

    claim: Claim
    opportunity: Opportunity
    shift: Shift
    site: "Site"
    person_name: str | None
    waiting_position: int | None
    """1 is next in line; None unless the claim waits."""


def shift_to_claim(opportunity_id: int, shift_id: int) -> tuple[Opportunity, Shift]:
    """A shift of an opportunity that is no draft; it can be neither closed nor cancelled until we are done.

    Raises: NotFound.
    """
    row = db.session.execute(
        select(Opportunity, Shift)
        .join(Shift, Shift.opportunity_id == Opportunity.id)
        .where(
            Opportunity.id == opportunity_id,
            Shift.id == shift_id,
            Opportunity.state != OpportunityState.DRAFT,
        )
        .with_for_update(read=True, of=Opportunity)
    ).one_or_none()
    if row is None:
        raise NotFound
    opportunity, shift = row
    return opportunity, shift


ClaimToChange = tuple[Claim, Shift, Opportunity]


def own_claim(actor: Actor, claim_id: int) -> ClaimToChange:
    """The actor's claim, row locked, with its shift and opportunity. Raises: NotFound."""
    return claim_of(actor.person_id, claim_id)


def claim_of(person_id: int, claim_id: int) -> ClaimToChange:
    """A person's claim, row locked, with its shift and opportunity. Raises: NotFound."""
    return _claim_to_change(Claim.id == claim_id, Claim.person_id == person_id)


def claims_not_begun(person_id: int, now: datetime) -> Sequence[int]:
    """Ids of a person's live claims of shifts that are not over and to which the person did not come."""
    return db.session.scalars(
        select(Claim.id)
        .join(Shift, Shift.id == Claim.shift_id)
        .where(
            Claim.person_id == person_id,
            Claim.state.in_(LIVE),
            Shift.ends_at > now,
            ~exists().where(Attendance.claim_id == Claim.id),
        )
        .order_by(Claim.id)
    ).all()


def claim_to_review(actor: Actor, claim_id: int) -> ClaimToChange:
    """A claim within the reviewer's subtree, row locked, with its shift and opportunity. Raises: NotFound."""
    return _claim_to_change(Claim.id == claim_id, _reviewed_by(actor))


def engagements(person_id: int, now: datetime) -> list[Engagement]:
    """What a person holds or waits for, of shifts that are not over. Stable while the person is locked."""
    rows = db.session.execute(
        select(Claim.shift_id, Claim.state, Opportunity.title, Shift.starts_at, Shift.ends_at)
        .join(Shift, Shift.id == Claim.shift_id)
        .join(Opportunity, Opportunity.id == Claim.opportunity_id)
        .where(Claim.person_id == person_id, Claim.state.in_(LIVE), Shift.ends_at > now)
    )
    return [Engagement(*row) for row in rows]


def waiting(shift_id: int) -> Sequence[Claim]:
    """The claims that wait for a place of a shift, first come first."""
    return db.session.scalars(
        select(Claim)
        .where(Claim.shift_id == shift_id, Claim.state == ClaimState.WAITLISTED)
        .order_by(Claim.id)
    ).all()


def lock_shift(shift_id: int) -> None:
    """Hold the shift: from here to the end nobody else takes, frees or begins to wait for a place of it."""
    db.session.execute(
        select(Shift.id).where(Shift.id == shift_id).with_for_update(key_share=True)
    ).one()


def has_attended(claim_id: int) -> bool:
    """Whether somebody came under this claim."""
    return (
        db.session.scalar(select(Attendance.id).where(Attendance.claim_id == claim_id).limit(1))
        is not None
    )


def own_claims(actor: Actor, *, limit: int, cursor: str | None = None) -> Page[ClaimShown]:
    """The actor's claims, newest first. Raises: CursorInvalid."""
    page = paginate(
        select(Claim).where(Claim.person_id == actor.person_id),
        [Claim.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(claims_shown(page.items), page.next_cursor)


def claims_to_review(
    actor: Actor,
    *,
    state: ClaimState,
    limit: int,
    opportunity_id: int | None = None,
    cursor: str | None = None,
) -> Page[ClaimShown]:
    """Claims in one state within the reviewer's subtree: what waits oldest first, the rest newest first.

    Raises: CursorInvalid.
    """
    statement = select(Claim).where(_reviewed_by(actor), Claim.state == state)
    if opportunity_id is not None:
        statement = statement.where(Claim.opportunity_id == opportunity_id)
    page = paginate(
        statement,
        [Claim.id],
        limit=limit,
        cursor=cursor,
        descending=state not in (ClaimState.PENDING, ClaimState.WAITLISTED),
    )
    return Page(claims_shown(page.items), page.next_cursor)


def claim_by_id(claim_id: int) -> ClaimShown:
    """A claim, for a reaction to what happened to it. Raises: NotFound."""
    claim = db.session.get(Claim, claim_id)
    if claim is None:
        raise NotFound
    return claims_shown([claim])[0]


def all_claims_of(person_id: int) -> list[ClaimShown]:
    """All of a person's claims, for the person's export."""
    return claims_shown(all_of(Claim, person_id))


def claims_shown(claims: Sequence[Claim]) -> list[ClaimShown]:
    """Claims that the caller may see, with what they are about."""
    opportunities, shifts, places = about(claims)
    names = people.masked_names(claim.person_id for claim in claims)
    positions = _waiting_positions(claims)
    return [
        ClaimShown(
            claim,
            opportunities[claim.opportunity_id],
            shifts[claim.shift_id],
            places[opportunities[claim.opportunity_id].site_id],
            names.get(claim.person_id),
            positions.get(claim.id),
        )
        for claim in claims
    ]


def _reviewed_by(actor: Actor) -> ColumnElement[bool]:
    paths = actor.area_paths(Permission.CLAIM_REVIEW)
    return Claim.area_id.in_(communities.ids_within(paths))


def _claim_to_change(*conditions: ColumnElement[bool]) -> ClaimToChange:
    # First the opportunity, so that it is not cancelled meanwhile; then the claim itself.
    found = db.session.execute(
        select(Claim.id, Shift, Opportunity)
        .join(Shift, Shift.id == Claim.shift_id)
        .join(Opportunity, Opportunity.id == Claim.opportunity_id)
        .where(*conditions)
        .with_for_update(read=True, of=Opportunity)
    ).one_or_none()
    if found is None:
        raise NotFound
    claim_id, shift, opportunity = found
    claim = db.session.scalars(
        select(Claim).where(Claim.id == claim_id).with_for_update(key_share=True)
    ).one()
    return claim, shift, opportunity


def _waiting_positions(claims: Sequence[Claim]) -> Mapping[int, int]:
    waiting_ids = [claim.id for claim in claims if claim.state == ClaimState.WAITLISTED]
    if not waiting_ids:
        return {}
    before = aliased(Claim)
    rows = db.session.execute(
        select(Claim.id, func.count(before.id))
        .join(
            before,
            (before.shift_id == Claim.shift_id)
            & (before.state == ClaimState.WAITLISTED)
            & (before.id <= Claim.id),
        )
        .where(Claim.id.in_(waiting_ids))
        .group_by(Claim.id)
    )
    return {row[0]: row[1] for row in rows}
