"""Selects on roles."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from app.community.queries import area_by_code, ids_within
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission, Role
from app.identity.models import Person, RoleHolding
from app.identity.queries.people import masked_name
from app.identity.queries.places import area_table, placed, shown_area, site_table, unit_table
from app.identity.terms import HeldRole, Named


def role_within(actor: Actor, permission: Permission, role_id: int) -> HeldRole:
    """A role, ended or not, held at a place within the actor's areas. Raises: NotFound."""
    found = held_roles(
        RoleHolding.id == role_id, _held_within(ids_within(actor.area_paths(permission)))
    )
    if not found:
        raise NotFound
    return found[0]


def held_role(role_id: int) -> HeldRole:
    """A role that is known to be there."""
    return held_roles(RoleHolding.id == role_id)[0]


def roles_of(person_id: int) -> Sequence[HeldRole]:
    """The roles a person holds now."""
    return held_roles(RoleHolding.person_id == person_id, RoleHolding.until.is_(None))


def list_roles(
    actor: Actor,
    *,
    area: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[HeldRole]:
    """Roles held now at and below the actor's areas, or at and below one area within them.

    Raises: UnknownArea for an area the actor does not reach.
    """
    paths = actor.area_paths(Permission.ROLE_ASSIGN)
    if area is not None:
        below = area_by_code(area).path
        if not any(below.startswith(path) for path in paths):
            raise NotFound
        paths = (below,)
    page = paginate(
        select(RoleHolding).where(RoleHolding.until.is_(None), _held_within(ids_within(paths))),
        [RoleHolding.id],
        limit=limit,
        cursor=cursor,
    )
    shown = held_roles(RoleHolding.id.in_([holding.id for holding in page.items]))
    return Page(sorted(shown, key=lambda held: -held.id), page.next_cursor)


def _held_within(area_ids: Select[tuple[int]]) -> ColumnElement[bool]:
    return or_(
        RoleHolding.area_id.in_(area_ids),
        RoleHolding.unit_id.in_(select(unit_table.c.id).where(unit_table.c.area_id.in_(area_ids))),
        RoleHolding.site_id.in_(select(site_table.c.id).where(site_table.c.area_id.in_(area_ids))),
    )


def held_roles(*which: ColumnElement[bool]) -> list[HeldRole]:
    """Roles with who holds them and where, oldest first."""
    rows = db.session.execute(
        select(
            RoleHolding,
            Person,
            *shown_area,
            unit_table.c.name.label("unit_name"),
            site_table.c.name.label("site_name"),
        )
        .join(Person, Person.id == RoleHolding.person_id)
        .outerjoin(unit_table, unit_table.c.id == RoleHolding.unit_id)
        .outerjoin(site_table, site_table.c.id == RoleHolding.site_id)
        .join(
            area_table,
            area_table.c.id
            == func.coalesce(RoleHolding.area_id, unit_table.c.area_id, site_table.c.area_id),
        )
        .where(*which)
        .order_by(RoleHolding.id)
    )
    return [_held_role(row) for row in rows]


def _held_role(row: Row[Any]) -> HeldRole:
    holding: RoleHolding = row.RoleHolding
    return HeldRole(
        id=holding.id,
        person_id=holding.person_id,
        person_name=masked_name(row.Person),
        role=Role(holding.role),
        area=placed(row),
        unit=None if holding.unit_id is None else Named(holding.unit_id, row.unit_name),
        site=None if holding.site_id is None else Named(holding.site_id, row.site_name),
        since=holding.since,
        until=holding.until,
    )
