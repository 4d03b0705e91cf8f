"""Selects on the journal: always within the reader's part of the tree."""

from dataclasses import dataclass

from sqlalchemy import select

from app.audit.rules import sentence
from app.audit.terms import NAMELESS_ZH, SYSTEM_ZH
from app.community import queries as communities
from app.core.actor import Actor
from app.core.journal import JournalEntry
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.identity import queries as people


@dataclass(frozen=True, slots=True)
class LineShown:
    """One journal entry as an admin reads it."""

    entry: JournalEntry
    sentence: str
    actor_name: str
    """Masked; the system has a name too."""
    area_name: str


def journal(
    actor: Actor,
    *,
    area: str | None = None,
    name: str | None = None,
    subject: str | None = None,
    subject_id: int | None = None,
    person_id: int | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[LineShown]:
    """What happened in the actor's subtree, newest first; `person_id` is who did it.

    Raises: UnknownArea, CursorInvalid.
    """
    visible = communities.ids_within(actor.area_paths(Permission.JOURNAL_READ))
    statement = select(JournalEntry).where(JournalEntry.area_id.in_(visible))
    if area is not None:
        inside = communities.ids_within([communities.area_by_code(area).path])
        statement = statement.where(JournalEntry.area_id.in_(inside))
    for column, wanted in (
        (JournalEntry.name, name),
        (JournalEntry.subject, subject),
        (JournalEntry.subject_id, subject_id),
        (JournalEntry.actor_id, person_id),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    page = paginate(statement, [JournalEntry.id], limit=limit, cursor=cursor)
    names = people.masked_names({entry.actor_id for entry in page.items if entry.actor_id})
    areas = communities.areas_by_id({entry.area_id for entry in page.items if entry.area_id})
    return Page(
        [
            LineShown(
                entry,
                sentence(entry.name, entry.payload),
                SYSTEM_ZH if entry.actor_id is None else names.get(entry.actor_id, NAMELESS_ZH),
                areas[entry.area_id or 0].name,
            )
            for entry in page.items
        ],
        page.next_cursor,
    )
