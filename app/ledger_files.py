"""The books as files: an export in an open format, its restoration proved equal, and a backup while Linli serves.

An export is a zip of one CSV per table, every table, so that it can be restored on either engine, and a manifest
with the number of rows and the SHA-256 of each. Cells are plain text and whole numbers (`core.plain`). NULL is an
empty cell; a text that is empty or begins with a backslash has one backslash put before it.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import flask_migrate
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Table,
    text,
)

from app.config import ROOT, Settings
from app.core.db import Model, bulk_connection, db, in_snapshot, in_transaction, sqlite_driver
from app.core.plain import plain_list
from app.factory import create_app
from app.points import reconciler, seals

FORMAT = "linli-books-1"
BATCH_ROWS = 5000


class RestoreRefused(RuntimeError):
    """The file is no export of ours, was changed, or the database to restore into is not empty."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What proves two tables equal."""

    columns: tuple[str, ...]
    rows: int
    sha256: str


def export(file: Path, at: datetime) -> dict[str, Any]:
    """Write every table and the manifest to `file`, as of one moment. Returns the manifest."""

    def write() -> dict[str, Any]:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            tables = {}
            for table in Model.metadata.sorted_tables:
                with archive.open(f"{table.name}.csv", "w", force_zip64=True) as out:
                    tables[table.name] = asdict(_written(table, out.write))
            manifest = {
                "format": FORMAT,
                "exported_at": at.isoformat(),
                "revision": db.session.scalar(text("SELECT version_num FROM alembic_version")),
                "head": _head(),
                "tables": tables,
            }
            archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        return manifest

    return in_snapshot(write)


def digests() -> dict[str, TableDigest]:
    """Every table's, as an export would say it; call it in one snapshot."""
    return {table.name: _written(table, lambda _: None) for table in Model.metadata.sorted_tables}


def _head() -> dict[str, str] | None:
    head = seals.head()
    return None if head is None else asdict(head)


def _written(table: Table, write: Callable[[bytes], Any]) -> TableDigest:
    columns = tuple(column.name for column in table.columns)
    digest = hashlib.sha256()
    rows = 0
    for lines in _csv_pages(table, columns):
        block, count = lines
        rows += count
        digest.update(block)
        write(block)
    return TableDigest(columns, rows, digest.hexdigest())


def _csv_pages(table: Table, columns: Sequence[str]) -> Iterator[tuple[bytes, int]]:
    yield _csv_block([columns]), 0
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    binary = [isinstance(table.columns[name].type, LargeBinary) for name in columns]
    asked = text(f'SELECT {plain_list(table, columns)} FROM "{table.name}" ORDER BY {keys}')  # noqa: S608
    rows = db.session.execute(asked, execution_options={"yield_per": BATCH_ROWS})
    for page in rows.partitions():
        cells = [
            [
                _cell(value.hex() if is_binary and value is not None else value)
                for value, is_binary in zip(row, binary, strict=True)
            ]
            for row in page
        ]
        yield _csv_block(cells), len(cells)


