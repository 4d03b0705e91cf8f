"""What this room answers when somebody leaves, and when identity asks what it holds about a person."""

from typing import Any

from app.core.actor import Actor
from app.core.journal import reacts_to
from app.identity import exports
from app.identity.events import AccountDeleted
from app.volunteer import queries
from app.volunteer.actions import claims
from app.volunteer.errors import StillCheckedIn
from app.volunteer.schemas import AttendanceSchema, ClaimSchema, ServiceRecordSchema


@reacts_to(AccountDeleted)
def pass_places_on(actor: Actor, event: AccountDeleted) -> None:
    """Nobody keeps a place that others could have."""
    claims.cancel_all(actor, event.person_id)


def claims_held(person_id: int) -> list[Any]:
    """The person's claims, with what became of them."""
    return [ClaimSchema().dump(shown) for shown in queries.all_claims_of(person_id)]


def attendances_held(person_id: int) -> list[Any]:
    """The person's presences and what shows them."""
    return [AttendanceSchema().dump(shown) for shown in queries.all_attendances_of(person_id)]


def records_held(person_id: int) -> list[Any]:
    """The person's service records."""
    return [ServiceRecordSchema().dump(shown) for shown in queries.all_records_of(person_id)]


def refuse_while_checked_in(person_id: int) -> None:
    """Service that began is first brought to its end. Raises: StillCheckedIn."""
    if queries.is_checked_in(person_id):
        raise StillCheckedIn


exports.contribute("service_claims", claims_held)
exports.contribute("attendances", attendances_held)
exports.contribute("service_records", records_held)
exports.object_to_deletion(refuse_while_checked_in)
