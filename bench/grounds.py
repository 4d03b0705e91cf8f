"""Where a bench runs: a database of its own that waits for the disk, and granian before it."""

import base64
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import psycopg
from flask import Flask
from sqlalchemy import text

from app.config import ROOT, load_settings
from app.core.db import bulk_connection, db
from app.factory import create_app
from app.processes import BLOCKING_THREADS
from tests.support.postgresql import Cluster

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 10


@dataclass(frozen=True, slots=True)
class Grounds:
    """A migrated database, the settings that lead to it, and the application on it."""

    environ: Mapping[str, str]
    app: Flask
    durability: str
    """What a commit waits for, as it is told beside the numbers."""


@contextmanager
def grounds(engine: str) -> Iterator[Grounds]:
    """A fresh, migrated database on `engine` ("sqlite" or "postgresql"); it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="linli-bench-") as directory:
        if engine == "sqlite":
            with _prepared(
                f"sqlite:///{Path(directory) / 'bench.db'}", "WAL, synchronous=FULL, on this disk"
            ) as place:
                yield place
            return
        cluster = Cluster(os.environ.get("LINLI_TEST_POSTGRESQL") or None)
        cluster.start()
        try:
            durability = "as the given server is set"
            if cluster.directory is not None:
                _make_durable(cluster.url("postgres"))
                durability = "fsync=on, synchronous_commit=on, full_page_writes=on, on this disk"
            cluster.create_database("bench")
            with _prepared(cluster.url("bench"), durability) as place:
                yield place
        finally:
            cluster.stop()


def _make_durable(url: str) -> None:
    # The cluster of the tests does not wait for the disk; a bench must.
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = on")
        connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def _prepared(database_url: str, durability: str) -> Iterator[Grounds]:
    environ = {
        "LINLI_MODE": "demo",
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "WARNING",
        **{f"LINLI_{ring}_KEYS": f"1:{_fresh_key()}" for ring in ("TOKEN", "CODE", "DATA")},
        "LINLI_INDEX_KEY": _fresh_key(),
    }
    app = create_app(load_settings(environ))
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    yield Grounds(environ, app, durability)
    with app.app_context():
        db.engine.dispose()


def _fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def load_of_machine() -> float:
    """How many processes wanted to run during the last minute: numbers taken on a busy machine are poor ones."""
    return round(os.getloadavg()[0], 2)


def database_bytes() -> int:
    """How large the database of this app context is."""
    with bulk_connection() as connection:
        if connection.dialect.name == "postgresql":
            statement = "SELECT pg_database_size(current_database())"
        else:
            statement = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        return int(connection.scalar(text(statement)) or 0)


def settle() -> None:
    """Let the database of this app context do what it would have done over the years: vacuum, checkpoint."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
    else:
        with db.engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
    os.sync()  # or the disk would still be writing the load down while a commit waits for it


@contextmanager
def serving(target: str, environ: Mapping[str, str], processes: int) -> Iterator[int]:
    """The WSGI application `target` under granian, as `flask serve` starts it; yields its port."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", target),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(processes)),
        *("--blocking-threads", str(BLOCKING_THREADS), "--no-ws", "--http", "1"),
        *("--log-level", "error"),
    ]
    # Whatever the server says goes beside the numbers, not between them.
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environ, "PORT": str(port)},
        stdout=sys.stderr.fileno(),
    )
    try:
        _wait_until_ready(server, port)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    give_up_at = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < give_up_at:
        if server.poll() is not None:
            raise RuntimeError(f"the server stopped with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not answer within {READY_SECONDS_MAX} s")
