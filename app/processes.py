"""What `make run` starts: web processes, the scheduler and, in demo mode, the WeChat stand-in."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import click
import flask_migrate
from sqlalchemy import make_url

from app import demo
from app.community import queries as community
from app.community.importing import import_areas
from app.config import ROOT, Settings, settings
from app.core.db import in_transaction

AREAS_FILE = ROOT / "data" / "areas-ningbo-ningde.csv"
STOP_SECONDS_MAX = 10
READY_SECONDS_MAX = 60
BACKPRESSURE = 64
"""Requests a web process lets wait for its threads before it stops reading more from the network."""
BLOCKING_THREADS = 16
"""Per web process, however few cores: a thread that waits for WeChat, the disk or PostgreSQL must not stop the rest.
Few enough for PostgreSQL's connections. (granian warns above twice the cores, hence its log level.)"""


def serve() -> None:
    """Bring the database up to date, start every process, and stop them all together."""
    chosen = settings()
    _prepare(chosen)
    children: dict[str, subprocess.Popen[bytes]] = {}

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        if chosen.demo and _is_standin(chosen):
            base = urlsplit(chosen.wechat_api_base)
            children["wechat stand-in"] = _start(
                [
                    *(sys.executable, "-m", "app.integrations.wechat.standin"),
                    *("--host", str(base.hostname), "--port", str(base.port)),
                ]
            )
        children["web"] = _start(_granian(chosen))
        children["scheduler"] = _start(
            [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler"]
        )
        _wait_until_ready(chosen, children["web"])
        _say_where(chosen)
        _watch(children)
    except KeyboardInterrupt:
        click.echo("stopping")
    finally:
        _stop(children)


def _prepare(chosen: Settings) -> None:
    url = make_url(chosen.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    click.echo(f"database: {url.render_as_string(hide_password=True)}")
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    if in_transaction(community.is_empty, write=False):
        report = import_areas(AREAS_FILE, progress=click.echo)
        click.echo(f"areas: {report.added} added")
    if chosen.demo:
        demo.load(progress=click.echo)


def _granian(chosen: Settings) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "wsgi:app"),
        *("--host", chosen.host, "--port", str(chosen.port)),
        *("--workers", str(chosen.web_processes), "--blocking-threads", str(BLOCKING_THREADS)),
        *("--no-ws", "--http", "1", "--log-level", "error", "--respawn-failed-workers"),
        *("--backpressure", str(BACKPRESSURE)),
        *("--workers-kill-timeout", str(STOP_SECONDS_MAX)),
    ]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # Same process group: whoever kills the group, however roughly, leaves nothing running behind.
    return subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own programs


def _is_standin(chosen: Settings) -> bool:
    return urlsplit(chosen.wechat_api_base).hostname == "127.0.0.1"


def _wait_until_ready(chosen: Settings, web: subprocess.Popen[bytes]) -> None:
    host = "127.0.0.1" if chosen.host in {"0.0.0.0", "::"} else chosen.host  # noqa: S104 - compared, not bound
    address = f"http://{host}:{chosen.port}/api/v1/health"
    give_up_at = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < give_up_at:
        if web.poll() is not None:
            raise click.ClickException(f"the web process stopped (is port {chosen.port} in use?)")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise click.ClickException(f"the web process did not answer within {READY_SECONDS_MAX} s")


def _say_where(chosen: Settings) -> None:
    base = chosen.public_url
    click.echo("")
    click.echo(f"邻里 is ready:  {base}/")
    click.echo(f"  API documents:  {base}/docs")
    click.echo(f"  OpenAPI:        {base}/api/v1/openapi.json")
    if chosen.demo:
        for line in demo.accounts():
            click.echo(f"  {line}")
    click.echo("Ctrl-C stops everything; the data stays.")


def _watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Return only by exception: when a child has died, the others are stopped and we exit with its trouble."""
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                raise click.ClickException(f"the {name} process stopped with {child.returncode}")
        time.sleep(0.5)


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    give_up_at = time.monotonic() + STOP_SECONDS_MAX
    for child in children.values():
        try:
            child.wait(max(0.1, give_up_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
