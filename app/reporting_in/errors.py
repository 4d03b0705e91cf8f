"""What may be refused when reporting in."""

from app.core.errors import Refusal


class AlreadyReportedIn(Refusal):
    """One active report-in per person."""

    code = "already_reported_in"
    message = "您已有一份有效的报到。如果换了住处，请办理转移，或先撤回原来的报到。"
    constraint = "uq_report_in_active"


class ConsentNeeded(Refusal):
    """Party membership is sensitive personal information and is not processed without consent (PIPL 29)."""

    code = "consent_needed"
    message = "报到需要处理您的党员身份等信息，请阅读说明并同意后再提交。"


class AreaNotForReportIn(Refusal):
    """Only communities and compounds take report-ins."""

    code = "area_not_for_report_in"
    message = "请选择您居住的社区或小区报到，“{area_name}”不能直接报到。"


class ReportInNotWaiting(Refusal):
    """Somebody has already decided, or the member has withdrawn."""

    code = "report_in_not_waiting"
    message = "这份报到现在是“{state_name}”，已由他人处理，请刷新后查看。"


class ReportInNotAccepted(Refusal):
    """Only an accepted report-in can be transferred."""

    code = "report_in_not_accepted"
    message = "这份报到现在是“{state_name}”，社区接收后才能转移。"


class ReportInEnded(Refusal):
    """It is no longer active, so there is nothing to withdraw."""

    code = "report_in_ended"
    message = "这份报到现在是“{state_name}”，不需要再撤回。"


class ReportInChanged(Refusal):
    """The person decided on a state that is past."""

    code = "report_in_changed"
    message = "这份报到刚刚变为“{state_name}”，请刷新查看后再决定。"


class OwnReportIn(Refusal):
    """Nobody reviews the own report-in."""

    code = "own_report_in"
    message = "您不能审核自己的报到，请由其他工作人员办理。"


class TransferToSameArea(Refusal):
    """The report-in is at that area already."""

    code = "transfer_to_same_area"
    message = "您已在“{area_name}”报到，不需要转移。"


class ReportInStillActive(Refusal):
    """An account with an active report-in is not deleted: a community still counts on it."""

    code = "report_in_still_active"
    message = "您还有一份有效的报到，请先撤回报到，再注销账号。"
