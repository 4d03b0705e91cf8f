"""What the clock asks of redemptions."""

from collections.abc import Callable
from functools import partial
from typing import Any

from app.core.actor import Actor
from app.core.db import in_transaction
from app.core.jobs import job
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
