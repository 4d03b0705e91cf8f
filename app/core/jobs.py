"""What the clock asks for. A job is a short function with its schedule beside it, harmless when run twice.

Three lines of defence, the third being the one that counts: a lease (one scheduler works at a time), one
`job_run` row per job and period, and the natural key of every item the job touches.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import String, delete, or_, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core.actor import Actor, system
from app.core.clock import china_date, now
from app.core.db import Model, db, in_transaction
from app.core.journal import deliver
from app.core.upsert import insert_or_ignore

LEASE_SECONDS = 10
"""How long messages wait after a scheduler was killed. A job that runs longer loses the lease, which is harmless."""


class JobRun(Model):
    """One run of one job for one period ("2026-11-20", or "" for jobs that may run at any time)."""

    __tablename__ = "job_run"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    period: Mapped[str] = mapped_column(String(30), primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]


class Lease(Model):
    """Who may run jobs until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime]


JobWork = Callable[[Callable[[], Actor]], dict[str, Any]]
"""A job gets a source of fresh system actors (one per item it works on) and returns countable results."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job and when it runs: every so many seconds, or daily at a time in China."""

    key: str
    work: JobWork
    every_seconds: int | None
    daily_at: str | None


_jobs: dict[str, Job] = {}


def job(
    key: str, *, every_seconds: int | None = None, daily_at: str | None = None
) -> Callable[[JobWork], JobWork]:
    """Register a job. Give either `every_seconds` or `daily_at` ("HH:MM", Asia/Shanghai)."""
    if (every_seconds is None) == (daily_at is None):
        raise ValueError("a job runs either every so many seconds or daily at a time")

    def register(work: JobWork) -> JobWork:
        _jobs[key] = Job(key, work, every_seconds, daily_at)
        return work

    return register


def all_jobs() -> tuple[Job, ...]:
    """Every registered job."""
    return tuple(_jobs.values())


def run(job_: Job) -> dict[str, Any] | None:
    """Run one job now unless another scheduler holds the lease or this period is done. None: not run.

    Must be called inside an app context and outside a transaction.
    """
    started = now()
    if not _lease_is_ours(started):
        return None
    period = china_date(started).isoformat() if job_.daily_at else ""
    if period and not in_transaction(partial(_open_run, job_.key, period, started), write=True):
        return None
    outcome = job_.work(lambda: system(now()))
    if period:
        in_transaction(partial(_close_run, job_.key, period, outcome), write=True)
    return outcome


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


_held_until = datetime.min.replace(tzinfo=UTC)


def _lease_is_ours(at: datetime) -> bool:
    """Renewed at half-time, not at every job: jobs run every second and the lease is a row to write."""
    global _held_until  # noqa: PLW0603 - one scheduler per process, by design
    if at + timedelta(seconds=LEASE_SECONDS / 2) < _held_until:
        return True
    if not in_transaction(partial(_take_lease, at), write=True):
        return False
    _held_until = at + timedelta(seconds=LEASE_SECONDS)
    return True


def give_up_lease() -> None:
    """Let the next scheduler begin at once: for one that stops in order. Outside a transaction."""
    global _held_until  # noqa: PLW0603 - as above
    _held_until = datetime.min.replace(tzinfo=UTC)
    in_transaction(_drop_lease, write=True)


def _drop_lease() -> None:
    db.session.execute(delete(Lease).where(Lease.name == "scheduler", Lease.owner == _owner()))


def _take_lease(at: datetime) -> bool:
    until = at + timedelta(seconds=LEASE_SECONDS)
    if insert_or_ignore(Lease, {"name": "scheduler", "owner": _owner(), "until": until}):
        return True
    taken = db.session.execute(
        update(Lease)
        .where(Lease.name == "scheduler", or_(Lease.owner == _owner(), Lease.until < at))
        .values(owner=_owner(), until=until)
        .returning(Lease.name)
    ).first()
    return taken is not None


def _open_run(key: str, period: str, at: datetime) -> bool:
    """True unless the run of this period has finished; one that was killed half-way is taken up again."""
    if insert_or_ignore(JobRun, {"key": key, "period": period, "started_at": at}):
        return True
    run_ = db.session.get_one(JobRun, (key, period))
    return run_.finished_at is None


def _close_run(key: str, period: str, outcome: dict[str, Any]) -> None:
    db.session.execute(
        update(JobRun)
        .where(JobRun.key == key, JobRun.period == period)
        .values(finished_at=now(), outcome=outcome)
    )


@job("journal.deliver", every_seconds=1)
def deliver_journal(system_at: Callable[[], Actor]) -> dict[str, Any]:
    """Let the readers of the journal answer what has been announced."""
    return {"answered": deliver(system_at)}
