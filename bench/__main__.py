"""The command line of the benches; the last line is one JSON object."""

import argparse
import json
from typing import Any

from bench import growth, ledger
from bench.people import Population

SMALL = Population(people=1_000, transfers_each=10)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run the bench that is named, print and return what it found."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=["ledger", "growth"])
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--json", action="store_true", help="one line, for programs")
    parser.add_argument("--people", type=int, help="24000 for ledger, 1000000 for growth")
    parser.add_argument("--transfers", type=int, help="ten for each of the people")
    parser.add_argument("--connections", type=int, default=16, help="of ledger")
    parser.add_argument("--clients", type=int, default=2, help="of ledger: processes that ask")
    parser.add_argument("--processes", type=int, default=1, help="web processes of each side")
    parser.add_argument("--seconds", type=float, default=2.0, help="of ledger: of one round")
    parser.add_argument("--rounds", type=int, default=3, help="of ledger")
    chosen = parser.parse_args(arguments)
    people = chosen.people or (24_000 if chosen.name == "ledger" else 1_000_000)
    population = Population(people, (chosen.transfers or 10 * people) // people)
    if chosen.name == "growth":
        found = growth.run(chosen.engine, SMALL, population, chosen.processes)
    else:
        crowd = ledger.Crowd(
            connections=chosen.connections,
            clients=chosen.clients,
            processes=chosen.processes,
            seconds=chosen.seconds,
            rounds=chosen.rounds,
        )
        found = ledger.run(chosen.engine, crowd, population)
    print(json.dumps(found, indent=None if chosen.json else 2))
    return found


if __name__ == "__main__":
    main()
