"""Whether it stays as quick: the four operations on a small bank and on a large one, taking turns.

One caller at a time, so that an answer's time is its own and no queue's.
"""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from app.core.clock import now
from bench.grounds import Grounds, database_bytes, grounds, load_of_machine, serving, settle
from bench.ledger import count_breaches
from bench.load import drive, percentile
from bench.operations import OPERATIONS, Operation, calls
from bench.people import Population, book_grants, book_transfers, settle_people

ROUNDS = 5
CALLS_PER_ROUND = 40
SECONDS_MAX = 60.0
WARMING_ROUNDS = 1


@dataclass(slots=True)
class Bank:
    """One of the two, as it was made and as it answers."""

    place: Grounds
    population: Population
    bytes_per_transfer: float = 0.0
    port: int = 0
    latencies_ms: dict[str, list[float]] = field(default_factory=dict)


def run(engine: str, small: Population, large: Population, processes: int) -> dict[str, Any]:
    """Build both banks on `engine` and compare them."""
    with ExitStack() as stack:
        little = Bank(stack.enter_context(grounds(engine)), small)
        big = Bank(stack.enter_context(grounds(engine)), large)
        banks = (little, big)
        load_before = load_of_machine()
        seconds = [_build(bank) for bank in banks]
        # The large books are made by the same SQL, so the small ones are a sample of them.
        breaches = count_breaches(little.place)
        for bank in banks:
            bank.port = stack.enter_context(serving("wsgi:app", bank.place.environ, processes))
        for operation in OPERATIONS:
            for number in range(WARMING_ROUNDS + ROUNDS):
                for bank in banks:
                    _ask(bank, operation, number)
        measured = {
            operation.name: _compared(little, big, operation.name) for operation in OPERATIONS
        }
        return {
            "bench": "growth",
            "engine": engine,
            "durability": little.place.durability,
            "people": large.people,
            "transfers": large.transfers,
            "transfers_small": small.transfers,
            "bytes_per_transfer": round(big.bytes_per_transfer, 1),
            "built_in_seconds": round(sum(seconds)),
            "breaches_small": breaches,
            "load_before": load_before,
            "load_after": load_of_machine(),
            **measured,
        }


def _build(bank: Bank) -> float:
    began, at = time.monotonic(), now()

    def progress(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr)

    with bank.place.app.app_context():
        settle_people(bank.population, at, progress)
        book_grants(bank.population, at, progress)
        settle()
        before = database_bytes()
        book_transfers(bank.population, at, progress)
        # Freshly built indexes are denser than lived-in ones: these were filled row by row, as in life.
        settle()
        bank.bytes_per_transfer = (database_bytes() - before) / bank.population.transfers
    return time.monotonic() - began


def _ask(bank: Bank, operation: Operation, number: int) -> None:
    # People spread over the whole bank, so that a large one does not answer from a few warm pages.
    asked = ROUNDS + WARMING_ROUNDS
    stride = bank.population.people // (asked * CALLS_PER_ROUND)
    people = [1 + (turn * asked + number) * stride for turn in range(CALLS_PER_ROUND)]
    timing = drive(
        bank.port,
        [call.to_product for call in calls(bank.place, bank.population, operation, people)],
        connections=1,
        processes=1,
        seconds=SECONDS_MAX,
    )
    if number >= WARMING_ROUNDS:
        bank.latencies_ms.setdefault(operation.name, []).extend(timing.latencies_ms)


def _compared(small: Bank, large: Bank, name: str) -> dict[str, float]:
    before, after = (percentile(bank.latencies_ms[name], 0.5) for bank in (small, large))
    return {
        "p50_small_ms": round(before, 3),
        "p50_large_ms": round(after, 3),
        "growth": round(after / before, 3),
    }
