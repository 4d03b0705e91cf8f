"""Every select on report-ins. A reviewer sees the own subtree, a member the own report-ins, nobody more."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.community import queries as communities
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people
from app.reporting_in.models import ReportIn, ReportInStep
from app.reporting_in.terms import ACTIVE, ReportInState


@dataclass(frozen=True, slots=True)
class StepShown:
    """One row of history and the masked name of who made it."""

    step: ReportInStep
    actor_name: str | None


@dataclass(frozen=True, slots=True)
class ReportInShown:
    """A report-in with what a reader needs beside it; of the person, the masked name only."""

    report_in: ReportIn
    person_name: str
    steps: Sequence[StepShown]


def report_in_to_review(actor: Actor, report_in_id: int) -> ReportIn:
    """A report-in within the reviewer's subtree. Raises: NotFound."""
    return _one(ReportIn.id == report_in_id, _reviewed_by(actor))


def own_report_in(actor: Actor, report_in_id: int) -> ReportIn:
    """One of the actor's own. Raises: NotFound."""
    return _one(ReportIn.id == report_in_id, ReportIn.person_id == actor.person_id)


def report_in_for(actor: Actor, report_in_id: int) -> ReportInShown:
    """A report-in of the actor's own or within the reviewer's subtree. Raises: NotFound."""
    visible = or_(ReportIn.person_id == actor.person_id, _reviewed_by(actor))
    return _all_shown([_one(ReportIn.id == report_in_id, visible)])[0]


def lock(report_in: ReportIn) -> None:
    """Hold the row and read it again, so that what is decided next is decided on the truth."""
    db.session.refresh(report_in, with_for_update={"key_share": True, "of": ReportIn})


def has_active(person_id: int) -> bool:
    """Whether the person has a report-in that is waiting or accepted."""
    return (
        db.session.scalar(
            select(
                select(ReportIn.id)
                .where(ReportIn.person_id == person_id, ReportIn.state.in_(ACTIVE))
                .exists()
            )
        )
        is True
    )


def queue(
    actor: Actor,
    *,
    state: ReportInState,
    limit: int,
    area: str | None = None,
    cursor: str | None = None,
) -> Page[ReportInShown]:
    """Report-ins in one state within the reviewer's subtree, or the part of it at and below `area`.

    What waits comes oldest first, so that nobody waits longest by coming early; the rest newest first.
    Raises: UnknownArea, CursorInvalid.
    """
    statement = _with_places().where(_reviewed_by(actor), ReportIn.state == state)
    if area is not None:
        inside = communities.ids_within([communities.area_by_code(area).path])
        statement = statement.where(ReportIn.area_id.in_(inside))
    page = paginate(
        statement,
        [ReportIn.id],
        limit=limit,
        cursor=cursor,
        descending=state is not ReportInState.SUBMITTED,
    )
    return Page(_all_shown(page.items), page.next_cursor)


def own(actor: Actor, *, limit: int, cursor: str | None = None) -> Page[ReportInShown]:
    """The actor's report-ins with their history, newest first. Raises: CursorInvalid."""
    statement = _with_places().where(ReportIn.person_id == actor.person_id)
    page = paginate(statement, [ReportIn.id], limit=limit, cursor=cursor)
    return Page(_all_shown(page.items), page.next_cursor)


def all_of(person_id: int) -> list[ReportInShown]:
    """Every report-in of a person, newest first: what the room holds about somebody."""
    found = db.session.scalars(
        _with_places().where(ReportIn.person_id == person_id).order_by(ReportIn.id.desc())
    )
    return _all_shown(found.all())


def shown(report_in: ReportIn) -> ReportInShown:
    """A report-in that the caller may see, as it is shown."""
    return _all_shown([_one(ReportIn.id == report_in.id)])[0]


def _reviewed_by(actor: Actor) -> ColumnElement[bool]:
    paths = actor.area_paths(Permission.REPORT_IN_REVIEW)
    return ReportIn.area_id.in_(communities.ids_within(paths))


def _with_places() -> Select[tuple[ReportIn]]:
    return select(ReportIn).options(joinedload(ReportIn.area), joinedload(ReportIn.unit))


def _one(*conditions: ColumnElement[bool]) -> ReportIn:
    report_in = db.session.scalars(_with_places().where(*conditions)).one_or_none()
    if report_in is None:
        raise NotFound
    return report_in


def _all_shown(report_ins: Sequence[ReportIn]) -> list[ReportInShown]:
    steps: dict[int, list[ReportInStep]] = {report_in.id: [] for report_in in report_ins}
    for step in db.session.scalars(
        select(ReportInStep).where(ReportInStep.report_in_id.in_(steps)).order_by(ReportInStep.id)
    ):
        steps[step.report_in_id].append(step)
    names = people.masked_names(
        {report_in.person_id for report_in in report_ins}
        | {step.actor_id for line in steps.values() for step in line if step.actor_id}
    )
    return [
        ReportInShown(
            report_in,
            names[report_in.person_id],
            [
                StepShown(step, names[step.actor_id] if step.actor_id else None)
                for step in steps[report_in.id]
            ],
        )
        for report_in in report_ins
    ]
