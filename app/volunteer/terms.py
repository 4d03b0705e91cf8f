"""Words and limits of service opportunities, claims and attendance."""

from enum import StrEnum

from app.sites.terms import Direction

TITLE_LENGTH_MAX = 60
DESCRIPTION_LENGTH_MAX = 2000
REASON_LENGTH_MAX = 200
EXPLANATION_LENGTH_MAX = 300
SHIFTS_MAX = 60
CAPACITY_MAX = 10_000
SHIFT_HOURS_MAX = 24
POINTS_FIXED_MAX = 1000

SAME_SCAN_SECONDS = 60
"""A scan without a direction, this soon after the last one, is that one again: nobody serves for a minute."""
OTHER_SIDE_MINUTES_MAX = 15
"""How long after a check-out the other side may still scan to confirm it."""


class OpportunityKind(StrEnum):
    """The three forms in which a community asks for service."""

    MICRO_PROJECT = "micro_project"
    MICRO_POST = "micro_post"
    ACTIVITY = "activity"


class Category(StrEnum):
    """What the service is about: the eight classes of 四川中江's list of posts."""

    ORGANISATION = "organisation"
    LEGAL = "legal"
    CARE = "care"
    GOVERNANCE = "governance"
    HEALTH = "health"
    CULTURE = "culture"
    SAFETY = "safety"
    OTHER = "other"


class OpenTo(StrEnum):
    """Who may claim. Residents and members are those whose home is in the opportunity's area."""

    EVERYONE = "everyone"
    RESIDENTS = "residents"
    MEMBERS = "members"


class PointsRule(StrEnum):
    """How an attendance is paid."""

    BY_HOUR = "by_hour"
    FIXED = "fixed"
    NONE = "none"


DIFFICULTY_MIN, DIFFICULTY_MAX = 1, 3
DIFFICULTY_NAMES_ZH = {1: "一级", 2: "二级", 3: "三级"}


class ClaimRole(StrEnum):
    """In what capacity somebody serves."""

    PARTICIPANT = "participant"
    LEADER = "leader"


CLAIM_ROLE_NAMES_ZH: dict[ClaimRole, str] = {
    ClaimRole.PARTICIPANT: "参与者",
    ClaimRole.LEADER: "领队",
}


class OpportunityState(StrEnum):
    """A draft is seen by its admins only; closed takes no more claims; cancelled does not take place."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ClaimState(StrEnum):
    """Pending and approved claims hold a place; a waitlisted one waits for a place."""

    PENDING = "pending"
    APPROVED = "approved"
    WAITLISTED = "waitlisted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


HOLDING = (ClaimState.PENDING, ClaimState.APPROVED)
LIVE = (*HOLDING, ClaimState.WAITLISTED)


class EvidenceKind(StrEnum):
    """What shows that somebody was there."""

    ROTATING_CODE = "rotating_code"
    """The member scanned the station's rotating code."""
    STAFF_SCAN = "staff_scan"
    """Staff scanned the member's pass."""


class EvidenceClass(StrEnum):
    """Minutes measured by scans and minutes entered by hand are kept apart for ever."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class RecordState(StrEnum):
    """A waiting record awaits an admin's word and has paid nothing yet."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


CATEGORY_NAMES_ZH: dict[Category, str] = {
    Category.ORGANISATION: "组织建设",
    Category.LEGAL: "法律咨询与援助",
    Category.CARE: "助困扶残与就业援助",
    Category.GOVERNANCE: "社区治理",
    Category.HEALTH: "健康医疗",
    Category.CULTURE: "文化体育",
    Category.SAFETY: "安全宣传与治安巡逻",
    Category.OTHER: "其他",
}

OPEN_TO_NAMES_ZH: dict[OpenTo, str] = {
    OpenTo.EVERYONE: "所有人",
    OpenTo.RESIDENTS: "本社区居民",
    OpenTo.MEMBERS: "已在本社区报到的党员",
}

CLAIM_STATE_NAMES_ZH: dict[ClaimState, str] = {
    ClaimState.PENDING: "待审核",
    ClaimState.APPROVED: "已认领",
    ClaimState.WAITLISTED: "候补中",
    ClaimState.DECLINED: "未通过",
    ClaimState.CANCELLED: "已取消",
}

EVIDENCE_NAMES_ZH: dict[EvidenceKind, str] = {
    EvidenceKind.ROTATING_CODE: "本人扫服务点动态码",
    EvidenceKind.STAFF_SCAN: "工作人员扫个人码",
}

DIRECTION_NAMES_ZH: dict[Direction, str] = {Direction.IN: "签到", Direction.OUT: "签退"}

CHECKED_IN_ZH = "已签到，时长从班次开始时起算。服务结束后请再扫一次码签退。"
