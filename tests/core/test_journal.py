"""The journal as outbox: nothing told that did not happen, nothing that happened left untold, each told once."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.core.actor import Actor, system
from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.jobs import JobRun
from app.core.journal import (
    ATTEMPTS_MAX,
    Event,
    JournalDelivery,
    JournalEntry,
    announce,
    deliver,
    reacts_to,
)
from tests.support.races import at_once

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class BellRang(Event):
    """A fact of this test only."""

    name: ClassVar[str] = "bell_rang"
    subject: ClassVar[str] = "bell"

    rang_at: datetime
    times: int = 1


@reacts_to(BellRang)
def open_the_door(actor: Actor, event: BellRang) -> None:
    """Leaves one row for each fact; then does what the test at work asks for."""
    db.session.execute(
        insert(JobRun),
        {"key": f"door-{event.subject_id}", "period": "", "started_at": actor.now},
    )
    for ask in asked:
        ask(actor, event)


asked: list[Callable[[Actor, BellRang], None]] = []


@pytest.fixture(autouse=True)
def nothing_asked() -> Iterator[None]:
    asked.clear()
    yield
    asked.clear()


def ring(app: Flask, *bells: int, at: datetime | None = None) -> None:
    actor = Actor(person_id=0, now=at or now(), request_id="ring-request")
    events = [BellRang(subject_id=bell, area_id=None, rang_at=actor.now) for bell in bells]
    with app.app_context():
        in_transaction(lambda: announce(actor, *events), write=True)


def deliver_at(app: Flask, at: datetime | None = None) -> int:
    with app.app_context():
        return deliver(lambda: system(at or now()))


def waiting(app: Flask) -> list[JournalDelivery]:
    def read() -> list[JournalDelivery]:
        rows = list(db.session.scalars(select(JournalDelivery)))
        db.session.expunge_all()  # the reading transaction ends in rollback, which would empty them
        return rows

    with app.app_context():
        return in_transaction(read, write=False)


def doors(app: Flask) -> list[str]:
    with app.app_context():
        found = select(JobRun.key).where(JobRun.key.like("door-%")).order_by(JobRun.key)
        return in_transaction(lambda: list(db.session.scalars(found)), write=False)


def test_a_fact_and_its_delivery_are_written_in_the_transaction_that_makes_it_true(
    app: Flask,
) -> None:
    def make_it_true_and_fail() -> None:
        announce(system(now()), BellRang(subject_id=1, area_id=None, rang_at=now()))
        assert db.session.scalar(select(func.count()).select_from(JournalDelivery)) == 1
        raise RuntimeError("the work fails after the announcement")

    with app.app_context():
        with pytest.raises(RuntimeError):
            in_transaction(make_it_true_and_fail, write=True)
        written = in_transaction(
            lambda: db.session.scalar(
                select(func.count()).where(JournalEntry.name == BellRang.name)
            ),
            write=False,
        )
    assert written == 0
    assert waiting(app) == []
    assert deliver_at(app) == 0


def test_a_reader_gets_the_fact_as_it_was_announced(app: Flask) -> None:
    heard: list[tuple[Actor, BellRang]] = []
    asked.append(lambda actor, event: heard.append((actor, event)))
    rang_at = datetime(2026, 11, 20, 1, 2, 3, 456789, tzinfo=UTC)
    ring(app, 7, at=rang_at)

    assert deliver_at(app) == 1
    ((actor, event),) = heard
    assert (event.subject_id, event.rang_at, event.times) == (7, rang_at, 1)
    assert event.entry_id > 0
    assert (actor.person_id, actor.request_id) == (0, "ring-request")
    assert waiting(app) == []
    assert deliver_at(app) == 0


def test_facts_are_told_oldest_first(app: Flask) -> None:
    heard: list[int] = []
    asked.append(lambda _, event: heard.append(event.subject_id))
    early = now() - timedelta(minutes=1)
    ring(app, 3)
    ring(app, 1, 2, at=early)
    assert deliver_at(app, now() + timedelta(seconds=1)) == 3
    assert heard == [1, 2, 3]


def test_a_reaction_that_fails_leaves_nothing_and_is_tried_again_later_and_later(
    app: Flask,
) -> None:
    def fail(_: Actor, __: BellRang) -> None:
        raise ConnectionError("nobody at home")

    asked.append(fail)
    began = now()
    ring(app, 1, at=began)

    assert deliver_at(app, began) == 0
    (first,) = waiting(app)
    assert (first.attempts, first.due_at - began) == (1, timedelta(seconds=2))
    assert first.error == "ConnectionError: nobody at home"
    assert doors(app) == []

    assert deliver_at(app, began + timedelta(seconds=1)) == 0
    assert waiting(app)[0].attempts == 1, "it is not due yet"

    later = began + timedelta(seconds=2)
    assert deliver_at(app, later) == 0
    (second,) = waiting(app)
    assert (second.attempts, second.due_at - later) == (2, timedelta(seconds=4))

    asked.clear()
    assert deliver_at(app, later + timedelta(seconds=4)) == 1
    assert doors(app) == ["door-1"]
    assert waiting(app) == []


def test_a_reaction_that_keeps_failing_is_parked_and_seen(app: Flask) -> None:
    def fail(_: Actor, __: BellRang) -> None:
        raise ConnectionError

    asked.append(fail)
    at = now()
    ring(app, 1, at=at)
    for _ in range(ATTEMPTS_MAX):
        (row,) = waiting(app)
        assert row.parked_at is None
        at = row.due_at
        deliver_at(app, at)
    (row,) = waiting(app)
    assert (row.attempts, row.parked_at) == (ATTEMPTS_MAX, at)

    asked.clear()
    assert deliver_at(app, at + timedelta(days=1)) == 0
    assert len(waiting(app)) == 1, "a person must look at it"


def test_one_that_fails_does_not_hold_up_the_others(app: Flask) -> None:
    def fail_for_two(_: Actor, event: BellRang) -> None:
        if event.subject_id == 2:
            raise ValueError("not this one")

    asked.append(fail_for_two)
    ring(app, 1, 2, 3)
    assert deliver_at(app) == 2
    assert doors(app) == ["door-1", "door-3"]
    assert len(waiting(app)) == 1


def test_a_reader_that_no_longer_exists_is_kept_not_dropped(app: Flask) -> None:
    ring(app, 1)

    def rename() -> None:
        (row,) = db.session.scalars(select(JournalDelivery))
        row.reader = "gone.reactions.open_the_door"

    with app.app_context():
        in_transaction(rename, write=True)
    assert deliver_at(app) == 0
    (row,) = waiting(app)
    assert row.error == "LookupError: no reaction is registered as gone.reactions.open_the_door"


def test_a_fact_written_by_an_older_version_is_still_read(app: Flask) -> None:
    heard: list[BellRang] = []
    asked.append(lambda _, event: heard.append(event))
    ring(app, 1)

    def write_as_before() -> None:
        entry = db.session.scalars(
            select(JournalEntry).where(JournalEntry.name == BellRang.name)
        ).one()
        payload = {"rang_at": entry.payload["rang_at"], "since_dropped": "x"}
        entry_id = db.session.scalar(
            insert(JournalEntry).returning(JournalEntry.id),
            {
                "at": entry.at,
                "name": entry.name,
                "subject": entry.subject,
                "subject_id": 2,
                "request_id": "",
                "payload": payload,
            },
        )
        (row,) = db.session.scalars(select(JournalDelivery))
        row.entry_id = entry_id

    with app.app_context():
        in_transaction(write_as_before, write=True)
    assert deliver_at(app) == 1
    assert [(event.subject_id, event.times) for event in heard] == [(2, 1)]


def test_two_deliverers_at_once_tell_each_fact_once(app: Flask) -> None:
    facts = 40
    ring(app, *range(1, facts + 1))

    def work() -> int:
        return sum(iter(partial(deliver_at, app), 0))

    assert sum(at_once([work] * 2)) == facts
    assert len(doors(app)) == facts
    assert waiting(app) == []


def test_on_postgresql_a_deliverer_skips_what_another_holds(app: Flask) -> None:
    both_inside = threading.Barrier(2)
    on_postgresql = bool(_engine_name(app) == "postgresql")
    if on_postgresql:
        # Passes only when both are in a reaction at the same time.
        asked.append(lambda _, __: both_inside.wait(10) and None)
    ring(app, 1, 2)

    def deliver_one() -> int:
        with app.app_context():
            return deliver(lambda: system(now()), deliveries_max=1)

    assert at_once([deliver_one] * 2) == [1, 1]
    assert doors(app) == ["door-1", "door-2"]


# A process of its own that dies inside the reaction, after its work and before the commit.
_DIES = """
import os, sys
from app.core import journal
from app.core.actor import system
from app.core.clock import now
from app.core.db import db
from app.factory import create_app
from tests.conftest import test_settings
from tests.core import test_journal

app = create_app(test_settings(sys.argv[1]))
(mine,) = journal._reactions["bell_rang"]
journal._reactions["bell_rang"] = {sys.argv[2]: journal._reactions["bell_rang"][mine]}

def die(actor, event):
    db.session.flush()
    os._exit(9)

test_journal.asked.append(die)
with app.app_context():
    journal.deliver(lambda: system(now()))
"""


def test_a_deliverer_killed_half_way_loses_nothing_and_does_nothing_twice(app: Flask) -> None:
    ring(app, 1)
    (row,) = waiting(app)
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    died = subprocess.run(
        [sys.executable, "-c", _DIES, url, row.reader],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == 9, died.stderr
    assert doors(app) == []
    assert [(left.entry_id, left.attempts) for left in waiting(app)] == [(row.entry_id, 0)]

    # PostgreSQL gives the row free when it notices that the other end has gone.
    answered, deadline = 0, time.monotonic() + 10
    while not answered and time.monotonic() < deadline:
        answered = deliver_at(app)
    assert answered == 1
    assert doors(app) == ["door-1"]
    assert waiting(app) == []


def _engine_name(app: Flask) -> str:
    with app.app_context():
        return db.engine.dialect.name
