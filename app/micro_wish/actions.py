"""What can be done to wishes. Each verb is complete when it returns; none commits.

Order of locks: the claimer (when claims are counted), the wish, its claim; points move last.
"""

from typing import TYPE_CHECKING, Any

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Forbidden, NotFound
from app.core.journal import announce
from app.core.permissions import Permission
from app.identity import queries as people
from app.micro_wish import queries, rules
from app.micro_wish.errors import WishAreaNeeded, WishChanged, WishClaimEnded
from app.micro_wish.events import (
    WishClaimApproved,
    WishClaimCancelled,
    WishClaimDeclined,
    WishClaimDropped,
    WishClaimed,
    WishClaimLapsed,
    WishConfirmed,
    WishDeclined,
    WishDelivered,
    WishMade,
    WishPublished,
    WishWithdrawn,
)
from app.micro_wish.models import Wish, WishClaim
from app.micro_wish.queries import WishShown
from app.micro_wish.rules import Step
from app.micro_wish.terms import CLAIM_LIVE, CLAIM_STATE_NAMES_ZH, ClaimState, WishState
from app.points import actions as points
from app.points.terms import TransferKind
from app.policies.queries import rules_at
from app.policies.terms import POINTS_PER_WISH, WISH_CLAIMS_OPEN_MAX, WISH_DAYS_TO_DELIVER

if TYPE_CHECKING:
    from app.community.models import Area


def make(actor: Actor, form: dict[str, Any]) -> WishShown:
    """Make a wish for oneself, or as staff for somebody who lives where the actor helps.

    Raises: Forbidden, NotFound for a person or area out of reach, UnknownArea, AreaTooLarge, WishAreaNeeded.
    """
    wisher_id = form["person_id"] or actor.person_id
    for_other = wisher_id != actor.person_id
    if for_other and not actor.may(Permission.WISH_MAKE_FOR_OTHERS):
        raise Forbidden
    wisher = (
        people.person_within(actor, Permission.WISH_MAKE_FOR_OTHERS, wisher_id)
        if for_other
        else people.lock_person(wisher_id)  # not while the account is being deleted
    )
    area = _area_of_wish(form["area"], wisher.home_area_id)
    if for_other and not area.path.startswith(
        people.paths_of(actor, Permission.WISH_MAKE_FOR_OTHERS)
    ):
        raise NotFound
    wish = Wish(
        area_id=area.id,
        wisher_id=wisher_id,
        made_by=actor.person_id,
        title=form["title"],
        public_text=form["public_text"],
        category=form["category"],
        state=WishState.MADE,
        state_since=actor.now,
        made_at=actor.now,
    )
    wish.private_text = form["private_text"]
    db.session.add(wish)
    db.session.flush()  # the journal needs its id
    announce(
        actor,
        WishMade(subject_id=wish.id, area_id=area.id, person_id=wisher_id, made_by=actor.person_id),
    )
    return queries.shown(actor, wish)


