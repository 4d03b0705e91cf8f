"""What may follow what, on paper."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.errors import Refusal
from app.micro_wish.errors import (
    ClaimerCannotConfirm,
    OwnClaimReview,
    OwnWish,
    OwnWishReview,
    WishAlreadyClaimed,
    WishAlreadyConfirmed,
    WishClaimNotWaiting,
    WishClaimsFull,
    WishNotDelivered,
    WishNotDroppable,
    WishNotInDelivery,
    WishNotOpen,
    WishNotWaiting,
    WishNotWithdrawable,
    WishReasonNeeded,
)
from app.micro_wish.terms import (
    CLAIM_KNOWS_PRIVATE,
    STATE_NAMES_ZH,
    ClaimState,
    WishState,
)


class Step(StrEnum):
    """What can be done to a wish."""

    PUBLISH = "publish"
    DECLINE = "decline"
    CLAIM = "claim"
    APPROVE = "approve"
    DECLINE_CLAIM = "decline_claim"
    DROP = "drop"
    LAPSE = "lapse"
    DELIVER = "deliver"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    TAKE_OFF = "take_off"
    """A reviewer withdraws somebody else's wish."""


class Move(NamedTuple):
    """Where a step may begin, where it leads the wish and its claim, and what is said from any other state."""

    before: frozenset[WishState]
    after: WishState
    claim_after: ClaimState | None
    refusal: type[Refusal]
    refusal_in: Mapping[WishState, type[Refusal]] = {}


S = WishState
C = ClaimState

_WITHDRAWABLE = frozenset({S.MADE, S.PUBLISHED, S.CLAIMED, S.APPROVED})

MOVES: Final[dict[Step, Move]] = {
    Step.PUBLISH: Move(frozenset({S.MADE}), S.PUBLISHED, None, WishNotWaiting),
    Step.DECLINE: Move(frozenset({S.MADE}), S.DECLINED, None, WishNotWaiting),
    Step.CLAIM: Move(
        frozenset({S.PUBLISHED}),
        S.CLAIMED,
        C.CLAIMED,
        WishNotOpen,
        dict.fromkeys((S.CLAIMED, S.APPROVED, S.DELIVERED, S.CONFIRMED), WishAlreadyClaimed),
    ),
    Step.APPROVE: Move(frozenset({S.CLAIMED}), S.APPROVED, C.APPROVED, WishClaimNotWaiting),
    Step.DECLINE_CLAIM: Move(frozenset({S.CLAIMED}), S.PUBLISHED, C.DECLINED, WishClaimNotWaiting),
    Step.DROP: Move(frozenset({S.CLAIMED, S.APPROVED}), S.PUBLISHED, C.DROPPED, WishNotDroppable),
    Step.LAPSE: Move(frozenset({S.APPROVED}), S.PUBLISHED, C.LAPSED, WishNotInDelivery),
    Step.DELIVER: Move(frozenset({S.APPROVED}), S.DELIVERED, C.DELIVERED, WishNotInDelivery),
    Step.CONFIRM: Move(
        frozenset({S.DELIVERED}),
        S.CONFIRMED,
        C.CONFIRMED,
        WishNotDelivered,
        {S.CONFIRMED: WishAlreadyConfirmed},
    ),
    Step.WITHDRAW: Move(_WITHDRAWABLE, S.WITHDRAWN, C.CANCELLED, WishNotWithdrawable),
    # A wish said to be delivered that was not is a reviewer's to end; the wisher confirms or asks for that.
    Step.TAKE_OFF: Move(
        _WITHDRAWABLE | {S.DELIVERED}, S.WITHDRAWN, C.CANCELLED, WishNotWithdrawable
    ),
}


def move_for(step: Step, state: str) -> Move:
    """The move that `step` makes from `state`. Raises: the refusal for that state, saying which it is."""
    move = MOVES[step]
    if state not in move.before:
        refusal = move.refusal_in.get(WishState(state), move.refusal)
        raise refusal(state=str(state), state_name=STATE_NAMES_ZH[WishState(state)])
    return move


def check_reviewer(reviewer_id: int, *, wisher_id: int, claimer_id: int | None = None) -> None:
    """Somebody else must review. Raises: OwnWishReview, OwnClaimReview."""
    if reviewer_id == wisher_id:
        raise OwnWishReview
    if reviewer_id == claimer_id:
        raise OwnClaimReview


def check_claimer(claimer_id: int, *, wisher_id: int) -> None:
    """Somebody else must fulfil a wish. Raises: OwnWish."""
    if claimer_id == wisher_id:
        raise OwnWish


def check_claims_open(claims_open: int, claims_max: int) -> None:
    """One more claim must fit. Raises: WishClaimsFull."""
    if claims_open >= claims_max:
        raise WishClaimsFull(claims_open=claims_open, claims_max=claims_max)


def check_confirmer(confirmer_id: int, *, claimer_id: int) -> None:
    """The claimer earns the points, so somebody else says that they are earned. Raises: ClaimerCannotConfirm."""
    if confirmer_id == claimer_id:
        raise ClaimerCannotConfirm


def withdrawing_step(actor_id: int, *, wisher_id: int, reason: str | None) -> Step:
    """Which way of withdrawing it is. Raises: WishReasonNeeded for a reviewer without a reason."""
    if actor_id == wisher_id:
        return Step.WITHDRAW
    if reason is None:
        raise WishReasonNeeded
    return Step.TAKE_OFF


def deadline(approved_at: datetime, days_to_deliver: int) -> datetime:
    """Until when an approved claim must be delivered before the wish goes back to the wall."""
    return approved_at + timedelta(days=days_to_deliver)


class Sight(NamedTuple):
    """How much of a wish one reader sees beyond what hangs on the wall."""

    whole: bool
    """Who wished, when, and why it ended."""
    claim: bool
    private: bool


def sight(
    reader_id: int,
    *,
    reviews: bool,
    wisher_id: int,
    made_by: int,
    claimer_id: int | None,
    claim_state: str | None,
) -> Sight:
    """What a reader sees. The private text is for the wisher, the reviewers and, while it lasts, the approved claimer.

    Staff who wrote a wish down see it whole but its private text: that stays with those who must act on it.
    """
    owns = reader_id == wisher_id
    claims = reader_id == claimer_id
    whole = reviews or owns or reader_id == made_by
    private = reviews or owns or (claims and claim_state in CLAIM_KNOWS_PRIVATE)
    return Sight(whole, whole or claims, private)
