"""How long sealing and recounting take: `python -m tests.recount --engine sqlite --transfers 1000000 --json`.

Fills the books of a thousand people in bulk, seals them, proves them, and prints one JSON object as the last line.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, bindparam, text

from app.core.actor import system
from app.core.clock import now
from app.core.db import UtcDateTime, bulk_connection, db, in_transaction
from app.factory import create_app
from app.points import reconciler, seals
from tests.conftest import test_settings
from tests.support import schema
from tests.support.postgresql import cluster

WALLETS = 1000
_NUMBERS = (
    "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < {count})"
)
_PERSON = "(i - 1) % 1000 + 1"
_TURN = "(i - 1) / 1000 + 1"
FILL = (
    (
        WALLETS,
        "INSERT INTO person (id, home_area_id, demo, created_at) SELECT i, 1, :no, :at FROM number",
    ),
    (WALLETS, "INSERT INTO wallet (id, person_id) SELECT i, i FROM number"),
    (1, "INSERT INTO account (id, kind, area_id) SELECT 1, 'issuer', 1 FROM number"),
    (
        WALLETS,
        (
            "INSERT INTO account (id, kind, area_id, wallet_id, expires_month)"
            " SELECT i + 1, 'pocket', 1, i, 0 FROM number"
        ),
    ),
    (
        None,
        (
            "INSERT INTO points_grant (id, person_id, area_id, points, reason, granted_by, granted_at)"
            f" SELECT i, {_PERSON}, 1, 10, '社区值守', 1, :at FROM number"
        ),
    ),
    (
        None,
        (
            "INSERT INTO transfer (id, kind, cause_id, part, debit_account_id, credit_account_id, amount, wallet_id,"
            " actor_id, area_id, at, recorded_at, credit_version, credit_after)"
            f" SELECT i, 'grant', i, 0, 1, {_PERSON} + 1, 10, {_PERSON}, 1, 1, :at, :at, {_TURN}, ({_TURN}) * 10"
            "   FROM number"
        ),
    ),
    (
        WALLETS,
        (
            "INSERT INTO balance (account_id, posted, held, version)"
            " SELECT credit_account_id, SUM(amount), 0, COUNT(*) FROM transfer GROUP BY credit_account_id"
        ),
    ),
    (
        None,
        (
            "INSERT INTO journal (id, at, name, subject, subject_id, area_id, actor_id, request_id, payload)"
            " SELECT i + 1000000000, :at, 'points_granted', 'transfer', i, 1, 1, 'bulk', :payload FROM number"
        ),
    ),
)


def fill(transfers: int) -> None:
    """Books with so many transfers, each a grant with its cause and its journal entry."""
    typed = {"no": Boolean(), "at": UtcDateTime(), "payload": JSON()}
    values = {"no": False, "at": now(), "payload": {"points": 10, "kind": "grant"}}
    with bulk_connection() as connection:
        for count, statement in FILL:
            asked = text(_NUMBERS.format(count=count or transfers) + " " + statement)
            if "FROM number" not in statement:
                asked = text(statement)
            used = [name for name in typed if f":{name}" in statement]
            connection.execute(
                asked.bindparams(*(bindparam(name, type_=typed[name]) for name in used)),
                {name: values[name] for name in used},
            )
    if db.engine.dialect.name == "postgresql":
        with bulk_connection() as connection:
            connection.execute(text("ANALYZE"))


def run(engine: str, transfers: int) -> dict[str, Any]:
    """What it took."""
    with tempfile.TemporaryDirectory(prefix="linli-recount-") as place:
        if engine == "sqlite":
            url = f"sqlite:///{Path(place) / 'linli.db'}"
        else:
            cluster().create_database("linli_recount")
            url = cluster().url("linli_recount")
        app = create_app(test_settings(url))
        schema.build(app)
        with app.app_context():
            fill(transfers)
            print(f"{transfers} transfers filled in", flush=True)
            actor = system(now())
            upto = in_transaction(seals.settled_marks, write=True)
            started, busy = time.monotonic(), time.process_time()
            sealed = seals.seal(actor, upto)
            seal_seconds, seal_busy = time.monotonic() - started, time.process_time() - busy
            print(f"{sealed.rows} rows sealed", flush=True)
            busy = time.process_time()
            done = reconciler.reconcile(actor)
            recount_busy = time.process_time() - busy
            db.engine.dispose()
    return {
        "engine": engine,
        "transfers": transfers,
        "rows_sealed": sealed.rows,
        "seal_seconds": round(seal_seconds, 1),
        "seal_cpu_seconds": round(seal_busy, 1),
        "rows_sealed_per_s": round(sealed.rows / seal_seconds),
        "rows_sealed_per_cpu_s": round(sealed.rows / seal_busy),
        "recount_seconds": done.seconds,
        "recount_cpu_seconds": round(recount_busy, 1),
        "breaches": len(done.breaches),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--transfers", type=int, default=1_000_000)
    asked.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    options = asked.parse_args()
    outcome = run(options.engine, options.transfers)
    print(
        json.dumps(outcome) if options.json else "\n".join(f"{k}: {v}" for k, v in outcome.items())
    )


if __name__ == "__main__":
    main()
