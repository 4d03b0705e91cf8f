"""Verbs that change the area tree: add below a community, end."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import update

from app.community import queries, rules
from app.community.errors import (
    AreaEndDateUnfit,
    AreaHasAreasBelow,
    AreaNeedsSuccessor,
    AreaNumbersUsedUp,
    AreaParentUnfit,
    AreaSuccessorUnfit,
    UnknownArea,
)
from app.community.events import AreaAdded, AreaEnded
from app.community.models import Area
from app.community.terms import BELOW_COMMUNITY, NUMBER_MAX, Level
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission


def add(actor: Actor, wanted: Mapping[str, Any]) -> Area:
    """Put a compound or grid under a community of the actor's part of the tree.

    Without `number` it gets the next one never given out there. Raises: UnknownArea, AreaParentUnfit,
    AreaNumbersUsedUp; by constraint AreaCodeTaken, AreaNameTaken.
    """
    community = queries.managed_area(actor, Permission.AREA_MANAGE, wanted["parent"])
    if community.level != Level.COMMUNITY:
        raise AreaParentUnfit
    level = Level(wanted["level"])
    number = wanted.get("number") or rules.next_number(
        community.code, queries.codes_below(community, level)
    )
    if number > NUMBER_MAX:
        raise AreaNumbersUsedUp(number_max=NUMBER_MAX)
    area = Area(
        code=rules.code_below(community.code, level, number),
        parent_id=community.id,
        name=wanted["name"],
        pinyin=rules.pinyin_of(wanted["name"]),
        level=level,
        path="",
        valid_from=china_date(actor.now),
    )
    db.session.add(area)
    db.session.flush()  # the path ends with the id
    area.path = f"{community.path}{area.id}/"
    announce(
        actor, AreaAdded(subject_id=area.id, area_id=area.id, code=area.code, level=area.level)
    )
    return area


def end(actor: Actor, code: str, successor: str | None, on: date | None) -> queries.AreaInTree:
    """End an area on a day (today unless said) and point it to the area it merges into.

    Both must lie in the actor's part of the tree. Raises: UnknownArea, AreaHasAreasBelow, AreaNeedsSuccessor,
    AreaSuccessorUnfit, AreaEndDateUnfit.
    """
    today = china_date(actor.now)
    day = on or today
    if successor == code:
        raise AreaSuccessorUnfit
    codes = (code,) if successor is None else (code, successor)
    area, *successors = queries.managed_areas(actor, Permission.AREA_MANAGE, codes)
    if queries.has_areas_below(area):
        raise AreaHasAreasBelow(name=area.name)
    if not successors and area.level not in BELOW_COMMUNITY:
        raise AreaNeedsSuccessor
    if any(other.level != area.level for other in successors):
        raise AreaSuccessorUnfit
    if not rules.may_end_on(day, valid_from=area.valid_from, today=today):
        raise AreaEndDateUnfit(valid_from=area.valid_from.isoformat())
    successor_id = successors[0].id if successors else None
    ended = db.session.execute(
        update(Area)
        .where(Area.id == area.id, Area.valid_to.is_(None))
        .values(valid_to=day, successor_id=successor_id)
        .returning(Area.id)
    ).first()
    if ended is None:
        raise UnknownArea
    announce(
        actor,
        AreaEnded(
            subject_id=area.id,
            area_id=area.id,
            code=area.code,
            successor_id=successor_id,
            ended_on=day.isoformat(),
        ),
    )
    return queries.area_in_tree(code)
