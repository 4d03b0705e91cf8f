"""What an operator does with the books: export, restore and prove equal, back up while Linli serves."""

import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from app.core.db import Model, db, in_snapshot, in_transaction
from app.core.sealing import public_keys
from app.ledger_files import digests
from tests.support.commands import commands
from tests.support.points_world import earn
from tests.support.postgresql import cluster
from tests.support.tampering import busy_books, seal_all
from tests.support.world import World


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """A connection that is closed for good."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    cluster().create_database("linli_restored")
    yield cluster().url("linli_restored")
    cluster().drop_database("linli_restored")


def test_an_export_restored_on_either_engine_is_proved_equal(
    world: World, tmp_path: Path, empty_database: str
) -> None:
    busy_books(world)
    file = tmp_path / "books.zip"
    runner = commands(world.app)
    exported = runner.invoke(args=["ledger", "export", str(file)])
    assert exported.exit_code == 0, exported.output
    restored = runner.invoke(args=["ledger", "restore", str(file), "--into", empty_database])
    assert restored.exit_code == 0, restored.output
    assert "are equal; the books are in order" in restored.output
    # It is a working database: what comes next gets a number of its own.
    with opened(empty_database) as connection:
        insert = text("INSERT INTO job_run (key, period, started_at) VALUES ('x', 'x', :at)")
        connection.execute(insert, {"at": "2026-11-20 00:00:00.000000+00:00"})
        if connection.dialect.name == "postgresql":
            highest = connection.execute(text("SELECT MAX(id) FROM transfer")).scalar()
            following = text("SELECT nextval(pg_get_serial_sequence('transfer', 'id'))")
            assert connection.execute(following).scalar() == highest + 1
    again = runner.invoke(args=["ledger", "restore", str(file), "--into", empty_database])
    assert again.exit_code == 1
    assert "not empty" in again.output


def test_an_export_is_an_open_format(world: World, tmp_path: Path) -> None:
    busy_books(world)
    file = tmp_path / "books.zip"
    runner = commands(world.app)
    assert runner.invoke(args=["ledger", "export", str(file)]).exit_code == 0
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        lines = archive.read("transfer.csv").decode().splitlines()
        names = set(archive.namelist())
    assert manifest["format"] == "linli-books-1"
    assert names == {f"{name}.csv" for name in Model.metadata.tables} | {"manifest.json"}
    assert lines[0].split(",")[:2] == ["id", "kind"]
    assert len(lines) - 1 == manifest["tables"]["transfer"]["rows"]
    with world.app.app_context():
        assert manifest["head"]["public_key"] in public_keys()
        now_there = in_snapshot(digests)
    assert {name: digest["sha256"] for name, digest in manifest["tables"].items()} == {
        name: asdict(digest)["sha256"] for name, digest in now_there.items()
    }
    assert runner.invoke(args=["ledger", "export", str(file)]).exit_code == 1


def test_an_export_that_was_changed_is_not_restored(
    world: World, tmp_path: Path, empty_database: str
) -> None:
    earn(world, world.person(), 5)
    file, forged = tmp_path / "books.zip", tmp_path / "forged.zip"
    runner = commands(world.app)
    assert runner.invoke(args=["ledger", "export", str(file)]).exit_code == 0
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(forged, "w") as out:
        for name in archive.namelist():
            content = archive.read(name)
            out.writestr(
                name, content.replace(b"service", b"wish") if name == "transfer.csv" else content
            )
    refused = runner.invoke(args=["ledger", "restore", str(forged), "--into", empty_database])
    assert refused.exit_code == 1
    assert "transfer.csv is not what the manifest says" in refused.output
    with opened(empty_database) as connection:
        assert inspect(connection).get_table_names() == []


def test_a_file_that_is_no_export_is_refused(world: World, tmp_path: Path) -> None:
    file = tmp_path / "other.zip"
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("readme.txt", "no books")
    into = f"sqlite:///{tmp_path / 'x.db'}"
    refused = commands(world.app).invoke(args=["ledger", "restore", str(file), "--into", into])
    assert refused.exit_code == 1
    assert "no manifest" in refused.output


def test_every_kind_of_text_comes_back_as_it_was(
    world: World, tmp_path: Path, empty_database: str
) -> None:
    # Empty, quoted, broken over lines, beginning with the mark of an empty text, and NULL beside them.
    for name in ("", "\\", "\\\\N", '一"二,三\n四', "null"):
        site_id = world.site()
        _rename(world, site_id, name)
    file = tmp_path / "books.zip"
    runner = commands(world.app)
    assert runner.invoke(args=["ledger", "export", str(file)]).exit_code == 0
    restored = runner.invoke(args=["ledger", "restore", str(file), "--into", empty_database])
    assert restored.exit_code == 0, restored.output
    with opened(empty_database) as connection:
        found = set(connection.scalars(text("SELECT address FROM site")))
    assert found == {"", "\\", "\\\\N", '一"二,三\n四', "null"}


def _rename(world: World, site_id: int, address: str) -> None:
    with world.app.app_context():
        in_transaction(
            lambda: db.session.execute(
                text("UPDATE site SET address = :address WHERE id = :id"),
                {"address": address, "id": site_id},
            ),
            write=True,
        )


def test_a_backup_is_taken_while_points_are_earned(world: World, tmp_path: Path) -> None:
    runner = commands(world.app)
    file = tmp_path / "copy.db"
    busy_books(world)
    with world.app.app_context():
        engine = db.engine.dialect.name
    if engine == "postgresql":
        refused = runner.invoke(args=["ledger", "backup", str(file)])
        assert refused.exit_code == 1
        assert "pg_dump" in refused.output
        assert "ledger export" in refused.output
        return
    admin, person = world.community_admin(), world.person()
    done, earned = threading.Event(), []

    def go_on() -> None:
        body = {"person_id": person.id, "points": 1, "reason": "社区值守"}
        while not done.is_set():
            earned.append(admin.post("/points/grants", body).status_code)

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        taken = runner.invoke(args=["ledger", "backup", str(file)])
    finally:
        done.set()
        writer.join()
    assert taken.exit_code == 0, taken.output
    assert "the copy is sound" in taken.output
    assert set(earned) == {201}
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    with opened(f"sqlite:///{file}") as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM transfer")).scalar() > 10
    assert runner.invoke(args=["ledger", "backup", str(file)]).exit_code == 1


def test_a_backup_of_broken_books_is_refused(world: World, tmp_path: Path) -> None:
    with world.app.app_context():
        if db.engine.dialect.name == "postgresql":
            assert str(db.engine.url).startswith("postgresql")
            return
    earn(world, world.person(), 5)  # a service that nobody recorded
    refused = commands(world.app).invoke(args=["ledger", "backup", str(tmp_path / "copy.db")])
    assert refused.exit_code == 1
    assert "not in order" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_the_head_is_printed_and_held_against_the_books(world: World, tmp_path: Path) -> None:
    runner = commands(world.app)
    nothing = runner.invoke(args=["ledger", "head"])
    assert nothing.exit_code == 1
    busy_books(world)
    assert "rows sealed" in runner.invoke(args=["ledger", "seal"]).output
    printed = runner.invoke(args=["ledger", "head"])
    head = tmp_path / "head.json"
    head.write_text(printed.stdout, encoding="utf-8")
    assert (
        json.loads(printed.stdout)["public_key"]
        == runner.invoke(args=["ledger", "public-key"]).stdout.strip()
    )
    sound = runner.invoke(args=["ledger", "verify", "--head", str(head)])
    assert sound.exit_code == 0, sound.output
    elsewhere = json.loads(head.read_text(encoding="utf-8"))
    elsewhere["header"] = elsewhere["header"].replace('"n":1', '"n":9')
    head.write_text(json.dumps(elsewhere), encoding="utf-8")
    wrong = runner.invoke(args=["ledger", "verify", "--head", str(head)])
    assert wrong.exit_code == 1
    assert "does not contain this head" in wrong.output


def test_sealing_by_command_counts_what_it_did(world: World) -> None:
    earn(world, world.person(), 5)
    runner = commands(world.app)
    outcome = json.loads(runner.invoke(args=["ledger", "seal", "--json"]).stdout)
    assert (outcome["blocks"], outcome["late"]) == (1, 0)
    assert outcome["rows"] > 1
    assert seal_all(world.app).blocks == 0
