"""The OpenAPI document says all that the kernel knows; the page shows it and fetches nothing."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from marshmallow import fields

from app.core.permissions import Permission
from app.web import Room, Schema
from tests.support.world import World


@pytest.fixture
def document(probe: World) -> dict[str, Any]:
    return probe.anonymous.get("/openapi.json").json


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield method, path, operation


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def test_the_document_is_openapi_3_1_in_utf_8(probe: World) -> None:
    answer = probe.anonymous.get("/openapi.json")
    assert answer.json["openapi"] == "3.1.0"
    assert answer.json["info"]["title"] == "邻里 Linli"
    assert "邻里" in answer.get_data(as_text=True), "written out, not escaped"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(_references(document)):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_every_route_of_the_api_is_in_the_document(probe: World, document: dict[str, Any]) -> None:
    served = {
        (method.lower(), re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in probe.app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != "/api/v1/openapi.json"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert served == {(method, path) for method, path, _ in _operations(document)}


def test_every_operation_says_what_it_does_who_may_and_how_it_fails(
    document: dict[str, Any],
) -> None:
    envelope = {"$ref": "#/components/schemas/ErrorEnvelope"}
    failure = document["components"]["responses"]["DEFAULT_ERROR"]
    assert failure["content"]["application/json"]["schema"] == envelope
    for method, path, operation in _operations(document):
        assert operation["summary"], (method, path)
        assert operation["tags"], (method, path)
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}
        needs = operation.get("x-permission")
        if needs is None:
            assert operation["security"] == [{}, {"bearer": []}]
            assert "Open to everybody." in operation["description"]
        else:
            assert operation["security"] == [{"bearer": []}]
            assert f"Needs `{Permission(needs)}`" in operation["description"]
        for name in re.findall(r"{(\w+)}", path):
            shared = document["paths"][path].get("parameters", [])
            assert name in {parameter["name"] for parameter in shared if parameter["in"] == "path"}


def test_every_write_by_somebody_known_takes_a_key(document: dict[str, Any]) -> None:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    for method, path, operation in _operations(document):
        takes = key in operation.get("parameters", [])
        assert takes is (method != "get" and "x-permission" in operation), (method, path)


def test_limits_of_fields_are_said(document: dict[str, Any]) -> None:
    note = document["components"]["schemas"]["Note"]
    assert note["required"] == ["word"]
    assert note["additionalProperties"] is False
    assert note["properties"]["word"] == {"type": "string", "minLength": 1, "maxLength": 5}
    assert note["properties"]["quantity"] == {"type": "integer", "minimum": 1, "maximum": 99}
    assert note["properties"]["colour"] == {"type": "string", "enum": ["red", "green"]}
    assert note["properties"]["at"] == {"type": "string", "format": "date-time"}


def test_an_answer_promises_all_its_fields_and_forbids_no_later_ones(
    document: dict[str, Any],
) -> None:
    answer = document["components"]["schemas"]["Answer"]
    assert answer["required"] == ["word", "works"]
    assert "additionalProperties" not in answer


def test_two_shapes_of_one_name_keep_apart_by_their_rooms(own_probe: World) -> None:
    def shape(module: str, **declared: fields.Field) -> type[Schema]:
        return type("TwinSchema", (Schema,), {"__module__": module, **declared})

    room = Room("twins", "同名")
    near = shape("app.near.schemas", near=fields.String())
    far = shape("app.far_away.schemas", far=fields.String())
    room.get("/twins/near", public=True, gives=near)(lambda _: {"near": "a"})
    room.post("/twins/far", public=True, gives=far)(lambda _: {"far": "b"})
    own_probe.app.extensions["linli.api"].register_blueprint(room)
    schemas = own_probe.anonymous.get("/openapi.json").json["components"]["schemas"]
    assert list(schemas["Twin"]["properties"]) == ["near"]
    assert list(schemas["FarAwayTwin"]["properties"]) == ["far"]


class _Page(HTMLParser):
    """Collects what a browser would fetch, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object", "embed", "video", "audio"}:
            self.fetched.append(f"{tag} {given}")
        self.anchors.add(given.get("id") or "")
        if tag == "a":
            self.links.add(given.get("href") or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def page(probe: World) -> _Page:
    answer = probe.app.test_client().get("/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    source = answer.get_data(as_text=True)
    assert "url(" not in source
    assert "@import" not in source
    page = _Page()
    page.feed(source)
    return page


def test_the_page_needs_no_network(page: _Page) -> None:
    assert page.fetched == []
    assert {link for link in page.links if not link.startswith("#")} == {"/api/v1/openapi.json"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.anchors


def test_the_page_shows_every_operation_with_its_fields_and_refusals(
    page: _Page, document: dict[str, Any]
) -> None:
    text = " ".join(page.text)
    for _, path, operation in _operations(document):
        assert path.removeprefix("/api/v1") in text
        assert operation["summary"].split("`")[0] in text
        assert operation.get("x-permission", "公开") in text
    for shown in ("quantity", "1 – 99", "red · green", "parts[].word", "请先登录。", "必填"):
        assert shown in text, shown


def test_the_page_escapes_what_it_shows(own_probe: World) -> None:
    room = Room("sharp", "尖")

    def view(_: object) -> dict[str, str]:
        """Says <script>alert(1)</script> & `<b>`."""
        return {}

    room.get("/sharp", public=True)(view)
    own_probe.app.extensions["linli.api"].register_blueprint(room)
    source = own_probe.app.test_client().get("/docs").get_data(as_text=True)
    assert "<script>" not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>&lt;b&gt;</code>" in source
