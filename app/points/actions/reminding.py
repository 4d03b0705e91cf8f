"""Telling people in time that points will expire."""

from app.core.actor import Actor
from app.core.journal import announce
from app.core.upsert import insert_or_ignore
from app.points import queries
from app.points.events import PointsExpiring
from app.points.models import PointsReminder


def remind(actor: Actor, account_id: int, lead_days: int) -> bool:
    """Announce once for each lead that the free points of a pocket will expire. False: announced before, or none left.

    Note and announcement commit together, so the job may be killed anywhere and run again.
    """
    pocket = queries.pocket_to_remind(account_id)
    if pocket is None:
        return False
    told = {"account_id": account_id, "lead_days": lead_days, "told_at": actor.now}
    if not insert_or_ignore(PointsReminder, told):
        return False
    announce(
        actor,
        PointsExpiring(
            subject_id=account_id,
            area_id=pocket.area_id,
            person_id=pocket.person_id,
            points=pocket.free,
            expires_month=pocket.expires_month,
            lead_days=lead_days,
        ),
    )
    return True
