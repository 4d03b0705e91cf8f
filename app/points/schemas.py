"""Shapes of points, in and out."""

from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.points.terms import (
    BUDGET_POINTS_MAX,
    BUDGET_YEAR_MAX,
    BUDGET_YEAR_MIN,
    MONTHS_MAX,
    NOTE_LENGTH_MAX,
    PERIOD_DAYS_MAX,
    POINTS_PER_TRANSFER_MAX,
    REASON_LENGTH_MAX,
    CauseKind,
    GrantState,
    TransferKind,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text, Whole


class Day(fields.Date):
    """A day in China, near enough that days and months can be counted from it."""

    def __init__(self, **kwargs: Any) -> None:
        error = "日期应在 2000 年到 2100 年之间"
        near = validate.Range(date(2000, 1, 1), date(2100, 12, 31), error=error)
        super().__init__(validate=near, **kwargs)


class PocketSchema(Schema):
    """Points that expire together."""

    month = Whole(
        required=True, metadata={"description": "202711: usable to its end in China; 0: for ever."}
    )
    expires_on = fields.Date(required=True, allow_none=True)
    points = Whole(required=True, metadata={"description": "Including what is held."})
    held = Whole(required=True)


class StandingSchema(Schema):
    """What a person has: `total` = `available` + `held`."""

    available = Whole(required=True)
    held = Whole(required=True)
    total = Whole(required=True)
    pockets = fields.List(fields.Nested(PocketSchema), required=True)


class CauseSchema(Schema):
    """What a transfer hangs on."""

    kind = fields.Enum(CauseKind, by_value=True, required=True)
    id = Id(required=True)


class TransferSchema(Schema):
    """A line of a statement."""

    id = Id(required=True)
    at = Moment(required=True)
    recorded_at = Moment(
        required=True, metadata={"description": "When it was booked: the day of statements."}
    )
    kind = fields.Enum(TransferKind, by_value=True, required=True)
    title = fields.String(required=True)
    points = fields.Integer(
        required=True,
        metadata={"description": "Positive when points came, negative when they went."},
    )
    balance_after = Whole(required=True)
    cause = fields.Nested(CauseSchema, required=True)
    reason = fields.String(required=True, allow_none=True)
    reverses_id = Id(required=True, allow_none=True)


class FactSchema(Schema):
    """One thing to know about a cause."""

    name = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)


class RefSchema(Schema):
    """Something that a cause rests on."""

    kind = fields.String(required=True)
    id = Id(required=True)


class CauseShownSchema(Schema):
    """A cause with what its room knows about it."""

    title = fields.String(required=True)
    facts = fields.List(fields.Nested(FactSchema), required=True)
    refs = fields.List(fields.Nested(RefSchema), required=True)


class TransferShownSchema(Schema):
    """A line of a statement with all there is to know about it."""

    line = fields.Nested(TransferSchema, required=True)
    area_name = fields.String(required=True)
    cause = fields.Nested(CauseShownSchema, required=True)
    reversed_by = fields.List(Id(), required=True)


class StatementQuery(PageQuery):
    """Which lines: of one kind, recorded on days in China, both included."""

    kind = fields.Enum(TransferKind, by_value=True)
    since = Day(data_key="from")
    until = Day(data_key="to")


class MonthsQuery(Schema):
    """How many months, this one included."""

    count = Whole(1, MONTHS_MAX, load_default=12, metadata={"in_query": True})


class KindTotalSchema(Schema):
    """What transfers of one kind moved."""

    kind = fields.Enum(TransferKind, by_value=True, required=True)
    title = fields.String(required=True)
    count = Whole(required=True)
    points = fields.Integer(
        required=True,
        metadata={"description": "Positive when points came, negative when they went."},
    )


class MonthTotalSchema(Schema):
    """A month in China: `closing` = `opening` + `came` - `went`."""

    month = Whole(required=True, metadata={"description": "202711"})
    opening = Whole(required=True)
    came = Whole(required=True)
    went = Whole(required=True)
    closing = Whole(required=True)
    kinds = fields.List(fields.Nested(KindTotalSchema), required=True)


class MonthTotalsSchema(Schema):
    """Months, the newest first."""

    items = fields.List(fields.Nested(MonthTotalSchema), required=True)


