"""What happens to points. Every fact tells the person whose points they are."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsEarned(Event):
    """Service or a delivered wish paid points (after the daily cap, so never 0)."""

    name: ClassVar[str] = "points_earned"
    subject: ClassVar[str] = "transfer"

    person_id: int
    points: int
    kind: str
    """`terms.TransferKind`: what the points were earned by."""
    cause_id: int
    """The service record or wish, as `kind` says."""
    expires_month: int
    """202711: usable to the end of that month in China; 0: for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsGranted(Event):
    """An admin granted points by hand, with a reason."""

    name: ClassVar[str] = "points_granted"
    subject: ClassVar[str] = "transfer"

    person_id: int
    points: int
    grant_id: int
    expires_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsReversed(Event):
    """A transfer was answered by its mirror image."""

    name: ClassVar[str] = "points_reversed"
    subject: ClassVar[str] = "transfer"

    person_id: int
    points: int
    """What the reversal changed: negative when earned points were taken back, positive for a refund."""
    reverses_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsExpired(Event):
    """The free points of a pocket reached the end of their month."""

    name: ClassVar[str] = "points_expired"
    subject: ClassVar[str] = "transfer"

    person_id: int
    points: int
    expires_month: int
