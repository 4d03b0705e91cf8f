"""Commands: `flask --app wsgi …`. Each is a thin door: it parses, calls one action, prints."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from app import demo, documents, processes
from app.community.importing import import_areas
from app.config import ROOT, settings
from app.core.actor import system
from app.core.clock import now
from app.core.db import in_snapshot, in_transaction
from app.core.errors import Refusal
from app.core.journal import deliver
from app.core.permissions import Role
from app.identity import actions as identity
from app.points import reconciler as points
from app.redemption import reconciler as redemption
from app.road import walk
from app.scheduler import run_scheduler

areas = AppGroup("areas", help="The area tree.")
demo_group = AppGroup("demo", help="Demo people and things.")
staff = AppGroup("staff", help="People who log in with a password.")
journal = AppGroup("journal", help="The journal.")
ledger = AppGroup("ledger", help="The points ledger.")
docs = AppGroup("docs", help="Documents that are generated from the code.")


def init_commands(app: Flask) -> None:
    """Hang every command on the app."""
    for group in (areas, demo_group, staff, journal, ledger, docs):
        app.cli.add_command(group)
    for command in (serve, scheduler, road):
        app.cli.add_command(command)


@areas.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def areas_import(file: Path) -> None:
    """Load the area tree from FILE (code,parent_code,name,level). Run twice, it changes nothing."""
    report = import_areas(file, progress=click.echo)
    for problem in report.problems:
        click.echo(problem, err=True)
    if report.problems:
        click.echo(f"nothing was loaded: {len(report.problems)} bad rows", err=True)
        sys.exit(1)
    click.echo(f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged")


@demo_group.command("load")
def demo_load() -> None:
    """Load demo people, sites, opportunities, rewards and wishes. Demo mode only; run twice, once is enough."""
    if not settings().demo:
        raise click.ClickException("demo people are for demo mode only (LINLI_MODE=demo)")
    demo.load(progress=click.echo)


@staff.command("create")
@click.option("--username", required=True, help="What they log in with.")
@click.option("--name", required=True, help="Their real name.")
@click.option("--phone", help="Their mobile number.")
@click.option(
    "--role",
    type=click.Choice([Role.COMMUNITY_ADMIN.value, Role.AREA_ADMIN.value]),
    required=True,
    help="The role to begin with; others are given in the console.",
)
@click.option("--area", "area_code", required=True, help="Code of the area where the role is held.")
@click.password_option(envvar="LINLI_STAFF_PASSWORD", help="Asked for when not given.")
def staff_create(
    username: str, name: str, phone: str | None, role: str, area_code: str, password: str
) -> None:
    """Create the first administrators of an area."""
    create = partial(
        identity.create_staff,
        system(now()),
        username=username,
        password=password,
        name=name,
        phone=phone,
        role=Role(role),
        area_code=area_code,
    )
    person = _or_refused(lambda: in_transaction(create, write=True, repeatable=False))
    click.echo(f"person {person.id} may now log in as {username}")


@journal.command("deliver")
def journal_deliver() -> None:
    """Let everything that waits for the journal be answered now."""
    total = 0
    while answered := deliver(lambda: system(now())):
        total += answered
    click.echo(f"{total} answered")


@ledger.command("verify")
def ledger_verify() -> None:
    """Prove the books; exit 1 and name each breach when something does not add up."""
    breaches = in_snapshot(lambda: [*points.verify(now()), *redemption.verify(now())])
    for breach in breaches:
        click.echo(str(breach), err=True)
    if breaches:
        sys.exit(1)
    click.echo("the books are in order")


@docs.command("write")
def docs_write() -> None:
    """Write the generated pages of docs/ anew."""
    documents.write(current_app, ROOT / "docs", progress=click.echo)


@click.command()
@with_appcontext
def serve() -> None:
    """Migrate, load what is missing, then run web processes and scheduler until stopped."""
    processes.serve()


@click.command()
@with_appcontext
def scheduler() -> None:
    """Run the scheduler alone (production: one or more, on any host)."""
    # The scheduler's threads have no app context of their own to find the app in.
    run_scheduler(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


@click.command()
@click.option("--url", default=None, help="Address of the server. Default: PUBLIC_URL.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a step, for programs.")
@with_appcontext
def road(url: str | None, *, as_json: bool) -> None:
    """Walk the whole main road against a running demo server; exit 1 at the first thing that is wrong."""

    def show(step: dict[str, Any]) -> None:
        click.echo(json.dumps(step, ensure_ascii=False) if as_json else _step_line(step))

    sys.exit(0 if walk(url or settings().public_url, show) else 1)


def _step_line(step: dict[str, Any]) -> str:
    mark = click.style("✓", fg="green") if step["ok"] else click.style("✗", fg="red")
    lines = [f"{mark} {step['title']}"]
    if "request" in step:
        lines.append(f"    {step['request']}  →  {step['status']}  {step['milliseconds']} ms")
        lines.append(f"    {step['answer']}")
    if not step["ok"]:
        lines.append(f"    expected: {step['expected']}")
    return os.linesep.join(lines)


def _or_refused(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Refusal as refusal:
        raise click.ClickException(f"{refusal.code}: {refusal.sentence}") from refusal