class PeriodQuery(Schema):
    """Days in China, both included; at most a year."""

    since = Day(data_key="from", required=True)
    until = Day(data_key="to", required=True)

    @ma.validates_schema
    def _length(self, period: dict[str, Any], **_: Any) -> None:
        if not 0 <= (period["until"] - period["since"]).days < PERIOD_DAYS_MAX:
            raise ma.ValidationError("结束日期不能早于开始日期，且一次最多一年", "to")


class ReportQuery(PeriodQuery):
    """Which area, over which days."""

    area = Text(CODE_LENGTH_MAX, required=True)


class MonthOutstandingSchema(Schema):
    """Points that rest in pockets and expire together."""

    month = Whole(required=True, metadata={"description": "202711; 0: never."})
    expires_on = fields.Date(required=True, allow_none=True)
    points = Whole(required=True)
    wallets = Whole(required=True)


class ClassTotalSchema(Schema):
    """What was paid for services or wishes of one class, before reversals."""

    kind = fields.Enum(CauseKind, by_value=True, required=True)
    kind_title = fields.String(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True)
    count = Whole(required=True)
    points = Whole(required=True)


class PointsReportSchema(Schema):
    """What was issued, spent and expired in an area, and what is still owed."""

    area = fields.Nested(AreaSchema, required=True)
    since = fields.Date(required=True, data_key="from")
    until = fields.Date(required=True, data_key="to")
    issued = Whole(required=True)
    taken_back = Whole(required=True, metadata={"description": "Issued points reversed."})
    spent = Whole(required=True)
    refunded = Whole(required=True, metadata={"description": "Spent points reversed."})
    expired = Whole(required=True)
    outstanding = Whole(required=True, metadata={"description": "In pockets after the last day."})
    kinds = fields.List(fields.Nested(KindTotalSchema), required=True)
    months = fields.List(fields.Nested(MonthOutstandingSchema), required=True)
    classes = fields.List(fields.Nested(ClassTotalSchema), required=True)
    made_at = Moment(required=True)


class NewGrantSchema(Schema):
    """Points to be given by hand."""

    person_id = Id(required=True)
    points = Whole(1, POINTS_PER_TRANSFER_MAX, required=True)
    reason = Text(REASON_LENGTH_MAX, min_length=2, required=True)
    from_fund = Flag(
        load_default=False,
        metadata={"description": "Out of the community's fund; always takes a second person."},
    )


class GrantSchema(Schema):
    """Points given by hand, or waiting for a second person (`state`); without it nothing has moved."""

    id = Id(required=True)
    state = fields.Enum(GrantState, by_value=True, required=True)
    state_name = fields.String(required=True)
    person_id = Id(required=True)
    person_name = fields.String(required=True)
    points = Whole(required=True)
    reason = fields.String(required=True)
    from_fund = Flag(required=True)
    asked_by = Id(required=True)
    asked_at = Moment(required=True)
    decided_by = Id(required=True, allow_none=True)
    decided_at = Moment(required=True, allow_none=True)
    decision_reason = fields.String(required=True, allow_none=True)
    transfer_id = Id(required=True, allow_none=True)
    expires_on = fields.Date(required=True, allow_none=True)
    granted_at = Moment(required=True, allow_none=True)


class GrantsQuery(PageQuery):
    """Grants of the own area; `state=pending` are those that wait."""

    state = fields.Enum(GrantState, by_value=True)


class GrantDeclinedSchema(Schema):
    """Why a grant is declined."""

    reason = Text(REASON_LENGTH_MAX, min_length=2, required=True)


class NewDonationSchema(Schema):
    """Points to be given on: to one of the family, or to the fund of a community."""

    to_person_id = Id()
    fund = Text(CODE_LENGTH_MAX, metadata={"description": "The community's area code."})
    points = Whole(1, POINTS_PER_TRANSFER_MAX, required=True)
    note = Text(NOTE_LENGTH_MAX)

    @ma.validates_schema
    def _one_receiver(self, loaded: dict[str, Any], **_: Any) -> None:
        if len({"to_person_id", "fund"} & loaded.keys()) != 1:
            raise ma.ValidationError("请选择一位家人或一个社区的爱心基金")


class DonatedPocketSchema(Schema):
    """Points of a donation that expire together."""

    expires_on = fields.Date(required=True, allow_none=True)
    points = Whole(required=True)


