"""What the attacks are made on: a database of our own and real web processes in front of it."""

import atexit
import base64
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psycopg
from flask import Flask

from app.config import ROOT, load_settings
from app.core.db import db
from app.factory import create_app
from tests.support import postgresql, schema

ENGINES = ("sqlite", "postgresql")
READY_SECONDS_MAX = 30

# As in production, but nothing waits for the disk: who kills processes leaves the machine and its cache alone.
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
max_connections = 200
fsync = off
timezone = 'Asia/Shanghai'
"""

# The server goes when our end of the pipe is closed, also when we are killed; its data stay for the next start.
_KEEPER = """
exec 2>>"$2/log"
"$1/postgres" -D "$2/data" </dev/null >>"$2/log" &
echo $!
read -r _
kill -QUIT $! 2>/dev/null
wait $!
"""


class Database(Protocol):
    """A database that can be attacked."""

    url: str
    log: Path
    """Where web processes write what they have to say."""

    def attacks(self) -> tuple[str, ...]:
        """The names of what `attack` can do, each as often as it should come up."""

    def attack(self, name: str, chance: random.Random) -> bool:
        """Do it; False when there was nothing to hit. Returns when the database may be reached again."""

    def close(self) -> None:
        """Leave nothing behind."""


class SqliteDatabase:
    """A file. It has no process of its own: who kills the web process kills the database."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="linli-faults-"))
        self.url = f"sqlite:///{self._directory / 'linli.db'}"
        self.log = self._directory / "web.log"

    def attacks(self) -> tuple[str, ...]:
        return ()

    def attack(self, name: str, chance: random.Random) -> bool:
        raise ValueError(name)

    def close(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)


class PostgresqlDatabase:
    """A server of our own, whose processes may be killed one by one or together."""

    def __init__(self) -> None:
        self._owner = postgresql._server_account()
        self._directory = postgresql._private_directory(self._owner)
        self.log = self._directory / "web.log"
        atexit.register(self.close)
        programs = postgresql.binaries()
        if self._owner is not None and not postgresql._open_to_all(programs):
            programs = postgresql._copied(programs, self._directory / "programs", self._owner)
        self._programs = programs
        self._run("initdb", "--encoding", "UTF8", "--locale", "C", "--username", "postgres")
        with (self._directory / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_SETTINGS.format(directory=self._directory))
        self._keeper: subprocess.Popen[str] | None = None
        self._start()
        with self._connected("postgres") as connection:
            connection.execute("CREATE DATABASE linli")
        self.url = f"postgresql+psycopg://postgres@/linli?host={self._directory}"

    def attacks(self) -> tuple[str, ...]:
        return ("backend_terminated", "backend_terminated", "backend_killed", "server_stopped")

    def attack(self, name: str, chance: random.Random) -> bool:
        if name == "server_stopped":
            self._run("pg_ctl", "stop", "--mode", "immediate", "--no-wait")
            self._release_keeper()
            self._start()
            return True
        try:
            with self._connected("linli") as connection:
                found = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                    " AND datname = 'linli' AND pid <> pg_backend_pid() ORDER BY state, pid"
                ).fetchall()
                if not found:
                    return False
                (pid,) = chance.choice(found)
                if name == "backend_terminated":
                    connection.execute("SELECT pg_terminate_backend(%s)", [pid])
                else:
                    os.kill(pid, signal.SIGKILL)
        except (psycopg.OperationalError, ProcessLookupError):
            return False  # still on its feet again from the attack before
        return True

    def close(self) -> None:
        self._release_keeper()
        shutil.rmtree(self._directory, ignore_errors=True)
        atexit.unregister(self.close)

    def _run(self, program: str, *arguments: str) -> None:
        data = str(self._directory / "data")
        if program == "initdb":
            arguments += ("--auth", "trust", "--no-sync")
        command = [str(self._programs / program), "-D", data, *arguments]
        postgresql._run_as(self._owner, self._directory, command)

    def _start(self) -> None:
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "keeper", self._programs, self._directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **postgresql._as_account(self._owner, self._directory),
        )
        give_up_at = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < give_up_at:
            with suppress(psycopg.OperationalError), self._connected("postgres"):
                return
            time.sleep(0.01)
        raise RuntimeError("PostgreSQL did not come back")

    def _release_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None

    @contextmanager
    def _connected(self, name: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            host=str(self._directory), user="postgres", dbname=name, autocommit=True
        ) as connection:
            yield connection


def environment(database_url: str, *, port: int = 8000) -> dict[str, str]:
    """What a server of the test bed runs with: fixed keys, so that the attacker can mint tokens and codes."""

    def key(letter: str) -> str:
        return base64.b64encode(bytes(ord(letter) ^ n for n in range(32))).decode()

    return {
        "LINLI_MODE": "demo",
        "DATABASE_URL": database_url,
        "LINLI_TOKEN_KEYS": f"1:{key('t')}",
        "LINLI_CODE_KEYS": f"1:{key('c')}",
        "LINLI_DATA_KEYS": f"1:{key('d')}",
        "LINLI_INDEX_KEY": key("i"),
        "PUBLIC_URL": "http://linli.test",
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def prepared(engine: str) -> Iterator[tuple[Database, Flask]]:
    """A migrated database with the real areas, and an app of our own on it. Gone afterwards."""
    database: Database = SqliteDatabase() if engine == "sqlite" else PostgresqlDatabase()
    try:
        app = create_app(load_settings(environment(database.url)))
        schema.build(app)
        try:
            yield database, app
        finally:
            with app.app_context():
                db.engine.dispose()
    finally:
        database.close()


class Nursery:
    """Where web processes come from; see nursery.py. Used by one thread."""

    def __init__(self, database: Database) -> None:
        with database.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery"],
                cwd=ROOT,
                env={**os.environ, **environment(database.url)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )

    def start(self) -> "Web":
        """A web process that will answer soon."""
        port = _free_port()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{port}\n")
        return Web(int(self._process.stdout.readline()), port)

    def close(self) -> None:
        """No more web processes, also none that still runs."""
        self._process.communicate()


class Web:
    """A granian, as `flask serve` starts it, in a process group of its own that dies as one."""

    def __init__(self, pid: int, port: int) -> None:
        self.port = port
        self._pid = pid

    def wait_until_ready(self) -> None:
        """Returns when it answers, which takes no database."""
        give_up_at = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < give_up_at:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
            else:
                return
            finally:
                connection.close()
        raise RuntimeError("the web process did not answer")

    def kill(self) -> None:
        """SIGKILL for all of it: no handler, no last word. Returns when nobody listens any more."""
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        with suppress(OSError):
            while True:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
