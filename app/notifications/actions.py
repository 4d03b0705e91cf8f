"""Writing messages and marking them as read."""

from typing import Any

from sqlalchemy import delete, update

from app.core.actor import Actor
from app.core.db import db
from app.core.journal import Event
from app.core.upsert import insert_or_ignore
from app.notifications import queries
from app.notifications.models import InboxMessage
from app.notifications.queries import Unread
from app.notifications.terms import Link, MessageKind, Text


def tell(
    actor: Actor,
    event: Event,
    person_id: int,
    kind: MessageKind,
    text: Text,
    link: Link,
    *,
    reader: str,
) -> None:
    """Put one message about `event` into a person's inbox; again changes nothing."""
    insert_or_ignore(
        InboxMessage,
        {
            "person_id": person_id,
            "entry_id": event.entry_id,
            "reader": reader,
            "kind": kind,
            "title": text.title,
            "body": text.body,
            "link_kind": link.kind,
            "link_id": link.id,
            "created_at": actor.now,
        },
    )


def read(actor: Actor, message_id: int) -> InboxMessage:
    """Mark one of the actor's messages as read; the first time counts. Raises: NotFound."""
    message = queries.own_message(actor, message_id)
    db.session.execute(
        update(InboxMessage)
        .where(InboxMessage.id == message.id, InboxMessage.read_at.is_(None))
        .values(read_at=actor.now)
    )
    db.session.refresh(message)
    return message


def read_all(actor: Actor, body: dict[str, Any]) -> Unread:
    """Mark the actor's messages as read, up to the newest one that was on the screen. Gives what is left."""
    statement = update(InboxMessage).where(
        InboxMessage.person_id == actor.person_id,
        InboxMessage.read_at.is_(None),
        InboxMessage.id <= body["up_to"],
    )
    db.session.execute(statement.values(read_at=actor.now))
    return queries.unread(actor)


def forget(person_id: int) -> None:
    """Delete every message of a person who deleted the account."""
    db.session.execute(delete(InboxMessage).where(InboxMessage.person_id == person_id))
