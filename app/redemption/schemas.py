"""Shapes of rewards and redemptions, in and out."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.redemption.terms import (
    COUNT_LINES_MAX,
    DESCRIPTION_LENGTH_MAX,
    PICKUP_DAYS_MAX,
    POINTS_MAX,
    QUANTITY_MAX,
    REASON_LENGTH_MAX,
    RECEIVED_MAX,
    SCANNED_LENGTH_MAX,
    SETTLEMENT_DAYS_MAX,
    TITLE_LENGTH_MAX,
    Category,
    MoveKind,
    Period,
    RedemptionState,
    RewardKind,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text, UploadedFile, Whole


class StockSchema(Schema):
    """What one station has to give."""

    site_id = Id(required=True)
    site_name = fields.String(required=True)
    available = Whole(required=True)


class RewardSchema(Schema):
    """A reward and where it can be had."""

    id = Id(required=True)
    area = fields.Nested(AreaSchema, required=True)
    kind = fields.Enum(RewardKind, by_value=True, required=True)
    category = fields.Enum(Category, by_value=True, required=True)
    category_name = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    picture = fields.String(
        required=True, allow_none=True, metadata={"description": "A link; it may be kept for ever."}
    )
    points = Whole(required=True, metadata={"description": "For one piece."})
    per_order_max = Whole(required=True, allow_none=True)
    per_period_max = Whole(required=True, allow_none=True)
    period = fields.Enum(Period, by_value=True, required=True, allow_none=True)
    per_person_max = Whole(required=True, allow_none=True, metadata={"description": "Ever."})
    open_from = fields.Date(required=True, allow_none=True)
    open_until = fields.Date(
        required=True, allow_none=True, metadata={"description": "The last day."}
    )
    pickup_days = Whole(required=True, allow_none=True)
    open = Flag(required=True)
    stock = fields.List(fields.Nested(StockSchema), required=True)


class ShelfQuery(PageQuery):
    """Whose shelf: what somebody at home in this area may want, all of it or a part."""

    area = Text(CODE_LENGTH_MAX, required=True)
    kind = fields.Enum(RewardKind, by_value=True)
    category = fields.Enum(Category, by_value=True)


class RewardWordsSchema(Schema):
    """What a reward is, as a whole: what is left out is as good as empty."""

    kind = fields.Enum(RewardKind, by_value=True, load_default=RewardKind.GOODS)
    category = fields.Enum(Category, by_value=True, load_default=Category.OTHER)
    title = Text(TITLE_LENGTH_MAX, required=True)
    description = Text(DESCRIPTION_LENGTH_MAX, min_length=0, multiline=True, load_default="")
    points = Whole(1, POINTS_MAX, required=True, metadata={"description": "For one piece."})
    per_order_max = Whole(1, QUANTITY_MAX, load_default=None, allow_none=True)
    per_period_max = Whole(1, QUANTITY_MAX, load_default=None, allow_none=True)
    period = fields.Enum(Period, by_value=True, load_default=None, allow_none=True)
    per_person_max = Whole(1, QUANTITY_MAX, load_default=None, allow_none=True)
    open_from = fields.Date(load_default=None, allow_none=True)
    open_until = fields.Date(load_default=None, allow_none=True)
    pickup_days = Whole(1, PICKUP_DAYS_MAX, load_default=None, allow_none=True)

    @ma.validates_schema
    def _fits_together(self, words: dict[str, Any], **_: Any) -> None:
        if (words["per_period_max"] is None) is not (words["period"] is None):
            raise ma.ValidationError("每期限量和周期应同时填写，或都不填", "period")
        first, last = words["open_from"], words["open_until"]
        if first is not None and last is not None and last < first:
            raise ma.ValidationError("不能早于开始日期", "open_until")


class NewRewardSchema(RewardWordsSchema):
    """A reward to put on the shelf."""

    area = Text(CODE_LENGTH_MAX, required=True)


class PictureSchema(Schema):
    """A form with a JPEG, PNG or WebP picture of at most 8 MB in it."""

    file = UploadedFile(required=True)


class WrittenOffSchema(Schema):
    """Pieces that nobody will get any more, and why."""

    site_id = Id(required=True)
    quantity = Whole(1, RECEIVED_MAX, required=True)
    reason = Text(REASON_LENGTH_MAX, required=True)


class TransferredSchema(Schema):
    """Pieces on their way from one station to another."""

    from_site_id = Id(required=True)
    to_site_id = Id(required=True)
    quantity = Whole(1, RECEIVED_MAX, required=True)


class MovesQuery(PageQuery):
    """Of one station, or of all that had the reward."""

    site_id = Id(metadata={"in_query": True})


class MoveSchema(Schema):
    """Pieces that came to a station or left it."""

    id = Id(required=True)
    kind = fields.Enum(MoveKind, by_value=True, required=True)
    kind_name = fields.String(required=True)
    site_id = Id(required=True)
    site_name = fields.String(required=True)
    quantity = Whole(required=True)
    reason = fields.String(required=True, allow_none=True)
    redemption_id = Id(required=True, allow_none=True)
    actor_name = fields.String(required=True, metadata={"description": "Masked."})
    at = Moment(required=True)


class CountsQuery(PageQuery):
    """Of one station, or of all the own ones."""

    site_id = Id(metadata={"in_query": True})


class CountLineSchema(Schema):
    """One reward in a stock-taking; pieces that wait for their person are there too and are counted."""

    reward_id = Id(required=True)
    title = fields.String(required=True)
    expected = Whole(required=True)
    counted = Whole(required=True, allow_none=True)


class CountSchema(Schema):
    """A stock-taking: open with what is to be counted, or closed with what was found."""

    id = Id(required=True)
    site_id = Id(required=True)
    site_name = fields.String(required=True)
    opened_at = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    lines = fields.List(fields.Nested(CountLineSchema), required=True)


class CountedSchema(Schema):
    """How many pieces of a reward are there, waiting ones included."""

    reward_id = Id(required=True)
    counted = Whole(0, RECEIVED_MAX, required=True)


class CloseCountSchema(Schema):
    """What was found, and how differences are explained. A stock-taking given up is closed without lines."""

    reason = Text(REASON_LENGTH_MAX, required=True)
    lines = fields.List(
        fields.Nested(CountedSchema),
        required=True,
        validate=validate.Length(0, COUNT_LINES_MAX, error=f"最多 {COUNT_LINES_MAX} 项"),
    )

    @ma.validates_schema
    def _once_each(self, found: dict[str, Any], **_: Any) -> None:
        lines = found["lines"]
        if len({line["reward_id"] for line in lines}) < len(lines):
            raise ma.ValidationError("同一种礼品只能填写一次", "lines")


class SettlementQuery(PageQuery):
    """Which station or shop, and from which day to which, both included."""

    site = Id(required=True, metadata={"in_query": True})
    first_day = fields.Date(required=True, data_key="from")
    last_day = fields.Date(required=True, data_key="to")

    @ma.validates_schema
    def _days_in_order(self, asked: dict[str, Any], **_: Any) -> None:
        days = (asked["last_day"] - asked["first_day"]).days
        if not 0 <= days < SETTLEMENT_DAYS_MAX:
            raise ma.ValidationError(f"应不早于开始日期，且最多 {SETTLEMENT_DAYS_MAX} 天", "to")


class CollectedSchema(Schema):
    """One handing-out."""

    id = Id(required=True)
    title = fields.String(required=True)
    quantity = Whole(required=True)
    points = Whole(required=True)
    person_name = fields.String(required=True, metadata={"description": "Masked."})
    collected_at = Moment(required=True)


class RewardTotalSchema(Schema):
    """What was handed out of one reward under one title."""

    reward_id = Id(required=True)
    title = fields.String(required=True)
    redemptions = Whole(required=True)
    pieces = Whole(required=True)
    points = Whole(required=True)


class SettlementSchema(Schema):
    """What a station or partner shop handed out: totals over all the days, and one page of the single ones."""

    site_id = Id(required=True)
    site_name = fields.String(required=True)
    first_day = fields.Date(required=True, data_key="from")
    last_day = fields.Date(required=True, data_key="to")
    redemptions = Whole(required=True)
    pieces = Whole(required=True)
    points = Whole(required=True)
    rewards = fields.List(fields.Nested(RewardTotalSchema), required=True)
    items = fields.List(fields.Nested(CollectedSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


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
