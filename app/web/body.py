"""The body of a request: at most one megabyte (more where a route takes a picture), read once."""

import hashlib
import json
from typing import Any

from flask import Request

from app.core.errors import MalformedJson
from app.web.errors import BodyTooLarge, UnsupportedMediaType

MEGABYTE = 1024 * 1024
BODY_BYTES_MAX = MEGABYTE
FORM_BYTES = 64 * 1024
"""What a form may add to the file in it: boundaries, names, the phone's own fields."""


def body_of(request: Request) -> bytes:
    """The bytes that came. Raises: BodyTooLarge."""
    body = request.get_data()
    # A body without a stated length is cut at the limit by the server's reader, without a word.
    bytes_max = request.max_content_length or BODY_BYTES_MAX
    if request.content_length is None and len(body) >= bytes_max:
        raise BodyTooLarge(megabytes_max=bytes_max // MEGABYTE)
    return body


def essence_of(request: Request) -> bytes:
    """What two requests have in common when they ask for the same. Raises: BodyTooLarge.

    A form is written anew at each try, between other boundaries, so of a form it is the parts.
    """
    body = body_of(request)
    if request.mimetype != "multipart/form-data":
        return body
    parts = [["", name, text] for name, text in request.form.items(multi=True)]
    for name, part in request.files.items(multi=True):
        parts.append(["file", name, hashlib.sha256(part.stream.read()).hexdigest()])
        part.stream.seek(0)
    return json.dumps(sorted(parts)).encode()


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
