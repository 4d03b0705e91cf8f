"""Work units over HTTP."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.units import actions, queries
from app.units.models import Unit
from app.units.schemas import NewUnitSchema, UnitDetailSchema, UnitListQuery, UnitSchema
from app.web import Room, page_of

room = Room("units", "单位")


@room.get("/units", needs=Permission.PROFILE_OWN, query=UnitListQuery, gives=page_of(UnitSchema))
def search(actor: Actor, query: dict[str, Any]) -> Page[Unit]:  # noqa: ARG001 - the same for all
    """Work units by name, to choose one's own when reporting in."""
    return queries.search_units(**query)


@room.get("/units/<id:unit_id>", needs=Permission.PROFILE_OWN, gives=UnitDetailSchema)
def show(actor: Actor, unit_id: int) -> Unit:  # noqa: ARG001 - the same for all
    """One work unit."""
    return queries.unit_by_id(unit_id)


@room.post(
    "/units",
    needs=Permission.UNIT_MANAGE,
    takes=NewUnitSchema,
    gives=UnitDetailSchema,
    status=201,
)
def add(actor: Actor, body: dict[str, Any]) -> Unit:
    """Enter a work unit by its social credit code."""
    return actions.add(actor, body)
