"""Claiming a shift, deciding on a claim, giving it up, and who moves up."""

from typing import Any

from sqlalchemy import update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.journal import announce
from app.identity import queries as people
from app.policies.queries import rules_at
from app.policies.terms import CLAIMS_OPEN_MAX
from app.volunteer import queries, rules
from app.volunteer.errors import (
    ClaimAttended,
    ClaimEnded,
    ClaimNotPending,
    NotOpenToYou,
    OpportunityClosed,
    ShiftPast,
)
from app.volunteer.events import (
    ClaimApproved,
    ClaimCancelled,
    ClaimDeclined,
    ClaimMade,
    ClaimPromoted,
    ClaimRoleSet,
)
from app.volunteer.models import Claim, Opportunity, Shift
from app.volunteer.queries import ClaimShown
from app.volunteer.terms import LIVE, OPEN_TO_NAMES_ZH, ClaimState, OpenTo, OpportunityState


def claim(actor: Actor, body: dict[str, Any], opportunity_id: int) -> ClaimShown:
    """Claim a shift for oneself: a place if one is free, else a place in the waiting line.

    Raises: NotFound, OpportunityClosed, ShiftPast, NotOpenToYou, AlreadyClaimed, TooManyClaims, ShiftOverlaps.
    """
    opportunity, shift = queries.shift_to_claim(opportunity_id, body["shift_id"])
    if opportunity.state != OpportunityState.PUBLISHED:
        raise OpportunityClosed
    if shift.ends_at <= actor.now:
        raise ShiftPast
    person = people.lock_person(actor.person_id)
    area = communities.area_by_id(opportunity.area_id)
    home_path = (
        None if person.home_area_id is None else communities.area_by_id(person.home_area_id).path
    )
    if not rules.is_open_to(
        opportunity.open_to,
        member=person.member_kind is not None,
        home_path=home_path,
        area_path=area.path,
    ):
        raise NotOpenToYou(open_to=OPEN_TO_NAMES_ZH[OpenTo(opportunity.open_to)])
    rules.check_calendar(
        queries.engagements(person.id, actor.now),
        shift_id=shift.id,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        claims_max=rules_at(area.path, actor.now)[CLAIMS_OPEN_MAX],
    )
    made = Claim(
        shift_id=shift.id,
        opportunity_id=opportunity.id,
        area_id=opportunity.area_id,
        person_id=person.id,
        state=_state_with_place(opportunity) if _take_place(shift) else ClaimState.WAITLISTED,
        created_at=actor.now,
    )
    db.session.add(made)
    db.session.flush()  # the journal names it by id
    announce(
        actor,
        ClaimMade(
            subject_id=made.id,
            area_id=made.area_id,
            person_id=made.person_id,
            opportunity_id=made.opportunity_id,
            shift_id=made.shift_id,
            state=made.state,
        ),
    )
    return queries.claims_shown([made])[0]


def approve(actor: Actor, claim_id: int) -> ClaimShown:
    """Say yes to a pending claim. Raises: NotFound, ClaimNotPending."""
    claim_, _, _ = queries.claim_to_review(actor, claim_id)
    if not _move(
        claim_,
        (ClaimState.PENDING,),
        ClaimState.APPROVED,
        decided_at=actor.now,
        decided_by=actor.person_id,
    ):
        raise ClaimNotPending
    announce(
        actor,
        ClaimApproved(
            subject_id=claim_.id,
            area_id=claim_.area_id,
            person_id=claim_.person_id,
            opportunity_id=claim_.opportunity_id,
            shift_id=claim_.shift_id,
        ),
    )
    return queries.claims_shown([claim_])[0]


def set_role(actor: Actor, body: dict[str, Any], claim_id: int) -> ClaimShown:
    """Say in what capacity somebody serves, as it may count for points; a record already made stays as it is.

    Raises: NotFound, ClaimEnded.
    """
    claim_, _, _ = queries.claim_to_review(actor, claim_id)
    if not _move(claim_, LIVE, ClaimState(claim_.state), role=body["role"]):
        raise ClaimEnded
    announce(
        actor,
        ClaimRoleSet(
            subject_id=claim_.id,
            area_id=claim_.area_id,
            person_id=claim_.person_id,
            role=body["role"],
        ),
    )
    return queries.claims_shown([claim_])[0]