def publish(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Verify a wish, rewrite what all may read where needed, fix its points and put it on the wall.

    Raises: NotFound, OwnWishReview, WishNotWaiting.
    """
    wish = queries.wish_to_review(actor, wish_id)
    rules.check_reviewer(actor.person_id, wisher_id=wish.wisher_id)
    queries.lock(wish)
    amount = body["points"]
    if amount is None:
        path = communities.area_by_id(wish.area_id).path
        amount = rules_at(path, actor.now)[POINTS_PER_WISH]
    _move(
        actor,
        wish,
        Step.PUBLISH,
        title=body["title"] or wish.title,
        public_text=body["public_text"] or wish.public_text,
        points=amount,
        published_at=actor.now,
    )
    announce(
        actor,
        WishPublished(
            subject_id=wish.id, area_id=wish.area_id, person_id=wish.wisher_id, points=amount
        ),
    )
    return queries.shown(actor, wish)


def decline(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Do not take a wish, with a reason. Raises: NotFound, OwnWishReview, WishNotWaiting."""
    wish = queries.wish_to_review(actor, wish_id)
    rules.check_reviewer(actor.person_id, wisher_id=wish.wisher_id)
    queries.lock(wish)
    _move(actor, wish, Step.DECLINE, reason=body["reason"])
    announce(
        actor,
        WishDeclined(subject_id=wish.id, area_id=wish.area_id, person_id=wish.wisher_id),
    )
    return queries.shown(actor, wish)


def claim(actor: Actor, wish_id: int) -> WishShown:
    """Offer to fulfil a wish from the wall; the community approves.

    Raises: NotFound, OwnWish, WishAlreadyClaimed, WishNotOpen, WishClaimsFull.
    """
    wish = queries.wish_to_claim(actor, wish_id)
    rules.check_claimer(actor.person_id, wisher_id=wish.wisher_id)
    people.lock_person(actor.person_id)
    queries.lock(wish)
    # That the wish is taken is said before that one's own hands are full.
    rules.move_for(Step.CLAIM, wish.state)
    in_force = rules_at(communities.area_by_id(wish.area_id).path, actor.now)
    rules.check_claims_open(queries.claims_open(actor.person_id), in_force[WISH_CLAIMS_OPEN_MAX])
    _move(actor, wish, Step.CLAIM)
    wish_claim = WishClaim(
        wish_id=wish.id,
        claimer_id=actor.person_id,
        state=ClaimState.CLAIMED,
        claimed_at=actor.now,
    )
    db.session.add(wish_claim)
    db.session.flush()  # the journal needs its id
    announce(
        actor,
        WishClaimed(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=actor.person_id,
            claim_id=wish_claim.id,
        ),
    )
    return queries.shown(actor, wish)


def approve(actor: Actor, wish_id: int) -> WishShown:
    """Let the claimer go ahead and read the private text; the deadline starts.

    Raises: NotFound, OwnWishReview, OwnClaimReview, WishClaimNotWaiting.
    """
    wish, wish_claim = _claim_to_review(actor, wish_id, Step.APPROVE)
    in_force = rules_at(communities.area_by_id(wish.area_id).path, actor.now)
    _move(actor, wish, Step.APPROVE, wish_claim)
    wish_claim.approved_at = actor.now
    wish_claim.due_at = rules.deadline(actor.now, in_force[WISH_DAYS_TO_DELIVER])
    announce(
        actor,
        WishClaimApproved(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=wish_claim.claimer_id,
            claim_id=wish_claim.id,
            due_at=wish_claim.due_at,
        ),
    )
    return queries.shown(actor, wish)


def decline_claim(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Put the wish back on the wall, with a reason for the claimer.

    Raises: NotFound, OwnWishReview, OwnClaimReview, WishClaimNotWaiting.
    """
    wish, wish_claim = _claim_to_review(actor, wish_id, Step.DECLINE_CLAIM)
    _move(actor, wish, Step.DECLINE_CLAIM, wish_claim)
    _end(actor, wish_claim, body["reason"])
    announce(
        actor,
        WishClaimDeclined(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=wish_claim.claimer_id,
            claim_id=wish_claim.id,
        ),
    )
    return queries.shown(actor, wish)


def drop(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Give a claimed wish back to the wall. Raises: NotFound, WishClaimEnded, WishNotDroppable."""
    wish, wish_claim = _own_claim(actor, wish_id)
    _move(actor, wish, Step.DROP, wish_claim)
    _end(actor, wish_claim, body["reason"])
    announce(
        actor,
        WishClaimDropped(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=actor.person_id,
            claim_id=wish_claim.id,
        ),
    )
    return queries.shown(actor, wish)


def deliver(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Say that it is done; the wisher confirms. Late is better than never: the deadline is the job's to hold.

    Raises: NotFound, WishClaimEnded, WishNotInDelivery.
    """
    wish, wish_claim = _own_claim(actor, wish_id)
    _move(actor, wish, Step.DELIVER, wish_claim)
    wish_claim.delivered_at = actor.now
    wish_claim.delivery_note = body["note"]
    announce(
        actor,
        WishDelivered(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=wish.wisher_id,
            claim_id=wish_claim.id,
        ),
    )
    return queries.shown(actor, wish)


def confirm(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Say that the wish came true; the claimer's points are credited in this very transaction.

    By the wisher, or by the staff member who wrote the wish down, which is recorded as such.
    Raises: NotFound, ClaimerCannotConfirm, WishNotDelivered, WishAlreadyConfirmed.
    """
    wish = queries.wish_to_confirm(actor, wish_id)
    queries.lock(wish)
    rules.move_for(Step.CONFIRM, wish.state)
    wish_claim = queries.live_claim(wish.id)
    assert wish_claim is not None and wish.points is not None  # noqa: S101, PT018 - a delivered wish has both
    rules.check_confirmer(actor.person_id, claimer_id=wish_claim.claimer_id)
    _move(actor, wish, Step.CONFIRM, wish_claim)
    wish_claim.confirmed_at = actor.now
    wish_claim.confirmed_by = actor.person_id
    wish_claim.rating = body["rating"]
    wish_claim.thanks = body["thanks"]
    path = communities.area_by_id(wish.area_id).path
    earned = points.earn(
        actor,
        person_id=wish_claim.claimer_id,
        area_id=wish.area_id,
        area_path=path,
        amount=wish.points,
        kind=TransferKind.WISH,
        cause_id=wish.id,
        rules=rules_at(path, actor.now),
    )
    wish_claim.points_earned = earned.points
    announce(
        actor,
        WishConfirmed(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=wish_claim.claimer_id,
            claim_id=wish_claim.id,
            points=earned.points,
            rating=body["rating"],
            on_behalf=actor.person_id != wish.wisher_id,
        ),
    )
    return queries.shown(actor, wish)


def withdraw(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Take a wish off: the wisher at will until it is delivered, a reviewer with a reason until it is confirmed.

    Raises: NotFound, WishReasonNeeded, WishNotWithdrawable.
    """
    wish = queries.wish_to_withdraw(actor, wish_id)
    step = rules.withdrawing_step(actor.person_id, wisher_id=wish.wisher_id, reason=body["reason"])
    queries.lock(wish)
    wish_claim = queries.live_claim(wish.id)
    _move(actor, wish, step, wish_claim, reason=body["reason"])
    announce(
        actor,
        WishWithdrawn(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=wish.wisher_id,
            by_reviewer=step is Step.TAKE_OFF,
        ),
    )
    if wish_claim is not None:
        _end(actor, wish_claim, body["reason"])
        announce(
            actor,
            WishClaimCancelled(
                subject_id=wish.id,
                area_id=wish.area_id,
                person_id=wish_claim.claimer_id,
                claim_id=wish_claim.id,
            ),
        )
    return queries.shown(actor, wish)


def lapse(actor: Actor, claim_id: int) -> bool:
    """Put a wish back on the wall when its claimer's time is over; False when that is no longer so."""
    wish, wish_claim = queries.wish_of_claim(claim_id)
    queries.lock(wish, wish_claim)
    overdue = wish_claim.due_at is not None and wish_claim.due_at <= actor.now
    if wish_claim.state != ClaimState.APPROVED or not overdue:
        return False
    _move(actor, wish, Step.LAPSE, wish_claim)
    _end(actor, wish_claim, None)
    announce(
        actor,
        WishClaimLapsed(
            subject_id=wish.id,
            area_id=wish.area_id,
            person_id=wish_claim.claimer_id,
            claim_id=wish_claim.id,
        ),
    )
    return True


def _area_of_wish(code: str | None, home_area_id: int | None) -> "Area":
    """The area asked for, else the wisher's home; never wider than a community."""
    if code is not None:
        area = communities.area_by_code(code)
    elif home_area_id is not None:
        area = communities.area_by_id(home_area_id)
    else:
        raise WishAreaNeeded
    communities.community_of(area)
    return area


def _claim_to_review(actor: Actor, wish_id: int, step: Step) -> tuple[Wish, WishClaim]:
    wish = queries.wish_to_review(actor, wish_id)
    queries.lock(wish)
    rules.move_for(step, wish.state)
    wish_claim = queries.live_claim(wish.id)
    assert wish_claim is not None  # noqa: S101 - a claimed wish has one
    rules.check_reviewer(
        actor.person_id, wisher_id=wish.wisher_id, claimer_id=wish_claim.claimer_id
    )
    return wish, wish_claim


def _own_claim(actor: Actor, wish_id: int) -> tuple[Wish, WishClaim]:
    wish, wish_claim = queries.claimed_wish(actor, wish_id)
    queries.lock(wish, wish_claim)
    if wish_claim.state not in CLAIM_LIVE:
        state = ClaimState(wish_claim.state)
        raise WishClaimEnded(state=state, state_name=CLAIM_STATE_NAMES_ZH[state])
    return wish, wish_claim


def _move(
    actor: Actor, wish: Wish, step: Step, wish_claim: WishClaim | None = None, **values: Any
) -> None:
    """Move the wish and, with it, its claim."""
    move = rules.move_for(step, wish.state)
    if not wish.move(move.after, actor.now, **values):
        # Only reached when somebody moved the row without holding it: the database has the last word.
        raise WishChanged
    if wish_claim is not None and move.claim_after is not None:
        wish_claim.state = move.claim_after


def _end(actor: Actor, wish_claim: WishClaim, reason: str | None) -> None:
    wish_claim.ended_at = actor.now
    wish_claim.reason = reason
