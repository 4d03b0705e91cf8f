"""The four operations as a phone sends them, and what the ceiling needs to do the same."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.config import settings
from app.core.clock import now
from app.core.db import db
from app.core.sealing import signature
from app.identity.tokens import access_token
from app.policies.terms import CODE_STEP_SECONDS
from app.sites.rules import signed_part, step_at
from app.sites.terms import MAC_BYTES, CodeKind
from bench.capture import Asked, recording, script_of
from bench.grounds import Grounds
from bench.load import request_bytes
from bench.people import Population

LENT = (0, 7, 19, 3)
"""Who lends a hand when the statements are read off, counted from the last person: so unevenly that nothing they
have in common with a row's number is by chance."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a person asks: how it is sent, and with what the ceiling is asked for the same."""

    name: str
    method: str
    path: str
    body: Callable[[int], dict[str, Any]] | None = None
    """What the person sends, by the number of the person's community; None for a read."""

    @property
    def write(self) -> bool:
        """Whether it changes anything."""
        return self.body is not None


@dataclass(frozen=True, slots=True)
class Call:
    """One request in plain words, before it is made into bytes."""

    operation: Operation
    headers: dict[str, str]
    body: bytes
    inputs: dict[str, Any]

    @property
    def to_product(self) -> bytes:
        """As a phone sends it."""
        operation = self.operation
        return request_bytes(operation.method, f"/api/v1{operation.path}", self.headers, self.body)

    @property
    def to_ceiling(self) -> bytes:
        """As the bare handler takes it."""
        return request_bytes(
            "POST", f"/{self.operation.name}", {}, json.dumps(self.inputs).encode()
        )


def _scan_out(community: int) -> dict[str, Any]:
    kid = next(iter(settings().code_keys))
    step = step_at(now(), CODE_STEP_SECONDS.default)
    signed = signed_part(CodeKind.SITE, kid, community, step)
    mac = signature(settings().code_keys, kid, f"code.{CodeKind.SITE}", signed, MAC_BYTES)
    return {"code": f"{signed}.{mac}", "direction": "out"}


def _order(community: int) -> dict[str, Any]:
    return {"reward_id": community, "site_id": community, "quantity": 1}


OPERATIONS = (
    Operation("award", "POST", "/scans", _scan_out),
    Operation("redeem", "POST", "/redemptions", _order),
    Operation("statement", "GET", "/me/points/transfers"),
    Operation("balance", "GET", "/me/points"),
)
"""An award is a scan-out: it closes the presence, writes the service record and posts the transfer."""


def calls(
    grounds: Grounds, population: Population, operation: Operation, people: Sequence[int]
) -> list[Call]:
    """The same asked by each of the people, now."""
    at = now()
    step = step_at(at, CODE_STEP_SECONDS.default)
    made = []
    with grounds.app.app_context():
        bodies: dict[int, bytes] = {}
        for person_id in people:
            community = population.community_of(person_id)
            headers = {"Authorization": f"Bearer {access_token(person_id, person_id, at)}"}
            inputs: dict[str, Any] = {"person_id": person_id}
            if operation.body is not None:
                if community not in bodies:
                    bodies[community] = json.dumps(operation.body(community)).encode()
                inputs |= {"key": secrets.token_hex(16), "community": community, "step": step}
                headers["Idempotency-Key"] = inputs["key"]
            made.append(Call(operation, headers, bodies.get(community, b""), inputs))
    return made


def plan(grounds: Grounds, population: Population, operation: Operation) -> dict[str, Any]:
    """The script of an operation, taken from the product as a few people ask it."""
    asked: list[Asked] = []
    client = grounds.app.test_client()
    with grounds.app.app_context(), recording() as noted:
        lenders = [population.people - back for back in LENT]
        for call in calls(grounds, population, operation, lenders):
            noted.clear()
            answer = client.open(
                f"/api/v1{operation.path}",
                method=operation.method,
                headers=call.headers,
                data=call.body,
                content_type="application/json",
            )
            if answer.status_code not in {200, 201}:
                raise RuntimeError(f"{operation.name}: {answer.get_data(as_text=True)}")
            asked.append(Asked(call.inputs, list(noted)))
        db.engine.dispose()
    # The first run also fills what a process remembers; the others show what is asked every time.
    return {"write": operation.write, "script": script_of(asked[1:])}
