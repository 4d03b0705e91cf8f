"""What happened to report-ins."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInSubmitted(Event):
    """A member reported in and waits for the community. The admin sees it in the queue."""

    name: ClassVar[str] = "report_in_submitted"
    subject: ClassVar[str] = "report_in"
    audit_only: ClassVar[bool] = True

    person_id: int
    member_kind: str
    unit_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInAccepted(Event):
    """The community accepted the member and issued a receipt."""

    name: ClassVar[str] = "report_in_accepted"
    subject: ClassVar[str] = "report_in"

    person_id: int
    receipt_number: str
    unit_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInReturned(Event):
    """The community returned the report-in; the reason stands in its history."""

    name: ClassVar[str] = "report_in_returned"
    subject: ClassVar[str] = "report_in"

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInWithdrawn(Event):
    """The member took the report-in back."""

    name: ClassVar[str] = "report_in_withdrawn"
    subject: ClassVar[str] = "report_in"
    audit_only: ClassVar[bool] = True

    person_id: int
    from_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInTransferred(Event):
    """The member moved away: this report-in ended and a new one waits in another community."""

    name: ClassVar[str] = "report_in_transferred"
    subject: ClassVar[str] = "report_in"

    person_id: int
    successor_id: int
    to_area_id: int
