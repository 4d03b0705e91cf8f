"""The tests' own PostgreSQL: it starts, copies, throws out, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.support.postgresql import MAJOR_MIN, Cluster, cluster


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    own = Cluster()
    own.start()
    yield own
    own.stop()


def run(url: str, *statements: str) -> list:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(text(statement))
        return list(result.all()) if result.returns_rows else []


def test_a_cluster_is_a_supported_server_that_keeps_chinese_text(own_cluster):
    url = own_cluster.url("postgres")
    run(url, "CREATE TABLE area (name text)", "INSERT INTO area VALUES ('包家社区')")

    assert run(url, "SELECT name FROM area WHERE name LIKE '包%'") == [("包家社区",)]
    [(version,)] = run(url, "SELECT current_setting('server_version_num')::int")
    assert version // 10_000 >= MAJOR_MIN


def test_a_transaction_is_as_safe_as_in_production_but_waits_for_no_disk(own_cluster):
    settings = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')"

    assert dict(run(own_cluster.url("postgres"), settings)) == {
        "fsync": "off",
        "synchronous_commit": "on",
    }


def test_a_database_made_from_a_template_has_its_rows_and_is_separate(own_cluster):
    own_cluster.create_database("template")
    template = own_cluster.url("template")
    run(template, "CREATE TABLE reward (id int)", "INSERT INTO reward VALUES (7)")

    own_cluster.create_database("copy", template="template")
    run(own_cluster.url("copy"), "INSERT INTO reward VALUES (8)")

    assert run(own_cluster.url("copy"), "SELECT id FROM reward ORDER BY id") == [(7,), (8,)]
    assert run(template, "SELECT id FROM reward") == [(7,)]


def test_dropping_a_database_throws_out_who_is_connected(own_cluster):
    own_cluster.create_database("busy")
    engine = create_engine(own_cluster.url("busy"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        own_cluster.drop_database("busy")
        connection.invalidate()

    with pytest.raises(psycopg.OperationalError, match='"busy" does not exist'):
        psycopg.connect(own_cluster.url("busy").replace("+psycopg", ""))
    own_cluster.drop_database("busy")  # what is gone may be dropped again


def test_stopping_ends_the_server_and_removes_its_directory():
    own = Cluster()
    own.start()
    directory = own.directory
    server = server_process(directory)

    own.stop()
    own.stop()

    assert not directory.exists()
    assert not runs(server)
    with pytest.raises(RuntimeError, match="not running"):
        own.url("postgres")


def test_a_killed_test_process_leaves_no_server_and_no_directory():
    script = (
        "from tests.support.postgresql import cluster\n"
        "print(cluster().directory, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        directory = Path(process.stdout.readline().strip())
        server = server_process(directory)
        process.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 20
    while (runs(server) or directory.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(server)
    assert not directory.exists()


def test_a_running_server_is_used_and_left_as_it_was(own_cluster, monkeypatch):
    own_cluster.create_database("reward")
    monkeypatch.setenv("LINLI_TEST_POSTGRESQL", own_cluster.url("postgres").replace("+psycopg", ""))
    databases = "SELECT datname FROM pg_database ORDER BY datname"
    before = run(own_cluster.url("postgres"), databases)

    guests = [cluster.__wrapped__(), cluster.__wrapped__()]
    for guest in guests:
        guest.drop_database("reward")
        guest.create_database("reward")
        run(guest.url("reward"), "CREATE TABLE mine (id int)")
        guest.create_database("copy", template="reward")
        assert run(guest.url("copy"), "SELECT id FROM mine") == []
    assert len(run(own_cluster.url("postgres"), databases)) == len(before) + 4
    for guest in guests:
        guest.stop()

    assert run(own_cluster.url("postgres"), databases) == before


def test_the_shared_cluster_is_started_once():
    assert cluster() is cluster()


def server_process(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
