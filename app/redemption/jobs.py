"""What the clock asks of redemptions."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from app.config import settings
from app.core.actor import Actor
from app.core.db import in_transaction
from app.core.jobs import job
from app.integrations import files
from app.redemption import actions, queries


@job("redemption.lapse", every_seconds=60)
def lapse(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Give back what nobody collected in time, one transaction an order."""
    lapsed = after_id = 0
    due = actor_now().now
    while batch := in_transaction(partial(queries.uncollected, due, after_id), write=False):
        for redemption_id in batch:
            lapsed += in_transaction(partial(actions.lapse, actor_now(), redemption_id), write=True)
        after_id = batch[-1]
    return {"lapsed": lapsed}


@job("redemption.sweep_pictures", daily_at="03:40")
def sweep_pictures(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Remove pictures that no reward shows any more; a day's grace lets those who still see the old one see it."""
    wanted = in_transaction(queries.pictures_wanted, write=False)
    before = actor_now().now - timedelta(days=1)
    return {"pictures": files.sweep(settings().files_dir, wanted, before)}
