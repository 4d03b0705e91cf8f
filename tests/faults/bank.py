"""The bank test: eight processes move points between a few wallets and read the whole book at every moment.

The total is the same at every read and nothing is below zero; afterwards everything that was acknowledged is there,
nothing that was refused, and of what was never answered only what its kept answer says.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import make_url, text

from app.config import ROOT
from app.core.db import db, in_snapshot, sqlite_driver
from app.core.sealing import unseal
from app.policies.terms import POINTS_DAILY_MAX
from app.web.idempotency import _place
from tests.faults.bed import Nursery, prepared
from tests.faults.device import Sender
from tests.faults.history import Verdict
from tests.support import redemption_world
from tests.support.books import breaches
from tests.support.points_world import earn, set_policy
from tests.support.world import Caller, World

CLIENTS = 8
WALLETS = 8
POINTS_EACH = 300
PRICE = 10
PIECES = 10_000
WEB_PROCESSES = 2
SECONDS_MAX = 780
"""Tokens live fifteen minutes, and these clients have no way to renew them."""


def run(
    engine: str, *, seconds: float, seed: int, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Let eight clients work for `seconds`, then judge their histories."""
    if seconds > SECONDS_MAX:
        raise ValueError(f"at most {SECONDS_MAX} seconds")
    with prepared(engine) as (database, app):
        world = World(app)
        orders = _orders(world, database.url)
        nursery = Nursery(database)
        try:
            webs = [nursery.start() for _ in range(WEB_PROCESSES)]
            for web in webs:
                web.wait_until_ready()
            orders |= {"ports": [web.port for web in webs], "until": time.time() + seconds}
            progress(f"{CLIENTS} clients at work for {seconds} s")
            history = _history(orders, seed)
        finally:
            nursery.close()
        verdict = Verdict()
        reads = [line["book"] for line in history if line["kind"] == "book"]
        for book in reads:
            _check_book(book, verdict)
        asked = [line for line in history if "key" in line]
        with app.app_context():
            in_snapshot(lambda: _check_history(asked, verdict))
        verdict.violations.extend(map(str, breaches(world)))
        unread = [line for line in history if line["kind"] == "unread"]
        verdict.violations.extend(map(str, unread))
        status = Counter((line["status"] or 0) // 100 for line in asked)
        return {
            "engine": engine,
            "seed": seed,
            "seconds": seconds,
            "operations": len(asked) + len(reads),
            "acknowledged": status[2],
            "refused": status[4],
            "unknown": status[0],
            "reads": len(reads),
            "lost": len(verdict.lost),
            "doubled": len(verdict.doubled),
            "violations": len(verdict.violations),
            "named": [*verdict.lost, *verdict.doubled, *verdict.violations][:20],
        }


def _orders(world: World, database_url: str) -> dict[str, Any]:
    """The bank before it opens, as its clients need to know it."""
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    site_id = world.site()
    admin = world.community_admin()
    reward_id = redemption_world.reward(world, site_id, admin=admin, points=PRICE, quantity=PIECES)
    wallets = [world.person() for _ in range(WALLETS)]
    for wallet in wallets:
        earn(world, wallet, POINTS_EACH)

    def known(caller: Caller) -> dict[str, Any]:
        return {"id": caller.id, "token": Sender(world.app, caller).token()}

    url = make_url(database_url)
    sqlite = url.get_backend_name() == "sqlite"
    return {
        "reward_id": reward_id,
        "site_id": site_id,
        "admin": known(admin),
        "staff": known(world.station_staff(site_id)),
        "wallets": [known(wallet) for wallet in wallets],
        "sqlite": url.database if sqlite else None,
        "driver": sqlite_driver().__name__ if sqlite else None,
        "postgresql": {"host": url.query.get("host"), "user": url.username, "dbname": url.database},
    }


def _history(orders: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.bank_client"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(CLIENTS)
    ]
    for number, client in enumerate(clients):
        assert client.stdin is not None
        json.dump(orders | {"name": f"client{number}", "seed": f"{seed}-{number}"}, client.stdin)
        client.stdin.close()
        client.stdin = None
    said = []
    for client in clients:
        output, _ = client.communicate()
        assert client.returncode == 0, "a client broke down; see above"
        said += [json.loads(line) for line in output.splitlines()]
    return said


def _check_book(book: dict[str, int], verdict: Verdict) -> None:
    if book["pockets"] + book["spent"] != WALLETS * POINTS_EACH:
        verdict.violations.append(f"the total is not what it was: {book}")
    if not book["held"] == book["open_holds"] == book["ordered"]:
        verdict.violations.append(f"what is held is not what is ordered: {book}")
    if book["least"] < 0:
        verdict.violations.append(f"below zero: {book}")
    if book["pieces"] + book["handed_out"] != PIECES:
        verdict.violations.append(f"pieces came or went: {book}")


_THERE = {
    "redeem": "SELECT id FROM redemption",
    "collect": "SELECT id FROM redemption WHERE state = 'collected'",
    "cancel": "SELECT id FROM redemption WHERE state = 'cancelled'",
    "reverse": "SELECT id FROM transfer WHERE kind = 'reversal'",
}


def _check_history(asked: list[dict[str, Any]], verdict: Verdict) -> None:
    kept = {
        (row.actor_id, row.key): (row.status, json.loads(unseal(row.body_sealed, _place(*row[:2]))))
        for row in db.session.execute(
            text("SELECT actor_id, key, status, body_sealed FROM idempotency")
        )
    }
    done: dict[str, Counter[int]] = {kind: Counter() for kind in _THERE}
    for line in asked:
        status, answer = kept.pop((line["actor_id"], line["key"]), (None, {}))
        if line["status"] is None:
            # Never answered: it may have happened or not, but then as its kept answer says.
            told = status
        else:
            told = line["status"]
            if (told, line["id"]) != (status, answer.get("id")):
                verdict.lost.append(f"told {line}, kept {status} {answer}")
        if told is not None and 200 <= told < 300:
            done[line["kind"]][line["id"] if line["status"] else answer["id"]] += 1
    verdict.violations.extend(f"kept and never asked: {key}" for key in kept)
    for kind, statement in _THERE.items():
        there = Counter(db.session.scalars(text(statement)).all())
        verdict.lost.extend(f"{kind} {one}" for one in (done[kind] - there))
        verdict.doubled.extend(f"{kind} {one}" for one in (there - done[kind]))
