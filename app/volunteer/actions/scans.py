"""Scanning in and out, from either side: one presence, one record, one payment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update

from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.prepared import Prepared
from app.core.upsert import insert_or_ignore
from app.identity import queries as people
from app.points import actions as points
from app.points.terms import Earned, TransferKind
from app.policies.terms import (
    ATTENDANCE_HOURS_MAX,
    CHECK_IN_OPENS_MINUTES,
    DEVICE_TIME_MINUTES_MAX,
    OVERTIME_COUNTED_MINUTES,
    PHONE_TIME_MINUTES_MAX,
    SERVICE_RECORDS_NEED_REVIEW,
)
from app.sites import actions as codes
from app.sites import queries as sites
from app.sites.errors import CodeReplayed
from app.sites.terms import CLOCK_SECONDS_TOLERATED, Direction, Distance, ScanSite
from app.volunteer import queries, rules
from app.volunteer.errors import (
    CheckedInElsewhere,
    NoClaimHereNow,
    NotCheckedIn,
    ScanOutOfOrder,
    ScanSelf,
)
from app.volunteer.events import CheckedIn, CheckedOut, PresenceConfirmed
from app.volunteer.models import ATTENDANCE, EVIDENCE, SERVICE_RECORD, Evidence
from app.volunteer.queries import Presence
from app.volunteer.rules import Credit
from app.volunteer.terms import CHECKED_IN_ZH, EvidenceClass, EvidenceKind, RecordState


@dataclass(frozen=True, slots=True)
class Scan:
    """One good scan: who was seen where and when, and by what."""

    person_id: int
    site: ScanSite
    at: datetime
    kind: EvidenceKind
    code: str
    device_at: datetime | None
    distance: Distance | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """An attendance as a scan's answer shows it."""

    id: int
    site_id: int
    site_name: str
    opportunity_id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    checked_in_at: datetime
    checked_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordMade:
    """The service record as a scan's answer shows it."""

    id: int
    state: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan did, or had done when it came before."""

    attendance: Visit
    direction: Direction
    evidence: Sequence[str]
    explanation: str
    minutes: int = 0
    points: int = 0
    record: RecordMade | None = None
    person_name: str | None = None


def scan_site(actor: Actor, body: dict[str, Any]) -> Scanned:
    """The actor scanned the code of a station.

    Raises: DeviceTimeAhead, DeviceTimeTooOld, and what `sites.actions.read_site_code` and `_scan` raise.
    """
    at = rules.moment_of_scan(body["at"], actor.now, CLOCK_SECONDS_TOLERATED)
    site = codes.read_site_code(actor, body["code"], at=at)
    rules.check_age(at, actor.now, site.rules[PHONE_TIME_MINUTES_MAX])
    scan = Scan(
        person_id=actor.person_id,
        site=site,
        at=at,
        kind=EvidenceKind.ROTATING_CODE,
        code=body["code"],
        device_at=body["at"],
        distance=codes.distance_from(site, body["place"]),
    )
    return _scan(actor, scan, body["direction"])


def scan_pass(actor: Actor, body: dict[str, Any]) -> Scanned:
    """Staff of a site scanned the pass of a member, who is named (masked) in the answer.

    Raises: NotFound, SiteClosed, DeviceTimeAhead, DeviceTimeTooOld, ScanSelf, and what `sites.actions.read_pass`
    and `_scan` raise.
    """
    at = rules.moment_of_scan(body["at"], actor.now, CLOCK_SECONDS_TOLERATED)
    site = sites.scan_site_for(actor, Permission.SCAN_MEMBER, body["site_id"], at)
    rules.check_age(at, actor.now, site.rules[DEVICE_TIME_MINUTES_MAX])
    person_id = codes.read_pass(actor, body["code"], at=at, site=site)
    if person_id == actor.person_id:
        raise ScanSelf
    scan = Scan(
        person_id=person_id,
        site=site,
        at=at,
        kind=EvidenceKind.STAFF_SCAN,
        code=body["code"],
        device_at=body["at"],
    )
    scanned = _scan(actor, scan, body["direction"])
    return replace(scanned, person_name=people.masked_names([person_id]).get(person_id))


def _scan(actor: Actor, scan: Scan, direction: Direction | None) -> Scanned:
    """Let a person in or out, or confirm from the other side that they came or went.

    Raises: CheckedInElsewhere, CodeReplayed, NoClaimHereNow, NotCheckedIn, ScanOutOfOrder, NotFound for a person
    whose account was deleted.
    """
    latest = queries.latest_presence(scan.person_id, lock=True)
    if direction is None:
        direction = _sensible_direction(scan, latest)
    use = codes.use_code(
        actor,
        scan.code,
        person_id=scan.person_id,
        direction=direction,
        site_id=scan.site.id,
    )
    if direction is Direction.IN and (latest is None or latest.checked_out_at is not None):
        # About to begin a presence: from here on nobody else begins one for this person.
        people.lock_person(scan.person_id)
        latest = queries.latest_presence(scan.person_id, lock=False)
    here = latest if latest is not None and latest.site_id == scan.site.id else None
    if latest is not None and latest.checked_out_at is None and here is None:
        raise CheckedInElsewhere(site_name=sites.site_by_id(latest.site_id).name)
    if here is None and not use.first:
        raise CodeReplayed
    if direction is Direction.IN:
        if here is not None and (here.checked_out_at is None or not use.first):
            return _confirm(actor, scan, here, direction, use.step)
        return _check_in(actor, scan, latest, use.step)
    if here is None:
        raise NotCheckedIn
    if here.checked_out_at is None:
        return _check_out(actor, scan, here, use.step)
    if use.first and not rules.confirms_check_out(scan.at, here.checked_out_at):
        raise NotCheckedIn
    return _confirm(actor, scan, here, direction, use.step)


def _sensible_direction(scan: Scan, latest: Presence | None) -> Direction:
    if latest is None or latest.site_id != scan.site.id:
        return Direction.IN
    out = rules.goes_out(scan.at, latest.checked_in_at, latest.checked_out_at)
    return Direction.OUT if out else Direction.IN


def _check_in(actor: Actor, scan: Scan, latest: Presence | None, code_step: int) -> Scanned:
    if latest is not None and latest.checked_out_at is not None:
        _check_order(latest.checked_out_at, scan.at)
    opens_minutes = scan.site.rules[CHECK_IN_OPENS_MINUTES]
    claimed = rules.shift_to_check_in(
        queries.claims_to_check_in(scan.person_id, scan.site.id, scan.at),
        scan.at,
        opens_minutes=opens_minutes,
        overtime_minutes=scan.site.rules[OVERTIME_COUNTED_MINUTES],
    )
    if claimed is None:
        raise NoClaimHereNow(site_name=scan.site.name, minutes=opens_minutes)
    attendance_id: int = db.session.execute(
        insert(ATTENDANCE)
        .values(
            person_id=scan.person_id,
            claim_id=claimed.claim_id,
            shift_id=claimed.shift_id,
            opportunity_id=claimed.opportunity_id,
            site_id=scan.site.id,
            checked_in_at=scan.at,
        )
        .returning(ATTENDANCE.c.id)
    ).scalar_one()
    _ADD_EVIDENCE.all(_evidence(actor, scan, attendance_id, Direction.IN, code_step))
    announce(
        actor,
        CheckedIn(
            subject_id=attendance_id,
            area_id=claimed.area_id,
            person_id=scan.person_id,
            shift_id=claimed.shift_id,
            site_id=scan.site.id,
            evidence=scan.kind,
        ),
    )
    visit = Visit(
        id=attendance_id,
        site_id=scan.site.id,
        site_name=scan.site.name,
        opportunity_id=claimed.opportunity_id,
        title=claimed.title,
        starts_at=claimed.starts_at,
        ends_at=claimed.ends_at,
        checked_in_at=scan.at,
        checked_out_at=None,
    )
    return Scanned(visit, Direction.IN, (scan.kind,), CHECKED_IN_ZH)


# Put together once: everybody who comes also goes.
_CLOSE = Prepared(
    update(ATTENDANCE)
    .where(ATTENDANCE.c.id == bindparam("attendance"), ATTENDANCE.c.checked_out_at.is_(None))
    .values(checked_out_at=bindparam("at"))
    .returning(ATTENDANCE.c.id)
)
_ADD_EVIDENCE = Prepared(insert(EVIDENCE))
_ENTER_RECORD = Prepared(insert(SERVICE_RECORD).returning(SERVICE_RECORD.c.id))


def _check_out(actor: Actor, scan: Scan, here: Presence, code_step: int) -> Scanned:
    _check_order(here.checked_in_at, scan.at)
    closed = _CLOSE.first({"attendance": here.id, "at": scan.at})
    if closed is None:
        raise NotCheckedIn
    _ADD_EVIDENCE.all(_evidence(actor, scan, here.id, Direction.OUT, code_step))
    worth = _worth(scan, here)
    review = scan.site.rules[SERVICE_RECORDS_NEED_REVIEW]
    state = RecordState.WAITING if review else RecordState.CONFIRMED
    due_now = 0 if review else worth.points_due
    record_id: int = _ENTER_RECORD.scalar(
        {
            "attendance_id": here.id,
            "person_id": scan.person_id,
            "claim_id": here.claim_id,
            "opportunity_id": here.opportunity_id,
            "site_id": scan.site.id,
            "area_id": here.area_id,
            "started_at": here.checked_in_at,
            "ended_at": scan.at,
            "minutes": worth.minutes,
            "minutes_planned": _minutes_planned(here),
            "evidence_class": EvidenceClass.AUTOMATIC,
            "state": state,
            "points_due": worth.points_due,
            "points": due_now,
            "explanation": worth.explanation,
            "created_at": actor.now,
        }
    )
    paid = _pay(actor, scan, record_id, due_now, worth.explanation) if due_now else Earned(0)
    credited, why = paid.points, worth.explanation + paid.shortfall
    announce(
        actor,
        CheckedOut(
            subject_id=here.id,
            area_id=here.area_id,
            person_id=scan.person_id,
            shift_id=here.shift_id,
            site_id=scan.site.id,
            record_id=record_id,
            record_state=state,
            evidence=scan.kind,
            minutes=worth.minutes,
            points=credited,
        ),
    )
    return Scanned(
        _visit(scan, here, scan.at),
        Direction.OUT,
        (scan.kind,),
        rules.explain(why, state, points_due=worth.points_due, points=credited),
        worth.minutes,
        credited,
        RecordMade(record_id, state),
    )


def _pay(actor: Actor, scan: Scan, record_id: int, due: int, explanation: str) -> Earned:
    earned = points.earn(
        actor,
        person_id=scan.person_id,
        area_id=scan.site.area_id,
        area_path=scan.site.area_path,
        amount=due,
        kind=TransferKind.SERVICE,
        cause_id=record_id,
        rules=scan.site.rules,
        at=scan.at,
    )
    if earned.points < due:  # a cap, or the budget; the record was written with all of it
        db.session.execute(
            update(SERVICE_RECORD)
            .where(SERVICE_RECORD.c.id == record_id)
            .values(points=earned.points, explanation=explanation + earned.shortfall)
        )
    return earned


def _confirm(
    actor: Actor, scan: Scan, here: Presence, direction: Direction, code_step: int
) -> Scanned:
    """Answer as the first scan was answered; a scan from the other side adds its evidence."""
    if insert_or_ignore(Evidence, _evidence(actor, scan, here.id, direction, code_step)):
        announce(
            actor,
            PresenceConfirmed(
                subject_id=here.id,
                area_id=here.area_id,
                person_id=scan.person_id,
                site_id=scan.site.id,
                direction=direction,
                evidence=scan.kind,
            ),
        )
    visit = _visit(scan, here, here.checked_out_at)
    evidence = queries.evidence_of(here.id, direction)
    if direction is Direction.IN:
        return Scanned(visit, direction, evidence, CHECKED_IN_ZH)
    record = queries.record_of(here.id)
    explanation = rules.explain(
        record.explanation, record.state, points_due=record.points_due, points=record.points
    )
    return Scanned(
        visit,
        direction,
        evidence,
        explanation,
        record.minutes,
        record.points,
        RecordMade(record.id, record.state),
    )


def _worth(scan: Scan, here: Presence) -> Credit:
    policy = scan.site.rules
    minutes = rules.minutes_counted(
        here.checked_in_at,
        scan.at,
        starts_at=here.starts_at,
        ends_at=here.ends_at,
        overtime_minutes=policy[OVERTIME_COUNTED_MINUTES],
        hours_max=policy[ATTENDANCE_HOURS_MAX],
    )
    return rules.credit(
        minutes,
        _minutes_planned(here),
        rules.terms_of(
            policy,
            points_rule=here.points_rule,
            points_fixed=here.points_fixed,
            difficulty=here.difficulty,
            role=here.role,
        ),
        minutes_before=here.minutes_before,
        points_due_before=here.points_due_before,
    )


def _minutes_planned(here: Presence) -> int:
    return (here.ends_at - here.starts_at) // timedelta(minutes=1)


def _check_order(before: datetime, at: datetime) -> None:
    if at < before:
        raise ScanOutOfOrder


def _visit(scan: Scan, here: Presence, checked_out_at: datetime | None) -> Visit:
    return Visit(
        id=here.id,
        site_id=here.site_id,
        site_name=scan.site.name,
        opportunity_id=here.opportunity_id,
        title=here.title,
        starts_at=here.starts_at,
        ends_at=here.ends_at,
        checked_in_at=here.checked_in_at,
        checked_out_at=checked_out_at,
    )


def _evidence(
    actor: Actor, scan: Scan, attendance_id: int, direction: Direction, code_step: int
) -> dict[str, Any]:
    return {
        "attendance_id": attendance_id,
        "direction": direction,
        "kind": scan.kind,
        "site_id": scan.site.id,
        "scanned_by": actor.person_id,
        "code_step": code_step,
        "device_at": scan.device_at,
        "received_at": actor.now,
        "distance": scan.distance,
    }
