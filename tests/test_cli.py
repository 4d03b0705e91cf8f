"""The operator's commands, run as `flask --app wsgi …` runs them."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app.cli import init_commands
from app.config import ROOT
from app.core.db import db, in_transaction
from app.identity.models import Person
from tests.support.world import BAOJIA, World

AREAS_CSV = ROOT / "data" / "areas-ningbo-ningde.csv"


@pytest.fixture
def run(app: Flask):
    init_commands(app)

    def invoke(*words: str, **options: object) -> Result:
        return app.test_cli_runner().invoke(args=list(words), **options)

    return invoke


@pytest.mark.parametrize(
    "command",
    [
        ("areas", "import"),
        ("demo", "load"),
        ("staff", "create"),
        ("journal", "deliver"),
        ("ledger", "verify"),
        ("docs", "write"),
        ("serve",),
        ("scheduler",),
        ("road",),
    ],
)
def test_every_command_explains_itself(run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_areas_imported_again_change_nothing(run) -> None:
    result = run("areas", "import", str(AREAS_CSV))
    assert result.exit_code == 0, result.output
    assert "0 added, 0 changed, 5725 unchanged" in result.output


def test_a_list_with_bad_rows_is_refused_whole_and_each_row_named(run, tmp_path: Path) -> None:
    lines = AREAS_CSV.read_text(encoding="utf-8").splitlines()
    lines.insert(1, "110000000000,,北京市,province")
    lines += [
        "33020500101,330205001000,短码社区,community",
        "330205001999,999999999999,无主社区,community",
    ]
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join(lines), encoding="utf-8")
    result = run("areas", "import", str(broken))
    assert result.exit_code == 1
    assert f"{len(lines) - 1}" in result.output
    assert f"{len(lines)}" in result.output
    assert "nothing was loaded: 2 bad rows" in result.output
    again = run("areas", "import", str(AREAS_CSV))
    assert "0 added" in again.output


def test_the_demo_is_loaded_once(run, world: World) -> None:
    assert "14" not in run("demo", "load").output.split("\n", maxsplit=1)[0]
    assert run("demo", "load").output == ""
    with world.app.app_context():
        people = in_transaction(
            lambda: len(db.session.scalars(select(Person.id).where(Person.demo)).all()), write=False
        )
    assert people == 14
    assert "answered" in run("journal", "deliver").output
    assert run("ledger", "verify").output == "the books are in order\n"


def test_a_first_admin_is_created_and_logs_in(run, world: World) -> None:
    words = ("staff", "create", "--username", "firstadmin", "--name", "首位管理员")
    place = ("--role", "community_admin", "--area", BAOJIA, "--password", "Begin-here-1")
    result = run(*words, *place)
    assert result.exit_code == 0, result.output
    login = world.anonymous.post(
        "/auth/password", {"username": "firstadmin", "password": "Begin-here-1"}
    )
    assert login.json["person"]["roles"][0]["area"]["code"] == BAOJIA
    again = run(*words, *place)
    assert again.exit_code == 1
    assert "username_taken" in again.output


def test_a_weak_password_and_an_unknown_area_are_refused_by_name(run) -> None:
    words = ("staff", "create", "--username", "someone", "--name", "某人", "--role", "area_admin")
    weak = run(*words, "--area", BAOJIA, "--password", "12345678")
    assert weak.exit_code == 1
    assert "password_weak" in weak.output
    lost = run(*words, "--area", "999999999999", "--password", "Begin-here-1")
    assert lost.exit_code == 1
    assert "unknown_area" in lost.output


def test_broken_books_are_named_and_fail_the_command(run, world: World, app: Flask) -> None:
    person = world.person()
    admin = world.community_admin()
    granted = admin.post("/points/grants", {"person_id": person.id, "points": 5, "reason": "补记"})
    assert granted.status_code == 201
    with app.app_context():
        from sqlalchemy import text  # noqa: PLC0415 - the forger's tool

        in_transaction(
            lambda: db.session.execute(text("UPDATE balance SET posted = 7")), write=True
        )
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert "R3" in result.output
