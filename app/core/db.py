"""The one door to the database: engines, columns, and the only commit in the product.

SQLite and PostgreSQL are both real engines. What differs between them stays in this file:
- SQLite: WAL, `synchronous=FULL`, `BEGIN IMMEDIATE` for every writer, and writers queue on a lock of ours
  (a thread lock, then a file lock across processes) instead of spinning on SQLite's own.
- PostgreSQL: READ COMMITTED, short time-outs, read-only transactions for reads.
"""

import fcntl
import importlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from app.core.errors import Busy

T = TypeVar("T")

SQLITE_VERSION_SAFE = (3, 51, 3)
"""First release whose WAL cannot be corrupted by several writers (sqlite.org, fixed 2026-03-13)."""
SQLITE_VERSIONS_WITHDRAWN = frozenset({(3, 52, 0)})

TRIES_MAX = 5
RETRY_SECONDS_MAX = 2.0
# deadlock, serialization, lock time-out: PostgreSQL has rolled the whole transaction back.
_RETRIED_SQLSTATES = frozenset({"40001", "40P01", "55P03"})

_CONNECT_OPTIONS_POSTGRESQL = (
    "-c lock_timeout=2000 -c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Stored in UTC, always aware in Python; a naive datetime is refused at once."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    @override
    def python_type(self) -> type[datetime]:
        return datetime

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs an offset")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer(), "sqlite")
"""64-bit on both: SQLite's rowid alias must be spelt INTEGER to be one."""

PathText = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Tree paths compare byte by byte on both engines, so that a subtree is one index range."""


class Model(DeclarativeBase):
    """Base of every table. The naming convention names every constraint, so that a refusal can claim it."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigId,
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


def is_one_of(column: str, words: Iterable[str]) -> str:
    """The condition that a column holds one of some words of ours."""
    listed = ", ".join(f"'{word}'" for word in words)
    return f"{column} IN ({listed})"


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """The law that a column holds one of some words of ours, named after the column."""
    return CheckConstraint(is_one_of(column, words), name=column)


# What Flask-SQLAlchemy is used for here: the session of the request and the engine by configuration.
db = SQLAlchemy(
    metadata=Model.metadata, session_options={"expire_on_commit": False}, disable_autonaming=True
)


class CommitOutcomeUnknown(Exception):
    """The connection broke while COMMIT was on its way: it may or may not have happened."""


def in_transaction(work: Callable[[], T], *, write: bool, repeatable: bool = True) -> T:
    """Run `work` in one transaction and return its result; the whole of it again on a passing fault.

    Repeats (at most TRIES_MAX, within RETRY_SECONDS_MAX) after deadlock, lock time-out, busy or a connection
    lost before COMMIT, all of which leave nothing behind. After a connection lost *in* COMMIT it repeats only
    what is `repeatable`: a read, or work guarded by an idempotency key or a natural constraint.

    Raises: Busy when the tries are used up; CommitOutcomeUnknown.
    """
    started = time.monotonic()
    for attempt in range(1, TRIES_MAX + 1):
        try:
            with transaction(write=write):
                return work()
        except CommitOutcomeUnknown:
            if not repeatable or attempt == TRIES_MAX:
                raise
        except DBAPIError as fault:
            if not _is_passing(fault):
                raise
            if attempt == TRIES_MAX or time.monotonic() - started > RETRY_SECONDS_MAX:
                raise Busy from fault
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
    raise Busy


def in_snapshot(work: Callable[[], T]) -> T:
    """Run `work` in one read-only transaction that sees a single moment, and let it take its time.

    For reports and recounts of several statements; a request reads with `in_transaction`. SQLite's readers see one
    moment anyway. Raises: Busy, as `in_transaction`.
    """

    def at_one_moment() -> T:
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            db.session.execute(text("SET LOCAL statement_timeout = 0"))
        return work()

    return in_transaction(at_one_moment, write=False)


@contextmanager
def transaction(*, write: bool) -> Iterator[None]:
    """One transaction on the session of this app context: commits on return, rolls back on any exception.

    A reading transaction is read-only by the database's own word on both engines and ends in rollback.
    """
    session = db.session()
    if session.in_transaction():
        raise RuntimeError("transactions do not nest: call down into an action instead")
    with _writer_turn(db.engine) if write else nullcontext():
        try:
            session.info[_CONNECTION] = session.connection(
                execution_options={"write": write, "postgresql_readonly": not write}
            )
            yield
            session.flush()
            if write:
                _commit(session.commit)
            else:
                session.rollback()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop(_CONNECTION, None)
            session.close()


_CONNECTION = "connection of the transaction"


def current_connection() -> Connection:
    """The connection of the session's transaction, once it has everything that still waited in the session."""
    session = db.session()
    session.flush()
    found: Connection | None = session.info.get(_CONNECTION)
    # Whoever asks outside `transaction` (a test) may wait for the session to look for it.
    return session.connection() if found is None else found


def _commit(commit: Callable[[], None]) -> None:
    try:
        commit()
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise CommitOutcomeUnknown from fault
        raise


def _is_passing(fault: DBAPIError) -> bool:
    if fault.connection_invalidated:
        return True
    if not hasattr(fault.orig, "sqlstate"):  # SQLite's driver
        return "database is locked" in str(fault.orig)
    # Without a statement PostgreSQL refused the connection: it starts, stops or is out of reach. Nothing was begun.
    out_of_reach = isinstance(fault, OperationalError) and fault.statement is None
    return out_of_reach or getattr(fault.orig, "sqlstate", None) in _RETRIED_SQLSTATES


# --- engines ----------------------------------------------------------------------------------------------


class UnsafeSqlite(RuntimeError):
    """The SQLite library linked here can corrupt a WAL database under several writers."""


def sqlite_driver() -> ModuleType:
    """The DB-API module whose SQLite is safe for WAL: the bundled build, or Python's own when new enough.

    Raises: UnsafeSqlite, naming the versions found.
    """
    found: list[str] = []
    for name in ("pysqlite3.dbapi2", "sqlite3"):
        try:
            driver = importlib.import_module(name)
        except ImportError:
            continue
        version = driver.sqlite_version_info
        if version >= SQLITE_VERSION_SAFE and version not in SQLITE_VERSIONS_WITHDRAWN:
            return driver
        found.append(f"{name} with SQLite {driver.sqlite_version}")
    needed = ".".join(map(str, SQLITE_VERSION_SAFE))
    raise UnsafeSqlite(f"SQLite {needed} or later is needed for WAL; found {', '.join(found)}")


def init_database(app: Flask, database_url: str) -> None:
    """Bind the engine for `database_url` (sqlite:///… or postgresql+psycopg://…) to the app."""
    url = make_url(database_url)
    options: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        options["module"] = sqlite_driver()
        options["connect_args"] = {"timeout": 5}
        # One connection per request thread; the writers queue is ours, so the pool may be generous.
        options["pool_size"] = 16
        options["max_overflow"] = 64
    else:
        options["connect_args"] = {"options": _CONNECT_OPTIONS_POSTGRESQL}
        options["pool_size"] = 8
        options["max_overflow"] = 8
        options["pool_timeout"] = 5
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # Python 3.11 has no Connection.autocommit; with isolation_level None the driver leaves BEGIN to us.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=5000",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "mmap_size=0",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    write = bool(connection.get_execution_options().get("write"))
    if connection.info.get("query_only") is not (not write):
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
        connection.info["query_only"] = not write
    # A deferred transaction that reads and then writes fails with BUSY_SNAPSHOT and cannot wait.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


# --- the writers' queue on SQLite ---------------------------------------------------------------------------


class _WritersQueue:
    """One writer at a time per database file, in the order of asking, across threads and processes.

    SQLite's busy handler sleeps and polls, so under 16 writers its p99 is fifty times that of a lock
    (measured: see docs/performance.md). Taken before BEGIN IMMEDIATE, given back after COMMIT.
    """

    def __init__(self, database: Path) -> None:
        self._threads = threading.Lock()
        # Kept open for the life of the process: closing any descriptor of the file would drop the lock.
        self._file = os.open(
            database.with_name(database.name + ".writers"), os.O_RDWR | os.O_CREAT, 0o600
        )

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


_queues: dict[str, _WritersQueue] = {}
_queues_lock = threading.Lock()


def _writer_turn(engine: Engine) -> AbstractContextManager[None]:
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return nullcontext()
    path = str(engine.url.database)
    with _queues_lock:
        queue = _queues.get(path)
        if queue is None:
            queue = _queues[path] = _WritersQueue(Path(path))
    return queue.turn()


@contextmanager
def bulk_connection() -> Iterator[Connection]:
    """A writing connection outside the session for migrations and bulk loads: one transaction, patient time-outs."""
    engine = db.engine
    with (
        _writer_turn(engine),
        engine.connect().execution_options(write=True) as connection,
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection
