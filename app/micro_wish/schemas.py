"""Shapes of wishes."""

from marshmallow import fields

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.micro_wish.terms import (
    DELIVERY_NOTE_LENGTH_MAX,
    POINTS_MAX,
    PRIVATE_TEXT_LENGTH_MAX,
    PUBLIC_TEXT_LENGTH_MAX,
    RATING_MAX,
    RATING_MIN,
    REASON_LENGTH_MAX,
    THANKS_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    ClaimState,
    WallState,
    WishCategory,
    WishState,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text, Whole, Word


class WishFormSchema(Schema):
    """A wish. `person_id`: staff make it for somebody else. Address and hardship belong in `private_text`."""

    person_id = Id(load_default=None, allow_none=True)
    area = Text(CODE_LENGTH_MAX, load_default=None, allow_none=True)
    title = Text(TITLE_LENGTH_MAX, required=True)
    public_text = Text(PUBLIC_TEXT_LENGTH_MAX, multiline=True, required=True)
    private_text = Text(PRIVATE_TEXT_LENGTH_MAX, multiline=True, load_default=None, allow_none=True)
    category = fields.Enum(WishCategory, by_value=True, load_default=WishCategory.OTHER)


class WishPublishSchema(Schema):
    """What the reviewer changes before all may read it; left out, the words stay and the policy's points apply."""

    title = Text(TITLE_LENGTH_MAX, load_default=None, allow_none=True)
    public_text = Text(PUBLIC_TEXT_LENGTH_MAX, multiline=True, load_default=None, allow_none=True)
    points = Whole(0, POINTS_MAX, load_default=None, allow_none=True)


class WishReasonSchema(Schema):
    """Why not."""

    reason = Text(REASON_LENGTH_MAX, required=True)


class WishReasonIfAnySchema(Schema):
    """Why, if the person wants to say."""

    reason = Text(REASON_LENGTH_MAX, load_default=None, allow_none=True)


class WishDeliverSchema(Schema):
    """What was done."""

    note = Text(DELIVERY_NOTE_LENGTH_MAX, multiline=True, required=True)


class WishConfirmSchema(Schema):
    """How well it was done."""

    rating = Whole(RATING_MIN, RATING_MAX, required=True)
    thanks = Text(THANKS_LENGTH_MAX, multiline=True, load_default=None, allow_none=True)


class WallQuery(PageQuery):
    """Which part of the wall."""

    area = Text(CODE_LENGTH_MAX)
    state = fields.Enum(WallState, by_value=True)
    category = fields.Enum(WishCategory, by_value=True)


class WishQueueQuery(PageQuery):
    """Which wishes of one's communities; without `state` those that wait for a decision."""

    state = fields.Enum(WishState, by_value=True)


class WallWishSchema(Schema):
    """A wish as it hangs on the wall: private details hidden, the wisher's name masked."""

    id = Id(required=True, attribute="wish.id")
    area = fields.Nested(AreaSchema, required=True)
    wisher_name = fields.String(required=True)
    title = fields.String(required=True, attribute="wish.title")
    public_text = fields.String(required=True, attribute="wish.public_text")
    category = Word(WishCategory, attribute="wish.category")
    points = Whole(required=True, attribute="wish.points", allow_none=True)
    state = Word(WishState, attribute="wish.state")
    state_since = Moment(required=True, attribute="wish.state_since")
    published_at = Moment(required=True, attribute="wish.published_at", allow_none=True)


class WishClaimSchema(Schema):
    """A claim of a wish, for its claimer, the wisher and the reviewers."""

    id = Id(required=True, attribute="claim.id")
    claimer_id = Id(required=True, attribute="claim.claimer_id")
    claimer_name = fields.String(required=True)
    state = Word(ClaimState, attribute="claim.state")
    claimed_at = Moment(required=True, attribute="claim.claimed_at")
    approved_at = Moment(required=True, attribute="claim.approved_at", allow_none=True)
    due_at = Moment(required=True, attribute="claim.due_at", allow_none=True)
    delivered_at = Moment(required=True, attribute="claim.delivered_at", allow_none=True)
    delivery_note = fields.String(required=True, attribute="claim.delivery_note", allow_none=True)
    confirmed_at = Moment(required=True, attribute="claim.confirmed_at", allow_none=True)
    confirmed_on_behalf = Flag(required=True, allow_none=True)
    rating = Whole(required=True, attribute="claim.rating", allow_none=True)
    thanks = fields.String(required=True, attribute="claim.thanks", allow_none=True)
    points_earned = Whole(required=True, attribute="claim.points_earned", allow_none=True)
    ended_at = Moment(required=True, attribute="claim.ended_at", allow_none=True)
    reason = fields.String(required=True, attribute="claim.reason", allow_none=True)


class WishSchema(WallWishSchema):
    """A wish with what this reader may see beyond the wall; the rest is null."""

    wisher_id = Id(required=True, allow_none=True)
    made_for_other = Flag(required=True, allow_none=True)
    made_at = Moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    private_text = fields.String(required=True, allow_none=True)
    claim = fields.Nested(WishClaimSchema, required=True, allow_none=True)
