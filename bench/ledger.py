"""The points bank over HTTP against its ceiling, taking turns round after round on the same machine."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.config import ROOT
from app.core.clock import now
from app.core.db import in_snapshot
from app.points import reconciler as points
from app.redemption import reconciler as redemption
from bench.ceiling import PLAN
from bench.grounds import Grounds, grounds, load_of_machine, serving, settle
from bench.load import Timing, drive, percentile
from bench.operations import LENT, OPERATIONS, Operation, calls, plan
from bench.people import Population, book_grants, book_transfers, settle_people


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who asks, and for how long."""

    connections: int
    clients: int
    processes: int
    seconds: float
    rounds: int


@dataclass(slots=True)
class Measured:
    """All rounds of one side."""

    timings: list[Timing] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Good answers a second over all rounds."""
        answers = sum(len(timing.latencies_ms) for timing in self.timings)
        return answers / sum(timing.seconds for timing in self.timings)

    def percentile_ms(self, share: float) -> float:
        """Over the answers of all rounds."""
        return percentile([one for timing in self.timings for one in timing.latencies_ms], share)


def run(engine: str, crowd: Crowd, population: Population) -> dict[str, Any]:
    """Measure the four operations on `engine`."""
    with grounds(engine) as place:
        populate(place, population)
        load_before = load_of_machine()
        with both_served(place, population, crowd.processes) as (product, ceiling):
            measured = {
                operation.name: _compare(place, population, operation, crowd, product, ceiling)
                for operation in OPERATIONS
            }
        # Whatever the ceiling did differently from the product would show in the books.
        breaches = count_breaches(place)
        return {
            "bench": "ledger",
            "engine": engine,
            "durability": place.durability,
            "people": population.people,
            "transfers": population.transfers,
            "connections": crowd.connections,
            "web_processes": crowd.processes,
            "load_before": load_before,
            "load_after": load_of_machine(),
            "breaches": breaches,
            **measured,
        }


def populate(place: Grounds, population: Population) -> None:
    """People and their books."""
    at = now()
    with place.app.app_context():
        settle_people(population, at, _quiet)
        book_grants(population, at, _quiet)
        book_transfers(population, at, _quiet)
        settle()


def count_breaches(place: Grounds) -> int:
    """How many rows of the books are not as they must be."""
    with place.app.app_context():
        return len(in_snapshot(lambda: [*points.verify(now()), *redemption.verify(now())]))


def _quiet(_: str) -> None:
    pass


@contextmanager
def both_served(
    place: Grounds, population: Population, processes: int
) -> Iterator[tuple[int, int]]:
    """Product and ceiling on the same database under the same server; yields their ports."""
    scripts = {operation.name: plan(place, population, operation) for operation in OPERATIONS}
    with tempfile.TemporaryDirectory(prefix="linli-plan-") as directory:
        path = Path(directory) / "plan.json"
        url = place.environ["DATABASE_URL"]
        path.write_text(
            json.dumps(
                {
                    "engine": "sqlite" if url.startswith("sqlite") else "postgresql",
                    "database": url.removeprefix("sqlite:///"),
                    "operations": scripts,
                }
            ),
            encoding="utf-8",
        )
        environ = {"PYTHONPATH": str(ROOT), PLAN: str(path)}
        with (
            serving("wsgi:app", place.environ, processes) as product,
            serving("bench.ceiling:app", environ, processes) as ceiling,
        ):
            yield product, ceiling


def _compare(
    place: Grounds,
    population: Population,
    operation: Operation,
    crowd: Crowd,
    product: int,
    ceiling: int,
) -> dict[str, Any]:
    sides = {product: Measured(), ceiling: Measured()}
    people = iter(range(1, population.people - max(LENT)))
    share = (population.people - max(LENT) - 1) // (2 * (crowd.rounds + 1))
    for number in range(crowd.rounds + 1):
        for port, side in sides.items():
            asking = [next(people) for _ in range(share)]
            asked = calls(place, population, operation, asking)
            requests = [call.to_product if port == product else call.to_ceiling for call in asked]
            timing = drive(
                port,
                requests,
                connections=crowd.connections,
                processes=crowd.clients,
                seconds=crowd.seconds,
            )
            if number > 0:  # the first round warms both up
                side.timings.append(timing)
    own, bare = sides[product], sides[ceiling]
    return {
        "requests_per_s": round(own.per_second, 1),
        "ceiling_per_s": round(bare.per_second, 1),
        "ratio": round(own.per_second / bare.per_second, 3),
        "p50_ms": round(own.percentile_ms(0.5), 2),
        "p99_ms": round(own.percentile_ms(0.99), 2),
        "ceiling_p50_ms": round(bare.percentile_ms(0.5), 2),
        "ceiling_p99_ms": round(bare.percentile_ms(0.99), 2),
        "requests": sum(len(timing.latencies_ms) for timing in own.timings),
    }
