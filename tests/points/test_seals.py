"""Sealed blocks: nothing is missed, whoever asks gets a proof, and a signed head holds everything below it."""

import json
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.config import ROOT
from app.core import jobs
from app.core.actor import system
from app.core.clock import now
from app.core.db import db, in_snapshot, in_transaction
from app.core.sealing import public_keys
from app.points import jobs as points_jobs
from app.points import seals
from app.points.models import SEAL, LedgerAlert
from app.points.seals import Trail
from tests.support.points_world import earn
from tests.support.tampering import seal_all
from tests.support.volunteer_world import ok, refusal
from tests.support.world import World


def found(world: World, head: dict[str, str] | None = None) -> list[tuple[str, int]]:
    with world.app.app_context():
        return [(one.subject, one.subject_id) for one in in_snapshot(lambda: seals.verify(head))]


def run(world: World, work: Any) -> Any:
    with world.app.app_context():
        return in_transaction(work, write=True)


def change(world: World, *statements: str) -> None:
    """As an administrator with the database in hand would."""

    def work() -> None:
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for table in ("transfer", "seal"):
                for verb in ("update", "delete"):
                    db.session.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        for statement in statements:
            db.session.execute(text(statement))

    run(world, work)


def test_nobody_has_a_proof_without_logging_in(world: World) -> None:
    assert world.anonymous.get("/me/points/transfers/1/proof").status_code == 401


def test_everything_is_sealed_and_a_second_call_finds_nothing_to_do(world: World) -> None:
    person = world.person()
    for _ in range(3):
        earn(world, person, 5)
    first = seal_all(world.app)
    assert (first.blocks, first.late) == (1, ())
    assert first.rows >= 3 + 3
    assert seal_all(world.app).blocks == 0
    assert found(world) == []


def test_blocks_hold_so_many_rows_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "BLOCK_ROWS_MAX", 4)
    person = world.person()
    for _ in range(9):
        earn(world, person, 5)
    sealed = seal_all(world.app)
    assert sealed.blocks == -(-sealed.rows // 4)
    assert found(world) == []


@pytest.mark.parametrize("member", range(5))
def test_a_transfer_is_proved_to_its_owner_by_a_program_of_nobody_but_them(
    world: World, tmp_path: Path, member: int
) -> None:
    person = world.person()
    transfers = [earn(world, person, 5).transfer_id for _ in range(5)]
    seal_all(world.app)
    proof = ok(person.get(f"/me/points/transfers/{transfers[member]}/proof"))
    assert json.loads(proof["leaf"])["id"] == transfers[member]
    with world.app.app_context():
        (key,) = public_keys()
    assert verified(tmp_path, proof, key) == (0, f"PROVED: {proof['leaf']}")


def verified(tmp_path: Path, proof: dict[str, Any], key: str) -> tuple[int, str]:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof), encoding="utf-8")
    program = [sys.executable, str(ROOT / "docs" / "verify_transfer.py"), str(file), key]
    done = subprocess.run(program, capture_output=True, text=True, check=False, encoding="utf-8")
    return done.returncode, (done.stdout or done.stderr).strip()


def test_a_forged_proof_is_not_proved(world: World, tmp_path: Path) -> None:
    person = world.person()
    transfer_id = earn(world, person, 5).transfer_id
    earn(world, person, 6)
    seal_all(world.app)
    proof = ok(person.get(f"/me/points/transfers/{transfer_id}/proof"))
    with world.app.app_context():
        (key,) = public_keys()
    richer = proof | {"leaf": proof["leaf"].replace('"amount":5', '"amount":500')}
    assert richer != proof
    assert verified(tmp_path, richer, key) == (1, "NOT PROVED: the transfer is not in this block")
    later = proof | {"header": proof["header"].replace('"n":1', '"n":2')}
    assert later != proof
    assert verified(tmp_path, later, key) == (
        1,
        "NOT PROVED: the block was not signed with this key",
    )
    assert verified(tmp_path, proof, "A" * 43 + "=")[0] == 1


def test_a_transfer_has_no_proof_for_another_or_before_it_is_sealed(world: World) -> None:
    person = world.person()
    transfer_id = earn(world, person, 5).transfer_id
    path = f"/me/points/transfers/{transfer_id}/proof"
    assert refusal(person.get(path)) == "transfer_not_sealed"
    seal_all(world.app)
    assert person.get(path).status_code == 200
    assert world.person().get(path).status_code == 404


