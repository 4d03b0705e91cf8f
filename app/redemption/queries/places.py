"""Where rewards are offered and handed out."""

from sqlalchemy import column, or_, select, table
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as communities
from app.core.actor import Actor
from app.core.permissions import Permission

# At the counter one look must do, so the columns of other rooms are joined by the names of their tables.
area_table = table("area", column("id"), column("path"))
site_table = table("site", column("id"), column("area_id"), column("name"), column("closed_at"))


def at_sites_of(
    actor: Actor, permission: Permission, site_id: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether a site is one at which, or at an area above which, the actor holds `permission`."""
    beside = communities.ids_within(actor.area_paths(permission))
    return or_(
        site_id.in_(actor.site_ids(permission)),
        site_id.in_(select(site_table.c.id).where(site_table.c.area_id.in_(beside))),
    )
