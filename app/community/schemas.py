"""Shapes of areas, in and out."""

from marshmallow import fields, validate

from app.community.terms import (
    BELOW_COMMUNITY,
    CODE_LENGTH_MAX,
    LEVEL_NAMES_ZH,
    NAME_LENGTH_MAX,
    NUMBER_MAX,
    Level,
)
from app.web import PageQuery, Schema, Text, Whole

_LEVEL = validate.OneOf(
    [str(level) for level in Level], [*LEVEL_NAMES_ZH.values()], error="只能是其中之一：{choices}"
)


class AreaSchema(Schema):
    """An area as other things name it."""

    code = fields.String()
    name = fields.String()
    level = fields.String(validate=_LEVEL)


class AreaDetailSchema(Schema):
    """An area, the line of areas above it (root first), and while it is or was in force."""

    code = fields.String(attribute="area.code")
    name = fields.String(attribute="area.name")
    level = fields.String(attribute="area.level", validate=_LEVEL)
    ancestors = fields.List(fields.Nested(AreaSchema))
    valid_from = fields.Date(attribute="area.valid_from")
    valid_to = fields.Date(
        attribute="area.valid_to",
        allow_none=True,
        metadata={"description": "First day it is no longer in force; null while it is."},
    )
    successor = fields.Nested(AreaSchema, attribute="area.successor", allow_none=True)


class AreaListQuery(PageQuery):
    """Which areas: the next step below `parent` (or the top), or with `q` or `level` all below it that fit."""

    parent = Text(CODE_LENGTH_MAX)
    q = Text(30, metadata={"description": "Part of the name, or how its pinyin or initials begin."})
    level = fields.String(validate=_LEVEL)


class NewAreaSchema(Schema):
    """A compound or grid to put under a community."""

    parent = Text(CODE_LENGTH_MAX, required=True)
    level = fields.String(
        required=True,
        validate=validate.OneOf(
            [str(level) for level in Level if level in BELOW_COMMUNITY],
            error="只能是其中之一：{choices}",
        ),
    )
    name = Text(NAME_LENGTH_MAX, required=True)
    number = Whole(1, NUMBER_MAX, metadata={"description": "Left out: the next one."})


class AreaEndSchema(Schema):
    """How an area ends. Down to the community it merges into a successor of its own level."""

    successor = Text(CODE_LENGTH_MAX, allow_none=True, load_default=None)
    on = fields.Date(allow_none=True, load_default=None)
