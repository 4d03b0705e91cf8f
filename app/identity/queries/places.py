"""Where people are at home and roles are held."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, column, literal, select, table

from app.community.queries import area_by_code
from app.community.terms import Level
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.permissions import HeldAt, Permission
from app.identity.terms import Place, PlacedArea

# A role is held at a place that another room owns, and sites even stand above this room. Joining needs their
# columns, not their classes.
area_table = table("area", *(column(name) for name in ("id", "code", "name", "level", "path")))
unit_table = table("unit", *(column(name) for name in ("id", "area_id", "name")))
site_table = table("site", *(column(name) for name in ("id", "area_id", "name", "kind")))
_HELD_AT = {"unit": HeldAt.UNIT, "station": HeldAt.SITE, "shop": HeldAt.SHOP}
"""What a role is held at, by the kind of unit or site. Station staff serve no shop, nor the other way round."""
shown_area = (
    area_table.c.id.label("area_id"),
    area_table.c.code,
    area_table.c.name,
    area_table.c.level,
    area_table.c.path,
)


def paths_of(actor: Actor, permission: Permission) -> tuple[str, ...]:
    """Paths of the areas where the actor holds `permission`: those of the role, and those of the sites of one."""
    site_ids = actor.site_ids(permission)
    if not site_ids:
        return actor.area_paths(permission)
    beside = select(area_table.c.path).join_from(
        area_table, site_table, site_table.c.area_id == area_table.c.id
    )
    paths = db.session.scalars(beside.where(site_table.c.id.in_(site_ids)))
    return tuple(sorted({*actor.area_paths(permission), *paths}))


def place(
    *, area_code: str | None = None, unit_id: int | None = None, site_id: int | None = None
) -> Place:
    """The place named by exactly one of the three. Raises: NotFound, UnknownArea.

    The area of a unit or a site is looked up by its table alone: sites stand above this room.
    """
    if area_code is not None:
        area = area_by_code(area_code)
        return Place(HeldAt.AREA, area.id, area.path, Level(area.level))
    of, kind = (
        (unit_table, literal("unit")) if unit_id is not None else (site_table, site_table.c.kind)
    )
    row = db.session.execute(
        select(area_table.c.id, area_table.c.path, area_table.c.level, kind.label("kind"))
        .join_from(area_table, of, of.c.area_id == area_table.c.id)
        .where(of.c.id == (site_id if unit_id is None else unit_id))
    ).one_or_none()
    if row is None:
        raise NotFound
    return Place(_HELD_AT[row.kind], row.id, row.path, Level(row.level), unit_id, site_id)


def areas_by_id(area_ids: Iterable[int | None]) -> dict[int | None, PlacedArea]:
    """Areas as people are shown them."""
    rows = db.session.execute(
        select(*shown_area).where(
            area_table.c.id.in_({area_id for area_id in area_ids if area_id is not None})
        )
    )
    return {row.area_id: placed(row) for row in rows}


def placed(row: Row[Any]) -> PlacedArea:
    """The area of a row that selects `shown_area`."""
    return PlacedArea(row.area_id, row.code, row.name, row.level, row.path)
