"""Deciding on service records that wait for an admin's word."""

from typing import Any

from sqlalchemy import update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.points import actions as points
from app.points.terms import Earned, TransferKind
from app.sites import queries as sites
from app.volunteer import queries
from app.volunteer.errors import OwnServiceRecord, ServiceRecordDecided
from app.volunteer.events import ServiceRecordApproved, ServiceRecordDeclined
from app.volunteer.models import ServiceRecord
from app.volunteer.queries import RecordShown
from app.volunteer.terms import RecordState


def approve(actor: Actor, record_id: int) -> RecordShown:
    """Confirm a waiting record and credit what was due, as the rules of the day of service say.

    Raises: NotFound, OwnServiceRecord, ServiceRecordDecided.
    """
    record = _to_decide(actor, record_id)
    _decide(actor, record, RecordState.CONFIRMED)
    earned = Earned(0)
    if record.points_due:
        area = communities.area_by_id(sites.site_by_id(record.site_id).area_id)
        earned = points.earn(
            actor,
            person_id=record.person_id,
            area_id=area.id,
            area_path=area.path,
            amount=record.points_due,
            kind=TransferKind.SERVICE,
            cause_id=record.id,
            at=record.ended_at,
        )
        db.session.execute(
            update(ServiceRecord)
            .where(ServiceRecord.id == record.id)
            .values(points=earned.points, explanation=record.explanation + earned.shortfall)
        )
    announce(
        actor,
        ServiceRecordApproved(
            subject_id=record.id,
            area_id=record.area_id,
            person_id=record.person_id,
            minutes=record.minutes,
            points=earned.points,
        ),
    )
    return queries.records_shown([record])[0]


def decline(actor: Actor, body: dict[str, Any], record_id: int) -> RecordShown:
    """Refuse a waiting record, with the reason; it stays as a declined one and pays nothing.

    Raises: NotFound, OwnServiceRecord, ServiceRecordDecided.
    """
    record = _to_decide(actor, record_id)
    _decide(actor, record, RecordState.DECLINED, reason=body["reason"])
    announce(
        actor,
        ServiceRecordDeclined(
            subject_id=record.id,
            area_id=record.area_id,
            person_id=record.person_id,
            minutes=record.minutes,
        ),
    )
    return queries.records_shown([record])[0]


def _to_decide(actor: Actor, record_id: int) -> ServiceRecord:
    record = queries.record_to_review(actor, record_id)
    if record.person_id == actor.person_id:
        raise OwnServiceRecord
    return record


def _decide(actor: Actor, record: ServiceRecord, after: RecordState, **values: Any) -> None:
    decided = db.session.execute(
        update(ServiceRecord)
        .where(ServiceRecord.id == record.id, ServiceRecord.state == RecordState.WAITING)
        .values(state=after, decided_at=actor.now, decided_by=actor.person_id, **values)
        .returning(ServiceRecord.id)
    ).first()
    if decided is None:
        raise ServiceRecordDecided
