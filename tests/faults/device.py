"""A phone or a station that never gives up: one key per intention, asked again until there is an answer."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from flask import Flask

from app.core.clock import now
from app.identity.tokens import access_token
from tests.support.world import Caller

TOKEN_SECONDS_USED = 600
ANSWER_SECONDS_MAX = 20
PATIENCE_SECONDS = 90
# Our own trouble, which may have left the work done or not: only the same question again will tell.
UNDECIDED = frozenset({500, 502, 503, 504})


class GaveUp(RuntimeError):
    """No answer within PATIENCE_SECONDS."""


@dataclass(slots=True)
class Intention:
    """What somebody wanted once, and what came of it."""

    kind: str
    actor_id: int
    key: str
    path: str
    body: dict[str, Any] | None
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    tries: int = 0
    seen: list[int] = field(default_factory=list)
    """Statuses that decided nothing, before the answer."""
    replayed: bool = False

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300


class Sender:
    """Somebody who is logged in. Tokens last fifteen minutes and an attack may last longer, so they are renewed."""

    def __init__(self, app: Flask, caller: Caller) -> None:
        self.id = caller.id
        self._app = app
        claims = jwt.decode(str(caller.token), options={"verify_signature": False})
        self._session_id = int(claims["sid"])
        self._token = ""
        self._stale_at = 0.0

    def token(self) -> str:
        if time.monotonic() > self._stale_at:
            with self._app.app_context():
                self._token = access_token(self.id, self._session_id, now())
            self._stale_at = time.monotonic() + TOKEN_SECONDS_USED
        return self._token


class Device:
    """One client: its connections, its keys, its history. Used by one thread."""

    def __init__(
        self, name: str, ports: Callable[[], Sequence[int]], chance: random.Random
    ) -> None:
        self.name = name
        self.chance = chance
        self.history: list[Intention] = []
        self._ports = ports
        self._connections: dict[int, http.client.HTTPConnection] = {}

    def write(
        self, sender: Sender, kind: str, path: str, body: dict[str, Any] | None = None
    ) -> Intention:
        """Ask under a fresh key until it is answered. Raises: GaveUp."""
        key = f"{self.name}-{len(self.history)}"
        wanted = Intention(kind, sender.id, key, path, body)
        self.history.append(wanted)
        self.ask(sender, wanted)
        return wanted

    def ask(self, sender: Sender, wanted: Intention) -> None:
        """Ask (again) for `wanted`."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            wanted.tries += 1
            found = self._once(sender, "POST", wanted.path, wanted.body, wanted.key)
            if found is not None and found[0] not in UNDECIDED:
                wanted.status, wanted.text, wanted.replayed = found
                wanted.answer = json.loads(wanted.text)
                return
            if found is not None:
                wanted.seen.append(found[0])
            time.sleep(self.chance.uniform(0.002, 0.02))
        raise GaveUp(f"{wanted.kind} {wanted.path} {wanted.key}: {wanted.seen[-5:]}")

    def read(self, sender: Sender, path: str) -> dict[str, Any]:
        """The answer to a GET, sooner or later. Raises: GaveUp."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            found = self._once(sender, "GET", path, None, None)
            if found is not None and found[0] == 200:
                answer: dict[str, Any] = json.loads(found[1])
                return answer
            if found is not None and found[0] not in UNDECIDED:
                raise AssertionError(f"GET {path}: {found[:2]}")
            time.sleep(self.chance.uniform(0.002, 0.02))
        raise GaveUp(f"GET {path}")

    def hang_up(self) -> None:
        """Close every line."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _once(
        self, sender: Sender, method: str, path: str, body: Any, key: str | None
    ) -> tuple[int, str, bool] | None:
        """Status, text, and whether it was a repeat; None when the line broke and nobody knows."""
        port = self.chance.choice(self._ports())
        connection = self._connections.get(port)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
            self.hang_up()  # the servers of the others are dead, or will be soon
            self._connections[port] = connection
        headers = {"Authorization": f"Bearer {sender.token()}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(
                method, f"/api/v1{path}", None if body is None else json.dumps(body), headers
            )
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            return None
        return answer.status, text, answer.headers.get("Idempotency-Replayed") == "true"


def run_all(
    works: Sequence[Callable[[], None]],
) -> tuple[list[threading.Thread], list[BaseException]]:
    """Start each on a thread; the list fills with what any of them died of."""
    trouble: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as fault:  # noqa: BLE001 - handed to whoever joins
            trouble.append(fault)

    threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads, trouble