class DonationSchema(Schema):
    """Points given on; each keeps the expiry it had."""

    id = Id(required=True)
    to_person_id = Id(required=True, allow_none=True)
    fund = fields.String(required=True, allow_none=True)
    points = Whole(required=True)
    note = fields.String(required=True, allow_none=True)
    pockets = fields.List(fields.Nested(DonatedPocketSchema), required=True)
    made_at = Moment(required=True)


class FundQuery(Schema):
    """Of which community."""

    area = Text(CODE_LENGTH_MAX, required=True)


class FundSchema(Schema):
    """What a community's fund has."""

    area = fields.String(required=True)
    area_name = fields.String(required=True)
    available = Whole(required=True)
    pockets = fields.List(fields.Nested(PocketSchema), required=True)


class NewBudgetSchema(Schema):
    """How many points a community may issue in a year; said again, the new number stands."""

    area = Text(CODE_LENGTH_MAX, required=True)
    year = Whole(BUDGET_YEAR_MIN, BUDGET_YEAR_MAX, required=True)
    points = Whole(1, BUDGET_POINTS_MAX, required=True)


class BudgetsQuery(PageQuery):
    """Budgets at and below an area, of every year or of one."""

    area = Text(CODE_LENGTH_MAX, required=True)
    year = Whole(BUDGET_YEAR_MIN, BUDGET_YEAR_MAX, metadata={"in_query": True})


class BudgetSchema(Schema):
    """`points` = `issued` + `left`; what was issued before there was a budget does not count."""

    area = fields.String(required=True)
    area_name = fields.String(required=True)
    year = Whole(required=True)
    points = Whole(required=True)
    issued = Whole(required=True)
    left = Whole(required=True)


class NewReversalSchema(Schema):
    """Why a transfer is reversed, and how much of it; all that is left of it unless said."""

    reason = Text(REASON_LENGTH_MAX, min_length=2, required=True)
    points = Whole(1, POINTS_PER_TRANSFER_MAX)


class ReversalSchema(Schema):
    """A transfer that answers another."""

    id = Id(required=True)
    reverses_id = Id(required=True)
    person_id = Id(required=True)
    points = fields.Integer(
        required=True, metadata={"description": "Negative when points were taken back."}
    )
    points_left = Whole(
        required=True, metadata={"description": "What of the transfer may still be reversed."}
    )
    reason = fields.String(required=True)
    explanation = fields.String(required=True)
    at = Moment(required=True)


class StepSchema(Schema):
    """A neighbour on the way from a transfer to the root of its block."""

    side = fields.String(required=True, metadata={"description": "`left` or `right`."})
    hash = fields.String(required=True, metadata={"description": "SHA-256 in hex."})


class ProofSchema(Schema):
    """That a transfer stands in a signed block. Save it as it is and run docs/verify_transfer.py."""

    leaf = fields.String(
        required=True, metadata={"description": "The transfer as it was sealed: JSON."}
    )
    path = fields.List(fields.Nested(StepSchema), required=True)
    header = fields.String(required=True, metadata={"description": "What was signed: JSON."})
    signature = fields.String(required=True, metadata={"description": "Ed25519, base64."})
    public_key = fields.String(required=True, metadata={"description": "Ed25519, base64."})


class AlertsQuery(PageQuery):
    """Which alerts."""

    open_only = Flag(load_default=True, metadata={"description": "false: also those lifted."})


class AlertSchema(Schema):
    """Something in the books that is not as it must be."""

    id = Id(required=True)
    invariant = fields.String(
        required=True, metadata={"description": "R1 to R12, see docs/operations.md."}
    )
    subject = fields.String(required=True)
    subject_id = fields.Integer(required=True)
    detail = fields.String(required=True)
    wallet_id = Id(
        required=True,
        allow_none=True,
        metadata={"description": "Frozen as long as the alert is open."},
    )
    raised_at = Moment(required=True)
    lifted_at = Moment(required=True, allow_none=True)
    lifted_by = Id(required=True, allow_none=True)
    lift_reason = fields.String(required=True, allow_none=True)


class NewLiftSchema(Schema):
    """What was found, and why the alert is over."""

    reason = Text(REASON_LENGTH_MAX, min_length=2, required=True)


class AlertLiftedSchema(Schema):
    """An alert that is over."""

    id = Id(required=True)
    lifted_at = Moment(required=True)
    reason = fields.String(required=True)
