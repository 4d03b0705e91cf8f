"""Answers that are files: a PDF, a spreadsheet."""

from dataclasses import dataclass
from urllib.parse import quote

from flask import Response


@dataclass(frozen=True, slots=True)
class File:
    """What a route with `file=` returns: the bytes, and the name to save them under."""

    name: str
    content: bytes


def file_answer(file: File, media_type: str) -> Response:
    """The file as an answer that a browser saves and never renders in our name."""
    response = Response(file.content, content_type=media_type)
    # A header is ASCII: the Chinese name goes percent-encoded, as RFC 6266 says.
    response.headers.set("Content-Disposition", f"attachment; filename*=UTF-8''{quote(file.name)}")
    return response
