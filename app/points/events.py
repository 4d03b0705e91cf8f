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
class PointsUnpaid(Event):
    """A service or a wish was worth `points` and paid none: the community's budget of the year did not cover them."""

    name: ClassVar[str] = "points_unpaid"
    subject: ClassVar[str] = "cause"
    """The service record or wish, as `kind` says."""

    person_id: int
    points: int
    kind: str


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
    """A transfer, or a part of it, was answered by its mirror image."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsExpiring(Event):
    """Free points of a pocket will expire within so many days; told once for each lead."""

    name: ClassVar[str] = "points_expiring"
    subject: ClassVar[str] = "account"

    person_id: int
    points: int
    expires_month: int
    lead_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBreach(Event):
    """A recount found something that is not as it must be, and raised an alert."""

    name: ClassVar[str] = "ledger_breach"
    subject: ClassVar[str] = "ledger_alert"
    audit_only: ClassVar[bool] = True

    code: str
    """The invariant: R1 to R12."""
    wallet_id: int | None
    """Frozen from now on; None: no single wallet is concerned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAlertLifted(Event):
    """An admin lifted an alert; the wallet may earn and spend again unless another alert is open."""

    name: ClassVar[str] = "ledger_alert_lifted"
    subject: ClassVar[str] = "ledger_alert"
    audit_only: ClassVar[bool] = True

    code: str
    wallet_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundPointsExpired(Event):
    """Points of a community's fund reached the end of their month."""

    name: ClassVar[str] = "fund_points_expired"
    subject: ClassVar[str] = "transfer"
    audit_only: ClassVar[bool] = True

    points: int
    expires_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAsked(Event):
    """An admin asked for a grant that takes a second person."""

    name: ClassVar[str] = "grant_asked"
    subject: ClassVar[str] = "grant"
    audit_only: ClassVar[bool] = True

    person_id: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDeclined(Event):
    """The second person said no."""

    name: ClassVar[str] = "grant_declined"
    subject: ClassVar[str] = "grant"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantWithdrawn(Event):
    """Who had asked for a grant took it back."""

    name: ClassVar[str] = "grant_withdrawn"
    subject: ClassVar[str] = "grant"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSet(Event):
    """How many points a community may issue in a year was said, or said anew."""

    name: ClassVar[str] = "budget_set"
    subject: ClassVar[str] = "area"
    audit_only: ClassVar[bool] = True

    year: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsGiven(Event):
    """A person gave points to one of the family (`to_person_id`) or to a community's fund (`area_id`)."""

    name: ClassVar[str] = "points_given"
    subject: ClassVar[str] = "donation"
    audit_only: ClassVar[bool] = True

    from_person_id: int
    to_person_id: int | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsReceived(Event):
    """One of the family gave this person points."""

    name: ClassVar[str] = "points_received"
    subject: ClassVar[str] = "transfer"

    person_id: int
    from_person_id: int
    points: int
    donation_id: int
