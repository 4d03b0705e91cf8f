"""Refusals of opportunities, claims, scans and service records."""

from app.core.errors import Refusal

# Opportunities


class ShiftPast(Refusal):
    """The shift is over."""

    code = "shift_past"
    message = "这个班次已经结束，不能再发布、认领或取消。"


class OpportunityNotDraft(Refusal):
    """Only a draft is published."""

    code = "opportunity_not_draft"
    message = "这个服务已经发布或已经取消，请刷新后查看。"


class OpportunityClosed(Refusal):
    """It takes no more claims, or is not taking place."""

    code = "opportunity_closed"
    message = "这个服务已经停止认领，请看看其他服务。"


class OpportunityInProgress(Refusal):
    """Somebody is serving right now."""

    code = "opportunity_in_progress"
    message = "现在还有 {people} 人正在服务，请等他们签退后再取消。"


# Claims


class NotOpenToYou(Refusal):
    """The opportunity is for residents or for members of the area."""

    code = "not_open_to_you"
    message = "这个服务面向{open_to}。如果您符合条件，请先完善居住社区或办理报到。"


class AlreadyClaimed(Refusal):
    """The person waits for or holds a place of this very shift."""

    code = "already_claimed"
    message = "您已经认领了这个班次，不需要重复认领。"
    constraint = "uq_claim_live"


class ShiftOverlaps(Refusal):
    """The person holds a place somewhere else at the same time."""

    code = "shift_overlaps"
    message = "这个班次和您已认领的“{title}”时间有重叠，请先取消那一个，或选择其他班次。"


class TooManyClaims(Refusal):
    """The community's limit of claims at one time."""

    code = "too_many_claims"
    message = "您同时进行中的认领已达 {claims_max} 个，请完成或取消一些后再认领。"


class ClaimNotPending(Refusal):
    """There is nothing to approve (any more)."""

    code = "claim_not_pending"
    message = "这个认领现在不是待审核状态，请刷新后查看。"


class ClaimEnded(Refusal):
    """Declined or cancelled already."""

    code = "claim_ended"
    message = "这个认领已经取消或未通过，不需要再操作。"


class ClaimAttended(Refusal):
    """The person came: what happened is not undone by giving the place back."""

    code = "claim_attended"
    message = "这个班次已经签到，不能再取消认领。"


# Scans


class DeviceTimeAhead(Refusal):
    """The device says it scanned in the future."""

    code = "device_time_ahead"
    message = "设备时间比实际时间快，请校准后再扫。"


class DeviceTimeTooOld(Refusal):
    """The scan was sent later than the community allows."""

    code = "device_time_too_old"
    message = "这次扫码发生在 {minutes_max} 分钟以前，不能补传，请联系社区工作人员。"


class NoClaimHereNow(Refusal):
    """No approved claim of a shift at this site whose time it is."""

    code = "no_claim_here_now"
    message = "在“{site_name}”现在没有可以签到的班次。请确认已经认领并通过审核；班次开始前 {minutes} 分钟起可以签到。"


class CheckedInElsewhere(Refusal):
    """One person is at one place at a time."""

    code = "checked_in_elsewhere"
    message = "正在“{site_name}”服务，还没有签退。请先在那里签退，再到这里签到。"


class AlreadyCheckedIn(Refusal):
    """Two scans raced; the other one won."""

    code = "already_checked_in"
    message = "您已经签到，不需要重复签到。"
    constraint = "uq_attendance_open"


class NotCheckedIn(Refusal):
    """There is no presence to end."""

    code = "not_checked_in"
    message = "现在没有签到，不能签退。请先签到。"


class ScanOutOfOrder(Refusal):
    """The scan is said to have happened before the one that went before it."""

    code = "scan_out_of_order"
    message = "这次扫码的时间早于上一次扫码，请检查设备时间。"


class ScanSelf(Refusal):
    """Nobody attests the own presence by scanning the own pass."""

    code = "scan_self"
    message = "不能扫自己的个人码，请由同事扫码，或用手机扫服务点屏幕上的码。"


# Service records


class ServiceRecordDecided(Refusal):
    """It was confirmed or declined already."""

    code = "service_record_decided"
    message = "这条服务记录已经处理过，请刷新后查看。"


class OwnServiceRecord(Refusal):
    """Nobody confirms the own service."""

    code = "own_service_record"
    message = "不能审核自己的服务记录，请由其他管理员办理。"


# The account


class StillCheckedIn(Refusal):
    """A presence without an end would make no record."""

    code = "still_checked_in"
    message = "您还没有签退，请先到服务点签退，再注销账号。"
