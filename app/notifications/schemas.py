"""Shapes of the inbox."""

from marshmallow import fields

from app.notifications.terms import LinkKind, MessageKind
from app.web import Id, Moment, Schema, Whole
from app.web.schema import INT64_MAX


class InboxLinkSchema(Schema):
    """What a message leads to."""

    kind = fields.Enum(LinkKind, by_value=True, required=True)
    id = Id(required=True)


class InboxMessageSchema(Schema):
    """One message. `read_at` is null while it is unread."""

    id = Id(required=True)
    kind = fields.String(required=True, metadata={"enum": list(MessageKind)})
    title = fields.String(required=True)
    body = fields.String(required=True)
    link = fields.Nested(InboxLinkSchema, required=True)
    created_at = Moment(required=True)
    read_at = Moment(required=True, allow_none=True)


class UnreadSchema(Schema):
    """How many messages wait to be read."""

    count = Whole(required=True)


class ReadAllSchema(Schema):
    """The newest message that the person has seen: what came later stays unread."""

    up_to = Id(
        load_default=INT64_MAX, metadata={"description": "屏幕上最新一条消息的编号，不填即全部"}
    )
