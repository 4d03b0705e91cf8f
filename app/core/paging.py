"""Keyset paging: a page costs the same at the first row and at the ten-millionth."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.core.db import db
from app.core.errors import Refusal

T = TypeVar("T")

LIMIT_DEFAULT = 20
LIMIT_MAX = 100


class CursorInvalid(Refusal):
    """The cursor was not made by this list."""

    code = "cursor_invalid"
    status = 422
    message = "翻页标记无效，请从第一页重新查看。"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next_cursor` is None on the last."""

    items: Sequence[T]
    next_cursor: str | None


def paginate(
    statement: Select[tuple[T]],
    keys: Sequence[InstrumentedAttribute[Any]],
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
    descending: bool = True,
) -> Page[T]:
    """A page of mapped objects ordered by `keys` (all in one direction; the last one unique).

    `keys` must be attributes of the selected class. Raises: CursorInvalid.
    """
    if cursor is not None:
        bound = tuple_(*keys)
        seen = tuple_(*_decode(cursor, keys))
        statement = statement.where(bound < seen if descending else bound > seen)
    ordered = statement.order_by(*(key.desc() if descending else key.asc() for key in keys))
    return page_of_rows(db.session.scalars(ordered.limit(limit + 1)).all(), keys, limit=limit)


def page_of_rows(
    rows: Sequence[T], keys: Sequence[InstrumentedAttribute[Any]], *, limit: int
) -> Page[T]:
    """The page in rows that were asked for and ordered as `paginate` would have, one more than `limit`."""
    items = rows[:limit]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, _encode([getattr(items[-1], key.key) for key in keys]))


def _encode(values: list[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(cursor: str, keys: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(plain, list) or len(plain) != len(keys):
            raise CursorInvalid
        return [_value(key, value) for key, value in zip(keys, plain, strict=True)]
    except (ValueError, binascii.Error) as fault:
        raise CursorInvalid from fault


def _value(key: InstrumentedAttribute[Any], value: Any) -> Any:
    kind = key.type.python_type
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise CursorInvalid
        return moment
    if kind is datetime or type(value) is not kind or not _storable(value):
        raise CursorInvalid
    return value


def _storable(value: Any) -> bool:
    """Whether both engines can compare with it: an integer of 64 bits, a text without NUL or half a character."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, str) or not re.search("[\x00\ud800-\udfff]", value)
