"""Loading a list of areas, all of it or nothing. The work of a command, so its words are for operators.

`rules` read and judge the list; here it is compared with the tree and written, in one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from sqlalchemy import String, cast, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from app.community import queries, rules
from app.community.events import AreasImported
from app.community.models import Area
from app.community.rules import KnownArea, ListedArea, Listing
from app.community.terms import LIST_PUBLISHED_ON, LISTED_LEVELS, ImportReport, Level
from app.core.actor import Actor, system
from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.journal import announce

_ROWS_AT_ONCE = 1000
"""Each statement stays far below PostgreSQL's time-out of a request, and progress shows."""
_CODES_SHOWN_MAX = 20


def import_areas(
    path: Path, progress: Callable[[str], None], *, valid_from: date = LIST_PUBLISHED_ON
) -> ImportReport:
    """Load a list of areas from the CSV file at `path`, all of it or nothing; again changes nothing.

    Opens its own transaction and acts as the system. New codes are added from `valid_from` on, changed names taken
    over; codes that the list no longer names are reported, not ended. With any bad row nothing is written and the
    report names each. Raises: OSError.
    """
    listing = rules.read_listing(path.read_bytes())
    progress(f"{len(listing.areas) + len(listing.problems)} rows read")
    work = partial(_load, system(now()), listing, progress, valid_from)
    try:
        report = in_transaction(work, write=True)
    except IntegrityError:
        # The same codes were being loaded elsewhere and are there now, so this time they are known.
        report = in_transaction(work, write=True)
    for what, codes in (
        ("listed but ended here, left ended", report.ended),
        ("in force but not listed, left in force", report.missing),
    ):
        if codes:
            more = " …" if len(codes) > _CODES_SHOWN_MAX else ""
            progress(f"{len(codes)} {what}: {' '.join(codes[:_CODES_SHOWN_MAX])}{more}")
    if not report.wrote and not report.problems:
        progress("nothing to change")
    return report


def _load(
    actor: Actor, listing: Listing, progress: Callable[[str], None], valid_from: date
) -> ImportReport:
    known = queries.known_areas()
    problems = sorted(
        (*listing.problems, *rules.misfits(listing, known)), key=lambda bad: bad.number
    )
    rows = len(listing.areas) + len(listing.problems)
    if problems:
        return ImportReport(rows=rows, problems=tuple(problems))
    added = [area for area in listing.areas if area.code not in known]
    renamed = [
        area
        for area in listing.areas
        if area.code in known and known[area.code].in_force and known[area.code].name != area.name
    ]
    _insert(added, known, progress, valid_from)
    _rename(renamed, known)
    report = ImportReport(
        rows=rows,
        added=len(added),
        changed=len(renamed),
        unchanged=rows - len(added) - len(renamed),
        ended=tuple(
            area.code
            for area in listing.areas
            if area.code in known and not known[area.code].in_force
        ),
        missing=rules.missing_from(listing, known),
    )
    if report.wrote:
        announce(
            actor,
            AreasImported(
                subject_id=0,
                area_id=None,
                rows=report.rows,
                added=report.added,
                changed=report.changed,
                missing=len(report.missing),
            ),
        )
    return report


def _insert(
    added: Sequence[ListedArea],
    known: Mapping[str, KnownArea],
    progress: Callable[[str], None],
    valid_from: date,
) -> None:
    ids = {code: area.id for code, area in known.items()}
    for level in LISTED_LEVELS:
        wanted = [area for area in added if area.level is level]
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            batch = wanted[start : start + _ROWS_AT_ONCE]
            made = db.session.execute(
                insert(Area).returning(Area.code, Area.id),
                [
                    {
                        "code": area.code,
                        "parent_id": ids[area.parent_code] if area.parent_code else None,
                        "name": area.name,
                        "pinyin": rules.pinyin_of(area.name),
                        "level": level,
                        "path": "",
                        "valid_from": valid_from,
                    }
                    for area in batch
                ],
            )
            ids.update((code, area_id) for code, area_id in made)
            progress(f"{level}: {start + len(batch)} of {len(wanted)} written")
        if wanted:
            _place(level)


def _place(level: Level) -> None:
    """Write the paths of the areas of `level` just inserted, whose parents have theirs."""
    parent = aliased(Area)
    above = select(parent.path).where(parent.id == Area.parent_id).scalar_subquery()
    own = cast(Area.id, String) + "/"
    db.session.execute(
        update(Area)
        .where(Area.path == "", Area.level == level)
        .values(path="/" + own if level is Level.PROVINCE else above + own)
        .execution_options(synchronize_session=False)
    )


def _rename(renamed: Sequence[ListedArea], known: Mapping[str, KnownArea]) -> None:
    if renamed:
        db.session.execute(
            update(Area),
            [
                {
                    "id": known[area.code].id,
                    "name": area.name,
                    "pinyin": rules.pinyin_of(area.name),
                }
                for area in renamed
            ],
        )
