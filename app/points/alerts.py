"""What a recount found wrong: an alert for each breach, and a frozen wallet where one is concerned.

A wallet with an open alert neither earns nor spends (`AccountFrozen`). The check stands in the very statements that
read the wallet anyway, against an index that is empty as long as the books are in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Select, or_, select, text, update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db, in_transaction
from app.core.errors import NotFound
from app.core.journal import announce
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.core.upsert import insert_or_ignore
from app.points.errors import AlertAlreadyLifted
from app.points.events import LedgerAlertLifted, LedgerBreach
from app.points.models import LedgerAlert
from app.points.terms import DETAIL_LENGTH_MAX, Breach

# Whose points a row is about, and where: (wallet_id, area_id). What is not here concerns the books as a whole.
_CONCERNED = {
    "account": "SELECT wallet_id, area_id FROM account WHERE id = :id",
    "transfer": "SELECT wallet_id, area_id FROM transfer WHERE id = :id",
    "hold": "SELECT wallet_id, area_id FROM hold WHERE cause_id = :id",
    "wallet": """
        SELECT w.id, COALESCE(w.area_id, p.home_area_id) FROM wallet w
          LEFT JOIN person p ON p.id = w.person_id WHERE w.id = :id""",
    "grant": """
        SELECT w.id, g.area_id FROM points_grant g
          LEFT JOIN wallet w ON w.person_id = g.person_id WHERE g.id = :id""",
    "redemption": """
        SELECT w.id, r.area_id FROM redemption r
          LEFT JOIN wallet w ON w.person_id = r.person_id WHERE r.id = :id""",
    "reward": "SELECT CAST(NULL AS BIGINT), area_id FROM reward WHERE id = :id",
}
_CONCERNED["points_grant"] = _CONCERNED["grant"]


def raise_alerts(actor: Actor, breaches: Iterable[Breach]) -> int:
    """Raise an alert for each breach that has no open one, in a transaction each. Returns how many are new."""
    return sum(in_transaction(partial(_raise, actor, breach), write=True) for breach in breaches)


def _raise(actor: Actor, breach: Breach) -> bool:
    wallet_id, area_id = _concerned(breach)
    raised = insert_or_ignore(
        LedgerAlert,
        {
            "invariant": breach.invariant,
            "subject": breach.subject,
            "subject_id": breach.subject_id,
            "detail": breach.detail[:DETAIL_LENGTH_MAX],
            "wallet_id": wallet_id,
            "area_id": area_id,
            "raised_at": actor.now,
        },
    )
    if raised:
        alert_id = db.session.scalars(
            select(LedgerAlert.id).where(
                LedgerAlert.invariant == breach.invariant,
                LedgerAlert.subject == breach.subject,
                LedgerAlert.subject_id == breach.subject_id,
                LedgerAlert.lifted_at.is_(None),
            )
        ).one()
        announce(
            actor,
            LedgerBreach(
                subject_id=alert_id, area_id=area_id, code=breach.invariant, wallet_id=wallet_id
            ),
        )
    return raised


def _concerned(breach: Breach) -> tuple[int | None, int | None]:
    asked = _CONCERNED.get(breach.subject)
    row = asked and db.session.execute(text(asked), {"id": breach.subject_id}).first()
    if not row:
        return None, None
    wallet_id, area_id = row
    # The row that points to them may be the very one that was tampered with.
    if wallet_id and not db.session.scalar(
        text("SELECT 1 FROM wallet WHERE id = :id"), {"id": wallet_id}
    ):
        wallet_id = None
    if area_id and not db.session.scalar(
        text("SELECT 1 FROM area WHERE id = :id"), {"id": area_id}
    ):
        area_id = None
    return wallet_id, area_id


@dataclass(frozen=True, slots=True)
class AlertLifted:
    """An alert that is over."""

    id: int
    lifted_at: datetime
    reason: str


def alerts(
    actor: Actor, *, open_only: bool = True, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[LedgerAlert]:
    """Alerts of the actor's part of the tree, newest first, and those about the books as a whole.

    Raises: CursorInvalid.
    """
    asked = _visible(actor, Permission.ALERT_READ)
    if open_only:
        asked = asked.where(LedgerAlert.lifted_at.is_(None))
    return paginate(asked, [LedgerAlert.id], limit=limit, cursor=cursor)


def lift(actor: Actor, alert_id: int, *, reason: str) -> AlertLifted:
    """Lift an alert once its cause is found; the next recount raises it again if something is still wrong.

    Raises: NotFound, AlertAlreadyLifted.
    """
    alert = db.session.scalars(
        _visible(actor, Permission.ALERT_LIFT).where(LedgerAlert.id == alert_id)
    ).first()
    if alert is None:
        raise NotFound
    lifted = db.session.execute(
        update(LedgerAlert)
        .where(LedgerAlert.id == alert_id, LedgerAlert.lifted_at.is_(None))
        .values(lifted_at=actor.now, lifted_by=actor.person_id, lift_reason=reason)
        .returning(LedgerAlert.id)
    ).first()
    if lifted is None:
        raise AlertAlreadyLifted
    announce(
        actor,
        LedgerAlertLifted(
            subject_id=alert_id,
            area_id=alert.area_id,
            code=alert.invariant,
            wallet_id=alert.wallet_id,
        ),
    )
    return AlertLifted(alert_id, actor.now, reason)


def _visible(actor: Actor, permission: Permission) -> Select[tuple[LedgerAlert]]:
    return select(LedgerAlert).where(
        or_(
            LedgerAlert.area_id.in_(communities.ids_within(actor.area_paths(permission))),
            LedgerAlert.area_id.is_(None),
        )
    )
