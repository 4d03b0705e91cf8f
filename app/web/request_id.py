"""One id per request: in the envelope, in the header, in the log, in the journal."""

import re
import secrets

from flask import has_request_context, request

_ENVIRON_KEY = "linli.request_id"


def request_id() -> str:
    """The caller's X-Request-Id when it is a sane one, else a fresh one; empty outside requests."""
    if not has_request_context():
        return ""
    known = request.environ.get(_ENVIRON_KEY)
    if known is None:
        given = request.headers.get("X-Request-Id", "")
        known = given if re.fullmatch(r"[\w.-]{8,64}", given, re.ASCII) else secrets.token_hex(8)
        request.environ[_ENVIRON_KEY] = known
    return str(known)
