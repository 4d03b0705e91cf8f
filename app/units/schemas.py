"""Shapes of work units, in and out."""

from marshmallow import fields

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.units.terms import CREDIT_CODE_LENGTH, NAME_LENGTH_MAX
from app.web import PageQuery, Schema, Text


class UnitSchema(Schema):
    """A work unit, as people choose it."""

    id = fields.Integer()
    name = fields.String()
    area = fields.Nested(AreaSchema)


class UnitDetailSchema(UnitSchema):
    """A work unit with its social credit code."""

    credit_code = fields.String()


class UnitListQuery(PageQuery):
    """Units whose name holds `q`, with their seat at or below `area`."""

    q = Text(NAME_LENGTH_MAX, attribute="text")
    area = Text(CODE_LENGTH_MAX)


class NewUnitSchema(Schema):
    """A work unit to enter."""

    credit_code = Text(CREDIT_CODE_LENGTH, required=True)
    name = Text(NAME_LENGTH_MAX, required=True)
    area = Text(CODE_LENGTH_MAX, required=True)
