"""Shapes of stations and codes."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.sites.terms import ADDRESS_LENGTH_MAX, NAME_LENGTH_MAX, PHONE_LENGTH_MAX, Place, SiteKind
from app.web import Id, Moment, PageQuery, Schema, Text, Whole


def _degrees(most: int) -> fields.Float:
    wrong = f"应为 -{most} 到 {most} 之间的数"
    return fields.Float(
        required=True,
        validate=validate.Range(-most, most, error=wrong),
        error_messages={"invalid": wrong, "too_large": wrong, "special": wrong},
    )


class PlaceSchema(Schema):
    """A point in GCJ-02, in degrees, as phones in China report it."""

    latitude = _degrees(90)
    longitude = _degrees(180)

    @ma.post_load
    def _place(self, point: dict[str, float], **_: Any) -> Place:
        return Place(**point)


class SiteSchema(Schema):
    """A station as everybody may see it."""

    id = Id(required=True, attribute="site.id")
    kind = fields.Enum(SiteKind, by_value=True, required=True, attribute="site.site_kind")
    name = fields.String(required=True, attribute="site.name")
    address = fields.String(required=True, attribute="site.address")
    phone = fields.String(
        required=True,
        allow_none=True,
        attribute="site.phone",
        metadata={"description": "服务点自己的公开电话"},
    )
    place = fields.Nested(PlaceSchema, required=True, allow_none=True, attribute="site.place")
    area = fields.Nested(AreaSchema, required=True)
    closed_at = Moment(required=True, allow_none=True, attribute="site.closed_at")


class SiteListQuery(PageQuery):
    """Which stations: those at and below an area, of one kind or of both."""

    area = Text(CODE_LENGTH_MAX)
    kind = fields.Enum(SiteKind, by_value=True)


class NewSiteSchema(Schema):
    """A station to be opened."""

    area = Text(CODE_LENGTH_MAX, required=True)
    kind = fields.Enum(SiteKind, by_value=True, load_default=SiteKind.STATION)
    name = Text(NAME_LENGTH_MAX, required=True)
    address = Text(ADDRESS_LENGTH_MAX, required=True)
    phone = Text(PHONE_LENGTH_MAX, load_default=None, allow_none=True)
    place = fields.Nested(PlaceSchema, load_default=None, allow_none=True)


class RotatingCodeSchema(Schema):
    """A code to show until `expires_at`, then ask again."""

    code = fields.String(required=True)
    link = fields.String(required=True)
    image = fields.String(required=True)
    step_seconds = Whole(required=True)
    expires_at = Moment(required=True)
