"""Selects on opportunities and their shifts, and what one would pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, exists, func, or_, select

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.points import queries as bank
from app.policies import queries as policies
from app.policies.queries import ValueInForce
from app.policies.terms import ATTENDANCE_HOURS_MAX, OVERTIME_COUNTED_MINUTES
from app.sites import queries as sites
from app.volunteer.models import Attendance, Opportunity, Shift
from app.volunteer.rules import credit, explain, minutes_payable, policies_behind, terms_of
from app.volunteer.terms import (
    ClaimRole,
    EvidenceClass,
    OpportunityKind,
    OpportunityState,
    RecordState,
)

if TYPE_CHECKING:
    from app.community.models import Area
    from app.sites.models import Site


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
