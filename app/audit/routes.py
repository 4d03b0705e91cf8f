"""The journal over HTTP."""

from typing import Any

from app.audit import queries
from app.audit.queries import LineShown
from app.audit.schemas import JournalLineSchema, JournalQuery
from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.web import Room, page_of

room = Room("journal", "日志")


@room.get(
    "/journal",
    needs=Permission.JOURNAL_READ,
    query=JournalQuery,
    gives=page_of(JournalLineSchema),
)
def journal(actor: Actor, query: dict[str, Any]) -> Page[LineShown]:
    """Who did what in one's own part of the tree, newest first."""
    return queries.journal(actor, **query)
