"""The journal: one append-only row per fact, written in the transaction that makes it true.

It is audit trail and outbox at once. A room declares its facts as frozen dataclasses in `events.py` and calls
`announce`; another room's `reactions.py` answers with `@reacts_to`. Delivery state stands apart from the fact:
one row per waiting reader, removed in the transaction of the reaction, parked after too many failures.
Delivery is at least once in spirit and exactly once in effect, because removal and reaction commit together.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar, cast, get_args

from sqlalchemy import ForeignKey, Index, String, Table, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement
from typing_extensions import override

from app.core.actor import Actor
from app.core.append_only import append_only
from app.core.db import Model, db, in_transaction
from app.core.prepared import Prepared

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 8
"""With a doubling wait from two seconds, eight attempts span about nine minutes; then a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of every fact. Class attributes name it; fields are what a reader or an auditor needs, no more.

    Never put a name, phone number or other personal text into a field: the journal is kept for ever.
    """

    name: ClassVar[str] = ""
    subject: ClassVar[str] = ""
    """What `subject_id` counts: "wish", "claim" and so on."""
    audit_only: ClassVar[bool] = False
    """True says that no reader is expected, so a test does not look for one."""

    subject_id: int
    area_id: int | None
    entry_id: int = 0
    """The journal's own number of this fact, so that a reader knows it again; 0 until it is written down."""

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        # dataclass(slots=True) builds each class twice; the second, finished one takes the name.
        super(Event, cls).__init_subclass__(**kwargs)
        if cls.name:
            _EVENTS[cls.name] = cls


_EVENTS: dict[str, type[Event]] = {}
_COLUMNS = frozenset(field.name for field in fields(Event))
"""What every fact has is kept in columns; the rest is its payload."""


