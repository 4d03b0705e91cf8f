"""Addresses of points."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.points import actions, queries
from app.points.queries import StatementLine
from app.points.schemas import (
    GrantSchema,
    NewGrantSchema,
    NewReversalSchema,
    ReversalSchema,
    StandingSchema,
    TransferSchema,
)
from app.points.terms import GrantMade, ReversalMade, Standing
from app.web import PageQuery, Room, page_of

room = Room("points", "爱心积分")


@room.get("/me/points", needs=Permission.POINTS_READ_OWN, gives=StandingSchema)
def standing(actor: Actor) -> Standing:
    """One's own points: available, held, and when they expire."""
    return queries.standing(actor)


@room.get(
    "/me/points/transfers",
    needs=Permission.POINTS_READ_OWN,
    query=PageQuery,
    gives=page_of(TransferSchema),
)
def statement(actor: Actor, query: dict[str, Any]) -> Page[StatementLine]:
    """One's own statement, newest first, with the balance after each line."""
    return queries.statement(actor, **query)


@room.post(
    "/points/grants",
    needs=Permission.POINTS_GRANT,
    takes=NewGrantSchema,
    gives=GrantSchema,
    status=201,
)
def grant(actor: Actor, body: dict[str, Any]) -> GrantMade:
    """Give points by hand to somebody of the own community, with a reason."""
    return actions.grant(actor, **body)


@room.post(
    "/points/transfers/<id:transfer_id>/reverse",
    needs=Permission.POINTS_REVERSE,
    takes=NewReversalSchema,
    gives=ReversalSchema,
)
def reverse(actor: Actor, body: dict[str, Any], transfer_id: int) -> ReversalMade:
    """Reverse a transfer of the own community, once, with a reason."""
    return actions.reverse(actor, transfer_id, **body)
