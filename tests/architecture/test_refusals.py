"""A refusal speaks Chinese, is raised with all it says, and names constraints that exist."""

import ast
import re
import string

import pytest
from flask import Flask

from app.core.db import Model
from app.core.errors import Refusal
from app.documents import product_refusals
from tests.support.source import modules

STATUSES = {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def refusals(app: Flask) -> list[type[Refusal]]:
    found = product_refusals()
    assert len(found) > 30
    return found


def _holes(refusal: type[Refusal]) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(refusal.message) if name}


def test_every_refusal_is_a_plain_chinese_sentence(refusals: list[type[Refusal]]) -> None:
    wrong = [
        f"{refusal.code}: {refusal.message}"
        for refusal in refusals
        if not CHINESE.search(refusal.message)
        or not refusal.message.endswith("。")
        or re.search("[!！?]|你[^们]|亲", refusal.message)
    ]
    assert wrong == []


def test_every_refusal_has_a_stable_code_and_a_known_status(refusals: list[type[Refusal]]) -> None:
    wrong = [
        (refusal.code, refusal.status)
        for refusal in refusals
        if not re.fullmatch("[a-z][a-z0-9_]+", refusal.code) or refusal.status not in STATUSES
    ]
    assert wrong == []


def test_every_refusal_says_in_its_docstring_what_it_means(refusals: list[type[Refusal]]) -> None:
    assert [refusal.code for refusal in refusals if not vars(refusal).get("__doc__")] == []


def test_every_constraint_that_a_refusal_claims_exists(refusals: list[type[Refusal]]) -> None:
    known = {
        str(thing.name)
        for table in Model.metadata.tables.values()
        for thing in (*table.constraints, *table.indexes)
    }
    unknown = {
        refusal.code: refusal.constraint
        for refusal in refusals
        if refusal.constraint is not None and refusal.constraint not in known
    }
    assert unknown == {}


def test_a_refusal_spoken_by_a_constraint_needs_no_details(refusals: list[type[Refusal]]) -> None:
    # The database says which constraint, not the details that would fill a sentence.
    assert [r.code for r in refusals if r.constraint is not None and _holes(r)] == []


def test_every_refusal_is_raised_with_what_its_sentence_needs(
    refusals: list[type[Refusal]],
) -> None:
    needed = {refusal.__name__: _holes(refusal) for refusal in refusals}
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            match node:
                case ast.Raise(exc=ast.Name(id=name)) | ast.Raise(exc=ast.Attribute(attr=name)):
                    given: set[str | None] = set()
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    given = {keyword.arg for keyword in node.keywords}
                case _:
                    continue
            # `**details` may hold anything; that is for the room's own tests.
            if None not in given and not needed.get(name, set()) <= given:
                wrong.append(f"{module.at(node)} {name} without {needed[name] - given}")
    assert wrong == []
