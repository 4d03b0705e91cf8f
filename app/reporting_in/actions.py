"""What can be done to report-ins. Each verb is complete when it returns; none commits."""

from typing import Any

from app.community import queries as communities
from app.community.terms import Level
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.identity import actions as identity
from app.identity import queries as people
from app.identity.terms import MemberKind
from app.reporting_in import queries, rules
from app.reporting_in.errors import (
    AlreadyReportedIn,
    AreaNotForReportIn,
    ConsentNeeded,
    ReportInChanged,
    TransferToSameArea,
)
from app.reporting_in.events import (
    ReportInAccepted,
    ReportInReturned,
    ReportInSubmitted,
    ReportInTransferred,
    ReportInWithdrawn,
)
from app.reporting_in.models import ReceiptSeries, ReportIn, ReportInStep
from app.reporting_in.queries import ReportInShown
from app.reporting_in.rules import Step
from app.reporting_in.terms import CONSENT_VERSION, STATE_NAMES_ZH, ReportInState
from app.units import queries as units


def submit(actor: Actor, form: dict[str, Any]) -> ReportInShown:
    """Report in for oneself at a community or compound.

    Raises: ConsentNeeded, UnknownArea, AreaNotForReportIn, NotFound for the unit, AlreadyReportedIn.
    """
    if not form["consent"]:
        raise ConsentNeeded
    area_id = _area_to_report_in(form["area"])
    unit_id = form["unit_id"]
    if unit_id is not None:
        units.unit_by_id(unit_id)
    people.lock_person(actor.person_id)
    if queries.has_active(actor.person_id):
        raise AlreadyReportedIn
    report_in = ReportIn(
        person_id=actor.person_id,
        area_id=area_id,
        unit_id=unit_id,
        member_kind=form["member_kind"],
        specialities=sorted(set(form["specialities"])),
        free_times=sorted(set(form["free_times"])),
        emergency_ready=form["emergency_ready"],
        consent_version=CONSENT_VERSION,
        consented_at=actor.now,
    )
    report_in.note = form["note"]
    _begin(actor, report_in)
    return queries.shown(report_in)


def accept(actor: Actor, report_in_id: int) -> ReportInShown:
    """Accept a member into the community and give a receipt number.

    Raises: NotFound, OwnReportIn, ReportInNotWaiting.
    """
    report_in = queries.report_in_to_review(actor, report_in_id)
    rules.check_reviewer(actor.person_id, report_in.person_id)
    _hold(report_in)
    after = rules.state_after(Step.ACCEPT, report_in.state)
    community = communities.community_of(communities.area_by_id(report_in.area_id))
    series = rules.receipt_series(community.code, china_date(actor.now).year)
    number = rules.receipt_number(series, ReceiptSeries.next_number(series))
    _move(actor, report_in, after, receipt_number=number)
    kind = MemberKind(report_in.member_kind)
    identity.settle(actor, report_in.person_id, report_in.area_id, kind)
    announce(
        actor,
        ReportInAccepted(
            subject_id=report_in.id,
            area_id=report_in.area_id,
            person_id=report_in.person_id,
            receipt_number=number,
            unit_id=report_in.unit_id,
        ),
    )
    return queries.shown(report_in)


def return_(actor: Actor, body: dict[str, Any], report_in_id: int) -> ReportInShown:
    """Give a report-in back with a reason; the member may submit anew.

    Raises: NotFound, OwnReportIn, ReportInNotWaiting.
    """
    report_in = queries.report_in_to_review(actor, report_in_id)
    rules.check_reviewer(actor.person_id, report_in.person_id)
    _hold(report_in)
    after = rules.state_after(Step.RETURN, report_in.state)
    _move(actor, report_in, after, reason=body["reason"])
    announce(
        actor,
        ReportInReturned(
            subject_id=report_in.id, area_id=report_in.area_id, person_id=report_in.person_id
        ),
    )
    return queries.shown(report_in)


