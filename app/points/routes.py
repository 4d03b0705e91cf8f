"""Addresses of points."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.integrations import pdf, spreadsheets
from app.points import actions, alerts, papers, queries
from app.points.alerts import AlertLifted
from app.points.models import LedgerAlert
from app.points.queries import MonthTotals, PointsReport, StatementLine, TransferShown
from app.points.schemas import (
    AlertLiftedSchema,
    AlertSchema,
    AlertsQuery,
    BudgetSchema,
    BudgetsQuery,
    DonationSchema,
    FundQuery,
    FundSchema,
    GrantDeclinedSchema,
    GrantSchema,
    GrantsQuery,
    MonthsQuery,
    MonthTotalsSchema,
    NewBudgetSchema,
    NewDonationSchema,
    NewGrantSchema,
    NewLiftSchema,
    NewReversalSchema,
    PeriodQuery,
    PointsReportSchema,
    ProofSchema,
    ReportQuery,
    ReversalSchema,
    StandingSchema,
    StatementQuery,
    TransferSchema,
    TransferShownSchema,
)
from app.points.seals import Proof, proof_of
from app.points.terms import (
    BudgetShown,
    DonationMade,
    FundShown,
    GrantShown,
    ReversalMade,
    Standing,
)
from app.web import File, Room, page_of

room = Room("points", "爱心积分")


@room.get("/me/points", needs=Permission.POINTS_READ_OWN, gives=StandingSchema)
def standing(actor: Actor) -> Standing:
    """One's own points: available, held, and when they expire."""
    return queries.standing(actor)


@room.get(
    "/me/points/transfers",
    needs=Permission.POINTS_READ_OWN,
    query=StatementQuery,
    gives=page_of(TransferSchema),
)
def statement(actor: Actor, query: dict[str, Any]) -> Page[StatementLine]:
    """One's own statement, newest first, with the balance after each line; of one kind and some days if so asked."""
    return queries.statement(actor, **query)


@room.get(
    "/me/points/transfers/<id:transfer_id>",
    needs=Permission.POINTS_READ_OWN,
    gives=TransferShownSchema,
)
def own_transfer(actor: Actor, transfer_id: int) -> TransferShown:
    """One line with what it hangs on, down to the scans, the reason or the order."""
    return queries.own_transfer(actor, transfer_id)


@room.get(
    "/me/points/months",
    needs=Permission.POINTS_READ_OWN,
    query=MonthsQuery,
    gives=MonthTotalsSchema,
)
def months(actor: Actor, query: dict[str, Any]) -> MonthTotals:
    """What came and went in each of the last months, this one first."""
    return queries.months(actor, **query)


@room.get(
    "/me/points/statement.pdf",
    needs=Permission.POINTS_READ_OWN,
    query=PeriodQuery,
    file=pdf.MEDIA_TYPE,
)
def statement_pdf(actor: Actor, query: dict[str, Any]) -> File:
    """One's own statement over some days, to print."""
    return papers.statement_pdf(actor, **query)


@room.get(
    "/me/points/statement.xlsx",
    needs=Permission.POINTS_READ_OWN,
    query=PeriodQuery,
    file=spreadsheets.MEDIA_TYPE,
)
def statement_xlsx(actor: Actor, query: dict[str, Any]) -> File:
    """One's own statement over some days, as a spreadsheet."""
    return papers.statement_xlsx(actor, **query)


@room.get(
    "/points/report", needs=Permission.POINTS_REPORT, query=ReportQuery, gives=PointsReportSchema
)
def report(actor: Actor, query: dict[str, Any]) -> PointsReport:
    """What was issued, spent and expired in the own area over some days, and what is still owed."""
    return queries.report(actor, **query)


@room.get(
    "/points/report.pdf",
    needs=Permission.POINTS_REPORT,
    query=ReportQuery,
    file=pdf.MEDIA_TYPE,
)
def report_pdf(actor: Actor, query: dict[str, Any]) -> File:
    """The report of an area, to print."""
    return papers.report_pdf(actor, **query)


@room.get(
    "/points/report.xlsx",
    needs=Permission.POINTS_REPORT,
    query=ReportQuery,
    file=spreadsheets.MEDIA_TYPE,
)
def report_xlsx(actor: Actor, query: dict[str, Any]) -> File:
    """The report of an area, as a spreadsheet."""
    return papers.report_xlsx(actor, **query)


@room.post(
    "/me/points/donations",
    needs=Permission.POINTS_DONATE,
    takes=NewDonationSchema,
    gives=DonationSchema,
    status=201,
)
def donate(actor: Actor, body: dict[str, Any]) -> DonationMade:
    """Give own points to one of the family or to a community's fund; they keep their expiry."""
    return actions.donate(actor, **body)


