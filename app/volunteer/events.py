"""What happens to opportunities, claims, attendances and service records."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityPublished(Event):
    """An opportunity can be claimed from now on."""

    name: ClassVar[str] = "opportunity_published"
    subject: ClassVar[str] = "opportunity"
    audit_only: ClassVar[bool] = True

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityClosed(Event):
    """No more claims; the claims it has stay valid."""

    name: ClassVar[str] = "opportunity_closed"
    subject: ClassVar[str] = "opportunity"
    audit_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityCancelled(Event):
    """It will not take place. Everybody who had a claim is told by a `ClaimCalledOff` of their own."""

    name: ClassVar[str] = "opportunity_cancelled"
    subject: ClassVar[str] = "opportunity"
    audit_only: ClassVar[bool] = True

    claims_called_off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMade(Event):
    """Somebody claimed a shift; `state` says whether the place is theirs, awaits approval, or is waited for."""

    name: ClassVar[str] = "claim_made"
    subject: ClassVar[str] = "claim"

    person_id: int
    opportunity_id: int
    shift_id: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimApproved(Event):
    """An admin approved a claim."""

    name: ClassVar[str] = "claim_approved"
    subject: ClassVar[str] = "claim"

    person_id: int
    opportunity_id: int
    shift_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRoleSet(Event):
    """An admin said in what capacity somebody serves."""

    name: ClassVar[str] = "claim_role_set"
    subject: ClassVar[str] = "claim"

    person_id: int
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDeclined(Event):
    """An admin declined a claim; the reason stands at the claim."""

    name: ClassVar[str] = "claim_declined"
    subject: ClassVar[str] = "claim"

    person_id: int
    opportunity_id: int
    shift_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCancelled(Event):
    """The person gave the claim up."""

    name: ClassVar[str] = "claim_cancelled"
    subject: ClassVar[str] = "claim"
    audit_only: ClassVar[bool] = True

    person_id: int
    opportunity_id: int
    shift_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCalledOff(Event):
    """The opportunity was cancelled, and this claim with it."""

    name: ClassVar[str] = "claim_called_off"
    subject: ClassVar[str] = "claim"

    person_id: int
    opportunity_id: int
    shift_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPromoted(Event):
    """A waiting claim got the place that became free; `state` is pending where approval is still needed."""

    name: ClassVar[str] = "claim_promoted"
    subject: ClassVar[str] = "claim"

    person_id: int
    opportunity_id: int
    shift_id: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIn(Event):
    """A presence began."""

    name: ClassVar[str] = "checked_in"
    subject: ClassVar[str] = "attendance"
    audit_only: ClassVar[bool] = True

    person_id: int
    shift_id: int
    site_id: int
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceConfirmed(Event):
    """The other side scanned too: the same presence now has better evidence."""

    name: ClassVar[str] = "presence_confirmed"
    subject: ClassVar[str] = "attendance"
    audit_only: ClassVar[bool] = True

    person_id: int
    site_id: int
    direction: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOut(Event):
    """A presence ended and became a service record."""

    name: ClassVar[str] = "checked_out"
    subject: ClassVar[str] = "attendance"

    person_id: int
    shift_id: int
    site_id: int
    record_id: int
    record_state: str
    evidence: str
    minutes: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecordApproved(Event):
    """An admin confirmed a waiting record; the points, if any, were credited with it."""

    name: ClassVar[str] = "service_record_approved"
    subject: ClassVar[str] = "service_record"

    person_id: int
    minutes: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecordDeclined(Event):
    """An admin declined a waiting record; the reason stands at the record."""

    name: ClassVar[str] = "service_record_declined"
    subject: ClassVar[str] = "service_record"

    person_id: int
    minutes: int
