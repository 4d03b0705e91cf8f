"""The ceiling: bare Flask handlers that run captured scripts through the raw driver, and nothing else.

No token, no schema, no key, no mapper: JSON in, the same statements in the same transaction, JSON out. On SQLite
writers take turns as in the product, because without that the ceiling would be lower.
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, jsonify, request

from app.core.db import sqlite_driver

PLAN = "LINLI_BENCH_PLAN"
"""Names the file that says which database and which scripts."""


def create_ceiling(plan: dict[str, Any]) -> Flask:
    """One POST handler for each operation of the plan."""
    app = Flask("ceiling", static_folder=None)
    store = (
        _Sqlite(plan["database"]) if plan["engine"] == "sqlite" else _Postgresql(plan["database"])
    )
    for name, operation in plan["operations"].items():
        app.add_url_rule(
            f"/{name}",
            name,
            _handler(store, operation["write"], operation["script"]),
            methods=["POST"],
        )
    return app


def _handler(store: Any, write: bool, script: list[dict[str, Any]]) -> Any:  # noqa: FBT001
    def handle() -> Any:
        inputs = request.get_json()
        rows: list[Any] = []
        with store.transaction(write) as cursor:
            found: list[list[Any]] = []
            for step in script:
                made: list[Any] = [
                    [_value(slot, inputs, found, store) for slot in one] for one in step["rounds"]
                ]
                if step["names"] is not None:
                    made = [dict(zip(step["names"], one, strict=True)) for one in made]
                if step["many"]:
                    cursor.executemany(step["sql"], made)
                else:
                    cursor.execute(step["sql"], made[0])
                if step["returns"]:
                    rows = cursor.fetchall()
                found.append(rows if step["returns"] else [])
        return jsonify(rows=[list(row) for row in rows])

    return handle


def _value(slot: list[Any], inputs: dict[str, Any], found: list[list[Any]], store: Any) -> Any:
    match slot[0]:
        case "constant" | "sample":
            return slot[1]
        case "input":
            return inputs[slot[1]]
        case "row":
            return found[slot[1]][slot[2]][slot[3]]
        case "now":
            return store.now()
        case "day":
            return date.fromisoformat(slot[1])
        case "moment":
            return datetime.fromisoformat(slot[1])
    return secrets.token_hex(slot[1])[: slot[1]]


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()
        self._writers = threading.Lock()
        self._turn = Path(path + ".writers").open("ab")  # noqa: SIM115 - for as long as the process lives

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    @contextmanager
    def transaction(self, write: bool) -> Iterator[Any]:  # noqa: FBT001
        connection = self._connection()
        with self._turn_to_write() if write else nullcontext():
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield connection.cursor()
                connection.execute("COMMIT" if write else "ROLLBACK")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        with self._writers:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            connection = sqlite_driver().connect(self._path, isolation_level=None)
            for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
                connection.execute(f"PRAGMA {pragma}")
            self._local.connection = connection
        return self._local.connection


class _Postgresql:
    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg", "")
        self._local = threading.local()

    def now(self) -> datetime:
        return datetime.now(UTC)

    @contextmanager
    def transaction(self, write: bool) -> Iterator[Any]:  # noqa: FBT001
        connection = self._connection()
        connection.read_only = not write
        try:
            yield connection.cursor()
            if write:
                connection.commit()
            else:
                connection.rollback()
        except BaseException:
            connection.rollback()
            raise

    def _connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            self._local.connection = psycopg.connect(self._url)
        return self._local.connection


if PLAN in os.environ:  # granian imports the application by name
    app = create_ceiling(json.loads(Path(os.environ[PLAN]).read_text(encoding="utf-8")))
