"""What the points bank refuses."""

from app.core.errors import Refusal


class InsufficientPoints(Refusal):
    """The wallet has fewer free points than asked for. Held and expired points are not free."""

    code = "insufficient_points"
    message = "您现在可用 {available} 分，这次需要 {needed} 分，积分不足。"


class CauseAlreadyPosted(Refusal):
    """This service record, wish or grant has moved points before; a cause pays once."""

    code = "cause_already_posted"
    message = "这件事已经记过积分，不会重复记账。"
    constraint = "uq_transfer_kind_cause_id_part"


class AlreadyReversed(Refusal):
    """The transfer has been reversed before; a reversal happens once."""

    code = "already_reversed"
    message = "这笔积分已经冲正过，不能再次冲正。"
    constraint = "uq_transfer_reverses_id"


class NotReversible(Refusal):
    """Reversals and expiries are not reversed; points that are due again are granted."""

    code = "not_reversible"
    message = "“{title}”这类记录不能冲正。如需补分，请使用积分发放。"


class PointsAlreadySpent(Refusal):
    """The points to be taken back have left their pocket or are held; a pocket never goes below zero."""

    code = "points_already_spent"
    message = "这笔积分是 {needed} 分，其中仍可收回的只有 {available} 分，其余已使用、冻结或到期，不能冲正。"


class GrantNeedsSecondPerson(Refusal):
    """Above the community's limit one person's word is not enough."""

    code = "grant_needs_second_person"
    message = "单次发放超过 {points_max} 分须由两人办理，请减少分数。"


class GrantToSelf(Refusal):
    """Nobody grants points to themselves."""

    code = "grant_to_self"
    message = "不能给自己发放积分，请由其他管理员办理。"


class HoldClosed(Refusal):
    """The hold was posted, voided or lapsed before, or its time is over."""

    code = "hold_closed"
    message = "这笔冻结的积分已经处理或已过期，请刷新后查看。"
