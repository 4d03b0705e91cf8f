"""Shapes of the journal as it is read."""

from marshmallow import fields

from app.community.terms import CODE_LENGTH_MAX
from app.web import Id, Moment, PageQuery, Schema, Text

NAME_LENGTH_MAX = 60
SUBJECT_LENGTH_MAX = 30


class JournalQuery(PageQuery):
    """Which part of the journal."""

    area = Text(CODE_LENGTH_MAX, metadata={"description": "只看这个区域及其下级（代码）"})
    name = Text(NAME_LENGTH_MAX, metadata={"description": "事件名，见 docs/events.md"})
    subject = Text(SUBJECT_LENGTH_MAX, metadata={"description": "事件所说的对象，例如 wish"})
    subject_id = Id(metadata={"in_query": True})
    person_id = Id(metadata={"in_query": True, "description": "谁做的"})


class JournalLineSchema(Schema):
    """One line: who did what, when, where."""

    id = Id(required=True, attribute="entry.id")
    at = Moment(required=True, attribute="entry.at")
    name = fields.String(required=True, attribute="entry.name")
    sentence = fields.String(required=True)
    subject = fields.String(required=True, attribute="entry.subject")
    subject_id = fields.Integer(required=True, attribute="entry.subject_id")
    actor_id = Id(required=True, allow_none=True, attribute="entry.actor_id")
    actor_name = fields.String(required=True)
    area_name = fields.String(required=True)
    request_id = fields.String(required=True, attribute="entry.request_id")
    payload = fields.Dict(required=True, attribute="entry.payload")
