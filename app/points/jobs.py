"""What the clock asks of points."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import in_transaction
from app.core.jobs import job
from app.points import actions, queries, reconciler, seals
from app.points.alerts import raise_alerts
from app.points.rules import month_of
from app.points.terms import REMIND_DAYS_BEFORE, Breach


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


_trail = seals.Trail()


@job("points.seal", every_seconds=10)
def seal(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Seal what has settled; whatever committed late is sealed too, and an alert says so."""
    actor = actor_now()
    ripe = _trail.ripe(actor.now, in_transaction(seals.marks, write=False))
    sealed = seals.seal(actor, ripe)
    late = [
        Breach("R11", book, id_, "committed after its neighbours were sealed")
        for book, id_ in sealed.late
    ]
    return {"blocks": sealed.blocks, "rows": sealed.rows, "late": raise_alerts(actor, late)}


@job("points.reconcile", daily_at="02:40")
def reconcile(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Prove the books; a breach freezes the wallet concerned and raises an alert."""
    done = reconciler.reconcile(actor_now())
    return {
        "transfers": done.transfers,
        "breaches": len(done.breaches),
        "alerts": done.alerts_raised,
    }


@job("points.remind", daily_at="09:00")
def remind(actor_now: Callable[[], Actor]) -> dict[str, Any]:
    """Tell people 30 and 7 days before that points will expire, one transaction for each pocket.

    A day on which nothing ran is made up for: whoever is nearer than a lead and was not told yet is told.
    """
    told = 0
    today = china_date(actor_now().now)
    for lead_days, nearer_days in pairwise((*REMIND_DAYS_BEFORE, -1)):
        after_id = 0
        find = partial(queries.pockets_to_remind, today, lead_days, nearer_days)
        while batch := in_transaction(partial(find, after_id), write=False):
            for account_id in batch:
                tell = partial(actions.remind, actor_now(), account_id, lead_days)
                told += in_transaction(tell, write=True)
            after_id = batch[-1]
    return {"told": told}
