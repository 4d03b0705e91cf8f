"""What can be written from the code is, and stands in docs/ as it would be written now."""

import json
import re

from flask import Flask

from app import config
from app.documents import generated
from app.web.field_names import FIELD_NAMES_ZH, spoken
from tests.support.source import ROOT


def test_the_documents_are_as_the_code_says(app: Flask) -> None:
    stale = [
        name
        for name, text in generated(app).items()
        if not (path := ROOT / "docs" / name).exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: flask --app wsgi docs write"


def test_the_documents_do_not_depend_on_what_tests_declare(app: Flask) -> None:
    said = "".join(generated(app).values())
    assert "probe_refused" not in said
    assert "bell_rang" not in said


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    source = (ROOT / "app" / "config.py").read_text(encoding="utf-8")
    read = set(re.findall(r'(?:values(?:\.get)?[\[(]|values, )"([A-Z_]+)"', source))
    assert read == set(config.NAMES)


def test_no_two_shapes_share_a_name_in_the_document(app: Flask) -> None:
    schemas = json.loads(generated(app)["openapi.json"])["components"]["schemas"]
    assert [name for name in schemas if re.search(r"\d$", name)] == []


def test_every_field_of_a_request_has_a_name_that_people_say(app: Flask) -> None:
    document = json.loads(generated(app)["openapi.json"])
    asked: set[str] = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                body = operation.get("requestBody", {}).get("content", {})
                asked |= _fields(document, body)
                parameters = operation.get("parameters", [])
                asked |= {one["name"] for one in parameters if one.get("in") == "query"}
    assert "quantity" in asked
    assert sorted(asked - FIELD_NAMES_ZH.keys()) == []


def _fields(document: dict, part: object) -> set[str]:
    """Names of the properties anywhere below `part`, through references."""
    if isinstance(part, list):
        return set().union(*(_fields(document, one) for one in part))
    if not isinstance(part, dict):
        return set()
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return _fields(document, document["components"]["schemas"][name])
    found = set(part.get("properties", {}))
    return found.union(*(_fields(document, one) for one in part.values()))


def test_a_field_is_spoken_of_with_its_place() -> None:
    assert spoken("shifts.0.capacity") == "班次第 1 项的名额"
    assert spoken("colour") == "“colour”"
