"""What this room answers when identity asks what it holds about a person."""

from typing import Any

from app.identity import exports
from app.redemption import queries
from app.redemption.errors import RedemptionStillWaiting
from app.redemption.schemas import RedemptionSchema


def redemptions_held(person_id: int) -> list[Any]:
    """Every order of the person, newest first."""
    return [RedemptionSchema().dump(shown) for shown in queries.all_of(person_id)]


def refuse_while_waiting(person_id: int) -> None:
    """An account goes only after its orders were collected or cancelled. Raises: RedemptionStillWaiting."""
    if queries.has_waiting(person_id):
        raise RedemptionStillWaiting


exports.contribute("redemptions", redemptions_held)
exports.object_to_deletion(refuse_while_waiting)
