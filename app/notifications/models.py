"""The table of messages."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, one_of
from app.notifications.terms import (
    BODY_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Link,
    LinkKind,
    MessageKind,
)


class InboxMessage(Model):
    """One message to one person, written once and then only marked as read."""

    __tablename__ = "inbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal.id"))
    """The fact it follows from."""
    reader: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH_MAX))
    body: Mapped[str] = mapped_column(String(BODY_LENGTH_MAX))
    link_kind: Mapped[str] = mapped_column(String(20))
    link_id: Mapped[int]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("entry_id", "reader", name="uq_inbox_message_entry_reader"),
        one_of("kind", MessageKind),
        one_of("link_kind", LinkKind),
        Index("ix_inbox_message_person_id", "person_id", "id"),
        Index(
            "ix_inbox_message_unread",
            "person_id",
            "id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    @property
    def link(self) -> Link:
        """What the message leads to."""
        return Link(LinkKind(self.link_kind), self.link_id)
