"""Every select on work units. Units are no secret: whoever is logged in may choose among all."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.community.queries import area_by_code, ids_within
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.units.models import Unit


def unit_by_id(unit_id: int) -> Unit:
    """The unit with its area. Raises: NotFound."""
    found = db.session.scalars(
        select(Unit).where(Unit.id == unit_id).options(joinedload(Unit.area))
    ).first()
    if found is None:
        raise NotFound
    return found


def search_units(
    text: str | None = None,
    area: str | None = None,
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Unit]:
    """Units with their areas, by name: those whose name holds `text`, at or below the area with code `area`.

    Raises: UnknownArea, CursorInvalid.
    """
    statement = select(Unit).options(joinedload(Unit.area))
    if text is not None:
        statement = statement.where(Unit.name.icontains(text, autoescape=True))
    if area is not None:
        statement = statement.where(Unit.area_id.in_(ids_within((area_by_code(area).path,))))
    return paginate(statement, [Unit.name, Unit.id], limit=limit, cursor=cursor, descending=False)
