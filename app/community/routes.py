"""The area tree over HTTP."""

from typing import Any

from app.community import actions, queries
from app.community.models import Area
from app.community.schemas import (
    AreaDetailSchema,
    AreaEndSchema,
    AreaListQuery,
    AreaSchema,
    NewAreaSchema,
)
from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.web import Room, page_of

room = Room("areas", "区域")


@room.get("/areas", public=True, query=AreaListQuery, gives=page_of(AreaSchema))
def list_areas(actor: Actor, query: dict[str, Any]) -> Page[Area]:  # noqa: ARG001 - the same for all
    """Areas in force: one step down the tree, or a search by name, pinyin or level."""
    return queries.list_areas(**query)


@room.get("/areas/<code>", public=True, gives=AreaDetailSchema)
def show(actor: Actor, code: str) -> queries.AreaInTree:  # noqa: ARG001 - the same for all
    """One area and the line above it; an ended one with its successor."""
    return queries.area_in_tree(code)


@room.post(
    "/areas", needs=Permission.AREA_MANAGE, takes=NewAreaSchema, gives=AreaSchema, status=201
)
def add(actor: Actor, body: dict[str, Any]) -> Area:
    """Put a compound or grid under a community."""
    return actions.add(actor, body)


@room.post(
    "/areas/<code>/end",
    needs=Permission.AREA_MANAGE,
    takes=AreaEndSchema,
    gives=AreaDetailSchema,
)
def end(actor: Actor, body: dict[str, Any], code: str) -> queries.AreaInTree:
    """End an area and name the one it merges into."""
    return actions.end(actor, code, **body)
