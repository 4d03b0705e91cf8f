"""Selects on who is or was there, and the evidence for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ScalarSelect, bindparam, cast, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.prepared import Prepared
from app.sites import queries as sites
from app.sites.terms import Direction
from app.volunteer.models import Attendance, Claim, Evidence, Opportunity, ServiceRecord, Shift
from app.volunteer.queries.shared import about, all_of
from app.volunteer.rules import ClaimedShift
from app.volunteer.terms import ClaimState, RecordState

if TYPE_CHECKING:
    from app.sites.models import Site


@dataclass(frozen=True, slots=True)
class Presence:
    """A person's latest attendance with what checking out needs. Columns, not mapped objects: every scan asks."""

    id: int
    claim_id: int
    shift_id: int
    opportunity_id: int
    area_id: int
    site_id: int
    title: str
    checked_in_at: datetime
    checked_out_at: datetime | None
    starts_at: datetime
    ends_at: datetime
    points_rule: str
    points_fixed: int | None
    difficulty: int
    role: str
    minutes_before: int
    points_due_before: int
    """What earlier presences under the same claim made; a declined record made nothing."""


def _sum_of_earlier(column: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    # PostgreSQL sums 64-bit integers into a decimal.
    return (
        select(cast(func.coalesce(func.sum(column), 0), BigInteger))
        .where(
            ServiceRecord.claim_id == Attendance.claim_id,
            ServiceRecord.state != RecordState.DECLINED,
        )
        .scalar_subquery()
    )


# Put together once: every scan asks it.
_PRESENCE = (
    select(
        Attendance.id,
        Attendance.claim_id,
        Attendance.shift_id,
        Attendance.opportunity_id,
        Opportunity.area_id,
        Attendance.site_id,
        Opportunity.title,
        Attendance.checked_in_at,
        Attendance.checked_out_at,
        Shift.starts_at,
        Shift.ends_at,
        Opportunity.points_rule,
        Opportunity.points_fixed,
        Opportunity.difficulty,
        Claim.role,
        _sum_of_earlier(ServiceRecord.minutes),
        _sum_of_earlier(ServiceRecord.points_due),
    )
    .join(Shift, Shift.id == Attendance.shift_id)
    .join(Opportunity, Opportunity.id == Attendance.opportunity_id)
    .join(Claim, Claim.id == Attendance.claim_id)
    .where(Attendance.person_id == bindparam("person_id"))
    .order_by(Attendance.id.desc())
    .limit(1)
)
_LATEST_PRESENCE = Prepared(_PRESENCE)
_LATEST_PRESENCE_LOCKED = Prepared(_PRESENCE.with_for_update(key_share=True, of=Attendance))


def latest_presence(person_id: int, *, lock: bool) -> Presence | None:
    """The person's open attendance, else the one that ended last."""
    statement = _LATEST_PRESENCE_LOCKED if lock else _LATEST_PRESENCE
    row = statement.first({"person_id": person_id})
    return None if row is None else Presence(*row)


def claims_to_check_in(person_id: int, site_id: int, at: datetime) -> list[ClaimedShift]:
    """Approved claims at this site of shifts around `at`; none of them can be cancelled until we are done."""
    # No policy opens a check-in more than a day early or lets it stand a day late; the rule looks closely.
    around = timedelta(days=1)
    rows = db.session.execute(
        select(
            Claim.id,
            Claim.shift_id,
            Claim.opportunity_id,
            Claim.area_id,
            Opportunity.title,
            Shift.starts_at,
            Shift.ends_at,
        )
        .join(Shift, Shift.id == Claim.shift_id)
        .join(Opportunity, Opportunity.id == Claim.opportunity_id)
        .where(
            Claim.person_id == person_id,
            Claim.state == ClaimState.APPROVED,
            Opportunity.site_id == site_id,
            Shift.starts_at <= at + around,
            Shift.ends_at >= at - around,
        )
        .with_for_update(read=True, of=[Claim, Opportunity])
    )
    return [ClaimedShift(*row) for row in rows]


def evidence_of(attendance_id: int, direction: Direction) -> Sequence[str]:
    """The kinds of evidence for one end of a presence, first come first."""
    return db.session.scalars(
        select(Evidence.kind)
        .where(Evidence.attendance_id == attendance_id, Evidence.direction == direction)
        .order_by(Evidence.received_at, Evidence.kind)
    ).all()


@dataclass(frozen=True, slots=True)
class AttendanceShown:
    """An attendance with what it was for."""

    attendance: Attendance
    opportunity: Opportunity
    shift: Shift
    site: "Site"
    evidence: Sequence[Evidence]


def own_attendances(
    actor: Actor, *, limit: int, cursor: str | None = None
) -> Page[AttendanceShown]:
    """The actor's attendances, newest first. Raises: CursorInvalid."""
    page = paginate(
        select(Attendance).where(Attendance.person_id == actor.person_id),
        [Attendance.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(_attendances_shown(page.items), page.next_cursor)


def all_attendances_of(person_id: int) -> list[AttendanceShown]:
    """All of a person's attendances, for the person's export."""
    return _attendances_shown(all_of(Attendance, person_id))


def attendance_by_id(attendance_id: int) -> AttendanceShown:
    """An attendance, for the record that it made. Raises: NotFound."""
    attendance = db.session.get(Attendance, attendance_id)
    if attendance is None:
        raise NotFound
    return _attendances_shown([attendance])[0]


def is_checked_in(person_id: int) -> bool:
    """Whether the person is serving now."""
    checked_in = exists().where(
        Attendance.person_id == person_id, Attendance.checked_out_at.is_(None)
    )
    return db.session.scalar(select(checked_in)) is True


def _attendances_shown(attendances: Sequence[Attendance]) -> list[AttendanceShown]:
    opportunities, shifts, _ = about(attendances)
    places = sites.sites_by_id(each.site_id for each in attendances)
    evidence: dict[int, list[Evidence]] = {each.id: [] for each in attendances}
    for item in db.session.scalars(
        select(Evidence)
        .where(Evidence.attendance_id.in_(evidence))
        .order_by(Evidence.received_at, Evidence.kind)
    ):
        evidence[item.attendance_id].append(item)
    return [
        AttendanceShown(
            each,
            opportunities[each.opportunity_id],
            shifts[each.shift_id],
            places[each.site_id],
            evidence[each.id],
        )
        for each in attendances
    ]
