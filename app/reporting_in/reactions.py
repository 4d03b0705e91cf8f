"""What this room answers when identity asks what it holds about a person."""

from typing import Any

from app.identity import exports
from app.reporting_in import queries
from app.reporting_in.errors import ReportInStillActive
from app.reporting_in.schemas import ReportInSchema


def held_about(person_id: int) -> list[Any]:
    """The person's report-ins with their history."""
    return [ReportInSchema().dump(shown) for shown in queries.all_of(person_id)]


def refuse_while_active(person_id: int) -> None:
    """A report-in that stands is withdrawn before the account goes. Raises: ReportInStillActive."""
    if queries.has_active(person_id):
        raise ReportInStillActive


exports.contribute("report_ins", held_about)
exports.object_to_deletion(refuse_while_active)