def test_a_changed_a_vanished_and_a_smuggled_row_are_named(world: World) -> None:
    person = world.person()
    ids = [earn(world, person, 5).transfer_id for _ in range(4)]
    seal_all(world.app)
    change(
        world,
        f"UPDATE transfer SET amount = 50 WHERE id = {ids[0]}",
        f"DELETE FROM transfer WHERE id = {ids[1]}",
        f"UPDATE transfer SET id = {ids[2] - 1000} WHERE id = {ids[2]}",
    )
    assert ("transfer", ids[0]) in found(world)
    assert ("transfer", ids[1]) in found(world)
    assert ("transfer", ids[2]) in found(world)
    assert ("transfer", ids[3]) not in found(world)


def test_a_row_that_turns_up_below_the_head_is_found_then_sealed_and_reported(world: World) -> None:
    person = world.person()
    ids = [earn(world, person, 5).transfer_id for _ in range(3)]
    late = ids[1]

    def hide() -> list[Any]:
        return list(db.session.execute(text(f"SELECT * FROM transfer WHERE id = {late}")).one())

    values = run(world, hide)
    change(world, f"DELETE FROM transfer WHERE id = {late}")
    seal_all(world.app)
    assert found(world) == []

    def bring_back() -> None:
        names = ", ".join(f":v{n}" for n in range(len(values)))
        row = {f"v{n}": value for n, value in enumerate(values)}
        db.session.execute(text(f"INSERT INTO transfer VALUES ({names})"), row)

    run(world, bring_back)
    assert found(world) == [("transfer", late)]
    sealed = seal_all(world.app)
    assert sealed.late == (("transfer", late),)
    assert found(world) == []
    assert ok(person.get(f"/me/points/transfers/{late}/proof"))["leaf"]


def test_an_id_that_commits_late_is_waited_for(world: World) -> None:
    trail = Trail(timedelta(seconds=30))
    start = now()
    assert trail.ripe(start, {"transfer": 5}) == {}
    assert trail.ripe(start + timedelta(seconds=10), {"transfer": 9}) == {}
    assert trail.ripe(start + timedelta(seconds=30), {"transfer": 12}) == {"transfer": 5}
    assert trail.ripe(start + timedelta(seconds=41), {"transfer": 12}) == {"transfer": 9}
    assert trail.ripe(start + timedelta(seconds=300), {"transfer": 12}) == {"transfer": 12}


def test_the_job_seals_half_a_minute_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_jobs, "_trail", Trail())
    (job,) = [one for one in jobs.all_jobs() if one.key == "points.seal"]
    assert job.every_seconds == 10
    earn(world, world.person(), 5)
    start = now() + timedelta(days=1)
    with world.app.app_context():
        outcomes = [
            job.work(lambda n=n: system(start + timedelta(seconds=10 * n)))  # type: ignore[misc]
            for n in range(5)
        ]
    assert outcomes[0]["rows"] == 0
    assert sum(one["rows"] for one in outcomes) > 1
    assert sum(one["late"] for one in outcomes) == 0
    assert found(world) == []


def test_those_who_seal_at_once_seal_everything_once(world: World) -> None:
    person = world.person()
    for _ in range(5):
        earn(world, person, 5)
    done: list[seals.Sealed] = []
    threads = [threading.Thread(target=lambda: done.append(seal_all(world.app))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed.blocks for sealed in done) == 1
    assert len(done) == 4
    assert found(world) == []


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE seal SET header = replace(header, 'points', 'p0ints')",
        "UPDATE seal SET header = 'nonsense'",
        "UPDATE seal SET signature = 'AAAA'",
        "UPDATE seal SET public_key = 'AAAA'",
        "UPDATE seal SET transfer_id_max = transfer_id_max + 1",
        "UPDATE seal SET n = n + 1",
    ],
)
def test_a_changed_block_is_named(world: World, forgery: str) -> None:
    earn(world, world.person(), 5)
    seal_all(world.app)
    change(world, forgery)
    assert {subject for subject, _ in found(world)} == {"seal"}


def test_a_chain_cut_short_and_sealed_anew_does_not_contain_the_exported_head(world: World) -> None:
    person = world.person()
    earn(world, person, 5)
    seal_all(world.app)
    transfer_id = earn(world, person, 6).transfer_id
    seal_all(world.app)
    with world.app.app_context():
        head = in_transaction(seals.head, write=False)
    assert head is not None
    assert found(world, asdict(head)) == []
    change(
        world,
        "DELETE FROM seal WHERE n = 2",
        f"UPDATE transfer SET amount = 7 WHERE id = {transfer_id}",
    )
    seal_all(world.app)
    assert found(world) == []
    assert found(world, asdict(head)) == [("seal", 2)]


def test_sealing_leaves_no_alert_behind(world: World) -> None:
    earn(world, world.person(), 5)
    seal_all(world.app)
    with world.app.app_context():
        assert (
            in_transaction(lambda: db.session.scalars(select(LedgerAlert)).all(), write=False) == []
        )
        assert in_transaction(lambda: db.session.scalar(select(SEAL.c.n)), write=False) == 1