def decline(actor: Actor, body: dict[str, Any], claim_id: int) -> ClaimShown:
    """Say no to a claim, with the reason; its place goes to the next in line.

    Raises: NotFound, ClaimEnded, ClaimAttended, ShiftPast.
    """
    claim_, shift, opportunity = queries.claim_to_review(actor, claim_id)
    _end(
        actor,
        claim_,
        shift,
        opportunity,
        ClaimState.DECLINED,
        decided_at=actor.now,
        decided_by=actor.person_id,
        reason=body["reason"],
    )
    announce(
        actor,
        ClaimDeclined(
            subject_id=claim_.id,
            area_id=claim_.area_id,
            person_id=claim_.person_id,
            opportunity_id=claim_.opportunity_id,
            shift_id=claim_.shift_id,
        ),
    )
    return queries.claims_shown([claim_])[0]


def cancel(actor: Actor, claim_id: int) -> ClaimShown:
    """Give up the own claim; its place goes to the next in line.

    Raises: NotFound, ClaimEnded, ClaimAttended, ShiftPast.
    """
    claim_, shift, opportunity = queries.own_claim(actor, claim_id)
    _give_up(actor, claim_, shift, opportunity)
    return queries.claims_shown([claim_])[0]


def cancel_all(actor: Actor, person_id: int) -> None:
    """Give up whatever somebody who is gone still claims; harmless when asked again."""
    for claim_id in queries.claims_not_begun(person_id, actor.now):
        _give_up(actor, *queries.claim_of(person_id, claim_id))


def _give_up(actor: Actor, claim_: Claim, shift: Shift, opportunity: Opportunity) -> None:
    _end(actor, claim_, shift, opportunity, ClaimState.CANCELLED, decided_at=actor.now)
    announce(
        actor,
        ClaimCancelled(
            subject_id=claim_.id,
            area_id=claim_.area_id,
            person_id=claim_.person_id,
            opportunity_id=claim_.opportunity_id,
            shift_id=claim_.shift_id,
        ),
    )


def _end(
    actor: Actor,
    claim_: Claim,
    shift: Shift,
    opportunity: Opportunity,
    after: ClaimState,
    **values: Any,
) -> None:
    if claim_.state not in LIVE:
        raise ClaimEnded
    if shift.ends_at <= actor.now:
        raise ShiftPast
    if queries.has_attended(claim_.id):
        raise ClaimAttended
    held = claim_.holds_place
    if not _move(claim_, LIVE, after, **values):
        raise ClaimEnded
    if held:
        _pass_place_on(actor, opportunity, shift)


def _take_place(shift: Shift) -> bool:
    if _add_taken(shift):
        return True
    # It looked full; somebody may be giving a place back this very moment. Wait for them, and look again: from
    # here on nobody can free a place without seeing the claim that is about to wait for it.
    queries.lock_shift(shift.id)
    return _add_taken(shift)


def _add_taken(shift: Shift) -> bool:
    taken = db.session.execute(
        update(Shift)
        .where(Shift.id == shift.id, Shift.taken < Shift.capacity)
        .values(taken=Shift.taken + 1)
        .returning(Shift.taken)
        .execution_options(synchronize_session=False)
    ).first()
    return taken is not None


def _pass_place_on(actor: Actor, opportunity: Opportunity, shift: Shift) -> None:
    """Give a place that became free to the first in line whose own calendar is free, or back to the shift.

    The shift is locked first, so that nobody begins to wait unseen. Locking the person after it goes against the
    usual order; where two such passings cross, the database ends one and it is done again.
    """
    queries.lock_shift(shift.id)
    for waiting in queries.waiting(shift.id):
        try:
            people.lock_person(waiting.person_id)
        except NotFound:
            continue  # the account was deleted a moment ago; its claims are about to be given up
        calendar = queries.engagements(waiting.person_id, actor.now)
        if rules.overlapping(calendar, shift.starts_at, shift.ends_at) is not None:
            continue
        if not _move(waiting, (ClaimState.WAITLISTED,), _state_with_place(opportunity)):
            continue  # gave up this very moment
        announce(
            actor,
            ClaimPromoted(
                subject_id=waiting.id,
                area_id=waiting.area_id,
                person_id=waiting.person_id,
                opportunity_id=waiting.opportunity_id,
                shift_id=waiting.shift_id,
                state=waiting.state,
            ),
        )
        return
    db.session.execute(
        update(Shift)
        .where(Shift.id == shift.id, Shift.taken > 0)
        .values(taken=Shift.taken - 1)
        .execution_options(synchronize_session=False)
    )


def _state_with_place(opportunity: Opportunity) -> ClaimState:
    return ClaimState.PENDING if opportunity.needs_approval else ClaimState.APPROVED


def _move(claim_: Claim, before: tuple[ClaimState, ...], after: ClaimState, **values: Any) -> bool:
    """Go from one of `before` to `after`; False when it is in none of them (any more)."""
    moved = db.session.execute(
        update(Claim)
        .where(Claim.id == claim_.id, Claim.state.in_(before))
        .values(state=after, **values)
        .returning(Claim.id)
    ).first()
    return moved is not None
