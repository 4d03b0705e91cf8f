"""What may follow what, and who sees what, as tables."""

from datetime import UTC, datetime

import pytest

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
from app.micro_wish.rules import (
    Sight,
    Step,
    check_claimer,
    check_claims_open,
    check_confirmer,
    check_reviewer,
    deadline,
    move_for,
    sight,
    withdrawing_step,
)
from app.micro_wish.terms import (
    CATEGORY_NAMES_ZH,
    CLAIM_STATE_NAMES_ZH,
    STATE_NAMES_ZH,
    ClaimState,
    WallState,
    WishCategory,
    WishState,
)

S = WishState
C = ClaimState

# One row per state; in each, per step: (wish after, claim after), or what is refused.
Outcome = tuple[S, C | None] | type[Refusal]
TABLE: dict[S, dict[Step, Outcome]] = {
    S.MADE: {
        Step.PUBLISH: (S.PUBLISHED, None),
        Step.DECLINE: (S.DECLINED, None),
        Step.CLAIM: WishNotOpen,
        Step.APPROVE: WishClaimNotWaiting,
        Step.DECLINE_CLAIM: WishClaimNotWaiting,
        Step.DROP: WishNotDroppable,
        Step.LAPSE: WishNotInDelivery,
        Step.DELIVER: WishNotInDelivery,
        Step.CONFIRM: WishNotDelivered,
        Step.WITHDRAW: (S.WITHDRAWN, C.CANCELLED),
        Step.TAKE_OFF: (S.WITHDRAWN, C.CANCELLED),
    },
    S.PUBLISHED: {
        Step.PUBLISH: WishNotWaiting,
        Step.DECLINE: WishNotWaiting,
        Step.CLAIM: (S.CLAIMED, C.CLAIMED),
        Step.APPROVE: WishClaimNotWaiting,
        Step.DECLINE_CLAIM: WishClaimNotWaiting,
        Step.DROP: WishNotDroppable,
        Step.LAPSE: WishNotInDelivery,
        Step.DELIVER: WishNotInDelivery,
        Step.CONFIRM: WishNotDelivered,
        Step.WITHDRAW: (S.WITHDRAWN, C.CANCELLED),
        Step.TAKE_OFF: (S.WITHDRAWN, C.CANCELLED),
    },
    S.CLAIMED: {
        Step.PUBLISH: WishNotWaiting,
        Step.DECLINE: WishNotWaiting,
        Step.CLAIM: WishAlreadyClaimed,
        Step.APPROVE: (S.APPROVED, C.APPROVED),
        Step.DECLINE_CLAIM: (S.PUBLISHED, C.DECLINED),
        Step.DROP: (S.PUBLISHED, C.DROPPED),
        Step.LAPSE: WishNotInDelivery,
        Step.DELIVER: WishNotInDelivery,
        Step.CONFIRM: WishNotDelivered,
        Step.WITHDRAW: (S.WITHDRAWN, C.CANCELLED),
        Step.TAKE_OFF: (S.WITHDRAWN, C.CANCELLED),
    },
    S.APPROVED: {
        Step.PUBLISH: WishNotWaiting,
        Step.DECLINE: WishNotWaiting,
        Step.CLAIM: WishAlreadyClaimed,
        Step.APPROVE: WishClaimNotWaiting,
        Step.DECLINE_CLAIM: WishClaimNotWaiting,
        Step.DROP: (S.PUBLISHED, C.DROPPED),
        Step.LAPSE: (S.PUBLISHED, C.LAPSED),
        Step.DELIVER: (S.DELIVERED, C.DELIVERED),
        Step.CONFIRM: WishNotDelivered,
        Step.WITHDRAW: (S.WITHDRAWN, C.CANCELLED),
        Step.TAKE_OFF: (S.WITHDRAWN, C.CANCELLED),
    },
    S.DELIVERED: {
        Step.PUBLISH: WishNotWaiting,
        Step.DECLINE: WishNotWaiting,
        Step.CLAIM: WishAlreadyClaimed,
        Step.APPROVE: WishClaimNotWaiting,
        Step.DECLINE_CLAIM: WishClaimNotWaiting,
        Step.DROP: WishNotDroppable,
        Step.LAPSE: WishNotInDelivery,
        Step.DELIVER: WishNotInDelivery,
        Step.CONFIRM: (S.CONFIRMED, C.CONFIRMED),
        Step.WITHDRAW: WishNotWithdrawable,
        Step.TAKE_OFF: (S.WITHDRAWN, C.CANCELLED),
    },
    S.CONFIRMED: {
        Step.PUBLISH: WishNotWaiting,
        Step.DECLINE: WishNotWaiting,
        Step.CLAIM: WishAlreadyClaimed,
        Step.APPROVE: WishClaimNotWaiting,
        Step.DECLINE_CLAIM: WishClaimNotWaiting,
        Step.DROP: WishNotDroppable,
        Step.LAPSE: WishNotInDelivery,
        Step.DELIVER: WishNotInDelivery,
        Step.CONFIRM: WishAlreadyConfirmed,
        Step.WITHDRAW: WishNotWithdrawable,
        Step.TAKE_OFF: WishNotWithdrawable,
    },
}
# A wish that ended before it was ever fulfilled takes no step at all.
TABLE[S.DECLINED] = TABLE[S.WITHDRAWN] = {
    Step.PUBLISH: WishNotWaiting,
    Step.DECLINE: WishNotWaiting,
    Step.CLAIM: WishNotOpen,
    Step.APPROVE: WishClaimNotWaiting,
    Step.DECLINE_CLAIM: WishClaimNotWaiting,
    Step.DROP: WishNotDroppable,
    Step.LAPSE: WishNotInDelivery,
    Step.DELIVER: WishNotInDelivery,
    Step.CONFIRM: WishNotDelivered,
    Step.WITHDRAW: WishNotWithdrawable,
    Step.TAKE_OFF: WishNotWithdrawable,
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("step", Step)
def test_each_step_from_each_state(step: Step, state: S) -> None:
    expected = TABLE[state][step]
    if isinstance(expected, tuple):
        move = move_for(step, state)
        assert (move.after, move.claim_after) == expected
        return
    with pytest.raises(expected) as refused:
        move_for(step, state)
    assert refused.value.details["state"] == state
    assert refused.value.details["state_name"] == STATE_NAMES_ZH[state]
    assert refused.value.sentence.endswith("。")


def test_nobody_reviews_the_own_wish_or_claim() -> None:
    check_reviewer(1, wisher_id=2, claimer_id=3)
    check_reviewer(1, wisher_id=2)
    with pytest.raises(OwnWishReview):
        check_reviewer(1, wisher_id=1, claimer_id=3)
    with pytest.raises(OwnClaimReview):
        check_reviewer(1, wisher_id=2, claimer_id=1)


def test_nobody_fulfils_the_own_wish_or_confirms_the_own_deed() -> None:
    check_claimer(1, wisher_id=2)
    check_confirmer(1, claimer_id=2)
    with pytest.raises(OwnWish):
        check_claimer(1, wisher_id=1)
    with pytest.raises(ClaimerCannotConfirm):
        check_confirmer(1, claimer_id=1)


@pytest.mark.parametrize(("open_now", "fits"), [(0, True), (2, True), (3, False), (4, False)])
def test_claims_are_limited(open_now: int, fits: bool) -> None:
    if fits:
        check_claims_open(open_now, 3)
        return
    with pytest.raises(WishClaimsFull) as refused:
        check_claims_open(open_now, 3)
    assert "最多同时认领 3 个" in refused.value.sentence


def test_a_reviewer_who_withdraws_says_why() -> None:
    assert withdrawing_step(1, wisher_id=1, reason=None) is Step.WITHDRAW
    assert withdrawing_step(2, wisher_id=1, reason="内容不实") is Step.TAKE_OFF
    with pytest.raises(WishReasonNeeded):
        withdrawing_step(2, wisher_id=1, reason=None)


def test_the_deadline_is_so_many_days_after_the_approval() -> None:
    at = datetime(2026, 2, 27, 9, tzinfo=UTC)
    assert deadline(at, 3) == datetime(2026, 3, 2, 9, tzinfo=UTC)


# reader, reviews, claim state → what is seen; the wisher is 1, staff who wrote it down 2, the claimer 3
SIGHTS = [
    (0, False, C.APPROVED, Sight(whole=False, claim=False, private=False)),
    (9, False, C.APPROVED, Sight(whole=False, claim=False, private=False)),
    (1, False, C.APPROVED, Sight(whole=True, claim=True, private=True)),
    (2, False, C.APPROVED, Sight(whole=True, claim=True, private=False)),
    (9, True, C.CLAIMED, Sight(whole=True, claim=True, private=True)),
    (9, True, None, Sight(whole=True, claim=True, private=True)),
    (3, False, None, Sight(whole=False, claim=False, private=False)),
    (3, False, C.CLAIMED, Sight(whole=False, claim=True, private=False)),
    (3, False, C.APPROVED, Sight(whole=False, claim=True, private=True)),
    (3, False, C.DELIVERED, Sight(whole=False, claim=True, private=True)),
    (3, False, C.CONFIRMED, Sight(whole=False, claim=True, private=False)),
    (3, False, C.DROPPED, Sight(whole=False, claim=True, private=False)),
    (3, False, C.LAPSED, Sight(whole=False, claim=True, private=False)),
    (3, False, C.DECLINED, Sight(whole=False, claim=True, private=False)),
    (3, False, C.CANCELLED, Sight(whole=False, claim=True, private=False)),
]


@pytest.mark.parametrize(("reader", "reviews", "claim_state", "expected"), SIGHTS)
def test_who_sees_what(reader: int, reviews: bool, claim_state: C | None, expected: Sight) -> None:
    seen = sight(
        reader,
        reviews=reviews,
        wisher_id=1,
        made_by=2,
        claimer_id=None if claim_state is None else 3,
        claim_state=claim_state,
    )
    assert seen == expected


def test_every_word_has_a_chinese_name() -> None:
    assert set(STATE_NAMES_ZH) == set(S)
    assert set(CLAIM_STATE_NAMES_ZH) == set(C)
    assert set(CATEGORY_NAMES_ZH) == set(WishCategory)
    assert {str(state) for state in WallState} < {str(state) for state in S}