class JournalEntry(Model):
    """One fact. Never changed, never deleted (trigger on both engines)."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    request_id: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_journal_area_id_id", "area_id", "id"),
        Index("ix_journal_subject", "subject", "subject_id"),
    )


append_only(JournalEntry)


class JournalDelivery(Model):
    """A reader that has not yet answered a fact. No row: answered (or never asked)."""

    __tablename__ = "journal_delivery"

    entry_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), primary_key=True)
    reader: Mapped[str] = mapped_column(String(100), primary_key=True)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    parked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_journal_delivery_due_at", "due_at", "entry_id"),)


E = TypeVar("E", bound=Event)
Reaction = Callable[[Actor, E], None]

_reactions: dict[str, dict[str, Callable[[Actor, Any], None]]] = {}


def reacts_to(event: type[E]) -> Callable[[Reaction[E]], Reaction[E]]:
    """Register a reaction. It runs later, as the system, in its own transaction, perhaps more than once.

    The actor it gets is the system at the moment of delivery, with `request_id` of the announcing request.
    """

    def register(reaction: Reaction[E]) -> Reaction[E]:
        reader = f"{reaction.__module__}.{reaction.__qualname__}".removeprefix("app.")
        _reactions.setdefault(event.name, {})[reader] = reaction
        return reaction

    return register


# Into the tables, without the mapper: every change of the world ends here.
_ENTRY = cast("Table", JournalEntry.__table__)
_ENTER = Prepared(insert(_ENTRY).returning(_ENTRY.c.id))
_AWAIT = Prepared(insert(cast("Table", JournalDelivery.__table__)))


def announce(actor: Actor, *events: Event) -> None:
    """Write the facts and what waits to read them, in the current transaction."""
    for event in events:
        entry_id = _ENTER.scalar(
            {
                "at": actor.now,
                "name": event.name,
                "subject": event.subject,
                "subject_id": event.subject_id,
                "area_id": event.area_id,
                "actor_id": actor.person_id or None,
                "request_id": actor.request_id,
                "payload": _payload(event),
            },
        )
        readers = _reactions.get(event.name, {})
        if readers:
            _AWAIT.run_each(
                [
                    {"entry_id": entry_id, "reader": reader, "due_at": actor.now, "attempts": 0}
                    for reader in readers
                ],
            )


def deliver(system_at: Callable[[], Actor], *, deliveries_max: int = 1000) -> int:
    """Let waiting readers answer, oldest first, one transaction each. Returns how many answered.

    Several deliverers may run at once: on PostgreSQL each skips what another holds, on SQLite they take turns.
    A reaction that fails is tried again later and parked after ATTEMPTS_MAX.
    """
    answered = 0
    if not in_transaction(partial(_anything_due, system_at().now), write=False):
        return 0  # the usual case, once a second: it must not queue with the writers
    for _ in range(deliveries_max):
        taken: list[tuple[int, str]] = []
        actor = system_at()
        try:
            found = in_transaction(partial(_deliver_one, actor, taken), write=True)
        except Exception as fault:
            # Whatever a reaction raises, the next reader must not wait for it.
            if not taken:
                raise
            entry_id, reader = taken[-1]
            log.exception("reaction %s failed on journal entry %s", reader, entry_id)
            in_transaction(partial(_postpone, actor.now, entry_id, reader, fault), write=True)
            continue
        if not found:
            break
        answered += 1
    return answered


def _anything_due(at: datetime) -> bool:
    due = select(JournalDelivery.entry_id).where(*_due(at)).limit(1)
    return db.session.scalar(due) is not None


def _due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (JournalDelivery.due_at <= at, JournalDelivery.parked_at.is_(None))


def _deliver_one(actor: Actor, taken: list[tuple[int, str]]) -> bool:
    row = db.session.execute(
        select(JournalDelivery.entry_id, JournalDelivery.reader)
        .where(*_due(actor.now))
        .order_by(JournalDelivery.due_at, JournalDelivery.entry_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return False
    taken.append((row.entry_id, row.reader))
    entry = db.session.get_one(JournalEntry, row.entry_id)
    reaction = _reactions.get(entry.name, {}).get(row.reader)
    if reaction is None:
        raise LookupError(f"no reaction is registered as {row.reader}")
    reaction(Actor(person_id=0, now=actor.now, request_id=entry.request_id), _event_of(entry))
    db.session.execute(
        delete(JournalDelivery).where(
            JournalDelivery.entry_id == row.entry_id, JournalDelivery.reader == row.reader
        )
    )
    return True


def _postpone(now: datetime, entry_id: int, reader: str, fault: Exception) -> None:
    waiting = db.session.get(JournalDelivery, (entry_id, reader))
    if waiting is None:
        return  # another deliverer succeeded meanwhile
    attempts = waiting.attempts + 1
    db.session.execute(
        update(JournalDelivery)
        .where(JournalDelivery.entry_id == entry_id, JournalDelivery.reader == reader)
        .values(
            attempts=attempts,
            due_at=now + timedelta(seconds=2**attempts),
            error=f"{type(fault).__name__}: {fault}"[:500],
            parked_at=now if attempts >= ATTEMPTS_MAX else None,
        )
    )


def _payload(event: Event) -> dict[str, Any]:
    # A fact is flat and goes straight into JSON; `asdict` would copy every value deeply.
    values = {
        field.name: getattr(event, field.name)
        for field in fields(event)
        if field.name not in _COLUMNS
    }
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = value.isoformat()
    return values


def _event_of(entry: JournalEntry) -> Event:
    kind = _EVENTS[entry.name]
    values: dict[str, Any] = dict(entry.payload)
    for field in fields(kind):
        if datetime in (field.type, *get_args(field.type)) and values.get(field.name):
            values[field.name] = datetime.fromisoformat(values[field.name])
    # A reader must survive facts written before a field existed or after one was dropped.
    known = {field.name for field in fields(kind)}
    return kind(
        subject_id=entry.subject_id,
        area_id=entry.area_id,
        entry_id=entry.id,
        **{name: value for name, value in values.items() if name in known},
    )


def all_events() -> dict[str, type[Event]]:
    """Every declared fact by name, for documents and tests."""
    return _EVENTS


def readers_of(name: str) -> tuple[str, ...]:
    """The registered readers of an event."""
    return tuple(_reactions.get(name, {}))
