"""Clearing away answers that no phone will ask for again."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from app.core.actor import Actor
from app.core.db import in_transaction
from app.core.jobs import job
from app.web import idempotency


@job("web.purge_answers", every_seconds=3600)
def purge_answers(system_at: Callable[[], Actor]) -> dict[str, Any]:
    """Remove stored answers that are older than a repeat can be."""
    before = system_at().now - timedelta(days=idempotency.KEEP_DAYS)
    total = 0
    while removed := in_transaction(partial(idempotency.purge, before), write=True):
        total += removed
    return {"answers": total}
