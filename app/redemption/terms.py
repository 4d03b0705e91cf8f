"""Words, value objects and limits of rewards and redemptions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.community.models import Area

TITLE_LENGTH_MAX = 60
DESCRIPTION_LENGTH_MAX = 500
POINTS_MAX = 100_000
QUANTITY_MAX = 99
"""Pieces in one order."""
RECEIVED_MAX = 100_000
"""Pieces in one delivery to a station; more is a mistyped number."""

CODE_LENGTH = 10
"""29 ** 10 is 48 bits: nobody guesses somebody else's order."""
CODE_PAGE_PREFIX = "/q/r1."
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


class MoveKind(StrEnum):
    """How pieces come to a station and leave it."""

    RECEIVED = "received"
    HANDED_OUT = "handed_out"
    WRITTEN_OFF = "written_off"


class Window(StrEnum):
    """When a community lets points be redeemed (policy `redemption_window`)."""

    ALWAYS = "always"
    QUARTER_END_MONTH = "quarter_end_month"
    YEAR_END_MONTH = "year_end_month"


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward at a station, as it stands before a person who wants it."""

    reward_id: int
    area_id: int
    area_path: str
    title: str
    points: int
    per_person_max: int | None
    open: bool
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
class RewardShown:
    """A reward on the shelf and where it can be had."""

    id: int
    area: "Area"
    title: str
    description: str
    points: int
    per_person_max: int | None
    open: bool
    stock: tuple[StockShown, ...]


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
