"""Shapes of policies, in and out."""

from typing import Any

from marshmallow import fields, validate
from typing_extensions import override

from app.community.schemas import AreaSchema
from app.community.terms import CODE_LENGTH_MAX
from app.policies.rules import parse
from app.policies.terms import KEYS, REASON_LENGTH_MAX, VALUE_LENGTH_MAX
from app.web import Moment, PageQuery, Schema, Text

_KEY = validate.OneOf(
    list(KEYS), [key.title_zh for key in KEYS.values()], error="没有这项规则，请从规则列表中选择"
)


class PolicyValue(fields.Field[Any]):
    """A whole number, true or false, or a choice; which of them, and its bounds, the key decides."""

    def __init__(self, **kwargs: Any) -> None:
        kinds = [{"type": kind} for kind in ("integer", "boolean", "string")]
        super().__init__(metadata={"oneOf": kinds}, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        short = isinstance(value, str) and len(value) <= VALUE_LENGTH_MAX
        if not short and type(value) not in {int, bool}:
            raise self.make_error("validator_failed")
        return value


class ChoiceSchema(Schema):
    """One of the values that may be chosen."""

    value = fields.String()
    title = fields.String()


class PolicyRowSchema(Schema):
    """One dated row: what was set where, from which day on, when and why."""

    id = fields.Integer()
    area = fields.Nested(AreaSchema)
    key = fields.String()
    title = fields.Function(
        lambda row: KEYS[row.key].title_zh if row.key in KEYS else row.key,
        metadata={"type": "string"},
    )
    value = fields.Method("_typed", metadata=PolicyValue().metadata)
    effective_from = fields.Date()
    set_at = Moment()
    reason = fields.String()

    def _typed(self, row: Any) -> Any:
        # Rows outlive their keys: one of a key that is gone is shown as it was written.
        return parse(KEYS[row.key], row.value) if row.key in KEYS else row.value


class PolicyInForceSchema(Schema):
    """One key: the value in force, what it may be, and the row that says so (null: the default)."""

    key = fields.String(attribute="key.name", validate=_KEY)
    title = fields.String(attribute="key.title_zh")
    value = PolicyValue()
    default = PolicyValue(attribute="key.default")
    minimum = fields.Integer(attribute="key.minimum", allow_none=True)
    maximum = fields.Integer(attribute="key.maximum", allow_none=True)
    choices = fields.List(fields.Nested(ChoiceSchema))
    row = fields.Nested(PolicyRowSchema, allow_none=True)


class PolicySheetSchema(Schema):
    """Every key at one area on one day in China."""

    area = fields.Nested(AreaSchema)
    on = fields.Date()
    items = fields.List(fields.Nested(PolicyInForceSchema))


class PolicySheetQuery(Schema):
    """At which area, and on which day in China (today unless said)."""

    area = Text(CODE_LENGTH_MAX, required=True)
    on = fields.Date()


class PolicyHistoryQuery(PageQuery):
    """Rows of an area and those above it, of one key or all."""

    area = Text(CODE_LENGTH_MAX, required=True)
    key = fields.String(validate=_KEY)


class NewPolicySchema(Schema):
    """A value to be in force at an area from a day on."""

    area = Text(CODE_LENGTH_MAX, required=True)
    key = fields.String(required=True, validate=_KEY)
    value = PolicyValue(required=True)
    effective_from = fields.Date(required=True)
    reason = Text(REASON_LENGTH_MAX, required=True)
