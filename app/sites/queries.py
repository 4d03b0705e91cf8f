"""Every select on stations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as community
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.policies.queries import rules_at
from app.sites.errors import SiteClosed
from app.sites.models import CodeUsed, Site
from app.sites.rules import ReadCode
from app.sites.terms import Direction, Place, ScanSite, SiteKind

if TYPE_CHECKING:
    from app.community.models import Area


@dataclass(frozen=True, slots=True)
class SiteShown:
    """A station and the area it stands in."""

    site: Site
    area: "Area"


def list_sites(
    *, limit: int, area: str | None = None, kind: SiteKind | None = None, cursor: str | None = None
) -> Page[SiteShown]:
    """Open stations at and below an area, or everywhere. Raises: UnknownArea, CursorInvalid."""
    statement = select(Site).where(Site.closed_at.is_(None))
    if kind is not None:
        statement = statement.where(Site.kind == kind)
    if area is not None:
        inside = community.ids_within([community.area_by_code(area).path])
        statement = statement.where(Site.area_id.in_(inside))
    page = paginate(statement, [Site.id], limit=limit, cursor=cursor, descending=False)
    return Page(_shown(page.items), page.next_cursor)


def show_site(site_id: int) -> SiteShown:
    """A station, open or closed, as everybody may see it. Raises: NotFound."""
    return _shown([site_by_id(site_id)])[0]


def site_by_id(site_id: int) -> Site:
    """A station, open or closed: they are public. Raises: NotFound."""
    site = db.session.get(Site, site_id)
    if site is None:
        raise NotFound
    return site


def sites_by_id(site_ids: Iterable[int]) -> Mapping[int, Site]:
    """Stations by id, open or closed."""
    found = db.session.scalars(select(Site).where(Site.id.in_(set(site_ids))))
    return {site.id: site for site in found}


def open_site(site_id: int) -> Site:
    """A station that works. Raises: NotFound, SiteClosed."""
    site = site_by_id(site_id)
    if site.closed_at is not None:
        raise SiteClosed
    return site


def site_for(actor: Actor, permission: Permission, site_id: int) -> Site:
    """A station at which, or at an area above which, the actor holds `permission`. Raises: NotFound."""
    site = db.session.scalar(select(Site).where(Site.id == site_id, _held(actor, permission)))
    if site is None:
        raise NotFound
    return site


def scan_site(site_id: int, at: datetime) -> ScanSite:
    """An open station with the rules of `at`, for whoever stands before its code.

    Raises: NotFound, SiteClosed.
    """
    return _scan_site(_SCAN_SITE.first({"site_id": site_id}), at)


def scan_site_for(actor: Actor, permission: Permission, site_id: int, at: datetime) -> ScanSite:
    """The same for staff, within what they hold `permission` for. Raises: NotFound, SiteClosed."""
    theirs = _ONE_SITE.where(_held(actor, permission))
    found = db.session.execute(theirs, {"site_id": site_id}).first()
    return _scan_site(found, at)


def site_of_use(code: ReadCode, person_id: int, direction: Direction) -> int | None:
    """Where this person used this code in this direction, if ever."""
    return db.session.scalar(
        select(CodeUsed.site_id).where(
            CodeUsed.kind == code.kind,
            CodeUsed.subject_id == code.subject_id,
            CodeUsed.step == code.step,
            CodeUsed.person_id == person_id,
            CodeUsed.direction == direction,
        )
    )


# Columns, not the mapped object, and put together once: this stands in every scan.
_ONE_SITE = select(
    Site.id,
    Site.name,
    Site.area_id,
    community.path_of(Site.area_id).label("area_path"),
    Site.latitude,
    Site.longitude,
    Site.closed_at,
).where(Site.id == bindparam("site_id"))
_SCAN_SITE = Prepared(_ONE_SITE)


def _scan_site(row: Any, at: datetime) -> ScanSite:
    if row is None:
        raise NotFound
    if row.closed_at is not None:
        raise SiteClosed
    return ScanSite(
        id=row.id,
        name=row.name,
        area_id=row.area_id,
        area_path=row.area_path,
        place=Place.of(row.latitude, row.longitude),
        rules=rules_at(row.area_path, at),
    )


def _shown(sites: Sequence[Site]) -> list[SiteShown]:
    areas = community.areas_by_id(site.area_id for site in sites)
    return [SiteShown(site, areas[site.area_id]) for site in sites]


def _held(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    return or_(
        Site.id.in_(actor.site_ids(permission)),
        Site.area_id.in_(community.ids_within(actor.area_paths(permission))),
    )
