"""Every select on areas."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.community.errors import AreaTooLarge, UnknownArea
from app.community.models import Area
from app.community.rules import KnownArea, is_code
from app.community.terms import LISTED_LEVELS, Level
from app.core.actor import Actor
from app.core.db import db
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission


def ids_within(paths: Iterable[str]) -> Select[tuple[int]]:
    """Ids of the areas at and below any of `paths`, for `area_id.in_(…)`; of none when there is no path."""
    return select(Area.id).where(within(paths))


def within(paths: Iterable[str]) -> ColumnElement[bool]:
    """Whether an Area lies at or below any of `paths`. `/` + 1 is `0` in ASCII, so a subtree is a range."""
    return or_(False, *((Area.path >= path) & (Area.path < path[:-1] + "0") for path in paths))  # noqa: FBT003


def area_by_code(code: str) -> Area:
    """The area in force with this code. Raises: UnknownArea, also for a text that is no code."""
    found = _in_force(code)
    if found is None:
        raise UnknownArea
    return found


def area_by_id(area_id: int) -> Area:
    """The area, in force or ended. Raises: UnknownArea."""
    found = db.session.get(Area, area_id)
    if found is None:
        raise UnknownArea
    return found


def areas_by_id(area_ids: Iterable[int]) -> Mapping[int, Area]:
    """Areas by id, in force or ended, in one statement."""
    found = db.session.scalars(select(Area).where(Area.id.in_(set(area_ids))))
    return {area.id: area for area in found}


def path_of(area_id: InstrumentedAttribute[int]) -> ScalarSelect[str]:
    """The path of the area that a column of another table points at, to be selected beside it."""
    return select(Area.path).where(Area.id == area_id).correlate_except(Area).scalar_subquery()


def is_empty() -> bool:
    """Whether no area was ever loaded."""
    return db.session.scalars(select(Area.id).limit(1)).first() is None


def managed_area(actor: Actor, permission: Permission, code: str) -> Area:
    """The area in force with this code, row locked, where the actor holds `permission`.

    Raises: UnknownArea, also for one that is out of the actor's reach.
    """
    (found,) = managed_areas(actor, permission, (code,))
    return found


def managed_areas(actor: Actor, permission: Permission, codes: Sequence[str]) -> tuple[Area, ...]:
    """As `managed_area` for several codes, answered in their order, locked in order of id."""
    found = db.session.scalars(
        select(Area)
        .where(
            Area.code.in_([code for code in codes if is_code(code)]),
            Area.valid_to.is_(None),
            within(actor.area_paths(permission)),
        )
        .order_by(Area.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    by_code = {area.code: area for area in found}
    if not by_code.keys() >= set(codes):
        raise UnknownArea
    return tuple(by_code[code] for code in codes)


def community_of(area: Area) -> Area:
    """The community at or above `area`. Raises: AreaTooLarge when `area` is a street or above."""
    if area.level == Level.COMMUNITY:
        return area
    found = db.session.scalars(
        select(Area).where(Area.id.in_(area.ancestor_ids), Area.level == Level.COMMUNITY)
    ).first()
    if found is None:
        raise AreaTooLarge(name=area.name)
    return found


@dataclass(frozen=True, slots=True)
class AreaInTree:
    """An area and the areas above it, the root first."""

    area: Area
    ancestors: Sequence[Area]


def area_in_tree(code: str) -> AreaInTree:
    """The area with this code and its place: the one in force, else the one that ended last, with its successor.

    Raises: UnknownArea.
    """
    area = (
        db.session.scalars(
            select(Area)
            .where(Area.code == code)
            .order_by(Area.valid_to.is_not(None), Area.valid_to.desc(), Area.id.desc())
            .limit(1)
            .options(joinedload(Area.successor))
            .execution_options(populate_existing=True)
        ).first()
        if is_code(code)
        else None
    )
    if area is None:
        raise UnknownArea
    line = db.session.scalars(
        select(Area)
        .where(Area.id.in_(area.ancestor_ids), Area.id != area.id)
        .order_by(func.length(Area.path))
    )
    return AreaInTree(area, line.all())


def list_areas(
    *,
    parent: str | None = None,
    q: str | None = None,
    level: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Area]:
    """Areas in force, by code: the next step down from `parent` (or the top), or a search below it.

    With `q` (part of the name, or the beginning of its pinyin or initials) or `level` the whole subtree is looked
    through. Raises: UnknownArea, CursorInvalid.
    """
    above = None if parent is None else area_by_code(parent)
    statement = select(Area).where(Area.valid_to.is_(None))
    if q is None and level is None:
        statement = statement.where(Area.parent_id == (None if above is None else above.id))
    elif above is not None:
        statement = statement.where(within((above.path,)), Area.id != above.id)
    if level is not None:
        statement = statement.where(Area.level == level)
    if q is not None:
        statement = statement.where(_named(q))
    return paginate(statement, [Area.code], limit=limit, cursor=cursor, descending=False)


def has_areas_below(area: Area) -> bool:
    """Whether areas in force hang under `area`."""
    below = select(Area.id).where(Area.parent_id == area.id, Area.valid_to.is_(None))
    return db.session.scalars(below.limit(1)).first() is not None


def codes_below(area: Area, level: Level) -> Sequence[str]:
    """Codes ever given to areas of `level` directly under `area`, ended ones included."""
    return db.session.scalars(
        select(Area.code).where(Area.parent_id == area.id, Area.level == level)
    ).all()


def known_areas() -> dict[str, KnownArea]:
    """The tree down to the communities by code; where an ended and a standing area share one, the standing."""
    parent = aliased(Area)
    rows = db.session.execute(
        select(Area.id, Area.code, parent.code, Area.name, Area.level, Area.path, Area.valid_to)
        .outerjoin(parent, parent.id == Area.parent_id)
        .where(Area.level.in_(LISTED_LEVELS))
        .order_by(Area.valid_to.is_(None), Area.valid_to, Area.id)
    )
    return {
        code: KnownArea(
            area_id, code, parent_code, name, Level(level), path, in_force=valid_to is None
        )
        for area_id, code, parent_code, name, level, path, valid_to in rows
    }


def _in_force(code: str) -> Area | None:
    if not is_code(code):
        return None  # and never reaches a database that might choke on it
    return db.session.scalars(
        select(Area).where(Area.code == code, Area.valid_to.is_(None))
    ).first()


def _named(q: str) -> ColumnElement[bool]:
    typed = "".join(q.split()).lower()
    return or_(
        Area.name.icontains(q, autoescape=True),
        Area.pinyin.startswith(typed, autoescape=True),
        Area.pinyin.contains(f" {typed}", autoescape=True),
    )
