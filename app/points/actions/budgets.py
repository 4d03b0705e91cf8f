"""Issuing budgets: how many points a community may issue in a year, never more, and no row for which all wait.

A budget is dealt out to slices; a cause draws on the slice that its number chooses. Only when that slice is short are
the budget and all its slices locked, counted and dealt anew, so the very last point can be issued and none beyond it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update

from app.community import queries as communities
from app.community.terms import Level
from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.upsert import insert_or_ignore
from app.points import queries, rules
from app.points.errors import BudgetBelowIssued, BudgetNeedsCommunity
from app.points.events import BudgetSet
from app.points.models import BUDGET_SLICE, POINTS_BUDGET, PointsBudget
from app.points.terms import BUDGET_SLICES, BudgetShown

_SLICE = (
    BUDGET_SLICE.c.area_id == bindparam("area"),
    BUDGET_SLICE.c.year == bindparam("in_year"),
    BUDGET_SLICE.c.slice == bindparam("number"),
)
_DRAW = (
    update(BUDGET_SLICE)
    .where(*_SLICE, BUDGET_SLICE.c.points >= bindparam("by"))
    .values(points=BUDGET_SLICE.c.points - bindparam("by"))
    .returning(BUDGET_SLICE.c.points)
)
_GIVE_BACK = (
    update(BUDGET_SLICE).where(*_SLICE).values(points=BUDGET_SLICE.c.points + bindparam("by"))
)
_DEAL = update(BUDGET_SLICE).where(*_SLICE).values(points=bindparam("dealt"))


def set_budget(actor: Actor, body: dict[str, Any]) -> BudgetShown:
    """Say how many points a community may issue in a year; said again, the new number stands.

    Points issued in that year before there was a budget do not count.
    Raises: UnknownArea, BudgetNeedsCommunity, BudgetBelowIssued.
    """
    area = communities.managed_area(actor, Permission.POINTS_BUDGET_SET, body["area"])
    if area.level != Level.COMMUNITY:
        raise BudgetNeedsCommunity(name=area.name)
    year, points = body["year"], body["points"]
    begins_at, ends_at = rules.year_bounds(year)
    opened = insert_or_ignore(
        PointsBudget,
        {
            "area_id": area.id,
            "year": year,
            "points": points,
            "undealt": points,
            "begins_at": begins_at,
            "ends_at": ends_at,
            "set_by": actor.person_id,
            "set_at": actor.now,
        },
    )
    if opened:
        slices = [
            {"area_id": area.id, "year": year, "slice": number, "points": 0}
            for number in range(BUDGET_SLICES)
        ]
        db.session.execute(insert(BUDGET_SLICE), slices)
    before, left = queries.lock_budget(area.id, year)
    left += points - before
    if left < 0:
        raise BudgetBelowIssued(issued=points - left)
    _deal(area.id, year, left)
    db.session.execute(
        update(POINTS_BUDGET)
        .where(POINTS_BUDGET.c.area_id == area.id, POINTS_BUDGET.c.year == year)
        .values(points=points, set_by=actor.person_id, set_at=actor.now)
    )
    announce(actor, BudgetSet(subject_id=area.id, area_id=area.id, year=year, points=points))
    return BudgetShown(area.code, area.name, year, points, left)


def draw(area_id: int, year: int, points: int, cause_id: int) -> bool:
    """Take points out of a budget; False when it does not have so many left."""
    number = cause_id % BUDGET_SLICES
    place = {"area": area_id, "in_year": year, "number": number}
    if db.session.execute(_DRAW, {**place, "by": points}).first() is not None:
        return True
    # Read without locks first: at an exhausted budget nobody waits. What is seen is committed, so it is no less
    # than what is there.
    if queries.budget_left(area_id, year) < points:
        return False
    _, left = queries.lock_budget(area_id, year)
    if left < points:
        return False
    _deal(area_id, year, left - points)
    return True


def give_back(area_id: int, year: int, points: int, cause_id: int) -> None:
    """Return points to a budget: what was issued was reversed."""
    number = cause_id % BUDGET_SLICES
    db.session.execute(
        _GIVE_BACK, {"area": area_id, "in_year": year, "number": number, "by": points}
    )


def return_issued(transfer_id: int, area_path: str, issued_at: datetime, points: int) -> None:
    """Return points to the budget that was in force where and when a transfer issued them."""
    year = rules.year_of(issued_at)
    area_id = queries.budget_area_id(area_path, year)
    give_back(area_id, year, points, transfer_id)


def _deal(area_id: int, year: int, left: int) -> None:
    """Spread what is left; the budget and its slices are locked."""
    share, undealt = rules.dealt(left, BUDGET_SLICES)
    db.session.execute(
        _DEAL,
        [
            {"area": area_id, "in_year": year, "number": number, "dealt": share}
            for number in range(BUDGET_SLICES)
        ],
    )
    db.session.execute(
        update(POINTS_BUDGET)
        .where(POINTS_BUDGET.c.area_id == area_id, POINTS_BUDGET.c.year == year)
        .values(undealt=undealt)
    )
