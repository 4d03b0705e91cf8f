"""Shapes of points, in and out."""

from marshmallow import fields

from app.points.terms import POINTS_PER_TRANSFER_MAX, REASON_LENGTH_MAX, CauseKind, TransferKind
from app.web import Id, Moment, Schema, Text, Whole


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


class NewGrantSchema(Schema):
    """Points to be given by hand."""

    person_id = Id(required=True)
    points = Whole(1, POINTS_PER_TRANSFER_MAX, required=True)
    reason = Text(REASON_LENGTH_MAX, min_length=2, required=True)


class GrantSchema(Schema):
    """Points given by hand."""

    id = Id(required=True)
    person_id = Id(required=True)
    points = Whole(required=True)
    reason = fields.String(required=True)
    transfer_id = Id(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    granted_at = Moment(required=True)


class NewReversalSchema(Schema):
    """Why a transfer is reversed."""

    reason = Text(REASON_LENGTH_MAX, min_length=2, required=True)


class ReversalSchema(Schema):
    """A transfer that answers another."""

    id = Id(required=True)
    reverses_id = Id(required=True)
    person_id = Id(required=True)
    points = fields.Integer(
        required=True, metadata={"description": "Negative when points were taken back."}
    )
    reason = fields.String(required=True)
    at = Moment(required=True)
