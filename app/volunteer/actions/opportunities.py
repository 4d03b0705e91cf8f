"""Making, publishing, closing and cancelling opportunities."""

from typing import Any

from sqlalchemy import func, select, update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.sites import queries as sites
from app.sites.errors import SiteClosed
from app.volunteer import queries
from app.volunteer.errors import (
    OpportunityClosed,
    OpportunityInProgress,
    OpportunityNotDraft,
    ShiftPast,
)
from app.volunteer.events import (
    ClaimCalledOff,
    OpportunityCancelled,
    OpportunityPublished,
)
from app.volunteer.events import (
    OpportunityClosed as OpportunityClosedEvent,
)
from app.volunteer.models import Attendance, Claim, Opportunity, Shift
from app.volunteer.queries import OpportunityShown
from app.volunteer.terms import HOLDING, LIVE, ClaimState, OpportunityState


def make(actor: Actor, body: dict[str, Any]) -> OpportunityShown:
    """Write an opportunity with its shifts, and publish it at once unless it is to be a draft.

    A shift may have begun: what is announced late is still announced. One that is over may not be offered.
    Raises: UnknownArea, NotFound for the site, SiteClosed, ShiftPast.
    """
    area = communities.managed_area(actor, Permission.OPPORTUNITY_MANAGE, body["area"])
    site = sites.site_for(actor, Permission.OPPORTUNITY_MANAGE, body["site_id"])
    if site.closed_at is not None:
        raise SiteClosed
    if any(shift["ends_at"] <= actor.now for shift in body["shifts"]):
        raise ShiftPast
    opportunity = Opportunity(
        area_id=area.id,
        site_id=site.id,
        kind=body["kind"],
        category=body["category"],
        title=body["title"],
        description=body["description"],
        open_to=body["open_to"],
        needs_approval=body["needs_approval"],
        points_rule=body["points_rule"],
        points_fixed=body["points_fixed"],
        difficulty=body["difficulty"],
        state=OpportunityState.DRAFT,
        created_by=actor.person_id,
        created_at=actor.now,
        published_at=None,
    )
    db.session.add(opportunity)
    db.session.flush()  # the shifts need its id
    db.session.add_all(
        Shift(opportunity_id=opportunity.id, taken=0, **shift) for shift in body["shifts"]
    )
    db.session.flush()  # what is shown next includes them
    if body["publish"]:
        _publish(actor, opportunity)
    return queries.shown([opportunity])[0]


def publish(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """Let people claim a draft. Raises: NotFound, OpportunityNotDraft, ShiftPast when all its shifts are over."""
    opportunity = queries.managed_opportunity(actor, opportunity_id)
    if not queries.shifts_not_over(opportunity.id, actor.now):
        raise ShiftPast
    _publish(actor, opportunity)
    return queries.shown([opportunity])[0]


def close(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """Take no more claims; those made stay valid. Raises: NotFound, OpportunityClosed."""
    opportunity = queries.managed_opportunity(actor, opportunity_id)
    if not _move(opportunity, (OpportunityState.PUBLISHED,), OpportunityState.CLOSED):
        raise OpportunityClosed
    announce(actor, OpportunityClosedEvent(subject_id=opportunity.id, area_id=opportunity.area_id))
    return queries.shown([opportunity])[0]


def cancel(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """Call an opportunity off: claims of shifts that are not over end, and their people are told.

    Claims under which somebody came stay, and so do the records of their service.
    Raises: NotFound, OpportunityClosed when it is cancelled already, OpportunityInProgress.
    """
    opportunity = queries.managed_opportunity(actor, opportunity_id)
    if serving := queries.people_serving(opportunity.id):
        raise OpportunityInProgress(people=serving)
    before = (OpportunityState.DRAFT, OpportunityState.PUBLISHED, OpportunityState.CLOSED)
    if not _move(opportunity, before, OpportunityState.CANCELLED):
        raise OpportunityClosed
    shift_ids = queries.shifts_not_over(opportunity.id, actor.now)
    called_off = db.session.execute(
        update(Claim)
        .where(
            Claim.shift_id.in_(shift_ids),
            Claim.state.in_(LIVE),
            Claim.id.not_in(
                select(Attendance.claim_id).where(Attendance.opportunity_id == opportunity.id)
            ),
        )
        .values(state=ClaimState.CANCELLED, decided_at=actor.now, decided_by=actor.person_id)
        .returning(Claim.id, Claim.person_id, Claim.shift_id)
        .execution_options(synchronize_session=False)
    ).all()
    still_held = (
        select(func.count())
        .where(Claim.shift_id == Shift.id, Claim.state.in_(HOLDING))
        .scalar_subquery()
    )
    db.session.execute(
        update(Shift)
        .where(Shift.id.in_(shift_ids))
        .values(taken=still_held)
        .execution_options(synchronize_session=False)
    )
    announce(
        actor,
        OpportunityCancelled(
            subject_id=opportunity.id,
            area_id=opportunity.area_id,
            claims_called_off=len(called_off),
        ),
        *(
            ClaimCalledOff(
                subject_id=claim_id,
                area_id=opportunity.area_id,
                person_id=person_id,
                opportunity_id=opportunity.id,
                shift_id=shift_id,
            )
            for claim_id, person_id, shift_id in sorted(tuple(row) for row in called_off)
        ),
    )
    return queries.shown([opportunity])[0]


def _publish(actor: Actor, opportunity: Opportunity) -> None:
    published = _move(
        opportunity,
        (OpportunityState.DRAFT,),
        OpportunityState.PUBLISHED,
        published_at=actor.now,
    )
    if not published:
        raise OpportunityNotDraft
    announce(
        actor,
        OpportunityPublished(
            subject_id=opportunity.id, area_id=opportunity.area_id, kind=opportunity.kind
        ),
    )


def _move(
    opportunity: Opportunity,
    before: tuple[OpportunityState, ...],
    after: OpportunityState,
    **values: Any,
) -> bool:
    """Go from one of `before` to `after`; False when it is in none of them (any more)."""
    moved = db.session.execute(
        update(Opportunity)
        .where(Opportunity.id == opportunity.id, Opportunity.state.in_(before))
        .values(state=after, **values)
        .returning(Opportunity.id)
    ).first()
    return moved is not None
