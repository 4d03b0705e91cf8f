"""What the clock asks for."""

from collections.abc import Callable
from functools import partial
from typing import Any

from app.core.actor import Actor
from app.core.db import in_transaction
from app.core.jobs import job
from app.micro_wish import actions, queries

CLAIMS_PER_ROUND = 500


@job("micro_wish.release", every_seconds=3600)
def release(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Give wishes whose claimers let the deadline pass back to the wall, one transaction each."""
    lapsed = 0
    while True:
        overdue = in_transaction(
            partial(queries.claims_past_due, actor_now().now, claims_max=CLAIMS_PER_ROUND),
            write=False,
        )
        for claim_id in overdue:
            lapsed += in_transaction(partial(actions.lapse, actor_now(), claim_id), write=True)
        if len(overdue) < CLAIMS_PER_ROUND:
            return {"claims_lapsed": lapsed}
