"""Keyset pages: every row once, in order, whatever comes in between; a strange cursor is refused."""

import base64
import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.jobs import JobRun
from app.core.paging import CursorInvalid, Page, paginate

STARTED = now().replace(microsecond=123456)
KEYS = [JobRun.started_at, JobRun.key]


@pytest.fixture
def runs(app: Flask) -> list[str]:
    """Nine rows, three at each moment, so that the moment alone does not order them."""
    rows = [
        {"key": f"run-{number}", "period": "", "started_at": STARTED + timedelta(hours=number // 3)}
        for number in range(9)
    ]
    with app.app_context():
        in_transaction(lambda: db.session.execute(insert(JobRun), rows), write=True)
    return [row["key"] for row in rows]


def page(app: Flask, cursor: str | None, *, descending: bool, limit: int = 2) -> Page[str]:
    def read() -> Page[str]:
        found = paginate(select(JobRun), KEYS, limit=limit, cursor=cursor, descending=descending)
        return Page([run.key for run in found.items], found.next_cursor)

    with app.app_context():
        return in_transaction(read, write=False)


@pytest.mark.parametrize("descending", [True, False])
def test_the_pages_together_are_the_list(app: Flask, runs: list[str], descending: bool) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(5):
        found = page(app, cursor, descending=descending)
        seen += found.items
        cursor = found.next_cursor
    assert cursor is None
    assert seen == (runs[::-1] if descending else runs)


def test_the_last_page_says_so_even_when_it_is_full(app: Flask, runs: list[str]) -> None:
    assert page(app, None, descending=True, limit=9).next_cursor is None
    assert page(app, None, descending=True, limit=8).next_cursor is not None


def test_a_row_that_comes_in_between_shifts_nothing(app: Flask, runs: list[str]) -> None:
    first = page(app, None, descending=True)
    newer = {"key": "run-9", "period": "", "started_at": STARTED + timedelta(days=1)}
    with app.app_context():
        in_transaction(lambda: db.session.execute(insert(JobRun), newer), write=True)
    second = page(app, first.next_cursor, descending=True)
    assert [*first.items, *second.items] == ["run-8", "run-7", "run-6", "run-5"]


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["2026-11-20T09:00:00+08:00"],
        ["2026-11-20T09:00:00", "a"],
        ["yesterday", "a"],
        [1795000000, "a"],
        ["2026-11-20T09:00:00+08:00", 1],
        ["2026-11-20T09:00:00+08:00", None],
        ["2026-11-20T09:00:00+08:00", "a", "b"],
        ["2026-11-20T09:00:00+08:00", "a\x00"],
        ["2026-11-20T09:00:00+08:00", "a\ud800"],
        {"a": 1},
    ],
)
def test_a_cursor_of_another_list_is_refused(app: Flask, values: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    with pytest.raises(CursorInvalid):
        page(app, cursor, descending=True)
