"""Every field of every address, filled with what nobody should send: a named refusal, never a fault of ours.

The shapes come from the OpenAPI document, so a new route is tried without anybody thinking of it.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from app.core.clock import now
from app.core.permissions import Role
from tests.support.micro_wish_world import made as made_wish
from tests.support.points_world import earn
from tests.support.redemption_world import reward
from tests.support.reporting_in_world import submitted
from tests.support.volunteer_world import publish, station
from tests.support.world import BAOJIA, NINGBO, Caller, World

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    2**63,
    10**400,
    float("nan"),
    "",
    "a\x00b",
    "a\ud800",
    "好" * 5000,
    "2026-02-30",
    "0001-01-01T00:00:00+23:59",
    "' OR 1=1 --",
    "{0.__class__}{missing}%s",
    [],
    [[[]]],
    {},
    {"a": {"b": 1}},
)

HOSTILE_WORDS = ("", "\x00", "%ED%A0%80", "١", "-1", "9" * 400, "%s{0}", "' OR 1=1 --", "好" * 600)

# What a shape cannot say, so that the example is taken and one hostile field at a time is what is wrong with it.
TOMORROW = now() + timedelta(days=1)
FITTING: dict[str, Any] = {
    "area": BAOJIA,
    "parent": BAOJIA,
    "home_area": BAOJIA,
    "successor": None,
    "phone": "13912345678",
    "totp": "123456",
    "latitude": 29.9,
    "longitude": 121.5,
    "starts_at": TOMORROW.isoformat(),
    "ends_at": (TOMORROW + timedelta(hours=2)).isoformat(),
    "at": None,
    "key": "points_per_hour",
    "value": 5,
    "effective_from": TOMORROW.date().isoformat(),
    "credit_code": "91350100M000100Y43",
    "unit_id": 1,
}

# These end the caller's login or leave the machine.
LEFT_OUT = {"/api/v1/me", "/api/v1/auth/logout", "/api/v1/auth/wechat", "/api/v1/demo/wechat-code"}


class Shapes:
    """What the document says that each address takes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                if method != "parameters" and path not in LEFT_OUT:
                    yield method.upper(), path, operation

    def body(self, operation: dict[str, Any]) -> dict[str, Any] | None:
        """A body that fits as far as shapes go."""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else self._example(content["schema"])

    def queries(self, operation: dict[str, Any]) -> list[str]:
        return [p["name"] for p in operation.get("parameters", ()) if p.get("in") == "query"]

    def _example(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._example(self._document["components"]["schemas"][name])
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0])
        if schema.get("enum"):
            return schema["enum"][0]
        kinds = schema.get("type", "object")
        match kinds if isinstance(kinds, str) else kinds[0]:
            case "object":
                return {
                    name: FITTING[name] if name in FITTING else self._example(part)
                    for name, part in schema.get("properties", {}).items()
                }
            case "array":
                return [self._example(schema["items"])]
            case "integer":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _ if schema.get("format") == "date":
                return "2026-11-20"
            case _ if schema.get("format") == "date-time":
                return "2026-11-20T09:00:00+08:00"
            case _:
                return "甲" * max(schema.get("minLength", 1), 2)


def _places(example: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value stands in the example, at every depth."""
    if path:
        yield path
    inner: Any = ()
    if isinstance(example, dict):
        inner = example.items()
    elif isinstance(example, list):
        inner = enumerate(example)
    for name, part in inner:
        yield from _places(part, (*path, name))


def _with(example: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = example.copy()
    copy[path[0]] = _with(example[path[0]], path[1:], value)
    return copy


@pytest.fixture
def caller(world: World) -> Caller:
    """May do everything somewhere, so that what is sent is really read."""
    world.app.config["TESTING"] = False
    post = station(world)
    site_id = post.site_id
    # One of each kind, all with the number 1, for the addresses to find.
    publish(post.admin, site_id)
    made_wish(world.person())
    submitted(world, world.person())
    reward(world, site_id, admin=post.admin)
    earn(world, world.person(), 50)
    return world.person(
        roles=[
            (Role.COMMUNITY_ADMIN, BAOJIA),
            (Role.AREA_ADMIN, NINGBO),
            (Role.STATION_STAFF, site_id),
            (Role.UNIT_ADMIN, world.unit()),
        ]
    )


@pytest.fixture
def shapes(world: World) -> Shapes:
    return Shapes(world.anonymous.get("/openapi.json").json)


def _ask(caller: Caller, method: str, path: str, body: Any = None) -> str | None:
    """What is wrong with the answer, if anything."""
    extra = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    answer = caller._call(method, path.removeprefix("/api/v1"), None, **extra)
    if answer.status_code >= 500:
        return f"{method} {path} {str(body)[:200]} → {answer.status_code}"
    if answer.status_code >= 400 and set(answer.json["error"]) != {
        "code",
        "message",
        "details",
        "request_id",
    }:
        return f"{method} {path} {str(body)[:200]} → {answer.json}"
    return None


def test_no_body_makes_a_fault_of_ours(caller: Caller, shapes: Shapes) -> None:
    wrong, tried = [], 0
    for method, template, operation in shapes.operations():
        example = shapes.body(operation)
        if example is None:
            continue
        path = _numbered(template)
        bodies = [
            example,
            *(_with(example, p, value) for p in _places(example) for value in HOSTILE),
        ]
        tried += len(bodies)
        wrong += [fault for body in bodies if (fault := _ask(caller, method, path, body))]
    assert wrong == []
    assert tried > 1000


def test_no_query_makes_a_fault_of_ours(caller: Caller, shapes: Shapes) -> None:
    wrong, tried = [], 0
    for method, template, operation in shapes.operations():
        for name in shapes.queries(operation):
            for word in HOSTILE_WORDS:
                said = word if word.startswith("%E") else quote(word)
                tried += 1
                if fault := _ask(caller, method, f"{_numbered(template)}?{name}={said}"):
                    wrong.append(fault)
    assert wrong == []
    assert tried > 200


def test_no_address_makes_a_fault_of_ours(caller: Caller, shapes: Shapes) -> None:
    wrong = []
    for method, template, operation in shapes.operations():
        if "{" not in template:
            continue
        for word in HOSTILE_WORDS:
            said = word if word.startswith("%E") else quote(word, safe="")
            path = _numbered(template, said)
            if fault := _ask(caller, method, path, shapes.body(operation)):
                wrong.append(fault)
    assert wrong == []


def _numbered(template: str, word: str = "1") -> str:
    """The address with `word` in every place for one."""
    parts = template.split("/")
    return "/".join(word if part.startswith("{") else part for part in parts)
