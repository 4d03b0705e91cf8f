"""The whole main road, against the real processes: `serve` on SQLite, and two web processes on PostgreSQL."""

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from app.config import ROOT
from app.road import walk
from tests.support.postgresql import cluster

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 15


def _free_ports() -> int:
    """A port with a free neighbour: the WeChat stand-in takes the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return int(port)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


# One set: a second server opens what the first one sealed.
_SECRETS = {
    "LINLI_TOKEN_KEYS": f"1:{_key()}",
    "LINLI_CODE_KEYS": f"1:{_key()}",
    "LINLI_DATA_KEYS": f"1:{_key()}",
    "LINLI_INDEX_KEY": _key(),
}


@contextmanager
def _served(database_url: str, *, web_processes: int, log: Path) -> Iterator[str]:
    port = _free_ports()
    environment = {
        **os.environ,
        "LINLI_MODE": "demo",
        "DATABASE_URL": database_url,
        **_SECRETS,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_PROCESSES": str(web_processes),
    }
    with log.open("ab") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(server, url, log)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            raise


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up_at = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < give_up_at and server.poll() is None:
        if "is ready" in log.read_text():
            return
        time.sleep(0.1)
    pytest.fail(f"no server at {url}:\n{log.read_text()}")


def _walked(url: str) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = []
    assert walk(url, steps.append), steps[-1]
    return steps


def test_the_road_is_walked_twice_on_sqlite_and_the_data_outlives_the_server(
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path / 'linli.db'}"
    log = tmp_path / "log"
    with _served(database, web_processes=1, log=log) as url:
        steps = _walked(url)
        assert len(steps) > 50
        assert all(step["ok"] for step in steps)
        _walked(url)
    assert "Traceback" not in log.read_text()
    assert "stopping" in log.read_text()
    # A second start loads nothing again and finds what the first one left.
    again = tmp_path / "again"
    with _served(database, web_processes=1, log=again) as url:
        assert "written" not in again.read_text()
        _walked(
            url
        )  # its messages come by the second scheduler, to which the first one handed over
        assert len(httpx2.get(f"{url}/api/v1/opportunities?area=330205001015").json()["items"]) > 3


def test_the_road_is_walked_against_two_web_processes_on_postgresql(tmp_path: Path) -> None:
    cluster().create_database("linli_road")
    try:
        log = tmp_path / "log"
        with _served(cluster().url("linli_road"), web_processes=2, log=log) as url:
            assert all(step["ok"] for step in _walked(url))
        assert "Traceback" not in log.read_text()
    finally:
        cluster().drop_database("linli_road")


def test_a_road_without_a_server_says_so() -> None:
    steps: list[dict[str, object]] = []
    assert not walk(f"http://127.0.0.1:{_free_ports()}", steps.append)
    assert steps[-1]["ok"] is False
