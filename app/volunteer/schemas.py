"""Shapes of opportunities, claims, scans and service records."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.policies.schemas import PolicyInForceSchema
from app.sites.schemas import PlaceSchema
from app.sites.terms import SCANNED_LENGTH_MAX, Direction, Distance
from app.volunteer.rules import MINUTES_PER_HOUR
from app.volunteer.terms import (
    CAPACITY_MAX,
    DESCRIPTION_LENGTH_MAX,
    DIFFICULTY_MAX,
    DIFFICULTY_MIN,
    POINTS_FIXED_MAX,
    REASON_LENGTH_MAX,
    SHIFT_HOURS_MAX,
    SHIFTS_MAX,
    TITLE_LENGTH_MAX,
    Category,
    ClaimRole,
    ClaimState,
    EvidenceClass,
    EvidenceKind,
    OpenTo,
    OpportunityKind,
    OpportunityState,
    PointsRule,
    RecordState,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text, Whole, Word

SECONDS_PER_HOUR = 3600


# --- coming in ----------------------------------------------------------------------------------------------


class NewShiftSchema(Schema):
    """A stretch of time with places."""

    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    capacity = Whole(1, CAPACITY_MAX, required=True)

    @ma.validates_schema
    def _hours(self, shift: dict[str, Any], **_: Any) -> None:
        seconds = (shift["ends_at"] - shift["starts_at"]).total_seconds()
        if not 60 <= seconds <= SHIFT_HOURS_MAX * SECONDS_PER_HOUR:  # noqa: PLR2004 - minutes are what is counted
            raise ma.ValidationError(
                f"结束时间应晚于开始时间，且一个班次不超过 {SHIFT_HOURS_MAX} 小时", "ends_at"
            )


class NewOpportunitySchema(Schema):
    """An opportunity with its shifts."""

    area = Text(CODE_LENGTH_MAX, required=True)
    site_id = Id(required=True)
    kind = fields.Enum(OpportunityKind, by_value=True, required=True)
    category = fields.Enum(Category, by_value=True, load_default=Category.OTHER)
    title = Text(TITLE_LENGTH_MAX, required=True)
    description = Text(DESCRIPTION_LENGTH_MAX, min_length=0, multiline=True, load_default="")
    open_to = fields.Enum(OpenTo, by_value=True, load_default=OpenTo.EVERYONE)
    needs_approval = Flag(load_default=True)
    points_rule = fields.Enum(PointsRule, by_value=True, load_default=PointsRule.BY_HOUR)
    difficulty = Whole(
        DIFFICULTY_MIN,
        DIFFICULTY_MAX,
        load_default=DIFFICULTY_MIN,
        metadata={"description": "1 is the usual; policies say by how much 2 and 3 pay more."},
    )
    points_fixed = Whole(
        1,
        POINTS_FIXED_MAX,
        load_default=None,
        allow_none=True,
        metadata={"description": "Points per person; with `points_rule` fixed, and only then."},
    )
    shifts = fields.List(
        fields.Nested(NewShiftSchema),
        required=True,
        validate=validate.Length(1, SHIFTS_MAX, error=f"应有 1 到 {SHIFTS_MAX} 个班次"),
    )
    publish = Flag(load_default=True, metadata={"description": "false keeps it as a draft."})

    @ma.validates_schema
    def _points(self, form: dict[str, Any], **_: Any) -> None:
        if (form["points_rule"] is PointsRule.FIXED) is (form["points_fixed"] is None):
            raise ma.ValidationError("固定积分的服务应填写分数，其他服务不填", "points_fixed")


class OpportunityListQuery(PageQuery):
    """Which opportunities. Any state but published shows an admin the own ones."""

    area = Text(CODE_LENGTH_MAX)
    kind = fields.Enum(OpportunityKind, by_value=True)
    state = fields.Enum(OpportunityState, by_value=True, load_default=OpportunityState.PUBLISHED)


class NewClaimSchema(Schema):
    """Which shift."""

    shift_id = Id(required=True)


class DeclineSchema(Schema):
    """Why not; the person reads it."""

    reason = Text(REASON_LENGTH_MAX, required=True)


class ClaimRoleSchema(Schema):
    """In what capacity somebody serves."""

    role = fields.Enum(ClaimRole, by_value=True, required=True)


class EarningPreviewSchema(Schema):
    """A service that somebody might do: so many minutes in one of the shifts (the next one unless said)."""

    minutes = Whole(0, SHIFT_HOURS_MAX * MINUTES_PER_HOUR, required=True)
    role = fields.Enum(ClaimRole, by_value=True, load_default=ClaimRole.PARTICIPANT)
    evidence_class = fields.Enum(EvidenceClass, by_value=True, load_default=EvidenceClass.AUTOMATIC)
    shift_id = Id(load_default=None, allow_none=True)


class ClaimQueueQuery(PageQuery):
    """Which claims of the own area."""

    state = fields.Enum(ClaimState, by_value=True, load_default=ClaimState.PENDING)
    opportunity_id = Id(metadata={"in_query": True})


class RecordQueueQuery(PageQuery):
    """Which service records of the own area."""

    state = fields.Enum(RecordState, by_value=True, load_default=RecordState.WAITING)


def _code(what: str) -> Text:
    # A picture of something else may hold anything, lines included; it is no code, but it is no mistake in form.
    return Text(SCANNED_LENGTH_MAX, multiline=True, required=True, metadata={"description": what})


def _direction() -> fields.Enum[Direction]:
    return fields.Enum(
        Direction,
        by_value=True,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Left out: out for who is in at this site, else in. A second scan within a minute is "
            "taken for the same scan again."
        },
    )


def _at() -> Moment:
    return Moment(
        load_default=None,
        allow_none=True,
        metadata={"description": "When the device scanned, if the scan was kept and is sent late."},
    )


class ScanSiteSchema(Schema):
    """A member scanned a station's code."""

    code = _code("The station's code or its link, as it was scanned.")
    direction = _direction()
    at = _at()
    place = fields.Nested(PlaceSchema, load_default=None, allow_none=True)


