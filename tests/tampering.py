"""A thousand random single-cell edits: `python -m tests.tampering --engine sqlite|postgresql --edits 1000 --json`.

Makes busy books in a database of its own, seals them, then changes one cell at a time behind the product's back and
looks whether the recount finds it. The last line is one JSON object; exit 1 when an edit was missed.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.factory import create_app
from tests.conftest import test_settings
from tests.support import schema
from tests.support.postgresql import cluster
from tests.support.tampering import busy_books, tamper
from tests.support.world import World


def run(engine: str, edits: int, seed: int) -> dict[str, Any]:
    """What became of so many edits on one engine."""
    with tempfile.TemporaryDirectory(prefix="linli-tampering-") as place:
        if engine == "sqlite":
            url = f"sqlite:///{Path(place) / 'linli.db'}"
        else:
            cluster().create_database("linli_tampering")
            url = cluster().url("linli_tampering")
        started = time.monotonic()
        app = create_app(test_settings(url))
        app.config["TESTING"] = True
        schema.build(app)
        busy_books(World(app))
        outcome = tamper(
            app, edits, seed, lambda so_far: print(so_far.found, "of", so_far.edits, flush=True)
        )
    return {
        "engine": engine,
        "seed": seed,
        "edits": outcome.edits,
        "found": outcome.found,
        "named": outcome.named,
        "missed": outcome.missed,
        "by_table": outcome.by_table,
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--edits", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    options = asked.parse_args()
    outcome = run(options.engine, options.edits, options.seed)
    if options.json:
        print(json.dumps(outcome, ensure_ascii=False))
    else:
        print(f"{outcome['found']} of {outcome['edits']} edits found in {outcome['seconds']} s")
    sys.exit(0 if outcome["found"] == outcome["edits"] else 1)


if __name__ == "__main__":
    main()
