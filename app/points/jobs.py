"""What the clock asks of points."""

from collections.abc import Callable
from functools import partial
from typing import Any

from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import in_transaction
from app.core.jobs import job
from app.points import actions, queries
from app.points.rules import month_of


@job("points.expire", daily_at="00:20")
def expire(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Expire what is free in pockets past their month, one transaction each.

    Only the first night of a month finds much; the other nights take what came free since.
    """
    pockets = points = after_id = 0
    this_month = month_of(china_date(actor_now().now))
    while batch := in_transaction(partial(queries.pockets_past, this_month, after_id), write=False):
        for account_id in batch:
            points += in_transaction(partial(actions.expire, actor_now(), account_id), write=True)
        pockets += len(batch)
        after_id = batch[-1]
    return {"pockets": pockets, "points": points}
