"""What this room answers when identity asks what it holds about a person."""

from typing import Any

from app.identity import exports
from app.points import queries
from app.points.schemas import TransferSchema


def transfers_held(person_id: int) -> list[Any]:
    """The whole statement, newest first."""
    return [TransferSchema().dump(line) for line in queries.whole_statement(person_id)]


exports.contribute("points_transfers", transfers_held)
