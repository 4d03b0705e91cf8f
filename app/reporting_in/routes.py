"""Reporting in over HTTP."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.reporting_in import actions, queries, terms
from app.reporting_in.queries import ReportInShown
from app.reporting_in.schemas import (
    ReportInFormSchema,
    ReportInOffersSchema,
    ReportInQuery,
    ReportInSchema,
    ReturnSchema,
    TransferSchema,
    WithdrawSchema,
)
from app.web import PageQuery, Room, page_of

room = Room("report-ins", "报到")


@room.get("/report-ins/form", needs=Permission.REPORT_IN_MAKE, gives=ReportInOffersSchema)
def form(_: Actor) -> terms.ReportInForm:
    """The choices of the report-in form and the text the member agrees to."""
    return terms.report_in_form()


@room.post(
    "/report-ins",
    needs=Permission.REPORT_IN_MAKE,
    takes=ReportInFormSchema,
    gives=ReportInSchema,
    status=201,
)
def submit(actor: Actor, body: dict[str, Any]) -> ReportInShown:
    """Report in at the community or compound where one lives."""
    return actions.submit(actor, body)


@room.get(
    "/report-ins",
    needs=Permission.REPORT_IN_REVIEW,
    query=ReportInQuery,
    gives=page_of(ReportInSchema),
)
def queue(actor: Actor, query: dict[str, Any]) -> Page[ReportInShown]:
    """The report-ins of one's communities; those that wait unless `state` says otherwise."""
    return queries.queue(actor, **query)


@room.get(
    "/me/report-ins",
    needs=Permission.REPORT_IN_MAKE,
    query=PageQuery,
    gives=page_of(ReportInSchema),
)
def own(actor: Actor, query: dict[str, Any]) -> Page[ReportInShown]:
    """One's own report-ins with their history."""
    return queries.own(actor, **query)


@room.get("/report-ins/<id:report_in_id>", needs=Permission.REPORT_IN_MAKE, gives=ReportInSchema)
def one(actor: Actor, report_in_id: int) -> ReportInShown:
    """One report-in, for its member and for the community that reviews it."""
    return queries.report_in_for(actor, report_in_id)


@room.post(
    "/report-ins/<id:report_in_id>/accept",
    needs=Permission.REPORT_IN_REVIEW,
    gives=ReportInSchema,
)
def accept(actor: Actor, report_in_id: int) -> ReportInShown:
    """Accept a member and give a receipt number."""
    return actions.accept(actor, report_in_id)


@room.post(
    "/report-ins/<id:report_in_id>/return",
    needs=Permission.REPORT_IN_REVIEW,
    takes=ReturnSchema,
    gives=ReportInSchema,
)
def return_(actor: Actor, body: dict[str, Any], report_in_id: int) -> ReportInShown:
    """Give a report-in back with a reason."""
    return actions.return_(actor, body, report_in_id)


@room.post(
    "/report-ins/<id:report_in_id>/withdraw",
    needs=Permission.REPORT_IN_MAKE,
    takes=WithdrawSchema,
    gives=ReportInSchema,
)
def withdraw(actor: Actor, body: dict[str, Any], report_in_id: int) -> ReportInShown:
    """Withdraw one's own report-in."""
    return actions.withdraw(actor, body, report_in_id)


@room.post(
    "/report-ins/<id:report_in_id>/transfer",
    needs=Permission.REPORT_IN_MAKE,
    takes=TransferSchema,
    gives=ReportInSchema,
)
def transfer(actor: Actor, body: dict[str, Any], report_in_id: int) -> ReportInShown:
    """Move one's own accepted report-in to another area; gives the new one that waits there."""
    return actions.transfer(actor, body, report_in_id)
