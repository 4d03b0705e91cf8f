"""Points whose month is over."""

from app.core.actor import Actor
from app.core.clock import china_date
from app.core.journal import announce
from app.points import queries
from app.points.actions.books import Side, post, set_closed, shift, system_account
from app.points.events import FundPointsExpired, PointsExpired
from app.points.rules import expiry_run, month_of, month_over, usable
from app.points.terms import AccountKind, TransferKind


def expire(actor: Actor, account_id: int) -> int:
    """Take the free points of a pocket whose month is over; close it when nothing is left. Returns how many.

    What is held stays until its hold is posted or given back; a later run takes what comes free. A run is a day:
    the same pocket on the same day is swept once, so the job may be killed and run again.
    """
    today = china_date(actor.now)
    pocket = queries.lock_to_sweep(account_id)
    if pocket is None or usable(pocket.expires_month, month_of(today)):
        return 0
    run = expiry_run(today)
    free: int = pocket.posted - pocket.held
    if free and queries.swept(run, account_id):
        return 0
    if free:
        transfer_id = post(
            actor,
            kind=TransferKind.EXPIRE,
            cause_id=run,
            part=account_id,
            debit=shift(account_id, posted=-free),
            credit=Side(system_account(AccountKind.EXPIRED, pocket.area_id)),
            amount=free,
            wallet_id=pocket.wallet_id,
            area_id=pocket.area_id,
            at=actor.now,
        )
        if pocket.person_id is None:
            announce(
                actor,
                FundPointsExpired(
                    subject_id=transfer_id,
                    area_id=pocket.area_id,
                    points=free,
                    expires_month=pocket.expires_month,
                ),
            )
        else:
            announce(
                actor,
                PointsExpired(
                    subject_id=transfer_id,
                    area_id=pocket.area_id,
                    person_id=pocket.person_id,
                    points=free,
                    expires_month=pocket.expires_month,
                ),
            )
    if pocket.held == 0:
        # As of the end of its month, not of the sweep's second: so the note can be recounted.
        set_closed(account_id, month_over(pocket.expires_month))
    return free
