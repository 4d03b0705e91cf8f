"""The inbox over HTTP."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.notifications import actions, queries
from app.notifications.models import InboxMessage
from app.notifications.queries import Unread
from app.notifications.schemas import InboxMessageSchema, ReadAllSchema, UnreadSchema
from app.web import PageQuery, Room, page_of

room = Room("inbox", "消息")


@room.get("/inbox", needs=Permission.INBOX_READ, query=PageQuery, gives=page_of(InboxMessageSchema))
def inbox(actor: Actor, query: dict[str, Any]) -> Page[InboxMessage]:
    """One's own messages, newest first."""
    return queries.inbox(actor, **query)


@room.get("/inbox/unread", needs=Permission.INBOX_READ, gives=UnreadSchema)
def unread(actor: Actor) -> Unread:
    """How many of one's messages are unread."""
    return queries.unread(actor)


@room.post("/inbox/<id:message_id>/read", needs=Permission.INBOX_READ, gives=InboxMessageSchema)
def read(actor: Actor, message_id: int) -> InboxMessage:
    """Mark one message as read."""
    return actions.read(actor, message_id)


@room.post("/inbox/read-all", needs=Permission.INBOX_READ, takes=ReadAllSchema, gives=UnreadSchema)
def read_all(actor: Actor, body: dict[str, Any]) -> Unread:
    """Mark messages as read up to the newest one seen."""
    return actions.read_all(actor, body)