def _csv_block(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    said = value if isinstance(value, str) else repr(value)
    return "\\" + said if said == "" or said.startswith("\\") else said


# --- restoring ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration brought back, and what proves it."""

    tables: int
    rows: int
    unequal: list[str]
    """Tables that are not what the manifest says; empty when the restoration is proved."""
    breaches: list[str]


def restore(file: Path, into: str, settings: Settings, at: datetime) -> Restored:
    """Load an export into the empty database at `into`, and prove it: digests, seals and recount.

    Raises: RestoreRefused.
    """
    with zipfile.ZipFile(file) as archive:
        manifest = _manifest(archive)
        with _database(into, settings):
            flask_migrate.upgrade(directory=str(ROOT / "migrations"))
            _check_target(manifest)
            with bulk_connection() as connection:
                rows = _loaded(archive, manifest, connection)
            found = in_snapshot(digests)
            breaches = in_snapshot(partial(reconciler.prove, at, manifest["head"]))
    unequal = [
        name
        for name, digest in found.items()
        if json.loads(json.dumps(asdict(digest))) != manifest["tables"][name]
    ]
    return Restored(len(found), rows, unequal, [str(breach) for breach in breaches])


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    except (KeyError, ValueError) as fault:
        raise RestoreRefused("the file has no manifest") from fault
    if manifest.get("format") != FORMAT:
        raise RestoreRefused(f"the file's format is not {FORMAT}")
    for name, digest in manifest["tables"].items():
        sha256 = hashlib.sha256()
        with archive.open(f"{name}.csv") as content:
            while block := content.read(1 << 20):
                sha256.update(block)
        if sha256.hexdigest() != digest["sha256"]:
            raise RestoreRefused(f"{name}.csv is not what the manifest says")
    return manifest


def _check_target(manifest: Mapping[str, Any]) -> None:
    revision = in_transaction(
        lambda: db.session.scalar(text("SELECT version_num FROM alembic_version")), write=False
    )
    if revision != manifest["revision"]:
        raise RestoreRefused(
            f"the export is of revision {manifest['revision']}, this Linli makes {revision}"
        )
    filled = in_transaction(
        lambda: [
            table.name
            for table in Model.metadata.sorted_tables
            if db.session.scalar(text(f'SELECT 1 FROM "{table.name}" LIMIT 1'))  # noqa: S608
        ],
        write=False,
    )
    if filled:
        raise RestoreRefused(f"the database is not empty: {', '.join(filled)}")


def _loaded(archive: zipfile.ZipFile, manifest: Mapping[str, Any], connection: Connection) -> int:
    total = 0
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # An area may name a successor that stands further down.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for table in Model.metadata.sorted_tables:
        columns = manifest["tables"][table.name]["columns"]
        with archive.open(f"{table.name}.csv") as content:
            lines = csv.reader(io.TextIOWrapper(content, encoding="utf-8", newline=""))
            next(lines)
            rows = (
                [
                    _value(table, name, cell, sqlite=sqlite)
                    for name, cell in zip(columns, line, strict=True)
                ]
                for line in lines
            )
            load = _insert if sqlite else _copy
            total += load(connection, table, columns, rows)
    if not sqlite:
        _continue_numbering(connection)
    return total


def _value(table: Table, name: str, cell: str, *, sqlite: bool) -> Any:
    """What the cell says, as the driver stores it. Whatever is text in the file stays the very same text."""
    if cell == "":
        return None
    said = cell.removeprefix("\\")
    kind = table.columns[name].type
    kind = getattr(kind, "impl_instance", kind)
    if isinstance(kind, Boolean):
        return int(said) if sqlite else bool(int(said))
    if isinstance(kind, Integer):
        return int(said)
    if isinstance(kind, Float):
        return float(said)
    if isinstance(kind, LargeBinary):
        return bytes.fromhex(said)
    if isinstance(kind, DateTime):
        # SQLite keeps UTC without saying so; PostgreSQL reads the offset.
        return said.removesuffix("Z").replace("T", " ") if sqlite else said
    assert isinstance(kind, Date | JSON) or kind.python_type is str  # noqa: S101 - a new type needs a line above
    return said


def _insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterator[list[Any]]
) -> int:
    named = ", ".join(f'"{name}"' for name in columns)
    asked = f'INSERT INTO "{table.name}" ({named}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608
    total = 0
    batch: list[tuple[Any, ...]] = []
    for row in rows:
        batch.append(tuple(row))
        if len(batch) == BATCH_ROWS:
            connection.exec_driver_sql(asked, batch)
            total += len(batch)
            batch = []
    if batch:
        connection.exec_driver_sql(asked, batch)
    return total + len(batch)


def _copy(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterator[list[Any]]
) -> int:
    # One COPY is one statement, at whose end foreign keys are looked at: rows of a tree may come in any order.
    named = ", ".join(f'"{name}"' for name in columns)
    cursor = connection.connection.cursor()
    total = 0
    with cursor.copy(f'COPY "{table.name}" ({named}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
            total += 1
    cursor.close()
    return total


def _continue_numbering(connection: Connection) -> None:
    for table in Model.metadata.sorted_tables:
        if table.autoincrement_column is not None:
            column = table.autoincrement_column.name
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column}'),"  # noqa: S608
                    f' (SELECT MAX("{column}") FROM "{table.name}"))'
                    f' WHERE EXISTS (SELECT 1 FROM "{table.name}")'
                )
            )


# --- backup ---------------------------------------------------------------------------------------------------


class BackupRefused(RuntimeError):
    """There is no such backup here, or the copy is not sound."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A copy that was checked."""

    bytes: int
    transfers: int


def backup(file: Path, settings: Settings, at: datetime) -> BackedUp:
    """Copy the SQLite database to `file` while others read and write, then check the copy and prove its books.

    Raises: BackupRefused.
    """
    source = db.engine.url
    if source.get_backend_name() != "sqlite":
        raise BackupRefused(
            "this is for SQLite; back PostgreSQL up with pg_dump or its own archiving,"
            " or take an open-format copy with `ledger export`"
        )
    if file.exists():
        raise BackupRefused(f"{file} exists; a backup never overwrites another")
    draft = file.with_name(file.name + ".new")
    driver: Any = sqlite_driver()
    # One step copies all pages of one moment; in WAL mode nobody waits for it.
    with (
        closing(driver.connect(str(source.database))) as live,
        closing(driver.connect(str(draft))) as copy,
    ):
        live.backup(copy)
    try:
        transfers = _proved(draft, settings, at)
        draft.rename(file)
    finally:
        for leftover in file.parent.glob(draft.name + "*"):
            leftover.unlink()
    return BackedUp(file.stat().st_size, transfers)


def _proved(copy: Path, settings: Settings, at: datetime) -> int:
    with _database(f"sqlite:///{copy.resolve()}", settings):
        (sound,) = in_snapshot(lambda: db.session.scalars(text("PRAGMA integrity_check(1)")).all())
        if sound != "ok":
            raise BackupRefused(f"the copy is not sound: {sound}")
        breaches = in_snapshot(partial(reconciler.prove, at))
        transfers = in_snapshot(lambda: db.session.scalar(text("SELECT COUNT(*) FROM transfer")))
    if breaches:
        raise BackupRefused(f"the copied books are not in order: {breaches[0]}")
    return int(transfers or 0)


@contextmanager
def _database(url: str, settings: Settings) -> Iterator[None]:
    """Work on another database with this one's keys."""
    with create_app(replace(settings, database_url=url)).app_context():
        try:
            yield
        finally:
            db.engine.dispose()
