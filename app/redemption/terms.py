"""Words, value objects and limits of rewards and redemptions."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from app.sites.terms import CODE_PAGE_PREFIX as PAGE_PREFIX
from app.sites.terms import COLLECTION_PREFIX

if TYPE_CHECKING:
    from app.community.models import Area

TITLE_LENGTH_MAX = 60
DESCRIPTION_LENGTH_MAX = 500
POINTS_MAX = 100_000
QUANTITY_MAX = 99
"""Pieces in one order."""
RECEIVED_MAX = 100_000
"""Pieces in one delivery to a station, or counted there; more is a mistyped number."""
REASON_LENGTH_MAX = 200
PICKUP_DAYS_MAX = 365
COUNT_LINES_MAX = 1000
"""Rewards in one stock-taking: a station's shelf, not a warehouse."""
SETTLEMENT_DAYS_MAX = 366

PICTURE_NAME_LENGTH_MAX = 60
PICTURE_BYTES_MAX = 8 * 1024 * 1024
PICTURE_PAGE_PREFIX = "/files/"
PICTURE_SECONDS_KEPT = 365 * 24 * 3600
"""How long a phone may keep a picture: a changed one has another name."""

CODE_LENGTH = 10
"""29 ** 10 is 48 bits: nobody guesses somebody else's order."""
CODE_PAGE_PREFIX = PAGE_PREFIX + COLLECTION_PREFIX
"""A link to a code carries its kind and version, so that whatever scans it knows what it is."""
SCANNED_LENGTH_MAX = 4296
"""What a QR code can hold at most (ISO/IEC 18004)."""


class RedemptionState(StrEnum):
    """Held until it is collected, cancelled by its person, or lapsed by the clock."""

    HELD = "held"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


STATE_NAMES_ZH: dict[RedemptionState, str] = {
    RedemptionState.HELD: "待领取",
    RedemptionState.COLLECTED: "已领取",
    RedemptionState.CANCELLED: "已取消",
    RedemptionState.LAPSED: "逾期未领",
}


class RewardKind(StrEnum):
    """What is handed out: a thing, or something done for the person."""

    GOODS = "goods"
    SERVICE = "service"


class Category(StrEnum):
    """Where on the shelf a reward stands."""

    FOOD = "food"
    HOUSEHOLD = "household"
    HEALTH = "health"
    LEARNING = "learning"
    HOME_SERVICE = "home_service"
    OTHER = "other"


CATEGORY_NAMES_ZH: dict[Category, str] = {
    Category.FOOD: "粮油食品",
    Category.HOUSEHOLD: "日用百货",
    Category.HEALTH: "健康养老",
    Category.LEARNING: "文体学习",
    Category.HOME_SERVICE: "便民服务",
    Category.OTHER: "其他",
}


class Period(StrEnum):
    """A stretch of the calendar in which one person may have so many pieces."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


PERIOD_NAMES_ZH: dict[Period, str] = {
    Period.MONTH: "本月",
    Period.QUARTER: "本季度",
    Period.YEAR: "今年",
}


class MoveKind(StrEnum):
    """How pieces come to a station and leave it."""

    RECEIVED = "received"
    TRANSFERRED_IN = "transferred_in"
    COUNTED_MORE = "counted_more"
    HANDED_OUT = "handed_out"
    WRITTEN_OFF = "written_off"
    TRANSFERRED_OUT = "transferred_out"
    COUNTED_LESS = "counted_less"


COMING = (MoveKind.RECEIVED, MoveKind.TRANSFERRED_IN, MoveKind.COUNTED_MORE)
"""What adds to a station's stock; everything else takes from it."""

MOVE_NAMES_ZH: dict[MoveKind, str] = {
    MoveKind.RECEIVED: "入库",
    MoveKind.TRANSFERRED_IN: "调入",
    MoveKind.COUNTED_MORE: "盘盈",
    MoveKind.HANDED_OUT: "领取",
    MoveKind.WRITTEN_OFF: "报损",
    MoveKind.TRANSFERRED_OUT: "调出",
    MoveKind.COUNTED_LESS: "盘亏",
}


