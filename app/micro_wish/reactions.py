"""What this room answers when identity asks what it holds about a person."""

from typing import Any

from app.identity import exports
from app.micro_wish import queries
from app.micro_wish.errors import WishesStillOpen
from app.micro_wish.schemas import WishSchema


def wishes_held(person_id: int) -> list[Any]:
    """The person's wishes with the claims that stand."""
    return [WishSchema().dump(shown) for shown in queries.wishes_of(person_id)]


def claims_held(person_id: int) -> list[Any]:
    """The person's claims with their wishes."""
    return [WishSchema().dump(shown) for shown in queries.claims_of(person_id)]


def refuse_while_open(person_id: int) -> None:
    """Nobody is left waiting for somebody who is gone. Raises: WishesStillOpen.

    A delivered claim does not hold its claimer: that one waits for the wisher's word, not the other way round.
    """
    if queries.has_open(person_id):
        raise WishesStillOpen


exports.contribute("wishes", wishes_held)
exports.contribute("wish_claims", claims_held)
exports.object_to_deletion(refuse_while_open)
