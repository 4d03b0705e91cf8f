"""The scheduler process: APScheduler asks the clock, `core.jobs` decides who may run what.

It never lives inside a web worker. Any number may run; a lease in the database lets one work at a time.
"""

import logging
import signal
from types import FrameType
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from app.core import jobs
from app.core.clock import CHINA

log = logging.getLogger(__name__)


def run_scheduler(app: Flask) -> None:
    """Run every registered job on its schedule until SIGTERM or SIGINT."""
    # One thread: jobs take turns, so the write lock on SQLite is never contended by the scheduler itself.
    scheduler = BlockingScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=CHINA,
    )
    for job in jobs.all_jobs():
        scheduler.add_job(_run, _trigger(job), args=[app, job], id=job.key)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("scheduler runs %s", ", ".join(job.key for job in jobs.all_jobs()))
    scheduler.start()
    with app.app_context():
        jobs.give_up_lease()


def _trigger(job: jobs.Job) -> Any:
    if job.every_seconds is not None:
        return IntervalTrigger(seconds=job.every_seconds, timezone=CHINA)
    assert job.daily_at is not None  # noqa: S101 - a job has one or the other, checked at registration
    hour, minute = job.daily_at.split(":")
    return CronTrigger(hour=int(hour), minute=int(minute), timezone=CHINA)


def _run(app: Flask, job: jobs.Job) -> None:
    try:
        with app.app_context():
            outcome = jobs.run(job)
    except Exception:
        # The next tick tries again; a job is harmless when run twice.
        log.exception("job %s failed", job.key)
        return
    if outcome is not None and any(outcome.values()):
        log.info("job %s: %s", job.key, outcome)
