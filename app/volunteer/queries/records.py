"""Selects on service records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, select

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people
from app.sites import queries as sites
from app.volunteer.models import Opportunity, ServiceRecord
from app.volunteer.queries.shared import all_of, opportunities_by_id
from app.volunteer.rules import explain
from app.volunteer.terms import RecordState

if TYPE_CHECKING:
    from app.sites.models import Site


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A service record with what it was for; of the person, the masked name only."""

    record: ServiceRecord
    opportunity: Opportunity
    site: "Site"
    person_name: str | None

    @property
    def explanation(self) -> str:
        """Why these points."""
        return explain(
            self.record.explanation,
            self.record.state,
            points_due=self.record.points_due,
            points=self.record.points,
        )


def record_of(attendance_id: int) -> ServiceRecord:
    """The record that an ended attendance made."""
    return db.session.scalars(
        select(ServiceRecord).where(ServiceRecord.attendance_id == attendance_id)
    ).one()


def record_to_review(actor: Actor, record_id: int) -> ServiceRecord:
    """A record within the reviewer's subtree, row locked. Raises: NotFound."""
    record = db.session.scalars(
        select(ServiceRecord)
        .where(ServiceRecord.id == record_id, _reviewed_by(actor))
        .with_for_update(key_share=True)
    ).one_or_none()
    if record is None:
        raise NotFound
    return record


def own_records(actor: Actor, *, limit: int, cursor: str | None = None) -> Page[RecordShown]:
    """The actor's service records, newest first. Raises: CursorInvalid."""
    statement = select(ServiceRecord).where(ServiceRecord.person_id == actor.person_id)
    return _records(statement, limit=limit, cursor=cursor, descending=True)


def records_to_review(
    actor: Actor, *, state: RecordState, limit: int, cursor: str | None = None
) -> Page[RecordShown]:
    """Records in one state within the reviewer's subtree: waiting ones oldest first, the rest newest first.

    Raises: CursorInvalid.
    """
    statement = select(ServiceRecord).where(_reviewed_by(actor), ServiceRecord.state == state)
    return _records(
        statement, limit=limit, cursor=cursor, descending=state is not RecordState.WAITING
    )


CATEGORY_OF_RECORD = select(
    ServiceRecord.id.label("cause_id"), Opportunity.category.label("class_name")
).join(Opportunity, Opportunity.id == ServiceRecord.opportunity_id)
"""What each service was about, for reports on what it was paid."""


def titles_of_records(record_ids: Sequence[int]) -> Mapping[int, str]:
    """What was served, by record."""
    rows = db.session.execute(
        select(ServiceRecord.id, Opportunity.title)
        .join(Opportunity, Opportunity.id == ServiceRecord.opportunity_id)
        .where(ServiceRecord.id.in_(record_ids))
    )
    return {row.id: row.title for row in rows}


def record_by_id(record_id: int) -> RecordShown:
    """A record, for a reaction to what happened to it. Raises: NotFound."""
    record = db.session.get(ServiceRecord, record_id)
    if record is None:
        raise NotFound
    return records_shown([record])[0]


def all_records_of(person_id: int) -> list[RecordShown]:
    """All of a person's service records, for the person's export."""
    return records_shown(all_of(ServiceRecord, person_id))


def records_shown(records: Sequence[ServiceRecord]) -> list[RecordShown]:
    """Records that the caller may see, with what they were for."""
    opportunities = opportunities_by_id(record.opportunity_id for record in records)
    places = sites.sites_by_id(record.site_id for record in records)
    names = people.masked_names(record.person_id for record in records)
    return [
        RecordShown(
            record,
            opportunities[record.opportunity_id],
            places[record.site_id],
            names.get(record.person_id),
        )
        for record in records
    ]


def _records(
    statement: Select[tuple[ServiceRecord]], *, limit: int, cursor: str | None, descending: bool
) -> Page[RecordShown]:
    page = paginate(
        statement, [ServiceRecord.id], limit=limit, cursor=cursor, descending=descending
    )
    return Page(records_shown(page.items), page.next_cursor)


def _reviewed_by(actor: Actor) -> ColumnElement[bool]:
    paths = actor.area_paths(Permission.SERVICE_RECORD_REVIEW)
    return ServiceRecord.area_id.in_(communities.ids_within(paths))
