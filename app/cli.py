"""Commands: `flask --app wsgi …`. Each is a thin door: it parses, calls one action, prints."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from app import demo, documents, ledger_files, processes
from app.community.importing import import_areas
from app.config import ROOT, settings
from app.core.actor import system
from app.core.clock import now
from app.core.db import in_snapshot, in_transaction
from app.core.errors import Refusal
from app.core.journal import deliver
from app.core.permissions import Role
from app.core.sealing import public_keys
from app.identity import actions as identity
from app.points import reconciler, seals
from app.points.terms import Breach
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
@click.option(
    "--head",
    "head_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A head printed earlier by `ledger head`: the chain must still contain it.",
)
def ledger_verify(head_file: Path | None) -> None:
    """Prove the books and their seals; exit 1 and name each row that is not as it must be."""
    head = None if head_file is None else json.loads(head_file.read_text(encoding="utf-8"))
    breaches = in_snapshot(lambda: reconciler.prove(now(), head))
    for breach in breaches:
        click.echo(_breach_line(breach), err=True)
    if breaches:
        sys.exit(1)
    click.echo("the books are in order")


@ledger.command("reconcile")
@click.option("--json", "as_json", is_flag=True, help="The outcome as one JSON object.")
def ledger_reconcile(*, as_json: bool) -> None:
    """Prove the books as every night: each breach raises an alert and freezes the wallet concerned; exit 1."""
    done = reconciler.reconcile(system(now()))
    if as_json:
        click.echo(json.dumps(asdict(done), default=str, ensure_ascii=False))
    else:
        for breach in done.breaches:
            click.echo(_breach_line(breach), err=True)
        click.echo(
            f"{done.transfers} transfers recounted in {done.seconds} s: {len(done.breaches)} breaches,"
            f" {done.alerts_raised} new alerts"
        )
    if done.breaches:
        sys.exit(1)


@ledger.command("seal")
@click.option("--json", "as_json", is_flag=True, help="The outcome as one JSON object.")
def ledger_seal(*, as_json: bool) -> None:
    """Seal everything up to now, once those who are writing have finished, as before an export."""
    upto = in_transaction(seals.settled_marks, write=True)
    started = time.monotonic()
    sealed = seals.seal(system(now()), upto)
    seconds = time.monotonic() - started
    outcome = {
        "blocks": sealed.blocks,
        "rows": sealed.rows,
        "late": len(sealed.late),
        "seconds": round(seconds, 3),
        "rows_per_s": round(sealed.rows / seconds),
    }
    if as_json:
        click.echo(json.dumps(outcome))
    else:
        click.echo(f"{sealed.rows} rows sealed in {sealed.blocks} blocks, {seconds:.1f} s")


@ledger.command("head")
def ledger_head() -> None:
    """Print the signed head as JSON: keep it where nobody who can write here can write (paper, another house)."""
    head = in_transaction(seals.head, write=False)
    if head is None:
        raise click.ClickException("nothing is sealed yet")
    click.echo(json.dumps(asdict(head), ensure_ascii=False, indent=1))


@ledger.command("public-key")
def ledger_public_key() -> None:
    """Print the public halves of the keys that sign sealed blocks, newest first."""
    for key in public_keys():
        click.echo(key)


@ledger.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def ledger_export(file: Path) -> None:
    """Write every table to FILE (zip of CSV and a manifest with hashes), as of one moment."""
    if file.exists():
        raise click.ClickException(f"{file} exists; an export never overwrites another")
    manifest = ledger_files.export(file, now())
    rows = sum(table["rows"] for table in manifest["tables"].values())
    click.echo(f"{len(manifest['tables'])} tables with {rows} rows in {file}")


@ledger.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", required=True, help="DATABASE_URL of an empty database.")
def ledger_restore(file: Path, into: str) -> None:
    """Load an export into an empty database of either engine and prove it equal; exit 1 when it is not."""
    try:
        restored = ledger_files.restore(file, into, settings(), now())
    except ledger_files.RestoreRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    for problem in (*restored.unequal, *restored.breaches):
        click.echo(problem, err=True)
    if restored.unequal or restored.breaches:
        sys.exit(1)
    click.echo(
        f"{restored.tables} tables with {restored.rows} rows are equal; the books are in order"
    )


@ledger.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def ledger_backup(file: Path) -> None:
    """Copy the SQLite database to FILE while it serves, check the copy and prove its books."""
    try:
        done = ledger_files.backup(file, settings(), now())
    except ledger_files.BackupRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{done.bytes} bytes with {done.transfers} transfers in {file}; the copy is sound")


def _breach_line(breach: Breach) -> str:
    return f"{breach.invariant} {breach.subject} {breach.subject_id}: {breach.detail}"


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
