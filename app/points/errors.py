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
    """Nothing of the transfer is left to be reversed."""

    code = "already_reversed"
    message = "这笔积分已经冲正过，不能再次冲正。"
    constraint = "ck_reversal_tally_points"


class NotReversible(Refusal):
    """Reversals and expiries are not reversed; points that are due again are granted."""

    code = "not_reversible"
    message = "“{title}”这类记录不能冲正。如需补分，请使用积分发放。"


class PointsAlreadySpent(Refusal):
    """The points to be taken back have left their pocket or are held; a pocket never goes below zero."""

    code = "points_already_spent"
    message = "这笔积分是 {needed} 分，其中仍可收回的只有 {available} 分，其余已使用、冻结或到期，不能冲正。"


class ReversalExceedsTransfer(Refusal):
    """Several reversals of one transfer may not add up to more than it was."""

    code = "reversal_exceeds_transfer"
    message = "这笔积分只剩 {left} 分可以冲正，不能冲正 {needed} 分。"


class GrantNeedsAnotherPerson(Refusal):
    """Whoever asked for a grant is not its second person; to give it up, withdraw it."""

    code = "grant_needs_another_person"
    message = "这笔发放是您提出的，须由另一位管理员审批。"
    constraint = "ck_grant_review_second_person"


class GrantDecided(Refusal):
    """The grant was granted, declined or withdrawn before, or never needed a second person."""

    code = "grant_decided"
    message = "这笔发放已经处理，请刷新后查看。"


class GrantToSelf(Refusal):
    """Nobody grants points to themselves."""

    code = "grant_to_self"
    message = "不能给自己发放积分，请由其他管理员办理。"
    constraint = "ck_grant_review_not_for_oneself"


class HoldClosed(Refusal):
    """The hold was posted, voided or lapsed before, or its time is over."""

    code = "hold_closed"
    message = "这笔冻结的积分已经处理或已过期，请刷新后查看。"


class AccountFrozen(Refusal):
    """A recount found this wallet's books wrong; it neither earns nor spends until an admin lifts the alert."""

    code = "account_frozen"
    message = "这个积分账户的账目正在核对，暂时不能收付积分，请联系社区工作人员。"


class TransferNotSealed(Refusal):
    """The transfer is too young to stand in a sealed block."""

    code = "transfer_not_sealed"
    message = "这笔记账还在等待封存，请一分钟后再取证明。"


class AlertAlreadyLifted(Refusal):
    """The alert has been lifted before."""

    code = "alert_already_lifted"
    message = "这条告警已经解除，请刷新后查看。"


class MoreThanHeld(Refusal):
    """A hold may be spent in part, never beyond."""

    code = "more_than_held"
    message = "这次冻结了 {held} 分，不能扣除 {needed} 分。"


class BudgetExhausted(Refusal):
    """The community's issuing budget of the year does not cover these points."""

    code = "budget_exhausted"
    message = "社区本年度的积分预算不足，不能发放这些积分。"
    constraint = "ck_budget_slice_points"


class BudgetBelowIssued(Refusal):
    """More than that was issued already."""

    code = "budget_below_issued"
    message = "这一年已发放 {issued} 分，预算不能低于这个数。"


class BudgetNeedsCommunity(Refusal):
    """Budgets are set for a community."""

    code = "budget_needs_community"
    message = "积分预算按社区设定，“{name}”不是社区，请选择具体社区。"


class DonationOutsideFamily(Refusal):
    """Points are given to the family or to a fund; to anybody else they would be sold."""

    code = "donation_outside_family"
    message = "积分只能转赠给已互认的家人，或捐给社区爱心基金。"


class FundNeedsCommunity(Refusal):
    """Funds belong to communities."""

    code = "fund_needs_community"
    message = "爱心基金按社区设立，“{name}”不是社区，请选择具体社区。"


class FundInsufficient(Refusal):
    """The community's fund has fewer points than asked for."""

    code = "fund_insufficient"
    message = "社区爱心基金现有 {available} 分，这次需要 {needed} 分，积分不足。"


class StatementTooLong(Refusal):
    """One document shows so many lines and no more."""

    code = "statement_too_long"
    message = "这段时间的记录超过 {lines_max} 条，请缩短对账期间后再导出。"
