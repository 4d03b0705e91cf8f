"""Every select on opportunities, claims, attendances and service records; each says for whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.identity import queries as people
from app.points import queries as bank
from app.policies import queries as policies
from app.policies.queries import ValueInForce
from app.policies.terms import ATTENDANCE_HOURS_MAX, OVERTIME_COUNTED_MINUTES
from app.sites import queries as sites
from app.sites.terms import Direction
from app.volunteer.models import Attendance, Claim, Evidence, Opportunity, ServiceRecord, Shift
from app.volunteer.rules import (
    ClaimedShift,
    Engagement,
    credit,
    explain,
    minutes_payable,
    policies_behind,
    terms_of,
)
from app.volunteer.terms import (
    LIVE,
    ClaimRole,
    ClaimState,
    EvidenceClass,
    OpportunityKind,
    OpportunityState,
    RecordState,
)

if TYPE_CHECKING:
    from app.community.models import Area
    from app.sites.models import Site


# --- opportunities ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpportunityShown:
    """An opportunity with where it is and when."""

    opportunity: Opportunity
    area: "Area"
    site: "Site"
    shifts: Sequence[Shift]


def list_opportunities(
    actor: Actor,
    *,
    limit: int,
    area: str | None = None,
    kind: OpportunityKind | None = None,
    state: OpportunityState = OpportunityState.PUBLISHED,
    cursor: str | None = None,
) -> Page[OpportunityShown]:
    """Opportunities at and below an area, newest first: the published ones that are not over, for everybody.

    Those in any other state are listed for their own admins only. Raises: UnknownArea, CursorInvalid.
    """
    statement = select(Opportunity).where(Opportunity.state == state)
    if state is OpportunityState.PUBLISHED:
        statement = statement.where(
            exists().where(Shift.opportunity_id == Opportunity.id, Shift.ends_at > actor.now)
        )
    else:
        statement = statement.where(_managed_by(actor, Permission.OPPORTUNITY_MANAGE))
    if area is not None:
        inside = communities.ids_within([communities.area_by_code(area).path])
        statement = statement.where(Opportunity.area_id.in_(inside))
    if kind is not None:
        statement = statement.where(Opportunity.kind == kind)
    page = paginate(statement, [Opportunity.id], limit=limit, cursor=cursor)
    return Page(shown(page.items), page.next_cursor)


def opportunity_for(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """An opportunity that is no draft, or a draft of the actor's own area. Raises: NotFound."""
    visible = or_(
        Opportunity.state != OpportunityState.DRAFT,
        _managed_by(actor, Permission.OPPORTUNITY_MANAGE),
    )
    return shown([_opportunity(Opportunity.id == opportunity_id, visible)])[0]


def managed_opportunity(actor: Actor, opportunity_id: int) -> Opportunity:
    """An opportunity of the actor's own area, row locked against claims. Raises: NotFound."""
    return _opportunity(
        Opportunity.id == opportunity_id,
        _managed_by(actor, Permission.OPPORTUNITY_MANAGE),
        lock=True,
    )


def shown(opportunities: Sequence[Opportunity]) -> list[OpportunityShown]:
    """Opportunities that the caller may see, with area, site and shifts."""
    areas = communities.areas_by_id(each.area_id for each in opportunities)
    places = sites.sites_by_id(each.site_id for each in opportunities)
    shifts: dict[int, list[Shift]] = {each.id: [] for each in opportunities}
    for shift in db.session.scalars(
        select(Shift)
        .where(Shift.opportunity_id.in_(shifts))
        .order_by(Shift.starts_at, Shift.id)
        .execution_options(populate_existing=True)
    ):
        shifts[shift.opportunity_id].append(shift)
    return [
        OpportunityShown(each, areas[each.area_id], places[each.site_id], shifts[each.id])
        for each in opportunities
    ]


def shifts_not_over(opportunity_id: int, now: datetime) -> Sequence[int]:
    """Ids of the shifts that still run or are to come."""
    return db.session.scalars(
        select(Shift.id).where(Shift.opportunity_id == opportunity_id, Shift.ends_at > now)
    ).all()


