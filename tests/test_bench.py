"""The benches run, and what they call the ceiling really does the product's work."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from app.config import ROOT
from app.core.db import db, in_transaction
from bench.grounds import Grounds, grounds
from bench.ledger import both_served, count_breaches, populate
from bench.load import NotServed, drive, percentile, request_bytes
from bench.operations import LENT, OPERATIONS, Operation, calls
from bench.people import Population
from tests.conftest import ENGINES

TINY = Population(people=max(LENT) + 11, transfers_each=3)
NAMES = {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_ceiling_changes_every_table_as_the_product_does(engine):
    with grounds(engine) as place:
        populate(place, TINY)
        with both_served(place, TINY, processes=1) as (product, ceiling):
            for operation in OPERATIONS:
                by_product = _grown(place, partial(_ask, place, operation, product, 1))
                by_ceiling = _grown(place, partial(_ask, place, operation, ceiling, 2))
                assert by_ceiling == by_product
                assert bool(by_product) is operation.write
                assert by_product.get("transfer", 0) == (operation.name == "award")
        assert count_breaches(place) == 0
        assert _transfers_of_the_award(place) == 2 + len(LENT)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_ledger_bench_says_what_it_measured(engine):
    found = _bench("ledger", engine, "--people", "200", "--seconds", "0.3", "--rounds", "1")
    assert found["breaches"] == 0
    for name in NAMES:
        measured = found[name]
        assert measured["requests"] > 0
        assert measured["p50_ms"] <= measured["p99_ms"]
        assert measured["ratio"] == pytest.approx(
            measured["requests_per_s"] / measured["ceiling_per_s"], rel=0.01
        )


def test_the_growth_bench_says_what_it_measured():
    found = _bench("growth", "sqlite", "--people", "1000", "--transfers", "3000")
    assert found["transfers"] == 3000
    assert found["breaches_small"] == 0
    assert 0 < found["bytes_per_transfer"] <= 400
    for name in NAMES:
        measured = found[name]
        assert measured["growth"] == pytest.approx(
            measured["p50_large_ms"] / measured["p50_small_ms"], rel=0.01
        )


def test_an_answer_that_is_no_success_is_not_counted():
    with grounds("sqlite") as place:
        populate(place, TINY)
        with both_served(place, TINY, processes=1) as (product, _):
            unknown = request_bytes("GET", "/api/v1/me/points", {"Authorization": "Bearer x"})
            with pytest.raises(NotServed, match="401"):
                drive_one(product, unknown)


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (50.0, 99.0)
    assert percentile([7.0], 0.99) == 7.0


def drive_one(port: int, request: bytes) -> None:
    drive(port, [request], connections=1, processes=1, seconds=10)


def _ask(place: Grounds, operation: Operation, port: int, person_id: int) -> None:
    (call,) = calls(place, TINY, operation, [person_id])
    drive_one(port, call.to_product if person_id == 1 else call.to_ceiling)


def _grown(place: Grounds, work: Callable[[], None]) -> dict[str, int]:
    """By how many rows each table grew."""
    before = _rows(place)
    work()
    return {
        name: count - before[name] for name, count in _rows(place).items() if count != before[name]
    }


def _rows(place: Grounds) -> dict[str, int]:
    def count() -> dict[str, int]:
        return {
            table.name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in db.metadata.sorted_tables
        }

    with place.app.app_context():
        return in_transaction(count, write=False)


def _transfers_of_the_award(place: Grounds) -> int:
    """Transfers above those that everybody was given."""
    return _rows(place)["transfer"] - TINY.transfers


def _bench(name: str, engine: str, *options: str) -> dict:
    command = [sys.executable, "-m", "bench", name, "--engine", engine, "--json", *options]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])
