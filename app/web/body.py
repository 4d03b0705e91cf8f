"""The body of a request: at most one megabyte, read once, as JSON or not at all."""

import json
from typing import Any

from flask import Request

from app.core.errors import MalformedJson
from app.web.errors import BodyTooLarge, UnsupportedMediaType

BODY_BYTES_MAX = 1024 * 1024


def body_of(request: Request) -> bytes:
    """The bytes that came. Raises: BodyTooLarge."""
    body = request.get_data()
    # A body without a stated length is cut at the limit by the server's reader, without a word.
    if request.content_length is None and len(body) >= BODY_BYTES_MAX:
        raise BodyTooLarge
    return body


def json_of(request: Request) -> Any:
    """The body as plain data; None when there is none. Raises: UnsupportedMediaType, MalformedJson."""
    body = body_of(request)
    if not body:
        return None
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as fault:
        # Broken, not UTF-8, a number of thousands of digits, or brackets without end.
        raise MalformedJson from fault