def people_serving(opportunity_id: int) -> int:
    """How many are checked in to it now."""
    return (
        db.session.scalar(
            select(func.count()).where(
                Attendance.opportunity_id == opportunity_id, Attendance.checked_out_at.is_(None)
            )
        )
        or 0
    )


def _opportunity(*conditions: ColumnElement[bool], lock: bool = False) -> Opportunity:
    statement = select(Opportunity).where(*conditions)
    if lock:
        statement = statement.with_for_update(key_share=True)
    opportunity = db.session.scalars(statement).one_or_none()
    if opportunity is None:
        raise NotFound
    return opportunity


def _managed_by(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    return Opportunity.area_id.in_(communities.ids_within(actor.area_paths(permission)))


@dataclass(frozen=True, slots=True)
class Earning:
    """What a service would be paid, why, and the policies that say so."""

    minutes: int
    minutes_planned: int
    points_due: int
    points: int
    """What the caps of today and of this year leave of it."""
    explanation: str
    policies: Sequence[ValueInForce]


def earning_preview(
    actor: Actor,
    opportunity_id: int,
    *,
    minutes: int,
    role: ClaimRole,
    evidence_class: EvidenceClass,
    shift_id: int | None,
) -> Earning:
    """What the actor would earn today by so many minutes of this service. Raises: NotFound."""
    seen = opportunity_for(actor, opportunity_id)
    opportunity, site = seen.opportunity, seen.site
    shift = _shift_of(seen.shifts, shift_id, actor.now)
    policy = policies.rules_at(communities.area_by_id(site.area_id).path, actor.now)
    terms = terms_of(
        policy,
        points_rule=opportunity.points_rule,
        points_fixed=opportunity.points_fixed,
        difficulty=opportunity.difficulty,
        role=role,
    )
    minutes_planned = (shift.ends_at - shift.starts_at) // timedelta(minutes=1)
    counted = minutes_payable(
        minutes,
        minutes_planned,
        overtime_minutes=policy[OVERTIME_COUNTED_MINUTES],
        hours_max=policy[ATTENDANCE_HOURS_MAX],
    )
    worth = credit(counted, minutes_planned, terms, evidence_class=evidence_class)
    points = bank.payable(actor, worth.points_due, policy)
    return Earning(
        minutes=counted,
        minutes_planned=minutes_planned,
        points_due=worth.points_due,
        points=points,
        explanation=explain(
            worth.explanation, RecordState.CONFIRMED, points_due=worth.points_due, points=points
        ),
        policies=policies.explained(policy, policies_behind(terms, evidence_class)),
    )


def _shift_of(shifts: Sequence[Shift], shift_id: int | None, now: datetime) -> Shift:
    """The shift asked for; else the next one, or the last when all are over. Raises: NotFound."""
    if shift_id is None:
        return next((shift for shift in shifts if shift.ends_at > now), shifts[-1])
    for shift in shifts:
        if shift.id == shift_id:
            return shift
    raise NotFound


# --- claims -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """A claim with what it is about; of the person, the masked name only."""

    claim: Claim
    opportunity: Opportunity
    shift: Shift
    site: "Site"
    person_name: str | None
    waiting_position: int | None
    """1 is next in line; None unless the claim waits."""


def shift_to_claim(opportunity_id: int, shift_id: int) -> tuple[Opportunity, Shift]:
    """A shift of an opportunity that is no draft; it can be neither closed nor cancelled until we are done.

    Raises: NotFound.
    """
    row = db.session.execute(
        select(Opportunity, Shift)
        .join(Shift, Shift.opportunity_id == Opportunity.id)
        .where(
            Opportunity.id == opportunity_id,
            Shift.id == shift_id,
            Opportunity.state != OpportunityState.DRAFT,
        )
        .with_for_update(read=True, of=Opportunity)
    ).one_or_none()
    if row is None:
        raise NotFound
    opportunity, shift = row
    return opportunity, shift


ClaimToChange = tuple[Claim, Shift, Opportunity]


def own_claim(actor: Actor, claim_id: int) -> ClaimToChange:
    """The actor's claim, row locked, with its shift and opportunity. Raises: NotFound."""
    return claim_of(actor.person_id, claim_id)


def claim_of(person_id: int, claim_id: int) -> ClaimToChange:
    """A person's claim, row locked, with its shift and opportunity. Raises: NotFound."""
    return _claim_to_change(Claim.id == claim_id, Claim.person_id == person_id)


def claims_not_begun(person_id: int, now: datetime) -> Sequence[int]:
    """Ids of a person's live claims of shifts that are not over and to which the person did not come."""
    return db.session.scalars(
        select(Claim.id)
        .join(Shift, Shift.id == Claim.shift_id)
        .where(
            Claim.person_id == person_id,
            Claim.state.in_(LIVE),
            Shift.ends_at > now,
            ~exists().where(Attendance.claim_id == Claim.id),
        )
        .order_by(Claim.id)
    ).all()


def claim_to_review(actor: Actor, claim_id: int) -> ClaimToChange:
    """A claim within the reviewer's subtree, row locked, with its shift and opportunity. Raises: NotFound."""
    return _claim_to_change(Claim.id == claim_id, _reviewed_by(actor))


def engagements(person_id: int, now: datetime) -> list[Engagement]:
    """What a person holds or waits for, of shifts that are not over. Stable while the person is locked."""
    rows = db.session.execute(
        select(Claim.shift_id, Claim.state, Opportunity.title, Shift.starts_at, Shift.ends_at)
        .join(Shift, Shift.id == Claim.shift_id)
        .join(Opportunity, Opportunity.id == Claim.opportunity_id)
        .where(Claim.person_id == person_id, Claim.state.in_(LIVE), Shift.ends_at > now)
    )
    return [Engagement(*row) for row in rows]


def waiting(shift_id: int) -> Sequence[Claim]:
    """The claims that wait for a place of a shift, first come first."""
    return db.session.scalars(
        select(Claim)
        .where(Claim.shift_id == shift_id, Claim.state == ClaimState.WAITLISTED)
        .order_by(Claim.id)
    ).all()


def lock_shift(shift_id: int) -> None:
    """Hold the shift: from here to the end nobody else takes, frees or begins to wait for a place of it."""
    db.session.execute(
        select(Shift.id).where(Shift.id == shift_id).with_for_update(key_share=True)
    ).one()


def has_attended(claim_id: int) -> bool:
    """Whether somebody came under this claim."""
    return (
        db.session.scalar(select(Attendance.id).where(Attendance.claim_id == claim_id).limit(1))
        is not None
    )


def own_claims(actor: Actor, *, limit: int, cursor: str | None = None) -> Page[ClaimShown]:
    """The actor's claims, newest first. Raises: CursorInvalid."""
    page = paginate(
        select(Claim).where(Claim.person_id == actor.person_id),
        [Claim.id],
        limit=limit,
        cursor=cursor,
    )
    return Page(claims_shown(page.items), page.next_cursor)


def claims_to_review(
    actor: Actor,
    *,
    state: ClaimState,
    limit: int,
    opportunity_id: int | None = None,
    cursor: str | None = None,
) -> Page[ClaimShown]:
    """Claims in one state within the reviewer's subtree: what waits oldest first, the rest newest first.

    Raises: CursorInvalid.
    """
    statement = select(Claim).where(_reviewed_by(actor), Claim.state == state)
    if opportunity_id is not None:
        statement = statement.where(Claim.opportunity_id == opportunity_id)
    page = paginate(
        statement,
        [Claim.id],
        limit=limit,
        cursor=cursor,
        descending=state not in (ClaimState.PENDING, ClaimState.WAITLISTED),
    )
    return Page(claims_shown(page.items), page.next_cursor)


def claim_by_id(claim_id: int) -> ClaimShown:
    """A claim, for a reaction to what happened to it. Raises: NotFound."""
    claim = db.session.get(Claim, claim_id)
    if claim is None:
        raise NotFound
    return claims_shown([claim])[0]


def all_claims_of(person_id: int) -> list[ClaimShown]:
    """All of a person's claims, for the person's export."""
    return claims_shown(_all_of(Claim, person_id))


def claims_shown(claims: Sequence[Claim]) -> list[ClaimShown]:
    """Claims that the caller may see, with what they are about."""
    opportunities, shifts, places = _about(claims)
    names = people.masked_names(claim.person_id for claim in claims)
    positions = _waiting_positions(claims)
    return [
        ClaimShown(
            claim,
            opportunities[claim.opportunity_id],
            shifts[claim.shift_id],
            places[opportunities[claim.opportunity_id].site_id],
            names.get(claim.person_id),
            positions.get(claim.id),
        )
        for claim in claims
    ]


def _reviewed_by(actor: Actor) -> ColumnElement[bool]:
    paths = actor.area_paths(Permission.CLAIM_REVIEW)
    return Claim.area_id.in_(communities.ids_within(paths))


def _claim_to_change(*conditions: ColumnElement[bool]) -> ClaimToChange:
    # First the opportunity, so that it is not cancelled meanwhile; then the claim itself.
    found = db.session.execute(
        select(Claim.id, Shift, Opportunity)
        .join(Shift, Shift.id == Claim.shift_id)
        .join(Opportunity, Opportunity.id == Claim.opportunity_id)
        .where(*conditions)
        .with_for_update(read=True, of=Opportunity)
    ).one_or_none()
    if found is None:
        raise NotFound
    claim_id, shift, opportunity = found
    claim = db.session.scalars(
        select(Claim).where(Claim.id == claim_id).with_for_update(key_share=True)
    ).one()
    return claim, shift, opportunity


def _waiting_positions(claims: Sequence[Claim]) -> Mapping[int, int]:
    waiting_ids = [claim.id for claim in claims if claim.state == ClaimState.WAITLISTED]
    if not waiting_ids:
        return {}
    before = aliased(Claim)
    rows = db.session.execute(
        select(Claim.id, func.count(before.id))
        .join(
            before,
            (before.shift_id == Claim.shift_id)
            & (before.state == ClaimState.WAITLISTED)
            & (before.id <= Claim.id),
        )
        .where(Claim.id.in_(waiting_ids))
        .group_by(Claim.id)
    )
    return {row[0]: row[1] for row in rows}


def _about(
    rows: Sequence[Claim] | Sequence[Attendance],
) -> tuple[Mapping[int, Opportunity], Mapping[int, Shift], Mapping[int, "Site"]]:
    opportunities = _opportunities_by_id(row.opportunity_id for row in rows)
    shifts = {
        shift.id: shift
        for shift in db.session.scalars(
            select(Shift).where(Shift.id.in_({row.shift_id for row in rows}))
        )
    }
    return opportunities, shifts, sites.sites_by_id(o.site_id for o in opportunities.values())


def _opportunities_by_id(ids: Iterable[int]) -> Mapping[int, Opportunity]:
    found = db.session.scalars(select(Opportunity).where(Opportunity.id.in_(set(ids))))
    return {opportunity.id: opportunity for opportunity in found}


# --- attendance ---------------------------------------------------------------------------------------------


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
    return _attendances_shown(_all_of(Attendance, person_id))


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
    opportunities, shifts, _ = _about(attendances)
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


# --- service records ----------------------------------------------------------------------------------------


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
        .where(ServiceRecord.id == record_id, _records_reviewed_by(actor))
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
    statement = select(ServiceRecord).where(
        _records_reviewed_by(actor), ServiceRecord.state == state
    )
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
    return records_shown(_all_of(ServiceRecord, person_id))


def records_shown(records: Sequence[ServiceRecord]) -> list[RecordShown]:
    """Records that the caller may see, with what they were for."""
    opportunities = _opportunities_by_id(record.opportunity_id for record in records)
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


def _records_reviewed_by(actor: Actor) -> ColumnElement[bool]:
    paths = actor.area_paths(Permission.SERVICE_RECORD_REVIEW)
    return ServiceRecord.area_id.in_(communities.ids_within(paths))


OfPerson = TypeVar("OfPerson", Claim, Attendance, ServiceRecord)


def _all_of(model: type[OfPerson], person_id: int) -> Sequence[OfPerson]:
    statement = select(model).where(model.person_id == person_id).order_by(model.id)
    return db.session.scalars(statement).all()
