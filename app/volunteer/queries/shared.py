"""What selects on claims, attendances and service records have in common."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from app.core.db import db
from app.sites import queries as sites
from app.volunteer.models import Attendance, Claim, Opportunity, ServiceRecord, Shift

if TYPE_CHECKING:
    from app.sites.models import Site

OfPerson = TypeVar("OfPerson", Claim, Attendance, ServiceRecord)


def about(
    rows: Sequence[Claim] | Sequence[Attendance],
) -> tuple[Mapping[int, Opportunity], Mapping[int, Shift], Mapping[int, "Site"]]:
    """What claims or attendances are about: opportunities, shifts and sites, each by id."""
    opportunities = opportunities_by_id(row.opportunity_id for row in rows)
    shifts = {
        shift.id: shift
        for shift in db.session.scalars(
            select(Shift).where(Shift.id.in_({row.shift_id for row in rows}))
        )
    }
    return opportunities, shifts, sites.sites_by_id(o.site_id for o in opportunities.values())


def opportunities_by_id(ids: Iterable[int]) -> Mapping[int, Opportunity]:
    """Opportunities, whatever their state."""
    found = db.session.scalars(select(Opportunity).where(Opportunity.id.in_(set(ids))))
    return {opportunity.id: opportunity for opportunity in found}


def all_of(model: type[OfPerson], person_id: int) -> Sequence[OfPerson]:
    """Everything of one kind that a person has, oldest first."""
    statement = select(model).where(model.person_id == person_id).order_by(model.id)
    return db.session.scalars(statement).all()
