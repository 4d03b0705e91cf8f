"""What happens to rewards and redemptions."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardOffered(Event):
    """A community put a reward on its shelf."""

    name: ClassVar[str] = "reward_offered"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True

    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardClosed(Event):
    """A reward was taken off the shelf; what was redeemed before can still be collected."""

    name: ClassVar[str] = "reward_closed"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReceived(Event):
    """A station received pieces of a reward."""

    name: ClassVar[str] = "stock_received"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True

    site_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardEdited(Event):
    """A reward's words, price, limits or days were changed; what was ordered before keeps its own."""

    name: ClassVar[str] = "reward_edited"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True

    points_before: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardPictured(Event):
    """A reward got a picture, or another one."""

    name: ClassVar[str] = "reward_pictured"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardPictureRemoved(Event):
    """A reward stands without a picture again."""

    name: ClassVar[str] = "reward_picture_removed"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StockWrittenOff(Event):
    """Pieces at a station were broken, expired or lost."""

    name: ClassVar[str] = "stock_written_off"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True

    site_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTransferred(Event):
    """Pieces went from one station to another."""

    name: ClassVar[str] = "stock_transferred"
    subject: ClassVar[str] = "reward"
    audit_only: ClassVar[bool] = True

    from_site_id: int
    to_site_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCountOpened(Event):
    """A station began to count what it has."""

    name: ClassVar[str] = "stock_count_opened"
    subject: ClassVar[str] = "stock_count"
    audit_only: ClassVar[bool] = True

    site_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCounted(Event):
    """A station's stock-taking was closed and its differences booked."""

    name: ClassVar[str] = "stock_counted"
    subject: ClassVar[str] = "stock_count"
    audit_only: ClassVar[bool] = True

    site_id: int
    rewards: int
    pieces_more: int
    pieces_less: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardRedeemed(Event):
    """Points and stock are held until the person collects."""

    name: ClassVar[str] = "reward_redeemed"
    subject: ClassVar[str] = "redemption"

    person_id: int
    reward_id: int
    site_id: int
    quantity: int
    points: int
    pickup_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionCollected(Event):
    """A station handed the reward out; the points are spent."""

    name: ClassVar[str] = "redemption_collected"
    subject: ClassVar[str] = "redemption"

    person_id: int
    reward_id: int
    site_id: int
    quantity: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionCancelled(Event):
    """The person changed their mind; points and stock are free again."""

    name: ClassVar[str] = "redemption_cancelled"
    subject: ClassVar[str] = "redemption"

    person_id: int
    reward_id: int
    site_id: int
    quantity: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionLapsed(Event):
    """Nobody came in time; points and stock are free again."""

    name: ClassVar[str] = "redemption_lapsed"
    subject: ClassVar[str] = "redemption"

    person_id: int
    reward_id: int
    site_id: int
    quantity: int
    points: int