@room.get("/points/fund", needs=Permission.POINTS_READ_OWN, query=FundQuery, gives=FundSchema)
def fund(actor: Actor, query: dict[str, Any]) -> FundShown:
    """What a community's fund has; everybody who gives may know."""
    return queries.fund_shown(actor, **query)


@room.post(
    "/points/grants",
    needs=Permission.POINTS_GRANT,
    takes=NewGrantSchema,
    gives=GrantSchema,
    status=201,
)
def grant(actor: Actor, body: dict[str, Any]) -> GrantShown:
    """Give points by hand to somebody of the own community; above the limit it waits for a second person."""
    return actions.grant(actor, **body)


@room.get(
    "/points/grants",
    needs=Permission.POINTS_GRANT,
    query=GrantsQuery,
    gives=page_of(GrantSchema),
)
def grants(actor: Actor, query: dict[str, Any]) -> Page[GrantShown]:
    """Grants of the own community, newest first; with `state=pending` those that wait."""
    return queries.list_grants(actor, **query)


@room.post("/points/grants/<id:grant_id>/approve", needs=Permission.POINTS_GRANT, gives=GrantSchema)
def approve_grant(actor: Actor, grant_id: int) -> GrantShown:
    """Be the second person of a grant: the points move now."""
    return actions.approve_grant(actor, grant_id)


@room.post(
    "/points/grants/<id:grant_id>/decline",
    needs=Permission.POINTS_GRANT,
    takes=GrantDeclinedSchema,
    gives=GrantSchema,
)
def decline_grant(actor: Actor, body: dict[str, Any], grant_id: int) -> GrantShown:
    """Be the second person of a grant and say no, with the reason."""
    return actions.decline_grant(actor, grant_id, **body)


@room.post(
    "/points/grants/<id:grant_id>/withdraw", needs=Permission.POINTS_GRANT, gives=GrantSchema
)
def withdraw_grant(actor: Actor, grant_id: int) -> GrantShown:
    """Take back a grant that one asked for oneself and nobody has decided on."""
    return actions.withdraw_grant(actor, grant_id)


@room.post(
    "/points/budgets",
    needs=Permission.POINTS_BUDGET_SET,
    takes=NewBudgetSchema,
    gives=BudgetSchema,
    status=201,
)
def set_budget(actor: Actor, body: dict[str, Any]) -> BudgetShown:
    """Say how many points a community may issue in a year; said again, the new number stands."""
    return actions.set_budget(actor, body)


@room.get(
    "/points/budgets",
    needs=Permission.POINTS_REPORT,
    query=BudgetsQuery,
    gives=page_of(BudgetSchema),
)
def budgets(actor: Actor, query: dict[str, Any]) -> Page[BudgetShown]:
    """Budgets of the communities at and below an area, with what is issued and left."""
    return queries.list_budgets(actor, **query)


@room.post(
    "/points/transfers/<id:transfer_id>/reverse",
    needs=Permission.POINTS_REVERSE,
    takes=NewReversalSchema,
    gives=ReversalSchema,
)
def reverse(actor: Actor, body: dict[str, Any], transfer_id: int) -> ReversalMade:
    """Reverse a transfer of the own community, whole or in part, with a reason."""
    return actions.reverse(actor, transfer_id, **body)


@room.get(
    "/me/points/transfers/<id:transfer_id>/proof",
    needs=Permission.POINTS_READ_OWN,
    gives=ProofSchema,
)
def proof(actor: Actor, transfer_id: int) -> Proof:
    """The proof that one of one's own transfers is sealed; docs/verify_transfer.py checks it without us."""
    return proof_of(actor, transfer_id)


@room.get("/alerts", needs=Permission.ALERT_READ, query=AlertsQuery, gives=page_of(AlertSchema))
def list_alerts(actor: Actor, query: dict[str, Any]) -> Page[LedgerAlert]:
    """What recounts of the books found wrong in one's own part of the tree, newest first."""
    return alerts.alerts(actor, **query)


@room.post(
    "/alerts/<id:alert_id>/lift",
    needs=Permission.ALERT_LIFT,
    takes=NewLiftSchema,
    gives=AlertLiftedSchema,
)
def lift(actor: Actor, body: dict[str, Any], alert_id: int) -> AlertLifted:
    """Lift an alert, with what was found: the wallet may earn and spend again."""
    return alerts.lift(actor, alert_id, **body)