class ScanPassSchema(Schema):
    """Staff scanned a member's pass."""

    code = _code("The member's pass or its link, as it was scanned.")
    site_id = Id(required=True)
    direction = _direction()
    at = _at()


# --- going out ----------------------------------------------------------------------------------------------


class StationSchema(Schema):
    """Where one serves."""

    id = Id(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)


class ShiftTimesSchema(Schema):
    """When one serves."""

    id = Id(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class ShiftSchema(ShiftTimesSchema):
    """When one may serve, and how many more may."""

    capacity = Whole(required=True)
    taken = Whole(required=True)
    places_left = Whole(required=True)


class OpportunityNameSchema(Schema):
    """What one serves."""

    id = Id(required=True)
    kind = Word(OpportunityKind)
    title = fields.String(required=True)


class OpportunitySchema(Schema):
    """An opportunity with where it is, when, and what it earns."""

    id = Id(required=True, attribute="opportunity.id")
    kind = Word(OpportunityKind, attribute="opportunity.kind")
    category = Word(Category, attribute="opportunity.category")
    title = fields.String(required=True, attribute="opportunity.title")
    description = fields.String(required=True, attribute="opportunity.description")
    area = fields.Nested(AreaSchema, required=True)
    site = fields.Nested(StationSchema, required=True)
    open_to = Word(OpenTo, attribute="opportunity.open_to")
    needs_approval = Flag(required=True, attribute="opportunity.needs_approval")
    points_rule = Word(PointsRule, attribute="opportunity.points_rule")
    points_fixed = Whole(required=True, allow_none=True, attribute="opportunity.points_fixed")
    difficulty = Whole(required=True, attribute="opportunity.difficulty")
    state = Word(OpportunityState, attribute="opportunity.state")
    published_at = Moment(required=True, allow_none=True, attribute="opportunity.published_at")
    shifts = fields.List(fields.Nested(ShiftSchema), required=True)


class ClaimSchema(Schema):
    """A claim with what it is about; the person by masked name."""

    id = Id(required=True, attribute="claim.id")
    state = Word(ClaimState, attribute="claim.state")
    role = Word(ClaimRole, attribute="claim.role")
    waiting_position = Whole(
        required=True,
        allow_none=True,
        metadata={"description": "1 is next in line; null unless the claim waits for a place."},
    )
    person_id = Id(required=True, attribute="claim.person_id")
    person_name = fields.String(required=True, allow_none=True)
    opportunity = fields.Nested(OpportunityNameSchema, required=True)
    shift = fields.Nested(ShiftTimesSchema, required=True)
    site = fields.Nested(StationSchema, required=True)
    created_at = Moment(required=True, attribute="claim.created_at")
    decided_at = Moment(required=True, allow_none=True, attribute="claim.decided_at")
    reason = fields.String(required=True, allow_none=True, attribute="claim.reason")


class EvidenceSchema(Schema):
    """One thing that shows a presence began or ended."""

    direction = Word(Direction)
    kind = Word(EvidenceKind)
    device_at = Moment(required=True, allow_none=True)
    received_at = Moment(required=True)
    distance = Word(Distance, allow_none=True)


class AttendanceSchema(Schema):
    """One presence, with what shows it."""

    id = Id(required=True, attribute="attendance.id")
    opportunity = fields.Nested(OpportunityNameSchema, required=True)
    shift = fields.Nested(ShiftTimesSchema, required=True)
    site = fields.Nested(StationSchema, required=True)
    checked_in_at = Moment(required=True, attribute="attendance.checked_in_at")
    checked_out_at = Moment(required=True, allow_none=True, attribute="attendance.checked_out_at")
    evidence = fields.List(fields.Nested(EvidenceSchema), required=True)


class EarningSchema(Schema):
    """What a service would be paid, why, and by which policies."""

    minutes = Whole(required=True, metadata={"description": "What of the minutes counts."})
    minutes_planned = Whole(required=True)
    points_due = Whole(required=True, metadata={"description": "By the rules of the service."})
    points = Whole(
        required=True, metadata={"description": "What the caps of today and this year leave."}
    )
    explanation = fields.String(required=True)
    policies = fields.List(fields.Nested(PolicyInForceSchema), required=True)


class VisitSchema(Schema):
    """The presence a scan began, ended or confirmed."""

    id = Id(required=True)
    site_id = Id(required=True)
    site_name = fields.String(required=True)
    opportunity_id = Id(required=True)
    title = fields.String(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    checked_in_at = Moment(required=True)
    checked_out_at = Moment(required=True, allow_none=True)


class RecordMadeSchema(Schema):
    """The service record a check-out made."""

    id = Id(required=True)
    state = Word(RecordState)


class ScannedSchema(Schema):
    """What a scan did. The same scan again is answered the same."""

    attendance = fields.Nested(VisitSchema, required=True)
    direction = Word(Direction)
    minutes = Whole(required=True)
    points = Whole(required=True)
    evidence = fields.List(
        Word(EvidenceKind),
        required=True,
    )
    record = fields.Nested(RecordMadeSchema, required=True, allow_none=True)
    explanation = fields.String(
        required=True, metadata={"description": "Why these points, in a sentence to show."}
    )
    person_name = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Masked; given to staff who scanned somebody else."},
    )


class ServiceRecordSchema(Schema):
    """A service record with what it was for; the person by masked name."""

    id = Id(required=True, attribute="record.id")
    state = Word(RecordState, attribute="record.state")
    person_id = Id(required=True, attribute="record.person_id")
    person_name = fields.String(required=True, allow_none=True)
    opportunity = fields.Nested(OpportunityNameSchema, required=True)
    site = fields.Nested(StationSchema, required=True)
    started_at = Moment(required=True, attribute="record.started_at")
    ended_at = Moment(required=True, attribute="record.ended_at")
    minutes = Whole(required=True, attribute="record.minutes")
    minutes_planned = Whole(required=True, attribute="record.minutes_planned")
    evidence_class = Word(EvidenceClass, attribute="record.evidence_class")
    points_due = Whole(required=True, attribute="record.points_due")
    points = Whole(required=True, attribute="record.points")
    explanation = fields.String(required=True)
    decided_at = Moment(required=True, allow_none=True, attribute="record.decided_at")
    reason = fields.String(required=True, allow_none=True, attribute="record.reason")
