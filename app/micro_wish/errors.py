"""What may be refused about wishes."""

from app.core.errors import Refusal


class WishAreaNeeded(Refusal):
    """Neither the wish nor the wisher says where."""

    code = "wish_area_needed"
    message = "请选择心愿所在的社区，或先在个人资料中填写居住的社区。"


class WishNotWaiting(Refusal):
    """It has been published, declined or withdrawn already."""

    code = "wish_not_waiting"
    message = "这个微心愿现在是“{state_name}”，已经审核过，请刷新后查看。"


class WishAlreadyClaimed(Refusal):
    """One live claim per wish."""

    code = "wish_already_claimed"
    message = "这个微心愿已被认领，您可以看看其他心愿。"
    constraint = "uq_wish_claim_live"


class WishNotOpen(Refusal):
    """It is not on the wall, so it cannot be claimed."""

    code = "wish_not_open"
    message = "这个微心愿现在是“{state_name}”，不能认领，您可以看看其他心愿。"


class WishClaimNotWaiting(Refusal):
    """There is no claim that waits for a decision."""

    code = "wish_claim_not_waiting"
    message = "这个微心愿现在是“{state_name}”，没有待审核的认领，请刷新后查看。"


class WishNotInDelivery(Refusal):
    """Only an approved claim can be delivered."""

    code = "wish_not_in_delivery"
    message = "这个微心愿现在是“{state_name}”，社区通过认领后才能提交完成。"


class WishNotDroppable(Refusal):
    """Delivered or confirmed: there is nothing left to give back."""

    code = "wish_not_droppable"
    message = "这个微心愿现在是“{state_name}”，不能再放弃认领。如有疑问，请联系社区工作人员。"


class WishClaimEnded(Refusal):
    """The actor's claim has ended before."""

    code = "wish_claim_ended"
    message = "您对这个微心愿的认领“{state_name}”，不能再办理。"


class WishNotDelivered(Refusal):
    """The claimer has not said that it is done."""

    code = "wish_not_delivered"
    message = "这个微心愿现在是“{state_name}”，认领人提交完成后才能确认。"


class WishAlreadyConfirmed(Refusal):
    """It was confirmed before; the points are credited."""

    code = "wish_already_confirmed"
    message = "这个微心愿已经确认达成，不需要再次确认。"


class WishNotWithdrawable(Refusal):
    """It has ended, or has been delivered and waits for the wisher's word."""

    code = "wish_not_withdrawable"
    message = "这个微心愿现在是“{state_name}”，不能撤回。如有疑问，请联系社区工作人员。"


class WishReasonNeeded(Refusal):
    """A reviewer who takes a wish off says why."""

    code = "wish_reason_needed"
    message = "撤下他人的微心愿时，请写明原因，心愿人会看到。"


class WishChanged(Refusal):
    """Somebody else moved it in the same moment."""

    code = "wish_changed"
    message = "这个微心愿刚刚有了变化，请刷新后再办理。"


class OwnWish(Refusal):
    """Nobody claims the own wish."""

    code = "own_wish"
    message = "这是您自己的微心愿，不能由自己认领。"


class OwnWishReview(Refusal):
    """Nobody publishes or declines the own wish, or decides about claims of it."""

    code = "own_wish_review"
    message = "您不能审核自己的微心愿，请由其他工作人员办理。"


class OwnClaimReview(Refusal):
    """Nobody decides about the own claim."""

    code = "own_claim_review"
    message = "您不能审核自己的认领，请由其他工作人员办理。"


class ClaimerCannotConfirm(Refusal):
    """The claimer never confirms, not even on behalf of the wisher."""

    code = "claimer_cannot_confirm"
    message = "您是认领人，不能代为确认，请由心愿人本人或社区工作人员确认。"


class WishClaimsFull(Refusal):
    """The limit of claims one person may have open."""

    code = "wish_claims_full"
    message = (
        "您手上已有 {claims_open} 个认领的微心愿，最多同时认领 {claims_max} 个，请先完成再认领。"
    )


class WishesStillOpen(Refusal):
    """An account with wishes or claims under way is not deleted: somebody waits for it."""

    code = "wishes_still_open"
    message = "您还有未办结的微心愿或认领，请先撤回、放弃或确认，再注销账号。"
