"""What happened to wishes and their claims. The subject is always the wish; `person_id` is the person to be told."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WishMade(Event):
    """A wish was made, by the wisher or by staff for somebody without a phone."""

    name: ClassVar[str] = "wish_made"
    subject: ClassVar[str] = "wish"
    audit_only: ClassVar[bool] = True

    person_id: int
    made_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishPublished(Event):
    """The community verified the wish and put it on the wall. To the wisher."""

    name: ClassVar[str] = "wish_published"
    subject: ClassVar[str] = "wish"

    person_id: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishDeclined(Event):
    """The community did not take the wish; the reason stands on it. To the wisher."""

    name: ClassVar[str] = "wish_declined"
    subject: ClassVar[str] = "wish"

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishClaimed(Event):
    """Somebody wants to fulfil the wish and waits for the community's approval."""

    name: ClassVar[str] = "wish_claimed"
    subject: ClassVar[str] = "wish"
    audit_only: ClassVar[bool] = True

    person_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishClaimApproved(Event):
    """The community approved the claim; `due_at` is the deadline. To the claimer."""

    name: ClassVar[str] = "wish_claim_approved"
    subject: ClassVar[str] = "wish"

    person_id: int
    claim_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WishClaimDeclined(Event):
    """The community did not approve the claim; the reason stands on it. To the claimer."""

    name: ClassVar[str] = "wish_claim_declined"
    subject: ClassVar[str] = "wish"

    person_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishClaimDropped(Event):
    """The claimer gave the wish back to the wall."""

    name: ClassVar[str] = "wish_claim_dropped"
    subject: ClassVar[str] = "wish"
    audit_only: ClassVar[bool] = True

    person_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishClaimLapsed(Event):
    """The deadline passed and the wish went back to the wall. To the claimer."""

    name: ClassVar[str] = "wish_claim_lapsed"
    subject: ClassVar[str] = "wish"

    person_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishClaimCancelled(Event):
    """The claim ended because the wish was withdrawn. To the claimer."""

    name: ClassVar[str] = "wish_claim_cancelled"
    subject: ClassVar[str] = "wish"

    person_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishDelivered(Event):
    """The claimer says it is done and the wisher is asked to confirm. To the wisher."""

    name: ClassVar[str] = "wish_delivered"
    subject: ClassVar[str] = "wish"

    person_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WishConfirmed(Event):
    """The wisher confirmed; the points were credited in the same transaction. To the claimer."""

    name: ClassVar[str] = "wish_confirmed"
    subject: ClassVar[str] = "wish"

    person_id: int
    claim_id: int
    points: int
    rating: int
    on_behalf: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WishWithdrawn(Event):
    """The wish was taken off, by the wisher or by a reviewer with a reason. To the wisher."""

    name: ClassVar[str] = "wish_withdrawn"
    subject: ClassVar[str] = "wish"

    person_id: int
    by_reviewer: bool
