"""What can be written from the code is, and stands in docs/ as it would be written now."""

import json
import re

from flask import Flask

from app import config
from app.documents import generated
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
