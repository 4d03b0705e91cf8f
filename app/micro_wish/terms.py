"""Words and limits of wishes."""

from enum import StrEnum
from typing import Final

TITLE_LENGTH_MAX = 40
PUBLIC_TEXT_LENGTH_MAX = 500
PRIVATE_TEXT_LENGTH_MAX = 500
REASON_LENGTH_MAX = 200
DELIVERY_NOTE_LENGTH_MAX = 300
THANKS_LENGTH_MAX = 300
POINTS_MAX = 1000
RATING_MIN = 1
RATING_MAX = 5


class WishState(StrEnum):
    """Where a wish stands."""

    MADE = "made"
    PUBLISHED = "published"
    CLAIMED = "claimed"
    APPROVED = "approved"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


STATE_NAMES_ZH: Final = {
    WishState.MADE: "待审核",
    WishState.PUBLISHED: "待认领",
    WishState.CLAIMED: "认领待审核",
    WishState.APPROVED: "认领人办理中",
    WishState.DELIVERED: "待确认",
    WishState.CONFIRMED: "已达成",
    WishState.DECLINED: "未采纳",
    WishState.WITHDRAWN: "已撤回",
}


WISH_OPEN: Final = frozenset(
    {
        WishState.MADE,
        WishState.PUBLISHED,
        WishState.CLAIMED,
        WishState.APPROVED,
        WishState.DELIVERED,
    }
)
"""The wisher can still withdraw or confirm it."""


class WallState(StrEnum):
    """The states a wish can be seen in on the public wall."""

    PUBLISHED = "published"
    CLAIMED = "claimed"
    APPROVED = "approved"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"


class ClaimState(StrEnum):
    """Where one claim stands."""

    CLAIMED = "claimed"
    APPROVED = "approved"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    DROPPED = "dropped"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


CLAIM_STATE_NAMES_ZH: Final = {
    ClaimState.CLAIMED: "待审核",
    ClaimState.APPROVED: "办理中",
    ClaimState.DELIVERED: "待确认",
    ClaimState.CONFIRMED: "已达成",
    ClaimState.DECLINED: "未通过",
    ClaimState.DROPPED: "已放弃",
    ClaimState.LAPSED: "已超期",
    ClaimState.CANCELLED: "已取消",
}

CLAIM_LIVE: Final = frozenset(
    {ClaimState.CLAIMED, ClaimState.APPROVED, ClaimState.DELIVERED, ClaimState.CONFIRMED}
)
"""The claim that stands: a wish has at most one, and a fulfilled wish keeps it."""

CLAIM_OPEN: Final = frozenset({ClaimState.CLAIMED, ClaimState.APPROVED})
"""Claims the claimer still has to act on; these count against the limit per person."""

CLAIM_KNOWS_PRIVATE: Final = frozenset({ClaimState.APPROVED, ClaimState.DELIVERED})
"""While these last the claimer may read the private text."""


class WishCategory(StrEnum):
    """What kind of help is wished for."""

    GOODS = "goods"
    REPAIR = "repair"
    COMPANY = "company"
    STUDY = "study"
    HEALTH = "health"
    ERRAND = "errand"
    SKILL = "skill"
    OTHER = "other"


CATEGORY_NAMES_ZH: Final = {
    WishCategory.GOODS: "生活物品",
    WishCategory.REPAIR: "上门维修",
    WishCategory.COMPANY: "陪伴关爱",
    WishCategory.STUDY: "助学辅导",
    WishCategory.HEALTH: "就医健康",
    WishCategory.ERRAND: "跑腿代办",
    WishCategory.SKILL: "技能帮助",
    WishCategory.OTHER: "其他",
}
