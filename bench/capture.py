"""What SQL the product runs for one operation, read off its own driver and turned into a script.

The operation is asked several times, by different people. A parameter that is always the same is a constant; one
that follows what was asked, what an earlier statement returned, or the clock, is a slot. What follows nothing
(a digest, a sealed answer, a fresh code) is a text of the same length. So the ceiling runs the very same
statements on rows of its own choosing.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Engine, event

from app.core.db import db, sqlite_driver

CLOCK_TOLERANCE = timedelta(minutes=1)

Value = Any


@dataclass(slots=True)
class Ran:
    """One statement with its parameters and what came back."""

    sql: str
    many: bool
    names: Sequence[str] | None
    """Names of the parameters, None where they are numbered."""
    rounds: list[list[Value]]
    """The parameters: one list, or several of an executemany."""
    rows: list[Sequence[Value]] = field(default_factory=list)


@dataclass(slots=True)
class Asked:
    """One run of an operation: what it was asked with, and what the database was asked."""

    inputs: dict[str, Value]
    ran: list[Ran]


@contextmanager
def recording() -> Iterator[list[Ran]]:
    """Note every statement of the engine of this app context while the block runs; it begins with new connections."""
    engine, noted = db.engine, list[Ran]()
    engine.dispose()
    option, factory = _recorder(engine, noted)

    def connect(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        options[option] = factory

    event.listen(engine, "do_connect", connect)
    try:
        yield noted
    finally:
        event.remove(engine, "do_connect", connect)
        engine.dispose()


def script_of(asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """The script behind several runs of one operation. Raises: ValueError when they do not run alike."""
    runs = [[ran for ran in one.ran if not _is_frame(ran.sql)] for one in asked]
    if len({tuple((ran.sql, len(ran.rounds)) for ran in run) for run in runs}) != 1:
        raise ValueError("the runs differ in their statements")
    script = []
    for number, together in enumerate(zip(*runs, strict=True)):
        first = together[0]
        before = [run[:number] for run in runs]
        rounds = [
            [
                _slot([ran.rounds[turn][place] for ran in together], asked, before)
                for place in range(len(first.rounds[turn]))
            ]
            for turn in range(len(first.rounds))
        ]
        script.append(
            {
                "sql": first.sql,
                "many": first.many,
                "names": first.names,
                "rounds": rounds,
                "returns": bool(first.rows) or _returns(first.sql),
            }
        )
    return script


def _slot(
    values: Sequence[Value], asked: Sequence[Asked], before: Sequence[list[Ran]]
) -> list[Value]:
    """How to make a parameter, as ["constant", 7], ["input", "person_id"], ["row", 3, 0, 1] or ["now"]."""
    first = values[0]
    for name in asked[0].inputs:
        if all(one.inputs[name] == value for one, value in zip(asked, values, strict=True)):
            return ["input", name]
    if all(value == first and not isinstance(value, datetime) for value in values):
        is_day = isinstance(first, date)
        return ["day", first.isoformat()] if is_day else ["constant", first]
    # The latest statement first: ids are handed on soon after they are made.
    for number in reversed(range(len(before[0]))):
        for row, found in enumerate(before[0][number].rows):
            for column in range(len(found)):
                if all(
                    row < len(run[number].rows) and run[number].rows[row][column] == value
                    for run, value in zip(before, values, strict=True)
                ):
                    return ["row", number, row, column]
    if all(_is_now(value) for value in values):
        return ["now"]
    if isinstance(first, datetime):
        return ["moment", first.isoformat()]
    if isinstance(first, str):
        return ["sample", first] if first.startswith("{") else ["text", len(first)]
    raise ValueError(f"nothing explains the parameter {list(values)!r}")


def _is_now(value: Value) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return False
    if not isinstance(value, datetime):
        return False
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - moment) < CLOCK_TOLERANCE


def _is_frame(sql: str) -> bool:
    # The ceiling opens and ends its transactions itself.
    return sql.split(maxsplit=1)[0].upper() in {"BEGIN", "PRAGMA"} or sql.startswith("select pg_")


def _returns(sql: str) -> bool:
    return sql.lstrip().upper().startswith(("SELECT", "WITH")) or " RETURNING " in sql


def _plain(value: Value) -> Value:
    if isinstance(value, Json | Jsonb):
        return json.dumps(value.obj)
    # SQLAlchemy hands the members of a StrEnum through as they are.
    return str(value) if isinstance(value, str) else value


def _noted(noted: list[Ran], sql: Any, parameters: Any, *, many: bool) -> Ran:
    rounds = list(parameters or []) if many else [parameters or ()]
    names = list(rounds[0]) if rounds and isinstance(rounds[0], dict) else None
    ran = Ran(
        str(sql),
        many,
        names,
        [
            [_plain(value) for value in (one.values() if isinstance(one, dict) else one)]
            for one in rounds
        ],
    )
    noted.append(ran)
    return ran


def _recorder(engine: Engine, noted: list[Ran]) -> tuple[str, Any]:
    """The connect option of the driver, and the class to hand it, by which its cursors note what they run."""
    base: Any = psycopg.Cursor if engine.dialect.name == "postgresql" else sqlite_driver().Cursor

    class Cursor(base):  # type: ignore[misc]
        def execute(self, sql: Any, parameters: Any = None, **options: Any) -> Any:
            self.ran = _noted(noted, sql, parameters, many=False)
            return super().execute(sql, parameters or (), **options)

        def executemany(self, sql: Any, parameters: Any, **options: Any) -> Any:
            rounds = list(parameters)
            self.ran = _noted(noted, sql, rounds, many=True)
            return super().executemany(sql, rounds, **options)

        def fetchone(self) -> Any:
            row = super().fetchone()
            if row is not None:
                self.ran.rows.append(row)
            return row

        def fetchmany(self, *arguments: Any) -> Any:
            rows = super().fetchmany(*arguments)
            self.ran.rows.extend(rows)
            return rows

        def fetchall(self) -> Any:
            rows = super().fetchall()
            self.ran.rows.extend(rows)
            return rows

    if engine.dialect.name == "postgresql":
        return "cursor_factory", Cursor

    class Connection(sqlite_driver().Connection):  # type: ignore[misc]
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

    return "factory", Connection
