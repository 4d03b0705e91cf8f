"""Whose points expire soon is told 30 and 7 days before, once each, whatever happens to the job."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import event

from app.core.actor import system
from app.core.clock import CHINA
from app.core.db import db
from app.core.journal import deliver
from app.points import actions, jobs, queries, rules
from app.points.models import PointsReminder
from app.policies.terms import POINTS_EXPIRY_KIND, POINTS_MONTHS_TO_EXPIRY
from tests.support.points_world import act, earn, set_policy
from tests.support.volunteer_world import rows
from tests.support.world import Caller, World


def china(*when: int) -> datetime:
    return datetime(*when, tzinfo=CHINA)


def run(world: World, at: datetime) -> int:
    """How many were told when the job runs at `at`."""
    with world.app.app_context():
        told: int = jobs.remind(lambda: system(at))["told"]
    return told


def told(world: World, person: Caller) -> list[str]:
    """What the inbox says about points that end, the newest first."""
    with world.app.app_context():
        deliver(lambda: system(china(2032, 1, 1)))
    items = person.get("/inbox").json["items"]
    return [item["body"] for item in items if item["title"] == "积分即将到期"]


@pytest.fixture
def saver(world: World) -> Caller:
    """Somebody whose 30 points end on 2031-05-31."""
    person = world.person()
    earn(world, person, 30, at=china(2030, 5, 5))
    return person


@pytest.mark.parametrize(
    ("days", "count"),
    [
        ([(2031, 4, 30)], 0),  # 31 days before
        ([(2031, 5, 1)], 1),
        ([(2031, 5, 1), (2031, 5, 1), (2031, 5, 2), (2031, 5, 23)], 1),
        ([(2031, 5, 1), (2031, 5, 24)], 2),
        ([(2031, 5, 24), (2031, 5, 31)], 1),
        ([(2031, 5, 10), (2031, 5, 31), (2031, 5, 31)], 2),  # days on which nothing ran
        ([(2031, 6, 1)], 0),  # over
    ],
)
def test_an_owner_is_told_30_and_7_days_before_and_once_each(
    world: World, saver: Caller, days: list[tuple[int, int, int]], count: int
) -> None:
    assert sum(run(world, china(*day, 9)) for day in days) == count
    assert len(told(world, saver)) == count


def test_the_message_says_how_many_and_until_when(world: World, saver: Caller) -> None:
    run(world, china(2031, 5, 1, 9))
    assert told(world, saver) == ["您有爱心积分 30 分，有效期至 2031年5月底，请留意兑换时间。"]


def test_each_pocket_has_reminders_of_its_own(world: World, saver: Caller) -> None:
    earn(world, saver, 5, at=china(2030, 6, 1))
    assert run(world, china(2031, 5, 26, 9)) == 1
    assert run(world, china(2031, 6, 1, 9)) == 1
    assert len(told(world, saver)) == 2


def test_nobody_is_told_of_points_that_never_end_or_are_spent(world: World) -> None:
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 0)
    earn(world, world.person(), 30, at=china(2030, 5, 5))
    assert run(world, china(2031, 5, 24, 9)) == 0
    set_policy(world, POINTS_EXPIRY_KIND, "year_end")
    earn(world, world.person(), 9, at=china(2030, 5, 5))
    assert run(world, china(2030, 12, 1, 9)) == 1


def test_a_pocket_is_told_of_once_and_only_while_it_has_something(
    world: World, saver: Caller
) -> None:
    at = china(2031, 5, 1, 9)
    (pocket,) = act(world, lambda _: queries.pockets_past(203106, 0))
    assert act(world, lambda actor: actions.remind(actor, pocket, 30), at=at) is True
    assert act(world, lambda actor: actions.remind(actor, pocket, 30), at=at) is False
    act(world, lambda actor: actions.expire(actor, pocket), at=china(2031, 6, 1))
    assert act(world, lambda actor: actions.remind(actor, pocket, 7), at=at) is False
    assert len(told(world, saver)) == 1


def test_a_job_killed_at_any_statement_tells_each_owner_once(world: World, saver: Caller) -> None:
    """The job dies at its 1st, 2nd, … statement until it gets through; all told, nobody is told twice."""
    others = [world.person() for _ in range(2)]
    for other in others:
        earn(world, other, 4, at=china(2030, 5, 6))
    died = 0
    for nth in range(1, 200):
        try:
            with world.app.app_context(), KilledAt(nth):
                jobs.remind(lambda: system(china(2031, 5, 1, 9)))
            break
        except Killed:
            died += 1
    assert died > 5
    noted = rows(world, PointsReminder)
    assert len(noted) == 3
    for person in (saver, *others):
        assert len(told(world, person)) == 1


class Killed(Exception):
    """The process is gone."""


class KilledAt:
    """The nth statement is never sent."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __enter__(self) -> None:
        event.listen(db.engine, "before_cursor_execute", self._count)

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._count)

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("BEGIN", "PRAGMA", "SET ")):
            return
        self._left -= 1
        if self._left == 0:
            raise Killed


# --- when points end ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "day", "months", "last"),
    [
        ("rolling", (2026, 11, 20), 12, 202711),
        ("rolling", (2026, 12, 31), 1, 202701),
        ("rolling", (2026, 1, 1), 0, 0),
        ("year_end", (2026, 11, 20), 0, 202612),
        ("year_end", (2026, 12, 31), 0, 202612),
        ("year_end", (2026, 12, 31), 1, 202712),
        ("year_end", (2026, 11, 20), 12, 202712),
        ("never", (2026, 11, 20), 12, 0),
    ],
)
def test_points_end_as_the_policy_says(kind, day, months, last) -> None:
    assert rules.expiry_month(date(*day), months, kind) == last


@pytest.mark.parametrize(
    ("day", "nearer", "lead", "months"),
    [
        ((2026, 11, 1), -1, 7, []),
        ((2026, 11, 23), -1, 7, [202611]),
        ((2026, 11, 30), -1, 7, [202611]),
        ((2026, 10, 31), 7, 30, [202611]),
        ((2026, 10, 30), 7, 30, []),
        ((2026, 11, 23), 7, 30, []),
        ((2027, 1, 29), 7, 30, [202702]),
        ((2027, 1, 31), -1, 30, [202701, 202702]),
    ],
)
def test_whose_last_day_is_near_is_counted_in_days(day, nearer, lead, months) -> None:
    assert rules.months_ending(date(*day), nearer, lead) == months


def test_months_are_counted_back_over_new_year() -> None:
    assert rules.months_back(date(2027, 2, 28), 4) == [202702, 202701, 202612, 202611]


def test_the_policy_decides_in_which_pocket_points_rest(world: World) -> None:
    person = world.person()
    set_policy(world, POINTS_EXPIRY_KIND, "year_end")
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 0)
    assert earn(world, person, 5, at=china(2030, 5, 5)).expires_month == 203012
    set_policy(world, POINTS_EXPIRY_KIND, "never")
    assert earn(world, person, 5, at=china(2030, 5, 5)).expires_month == 0
