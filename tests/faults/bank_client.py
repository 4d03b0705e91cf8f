"""One of the bank's eight clients, a process that knows nothing of the product but its addresses.

Reads its orders as one JSON object on standard input; writes its history, one JSON object a line, on standard output.
"""

import http.client
import importlib
import json
import random
import re
import sys
import time
from typing import Any

TRIES_MAX = 3
READS_SHARE = 0.2
CUT_SHARE = 0.05
ANSWER_SECONDS_MAX = 20

# One moment of the whole bank, in several statements: only a snapshot lets them agree.
BOOK = {
    "pockets": "SELECT CAST(COALESCE(SUM(posted), 0) AS BIGINT) FROM balance",
    "spent": "SELECT CAST(COALESCE(SUM(CASE kind WHEN 'spend' THEN amount ELSE -amount END), 0)"
    " AS BIGINT) FROM transfer WHERE kind IN ('spend', 'reversal')",
    "held": "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM balance",
    "open_holds": "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM hold WHERE state = 'open'",
    "ordered": "SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) FROM redemption WHERE state = 'held'",
    "least": "SELECT MIN(CASE WHEN held < posted - held THEN held ELSE posted - held END) FROM balance",
    "pieces": "SELECT CAST(SUM(available + held) AS BIGINT) FROM stock",
    "handed_out": "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM stock_move"
    " WHERE kind = 'handed_out'",
}


def main() -> None:
    orders = json.load(sys.stdin)
    client = Client(orders)
    while time.time() < orders["until"]:
        if client.chance.random() < READS_SHARE:
            client.write_down({"kind": "book", "book": client.book()})
        else:
            client.move()


class Client:
    """Moves points between the bank's wallets, which it shares with seven others."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.name: str = orders["name"]
        self.chance = random.Random(orders["seed"])
        self._orders = orders
        self._count = 0
        self._lines: dict[int, http.client.HTTPConnection] = {}
        self.book = self._sqlite_book if orders["sqlite"] else self._postgresql_book
        if orders["sqlite"]:
            driver = importlib.import_module(orders["driver"])
            self._database = driver.connect(orders["sqlite"], isolation_level=None)
            self._database.execute("PRAGMA busy_timeout=5000")
        else:
            import psycopg  # noqa: PLC0415 - only where it is asked for

            self._database = psycopg.connect(**orders["postgresql"])
            self._database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._database.read_only = True

    def move(self) -> None:
        """Order, hand out, give up or take back: whatever comes up, of whomever."""
        moves = {self._redeem: 40, self._collect: 25, self._cancel: 20, self._reverse: 15}
        self.chance.choices(list(moves), list(moves.values()))[0]()

    def write_down(self, line: dict[str, Any]) -> None:
        print(json.dumps(line))

    def _redeem(self) -> None:
        pieces = self.chance.randint(1, 3)
        body = {key: self._orders[key] for key in ("reward_id", "site_id")} | {"quantity": pieces}
        self._write("redeem", self._wallet(), "/redemptions", body)

    def _collect(self) -> None:
        if order := self._waiting(self._wallet()):
            body = {"code": order["code"], "site_id": self._orders["site_id"]}
            self._write("collect", self._orders["staff"], "/redemptions/collect", body)

    def _cancel(self) -> None:
        wallet = self._wallet()
        if order := self._waiting(wallet):
            self._write("cancel", wallet, f"/redemptions/{order['id']}/cancel", None)

    def _reverse(self) -> None:
        page = self._read(self._wallet(), "/me/points/transfers?limit=10")
        spends = [line["id"] for line in page if line["kind"] == "spend"]
        if spends:
            path = f"/points/transfers/{self.chance.choice(spends)}/reverse"
            self._write("reverse", self._orders["admin"], path, {"reason": "礼品有质量问题"})

    def _wallet(self) -> dict[str, Any]:
        found: dict[str, Any] = self.chance.choice(self._orders["wallets"])
        return found

    def _waiting(self, wallet: dict[str, Any]) -> dict[str, Any] | None:
        page = self._read(wallet, "/me/redemptions?limit=10")
        waiting = [order for order in page if order["state"] == "held"]
        return self.chance.choice(waiting) if waiting else None

    def _write(self, kind: str, who: dict[str, Any], path: str, body: Any) -> None:
        """Ask up to three times under one key; what is never answered stays unknown."""
        self._count += 1
        key = f"{self.name}-{self._count}"
        said: dict[str, Any] = {"kind": kind, "actor_id": who["id"], "key": key, "status": None}
        for _ in range(TRIES_MAX):
            cut = self.chance.random() < CUT_SHARE
            found = self._once("POST", who, path, body, key=key, cut=cut)
            if found is not None and found[0] < 500:
                said |= {"status": found[0], "id": found[1].get("id")}
                break
        self.write_down(said)

    def _read(self, who: dict[str, Any], path: str) -> list[dict[str, Any]]:
        found = self._once("GET", who, path, None)
        if found is None or found[0] != 200:
            self.write_down({"kind": "unread", "path": re.sub(r"\d+", "N", path), "found": found})
            return []
        items: list[dict[str, Any]] = found[1]["items"]
        return items

    def _once(
        self,
        method: str,
        who: dict[str, Any],
        path: str,
        body: Any,
        *,
        key: str = "",
        cut: bool = False,
    ) -> tuple[int, dict[str, Any]] | None:
        port = self.chance.choice(self._orders["ports"])
        line = self._lines.get(port)
        if line is None:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
            self._lines[port] = line
        headers = {"Authorization": f"Bearer {who['token']}"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        try:
            sent = None if body is None else json.dumps(body)
            line.request(method, f"/api/v1{path}", sent, headers)
            if cut:
                raise ConnectionAbortedError
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            line.close()
            return None

    def _sqlite_book(self) -> dict[str, int]:
        self._database.execute("BEGIN")
        try:
            return {
                name: self._database.execute(statement).fetchone()[0]
                for name, statement in BOOK.items()
            }
        finally:
            self._database.execute("ROLLBACK")

    def _postgresql_book(self) -> dict[str, int]:
        try:
            return {
                name: self._database.execute(statement).fetchone()[0]
                for name, statement in BOOK.items()
            }
        finally:
            self._database.rollback()


if __name__ == "__main__":
    main()
