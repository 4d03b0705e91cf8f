"""The error envelope, and the translation of everything that can go wrong into a named refusal."""

import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from app.core.db import Model
from app.core.errors import (
    Conflict,
    Malformed,
    MalformedJson,
    NotFound,
    Refusal,
    refusal_for_constraint,
)
from app.web.field_names import spoken
from app.web.request_id import request_id

log = logging.getLogger(__name__)


class MethodNotAllowed(Refusal):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    status = 405
    message = "这个地址不支持这种请求方式。"


class BodyTooLarge(Refusal):
    """The body is over the limit."""

    code = "body_too_large"
    status = 413
    message = "提交的内容过大，最多 {megabytes_max} MB。"


class UnsupportedMediaType(Refusal):
    """A body was needed and it did not come as JSON."""

    code = "unsupported_media_type"
    status = 415
    message = "请以 JSON 格式提交内容。"


class TooManyRequests(Refusal):
    """A rate limit was reached."""

    code = "too_many_requests"
    status = 429
    message = "操作过于频繁，请稍后再试。"


class BadRequest(Refusal):
    """The request could not be read as HTTP."""

    code = "bad_request"
    status = 400
    message = "请求无法识别。"


class Internal(Refusal):
    """Ours to mend. The request id is all that leaves the server."""

    code = "internal"
    status = 500
    message = "系统出了点问题，我们已经记录。请稍后再试，或把编号告诉社区工作人员。"


_BY_STATUS: dict[int, type[Refusal]] = {
    400: BadRequest,
    404: NotFound,
    405: MethodNotAllowed,
    415: UnsupportedMediaType,
    429: TooManyRequests,
}


def envelope(refusal: Refusal) -> Response:
    """The one shape of every error."""
    response = jsonify(
        error={
            "code": refusal.code,
            "message": refusal.sentence,
            "details": dict(refusal.details),
            "request_id": request_id(),
        }
    )
    response.status_code = refusal.status
    if refusal.status == 503:  # noqa: PLR2004 - the status is its own name
        response.headers["Retry-After"] = "1"
    return response


def refusal_of_http(fault: HTTPException) -> Refusal:
    """The named refusal for an HTTP exception of Flask, webargs or the limiter."""
    if fault.code == 422:  # noqa: PLR2004 - webargs' status for a payload that does not fit its schema
        return _malformed(getattr(fault, "data", {}).get("messages", {}))
    if fault.code == 400 and "messages" in getattr(fault, "data", {}):  # noqa: PLR2004 - webargs: broken JSON
        return MalformedJson()
    if fault.code == BodyTooLarge.status:
        return BodyTooLarge(megabytes_max=(request.max_content_length or 0) // (1024 * 1024))
    return _BY_STATUS.get(fault.code or 500, Internal)()


def refusal_of_integrity(fault: IntegrityError) -> Refusal:
    """What the violated constraint means, by the refusal that claims its name.

    A foreign key that points nowhere is a bug of ours, so it is not turned into a polite answer.
    """
    for name in _violated(fault):
        refusal = refusal_for_constraint(name)
        if refusal is not None:
            return refusal()
    log.warning("unnamed constraint violated: %s", fault.orig)
    if "foreign key" in str(fault.orig).lower() or "not null" in str(fault.orig).lower():
        raise fault
    return Conflict()


def _violated(fault: IntegrityError) -> tuple[str, ...]:
    diagnosis = getattr(fault.orig, "diag", None)
    if diagnosis is not None:
        return (diagnosis.constraint_name or "",)
    text = str(fault.orig)
    if columns := re.search(r"UNIQUE constraint failed: ([\w., ]+)$", text):
        pairs = [column.split(".") for column in columns[1].split(", ")]
        return _unique_names().get((pairs[0][0], frozenset(pair[1] for pair in pairs)), ())
    if named := re.search(r"(?:CHECK constraint failed: |index ')(\w+)", text):
        return (named[1],)
    return ()


@cache
def _unique_names() -> Mapping[tuple[str, frozenset[str]], tuple[str, ...]]:
    """SQLite names the columns of a violated unique constraint; this finds its name back."""
    names: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}

    def note(table: Table, columns: Any, name: Any) -> None:
        key = (table.name, frozenset(column.name for column in columns))
        names[key] = (*names.get(key, ()), str(name))

    for table in Model.metadata.tables.values():
        note(table, table.primary_key.columns, table.primary_key.name)
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                note(table, constraint.columns, constraint.name)
        for index in table.indexes:
            if index.unique:
                note(table, index.columns, index.name)
    return names


def _malformed(messages: Mapping[str, Any]) -> Refusal:
    by_field: dict[str, str] = {}
    for where in messages.values():
        _flatten("", where, by_field)
    field, wrong = next(iter(by_field.items()), ("", "内容不符合要求"))
    summary = f"{spoken(field)}{wrong}" if field else wrong
    return Malformed(summary=summary, fields=by_field)


def _flatten(prefix: str, messages: Any, into: dict[str, str]) -> None:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            whole = name == "_schema"
            # An unknown field's name is the caller's own and may hold what cannot be sent back.
            said = str(name).encode(errors="replace").decode()
            _flatten(prefix if whole else f"{prefix}.{said}".lstrip("."), inner, into)
    elif isinstance(messages, list):
        into[prefix] = "；".join(str(message) for message in messages)
    else:
        into[prefix] = str(messages)


def answer_http(fault: HTTPException) -> Response:
    """Flask's error handler: every HTTPException leaves as the envelope."""
    if fault.code == 500:  # noqa: PLR2004 - the status is its own name
        log.error("unhandled fault in %s %s", request.method, request.path)
    response = envelope(refusal_of_http(fault))
    for name, value in fault.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response
