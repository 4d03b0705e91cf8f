"""`python -m tests.faults NAME …`: one JSON object at the end; exit 1 when something is lost, doubled or wrong."""

import argparse
import json
import secrets
import sys
from typing import Any

from tests.faults import bank, crash, power, statements
from tests.faults.bed import ENGINES, prepared
from tests.support.world import World


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True)
    one = names.add_parser("crash", help=crash.__doc__)
    one.add_argument("--engine", choices=ENGINES, default="sqlite")
    one.add_argument("--kills", type=int, default=1_000)
    one.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    one = names.add_parser("statements", help=statements.__doc__)
    one.add_argument("--engine", choices=ENGINES, default="sqlite")
    one = names.add_parser("bank", help=bank.__doc__)
    one.add_argument("--engine", choices=ENGINES, default="sqlite")
    one.add_argument("--seconds", type=float, default=60)
    one.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    one = names.add_parser("power", help=power.__doc__)
    one.add_argument("--cuts", type=int, default=2_000)
    one.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    for each in names.choices.values():
        each.add_argument("--json", action="store_true", help="the JSON line only, no progress")
    chosen = parser.parse_args()

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    result: dict[str, Any]
    match chosen.name:
        case "crash":
            result = crash.run(
                chosen.engine, kills=chosen.kills, seed=chosen.seed, progress=progress
            )
        case "bank":
            result = bank.run(
                chosen.engine, seconds=chosen.seconds, seed=chosen.seed, progress=progress
            )
        case "power":
            result = power.run(cuts=chosen.cuts, seed=chosen.seed, progress=progress)
        case _:
            with prepared(chosen.engine) as (_, app):
                result = statements.run(World(app), progress=progress)
    print(json.dumps(result, ensure_ascii=False))
    sys.exit(any(result[name] for name in ("lost", "doubled", "violations")))


if __name__ == "__main__":
    main()
