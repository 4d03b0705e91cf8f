"""Schedulers take turns by a lease: handed over at once in order, within seconds after a kill."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.core import jobs
from app.core.actor import Actor


class _Clock:
    def __init__(self) -> None:
        self.at = datetime.fromisoformat("2026-11-20T09:00:00+08:00")

    def __call__(self) -> datetime:
        return self.at


class _Scheduler:
    """One of several, each with what its own process remembers."""

    def __init__(self, name: str, patch: pytest.MonkeyPatch) -> None:
        self._name, self._patch, self._held_until = name, patch, jobs._held_until

    def run(self, job: jobs.Job) -> dict[str, Any] | None:
        return self._as_itself(lambda: jobs.run(job))

    def stop(self) -> None:
        self._as_itself(jobs.give_up_lease)

    def _as_itself(self, work: Callable[[], Any]) -> Any:
        self._patch.setattr(jobs, "_owner", lambda: self._name)
        self._patch.setattr(jobs, "_held_until", self._held_until)
        done = work()
        self._held_until = jobs._held_until
        return done


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(jobs, "now", clock)
    return clock


@pytest.fixture
def two(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[_Scheduler, _Scheduler]]:
    with app.app_context():
        yield _Scheduler("first:1", monkeypatch), _Scheduler("second:2", monkeypatch)


def _count(_: Callable[[], Actor]) -> dict[str, Any]:
    return {"done": 1}


OFTEN = jobs.Job("often", _count, every_seconds=1, daily_at=None)
DAILY = jobs.Job("daily", _count, every_seconds=None, daily_at="02:00")


def test_one_scheduler_works_while_the_other_waits(two, clock: _Clock) -> None:
    first, second = two
    for _ in range(30):
        assert first.run(OFTEN) == {"done": 1}
        assert second.run(OFTEN) is None
        clock.at += timedelta(seconds=1)


def test_a_killed_scheduler_is_followed_within_the_lease(two, clock: _Clock) -> None:
    first, second = two
    assert first.run(OFTEN)
    clock.at += timedelta(seconds=jobs.LEASE_SECONDS)
    assert second.run(OFTEN) is None
    clock.at += timedelta(seconds=1)
    assert second.run(OFTEN) == {"done": 1}
    assert first.run(OFTEN) is None


def test_a_stopped_scheduler_is_followed_at_once(two, clock: _Clock) -> None:
    first, second = two
    assert first.run(OFTEN)
    second.stop()
    assert second.run(OFTEN) is None, "nobody gives up the lease of another"
    first.stop()
    assert second.run(OFTEN) == {"done": 1}


def test_a_daily_job_runs_once_a_day(two, clock: _Clock) -> None:
    first, _ = two
    assert first.run(DAILY) == {"done": 1}
    clock.at += timedelta(hours=3)
    assert first.run(DAILY) is None
    clock.at += timedelta(days=1)
    assert first.run(DAILY) == {"done": 1}
