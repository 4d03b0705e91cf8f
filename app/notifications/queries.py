"""Every select on messages: always the actor's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.notifications.models import InboxMessage


@dataclass(frozen=True, slots=True)
class Unread:
    """How many messages wait to be read."""

    count: int


def inbox(
    actor: Actor, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[InboxMessage]:
    """The actor's messages, newest first. Raises: CursorInvalid."""
    mine = select(InboxMessage).where(InboxMessage.person_id == actor.person_id)
    return paginate(mine, [InboxMessage.id], limit=limit, cursor=cursor)


def all_of(person_id: int) -> Sequence[InboxMessage]:
    """Every message of a person, newest first, for the person's own export."""
    return db.session.scalars(
        select(InboxMessage)
        .where(InboxMessage.person_id == person_id)
        .order_by(InboxMessage.id.desc())
    ).all()


def unread(actor: Actor) -> Unread:
    """How many of the actor's messages are unread."""
    count = db.session.scalar(
        select(func.count()).where(
            InboxMessage.person_id == actor.person_id, InboxMessage.read_at.is_(None)
        )
    )
    return Unread(count or 0)


def own_message(actor: Actor, message_id: int) -> InboxMessage:
    """One of the actor's messages. Raises: NotFound."""
    message = db.session.scalars(
        select(InboxMessage).where(
            InboxMessage.id == message_id, InboxMessage.person_id == actor.person_id
        )
    ).one_or_none()
    if message is None:
        raise NotFound
    return message
