"""Shapes of reporting in."""

from enum import StrEnum
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.identity.terms import MemberKind
from app.reporting_in.terms import (
    NOTE_LENGTH_MAX,
    REASON_LENGTH_MAX,
    FreeTime,
    ReportInState,
    Speciality,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text, Word


def _choices(words: type[StrEnum]) -> fields.List[Any]:
    return fields.List(
        fields.Enum(words, by_value=True),
        load_default=list,
        validate=validate.Length(0, len(words), error=f"最多 {len(words)} 项"),
    )


class ReportInFormSchema(Schema):
    """What a member fills in. A member in service names the unit; the others may."""

    area = Text(CODE_LENGTH_MAX, required=True, metadata={"description": "社区或小区的代码"})
    unit_id = Id(load_default=None, allow_none=True)
    member_kind = fields.Enum(MemberKind, by_value=True, required=True)
    specialities = _choices(Speciality)
    free_times = _choices(FreeTime)
    emergency_ready = Flag(load_default=False)
    note = Text(NOTE_LENGTH_MAX, multiline=True, load_default=None, allow_none=True)
    consent = Flag(
        required=True, metadata={"description": "是否同意报到说明（见 /report-ins/form）"}
    )

    @ma.validates_schema
    def _in_service_names_unit(self, form: dict[str, Any], **_: Any) -> None:
        if form["member_kind"] is MemberKind.IN_SERVICE and form["unit_id"] is None:
            raise ma.ValidationError("在职党员请填写工作单位", "unit_id")


class ReturnSchema(Schema):
    """Why a report-in is given back."""

    reason = Text(REASON_LENGTH_MAX, required=True)


class WithdrawSchema(Schema):
    """Why, if the member wants to say, and in which state the member saw the report-in."""

    reason = Text(REASON_LENGTH_MAX, load_default=None, allow_none=True)
    seen_state = fields.Enum(ReportInState, by_value=True, load_default=None, allow_none=True)


class TransferSchema(Schema):
    """Where to."""

    area = Text(
        CODE_LENGTH_MAX, required=True, metadata={"description": "要转入的社区或小区的代码"}
    )


class ReportInQuery(PageQuery):
    """Which part of the queue."""

    state = fields.Enum(ReportInState, by_value=True, load_default=ReportInState.SUBMITTED)
    area = Text(CODE_LENGTH_MAX)


class ReportInUnitSchema(Schema):
    """The place of work."""

    id = Id(required=True)
    name = fields.String(required=True)


class ReportInStepSchema(Schema):
    """One row of history."""

    from_state = fields.String(required=True, attribute="step.from_state", allow_none=True)
    to_state = Word(ReportInState, attribute="step.to_state")
    actor_name = fields.String(required=True, allow_none=True)
    at = Moment(required=True, attribute="step.at")
    reason = fields.String(required=True, attribute="step.reason", allow_none=True)


class ReportInSchema(Schema):
    """A report-in: what the community needs to place a member, with the masked name and the history."""

    id = Id(required=True, attribute="report_in.id")
    person_id = Id(required=True, attribute="report_in.person_id")
    person_name = fields.String(required=True)
    area = fields.Nested(AreaSchema, required=True, attribute="report_in.area")
    unit = fields.Nested(
        ReportInUnitSchema, required=True, attribute="report_in.unit", allow_none=True
    )
    member_kind = Word(MemberKind, attribute="report_in.member_kind")
    specialities = fields.List(fields.String(), required=True, attribute="report_in.specialities")
    free_times = fields.List(fields.String(), required=True, attribute="report_in.free_times")
    emergency_ready = Flag(required=True, attribute="report_in.emergency_ready")
    note = fields.String(required=True, attribute="report_in.note", allow_none=True)
    consent_version = fields.String(required=True, attribute="report_in.consent_version")
    state = Word(ReportInState, attribute="report_in.state")
    state_since = Moment(required=True, attribute="report_in.state_since")
    submitted_at = Moment(required=True, attribute="report_in.submitted_at")
    receipt_number = fields.String(
        required=True, attribute="report_in.receipt_number", allow_none=True
    )
    predecessor_id = Id(required=True, attribute="report_in.predecessor_id", allow_none=True)
    steps = fields.List(fields.Nested(ReportInStepSchema), required=True)


class ReportInChoiceSchema(Schema):
    """One value the form offers."""

    value = fields.String(required=True)
    name = fields.String(required=True)


class ReportInOffersSchema(Schema):
    """What the form offers and what the person agrees to."""

    consent_version = fields.String(required=True)
    consent_text = fields.String(required=True)
    member_kinds = fields.List(fields.Nested(ReportInChoiceSchema), required=True)
    specialities = fields.List(fields.Nested(ReportInChoiceSchema), required=True)
    free_times = fields.List(fields.Nested(ReportInChoiceSchema), required=True)
