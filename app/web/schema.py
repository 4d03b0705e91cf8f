"""Shapes in and out: marshmallow with our limits built in and its sentences in Chinese.

Every text is stripped, bounded and free of control characters; every number fits 64 bits; every moment has an
offset. So no payload that passes a schema can make the database itself refuse the value.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import fields, validate
from typing_extensions import override

from app.core.clock import CHINA
from app.core.paging import LIMIT_DEFAULT, LIMIT_MAX

INT64_MAX = 2**63 - 1

# Control characters other than tab and newline, and lone surrogates: neither engine stores them faithfully.
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

fields.Field.default_error_messages.update(
    required="必填", null="不能为空", validator_failed="内容不符合要求"
)
fields.String.default_error_messages.update(invalid="应为文字", invalid_utf8="应为文字")
fields.Integer.default_error_messages.update(invalid="应为整数", too_large="数值过大")
fields.Boolean.default_error_messages.update(invalid="应为是或否")
fields.AwareDateTime.default_error_messages.update(
    invalid="应为带时区的时间，例如 2026-11-20T09:00:00+08:00",
    invalid_awareness="时间应带时区，例如 2026-11-20T09:00:00+08:00",
    format="时间无法表示",
)
fields.Date.default_error_messages.update(invalid="应为日期，例如 2026-11-20")
fields.Enum.default_error_messages.update(unknown="只能是其中之一：{choices}")
fields.List.default_error_messages.update(invalid="应为列表")
fields.Nested.default_error_messages.update(type="应为一组内容")


class Schema(ma.Schema):
    """Base of every shape. Unknown fields are refused, never ignored."""

    error_messages = {  # noqa: RUF012 - marshmallow declares it as an instance's
        "unknown": "没有这个字段",
        "type": "应为一个 JSON 对象",
    }

    class Meta:
        unknown = ma.RAISE


class Text(fields.String):
    """A stripped text of at most `max_length` characters; one line unless `multiline`."""

    def __init__(
        self, max_length: int, *, min_length: int = 1, multiline: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(
            validate=validate.Length(
                min_length,
                max_length,
                error=f"长度应为 {min_length} 到 {max_length} 个字",
            ),
            **kwargs,
        )
        self._multiline = multiline

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if _UNSTORABLE.search(text) or (not self._multiline and "\n" in text):
            raise ma.ValidationError("含有无法保存的字符")
        return text


class Word(fields.String):
    """A word of ours going out; its values are named in the API document."""

    def __init__(self, words: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(
            required=True, validate=validate.OneOf([str(word) for word in words]), **kwargs
        )


class Whole(fields.Integer):
    """A strict integer between two bounds; `"3"`, `3.5` and `true` are not integers."""

    def __init__(self, minimum: int = 0, maximum: int = INT64_MAX, **kwargs: Any) -> None:
        super().__init__(
            strict=True,
            validate=validate.Range(
                minimum,
                maximum,
                error=f"应在 {minimum} 到 {maximum} 之间"
                if maximum < INT64_MAX
                else f"不能小于 {minimum}",
            ),
            **kwargs,
        )

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        # In a query string every value is text; in JSON a number is a number.
        if isinstance(value, bool) or (
            isinstance(value, str) and not self.metadata.get("in_query")
        ):
            raise self.make_error("invalid")
        if isinstance(value, str):
            if not re.fullmatch("-?[0-9]{1,19}", value):
                raise self.make_error("invalid")
            value = int(value)
        return int(super()._deserialize(value, attr, data, **kwargs))


class Id(Whole):
    """The id of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, **kwargs)


class WholeList(fields.List[int]):
    """A list of distinct ids, at most `max_length`."""

    def __init__(self, max_length: int, **kwargs: Any) -> None:
        super().__init__(
            Id(), validate=validate.Length(0, max_length, error=f"最多 {max_length} 项"), **kwargs
        )


class Flag(fields.Boolean):
    """true or false, and nothing that merely looks like it."""

    truthy = {True, "true"}  # noqa: RUF012 - marshmallow declares it as an instance's
    falsy = {False, "false"}  # noqa: RUF012 - as above

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        # 1 == True in Python, so 1 would be found in the set above.
        if not isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        return bool(super()._deserialize(value, attr, data, **kwargs))


class UploadedFile(Upload):  # type: ignore[misc]
    """The bytes of a file in a form."""

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        # It is read once before the transaction and again in it.
        value.stream.seek(0)
        content: bytes = value.stream.read()
        return content


class Moment(fields.AwareDateTime):
    """RFC 3339 with offset, in and out; shown in China's offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    @override
    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        if value is None:
            return None
        return value.astimezone(CHINA).isoformat(timespec="seconds")

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        if not 2000 <= moment.year <= 2100:  # noqa: PLR2004 - beyond it arithmetic on moments may overflow
            raise ma.ValidationError("时间超出范围")
        return moment


class PageQuery(Schema):
    """What every list takes."""

    limit = Whole(1, LIMIT_MAX, load_default=LIMIT_DEFAULT, metadata={"in_query": True})
    cursor = fields.String(validate=validate.Length(1, 500))


_pages: dict[type[Schema], type[Schema]] = {}


def page_of(item: type[Schema]) -> type[Schema]:
    """The shape of one page of `item`."""
    if item not in _pages:
        name = item.__name__.removesuffix("Schema") + "PageSchema"
        _pages[item] = Schema.from_dict(  # type: ignore[assignment]
            {
                "items": fields.List(fields.Nested(item), required=True),
                "next_cursor": fields.String(required=True, allow_none=True),
            },
            name=name,
        )
    return _pages[item]
