"""The HTTP kernel: deny-by-default routes, one transaction per request, one error envelope.

A room declares `room = Room("wishes", "微心愿")` and hangs its views on it; each view is one call. See
docs/life-of-a-request.md for what happens around that call.
"""

from app.web.files import File
from app.web.kernel import Room
from app.web.schema import (
    Flag,
    Id,
    Moment,
    PageQuery,
    Schema,
    Text,
    UploadedFile,
    Whole,
    WholeList,
    Word,
    page_of,
)

__all__ = [
    "File",
    "Flag",
    "Id",
    "Moment",
    "PageQuery",
    "Room",
    "Schema",
    "Text",
    "UploadedFile",
    "Whole",
    "WholeList",
    "Word",
    "page_of",
]