class Window(StrEnum):
    """When a community lets points be redeemed (policy `redemption_window`)."""

    ALWAYS = "always"
    QUARTER_END_MONTH = "quarter_end_month"
    YEAR_END_MONTH = "year_end_month"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pieces of a reward one person may have; None: as many as there are."""

    per_order_max: int | None
    per_period_max: int | None
    period: Period | None
    """Filled exactly when `per_period_max` is."""
    per_person_max: int | None
    """Ever."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward at a station, as it stands before a person who wants it."""

    reward_id: int
    area_id: int
    area_path: str
    title: str
    points: int
    limits: "Limits"
    open: bool
    open_from: date | None
    open_until: date | None
    pickup_days: int | None
    """None: as the policy says."""
    site_name: str | None
    """None: no such station, or it is closed."""
    available: int | None
    """None: the station never had this reward."""
    home_path: str | None
    """Where the person lives; None: nowhere yet."""


@dataclass(frozen=True, slots=True)
class StockShown:
    """What one station has to give."""

    site_id: int
    site_name: str
    available: int


@dataclass(frozen=True, slots=True)
class StockNow:
    """What a station has of a reward: free pieces, and those that wait for somebody."""

    title: str
    available: int
    held: int


@dataclass(frozen=True, slots=True)
class RewardShown:
    """A reward on the shelf and where it can be had."""

    id: int
    area: "Area"
    kind: RewardKind
    category: Category
    title: str
    description: str
    picture: str | None
    """Where its picture is: a link."""
    points: int
    per_order_max: int | None
    per_period_max: int | None
    period: Period | None
    per_person_max: int | None
    open_from: date | None
    open_until: date | None
    pickup_days: int | None
    open: bool
    stock: tuple[StockShown, ...]

    @property
    def category_name(self) -> str:
        """What the category is called in Chinese."""
        return CATEGORY_NAMES_ZH[self.category]


@dataclass(frozen=True, slots=True)
class RedemptionShown:
    """An order as its person sees it; the code only while it can be used."""

    id: int
    reward_id: int
    title: str
    site_id: int
    site_name: str
    quantity: int
    points: int
    state: RedemptionState
    code: str | None
    link: str | None
    made_at: datetime
    pickup_by: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CollectionCode:
    """What to show at the counter until `pickup_by`."""

    code: str
    link: str
    image: str
    """The link as a QR picture, a `data:` address of a PNG."""
    pickup_by: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """What staff hand out, and to whom."""

    id: int
    title: str
    quantity: int
    points: int
    site_id: int
    person_name: str
    collected_at: datetime


@dataclass(frozen=True, slots=True)
class MoveShown:
    """Pieces that came to a station or left it, and who saw to it."""

    id: int
    kind: MoveKind
    site_id: int
    site_name: str
    quantity: int
    reason: str | None
    redemption_id: int | None
    actor_name: str
    """Masked."""
    at: datetime

    @property
    def kind_name(self) -> str:
        """What the move is called in Chinese."""
        return MOVE_NAMES_ZH[self.kind]


@dataclass(frozen=True, slots=True)
class CountLine:
    """One reward in a stock-taking: what the books said and what was there, waiting pieces included."""

    reward_id: int
    title: str
    expected: int
    counted: int | None
    """None: not counted, or not yet."""


@dataclass(frozen=True, slots=True)
class CountShown:
    """A stock-taking of a station: open, or closed with what was found."""

    id: int
    site_id: int
    site_name: str
    opened_at: datetime
    closed_at: datetime | None
    reason: str | None
    """How the differences are explained."""
    lines: tuple[CountLine, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """One handing-out, as the shop that did it may see it."""

    id: int
    title: str
    quantity: int
    points: int
    person_name: str
    """Masked."""
    collected_at: datetime


@dataclass(frozen=True, slots=True)
class RewardTotal:
    """What was handed out of one reward."""

    reward_id: int
    title: str
    redemptions: int
    pieces: int
    points: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a station or a partner shop handed out in some days: the totals of all of them, and one page of each."""

    site_id: int
    site_name: str
    first_day: date
    last_day: date
    redemptions: int
    pieces: int
    points: int
    rewards: tuple[RewardTotal, ...]
    items: tuple[Collected, ...]
    next_cursor: str | None