def withdraw(actor: Actor, body: dict[str, Any], report_in_id: int) -> ReportInShown:
    """Take the own report-in back, waiting or accepted. The home stays, membership at it ends.

    Raises: NotFound, ReportInEnded; ReportInChanged when it is no longer in the state the person saw.
    """
    report_in = queries.own_report_in(actor, report_in_id)
    _hold(report_in)
    before = report_in.state
    after = rules.state_after(Step.WITHDRAW, before)
    if body["seen_state"] not in (None, before):
        raise _changed(report_in)
    _move(actor, report_in, after, reason=body["reason"])
    if before == ReportInState.ACCEPTED:
        identity.settle(actor, actor.person_id, None, None)
    announce(
        actor,
        ReportInWithdrawn(
            subject_id=report_in.id,
            area_id=report_in.area_id,
            person_id=report_in.person_id,
            from_state=before,
        ),
    )
    return queries.shown(report_in)


def transfer(actor: Actor, body: dict[str, Any], report_in_id: int) -> ReportInShown:
    """Leave for another area: the accepted report-in ends, one that continues it waits there. Gives the new one.

    The person's home moves when the other community accepts; until then the person is a member nowhere.
    Raises: NotFound, UnknownArea, AreaNotForReportIn, TransferToSameArea, ReportInNotAccepted.
    """
    old = queries.own_report_in(actor, report_in_id)
    to_area_id = _area_to_report_in(body["area"])
    _hold(old)
    after = rules.state_after(Step.TRANSFER, old.state)
    if to_area_id == old.area_id:
        raise TransferToSameArea(area_name=communities.area_by_id(to_area_id).name)
    _move(actor, old, after)
    identity.settle(actor, actor.person_id, None, None)
    new = ReportIn(
        person_id=old.person_id,
        area_id=to_area_id,
        unit_id=old.unit_id,
        member_kind=old.member_kind,
        specialities=old.specialities,
        free_times=old.free_times,
        emergency_ready=old.emergency_ready,
        note_sealed=old.note_sealed,
        consent_version=old.consent_version,
        consented_at=old.consented_at,
        predecessor_id=old.id,
    )
    _begin(actor, new)
    announce(
        actor,
        ReportInTransferred(
            subject_id=old.id,
            area_id=old.area_id,
            person_id=old.person_id,
            successor_id=new.id,
            to_area_id=to_area_id,
        ),
    )
    return queries.shown(new)


def _area_to_report_in(code: str) -> int:
    area = communities.area_by_code(code)
    if area.level not in (Level.COMMUNITY, Level.COMPOUND):
        raise AreaNotForReportIn(area_name=area.name)
    return area.id


def _hold(report_in: ReportIn) -> None:
    """Lock the person, then the report-in."""
    people.lock_person(report_in.person_id)
    queries.lock(report_in)


def _begin(actor: Actor, report_in: ReportIn) -> None:
    report_in.state = ReportInState.SUBMITTED
    report_in.state_since = report_in.submitted_at = actor.now
    db.session.add(report_in)
    db.session.flush()  # the history and the journal need its id
    _note_step(actor, report_in, None)
    announce(
        actor,
        ReportInSubmitted(
            subject_id=report_in.id,
            area_id=report_in.area_id,
            person_id=report_in.person_id,
            member_kind=report_in.member_kind,
            unit_id=report_in.unit_id,
        ),
    )


def _move(
    actor: Actor,
    report_in: ReportIn,
    after: ReportInState,
    *,
    reason: str | None = None,
    **values: Any,
) -> None:
    before = report_in.state
    if not report_in.move(after, actor.now, **values):
        # Only reached when somebody moved the row without holding it: the database has the last word.
        queries.lock(report_in)
        raise _changed(report_in)
    _note_step(actor, report_in, before, reason)


def _changed(report_in: ReportIn) -> ReportInChanged:
    state = ReportInState(report_in.state)
    return ReportInChanged(state=state, state_name=STATE_NAMES_ZH[state])


def _note_step(
    actor: Actor, report_in: ReportIn, before: str | None, reason: str | None = None
) -> None:
    db.session.add(
        ReportInStep(
            report_in_id=report_in.id,
            from_state=before,
            to_state=report_in.state,
            actor_id=actor.person_id,
            at=actor.now,
            reason=reason,
        )
    )
    db.session.flush()  # what is shown next includes this step
