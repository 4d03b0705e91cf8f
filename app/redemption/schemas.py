"""Shapes of rewards and redemptions, in and out."""

from marshmallow import fields

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.redemption.terms import (
    DESCRIPTION_LENGTH_MAX,
    POINTS_MAX,
    QUANTITY_MAX,
    RECEIVED_MAX,
    SCANNED_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    RedemptionState,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text, Whole


class StockSchema(Schema):
    """What one station has to give."""

    site_id = Id(required=True)
    site_name = fields.String(required=True)
    available = Whole(required=True)


class RewardSchema(Schema):
    """A reward and where it can be had."""

    id = Id(required=True)
    area = fields.Nested(AreaSchema, required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    points = Whole(required=True, metadata={"description": "For one piece."})
    per_person_max = Whole(required=True, allow_none=True)
    open = Flag(required=True)
    stock = fields.List(fields.Nested(StockSchema), required=True)


class ShelfQuery(PageQuery):
    """Whose shelf: what somebody at home in this area may want."""

    area = Text(CODE_LENGTH_MAX, required=True)


class NewRewardSchema(Schema):
    """A reward to put on the shelf."""

    area = Text(CODE_LENGTH_MAX, required=True)
    title = Text(TITLE_LENGTH_MAX, required=True)
    description = Text(DESCRIPTION_LENGTH_MAX, min_length=0, multiline=True, load_default="")
    points = Whole(1, POINTS_MAX, required=True, metadata={"description": "For one piece."})
    per_person_max = Whole(1, QUANTITY_MAX, load_default=None, allow_none=True)


class ReceivedSchema(Schema):
    """Pieces that arrived at a station."""

    site_id = Id(required=True)
    quantity = Whole(1, RECEIVED_MAX, required=True)


class NewRedemptionSchema(Schema):
    """An order."""

    reward_id = Id(required=True)
    site_id = Id(required=True, metadata={"description": "Where it will be collected."})
    quantity = Whole(1, QUANTITY_MAX, load_default=1)


class RedemptionSchema(Schema):
    """An order as its person sees it. Code and link are there only while it can be collected."""

    id = Id(required=True)
    reward_id = Id(required=True)
    title = fields.String(required=True)
    site_id = Id(required=True)
    site_name = fields.String(required=True)
    quantity = Whole(required=True)
    points = Whole(required=True)
    state = fields.Enum(RedemptionState, by_value=True, required=True)
    code = fields.String(required=True, allow_none=True)
    link = fields.String(required=True, allow_none=True)
    made_at = Moment(required=True)
    pickup_by = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)


class CollectionCodeSchema(Schema):
    """What to show at the counter."""

    code = fields.String(required=True)
    link = fields.String(required=True)
    image = fields.String(required=True, metadata={"description": "The link as a QR picture."})
    pickup_by = Moment(required=True)


class CollectSchema(Schema):
    """What was scanned or typed at the counter, and at which one if staff have several."""

    code = Text(SCANNED_LENGTH_MAX, required=True)
    site_id = Id(load_default=None, allow_none=True)


class HandoverSchema(Schema):
    """What to hand out, and to whom."""

    id = Id(required=True)
    title = fields.String(required=True)
    quantity = Whole(required=True)
    points = Whole(required=True)
    site_id = Id(required=True)
    person_name = fields.String(required=True, metadata={"description": "Masked."})
    collected_at = Moment(required=True)
