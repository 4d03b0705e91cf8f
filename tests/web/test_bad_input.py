"""Whatever comes in: one envelope, a stable code, a Chinese sentence, and nothing half done."""

import json
import re
from typing import Any

import pytest

from app.web.field_names import spoken
from tests.support.probe_room import works_in
from tests.support.world import Caller, World

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def person(probe: World) -> Caller:
    return probe.person()


def send(person: Caller, body: bytes, **kwargs: Any):
    kwargs.setdefault("content_type", "application/json")
    return person.post("/probe/notes", data=body, **kwargs)


def refused(answer, status: int, code: str) -> dict[str, Any]:
    """The envelope of a refusal, after checking all that every one must have."""
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert (answer.status_code, error["code"]) == (status, code)
    assert CHINESE.search(error["message"])
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert "Traceback" not in answer.get_data(as_text=True)
    return error


MALFORMED = {
    "an unknown field": ({"word": "a", "wrod": "b"}, "wrod"),
    "a field named with half a character": ({"word": "a", "x\ud800": 1}, "x?"),
    "a missing field": ({}, "word"),
    "nothing for something": ({"word": None}, "word"),
    "a number for a text": ({"word": 7}, "word"),
    "a list for a text": ({"word": ["a"]}, "word"),
    "an empty text": ({"word": ""}, "word"),
    "a text of blanks": ({"word": " \u3000\n"}, "word"),
    "a text too long": ({"word": "六个字太长了"}, "word"),
    "two lines where one fits": ({"word": "a\nb"}, "word"),
    "a NUL": ({"word": "a\x00b"}, "word"),
    "another control character": ({"story": "a\x1bb", "word": "a"}, "story"),
    "a lone surrogate": ({"word": "a\ud800"}, "word"),
    "a text for a number": ({"word": "a", "quantity": "3"}, "quantity"),
    "a fraction": ({"word": "a", "quantity": 1.5}, "quantity"),
    "a truth for a number": ({"word": "a", "quantity": True}, "quantity"),
    "a negative quantity": ({"word": "a", "quantity": -1}, "quantity"),
    "a quantity of none": ({"word": "a", "quantity": 0}, "quantity"),
    "a quantity too large": ({"word": "a", "quantity": 100}, "quantity"),
    "a number beyond 64 bits": ({"word": "a", "quantity": 2**63}, "quantity"),
    "a number beyond all measure": ({"word": "a", "quantity": 10**400}, "quantity"),
    "infinity": ({"word": "a", "quantity": float("inf")}, "quantity"),
    "not a number": ({"word": "a", "quantity": float("nan")}, "quantity"),
    "a choice that is none": ({"word": "a", "colour": "blue"}, "colour"),
    "a number for a choice": ({"word": "a", "colour": 1}, "colour"),
    "a choice by its name": ({"word": "a", "colour": "RED"}, "colour"),
    "a time without offset": ({"word": "a", "at": "2026-11-20T09:00:00"}, "at"),
    "a time in words": ({"word": "a", "at": "tomorrow"}, "at"),
    "a time as a number": ({"word": "a", "at": 1795000000}, "at"),
    "a time before all records": ({"word": "a", "at": "0001-01-01T00:00:00+23:59"}, "at"),
    "a time past all plans": ({"word": "a", "at": "9999-12-31T23:59:59-23:59"}, "at"),
    "a day that is none": ({"word": "a", "at": "2026-02-30T09:00:00+08:00"}, "at"),
    "one id for a list": ({"word": "a", "ids": 1}, "ids"),
    "an id that is none": ({"word": "a", "ids": [1, 0]}, "ids.1"),
    "an id beyond 64 bits": ({"word": "a", "ids": [2**64]}, "ids.0"),
    "too many ids": ({"word": "a", "ids": [1, 2, 3, 4]}, "ids"),
    "a word for a truth": ({"word": "a", "sure": "yes"}, "sure"),
    "a number for a truth": ({"word": "a", "sure": 1}, "sure"),
    "an unknown field inside": ({"word": "a", "parts": [{"word": "b", "x": 1}]}, "parts.0.x"),
    "a text for an object": ({"word": "a", "parts": ["b"]}, "parts.0"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_body_of_the_wrong_shape_names_the_field(probe: World, person: Caller, case: str) -> None:
    body, field = MALFORMED[case]
    answer = send(person, json.dumps(body).encode())
    error = refused(answer, 422, "malformed")
    assert list(error["details"]["fields"]) == [field]
    assert CHINESE.search(error["details"]["fields"][field]), error["details"]
    assert spoken(field) in error["message"]
    assert works_in(probe.app) == 0


NOT_JSON = {
    "broken": b'{"word": "a"',
    "two at once": b'{"word": "a"} {}',
    "not UTF-8": b'{"word": "\xff"}',
    "a number of 5,000 digits": b'{"word": "a", "quantity": ' + b"9" * 5000 + b"}",
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("case", NOT_JSON)
def test_what_is_not_json_is_said_to_be_none(
    probe: World, person: Caller, case: str, key: str | None
) -> None:
    answer = send(person, NOT_JSON[case], key=key)
    refused(answer, 422, "malformed_json")
    assert works_in(probe.app) == 0


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"7", b"true", b"null"])
def test_json_that_is_no_object_is_malformed(probe: World, person: Caller, body: bytes) -> None:
    refused(send(person, body), 422, "malformed")
    assert works_in(probe.app) == 0


@pytest.mark.parametrize("path", ["/probe/notes", "/probe/optional"])
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_that_does_not_come_as_json_is_not_overlooked(
    probe: World, person: Caller, path: str, content_type: str
) -> None:
    answer = person.post(path, data=b'{"word": "a"}', content_type=content_type)
    refused(answer, 415, "unsupported_media_type")
    assert works_in(probe.app) == 0


def test_no_body_is_an_empty_one(probe: World, person: Caller) -> None:
    assert person.post("/probe/optional").status_code == 200
    refused(person.post("/probe/notes"), 422, "malformed")
    assert works_in(probe.app) == 1


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_one_megabyte_is_not_read(
    probe: World, person: Caller, key: str | None, chunked: bool
) -> None:
    body = json.dumps({"word": "a", "story": "x" * 1024 * 1024}).encode()
    extra: dict[str, Any] = {}
    if chunked:
        extra["environ_overrides"] = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        extra["headers"] = {"Transfer-Encoding": "chunked"}
    refused(send(person, body, key=key, **extra), 413, "body_too_large")
    assert works_in(probe.app) == 0


def test_text_is_stripped_and_lines_are_kept_where_they_belong(
    probe: World, person: Caller
) -> None:
    answer = person.post("/probe/notes", {"word": "  心愿\t", "story": "一\n二"})
    assert answer.status_code == 201
    assert answer.json["word"] == "心愿"


BAD_QUERIES = {
    "an unknown name": ("?wrod=a", "malformed", "wrod"),
    "a limit of none": ("?limit=0", "malformed", "limit"),
    "a negative limit": ("?limit=-1", "malformed", "limit"),
    "a limit too large": ("?limit=101", "malformed", "limit"),
    "a limit in words": ("?limit=ten", "malformed", "limit"),
    "a limit with a fraction": ("?limit=1.5", "malformed", "limit"),
    "a limit in other digits": ("?limit=%D9%A1", "malformed", "limit"),
    "a limit of 5,000 digits": ("?limit=" + "9" * 5000, "malformed", "limit"),
    "an id beyond 64 bits": (f"?area_id={2**63}", "malformed", "area_id"),
    "a text too long": ("?word=" + "a" * 21, "malformed", "word"),
    "a NUL": ("?word=%00", "malformed", "word"),
    "a cursor too long": ("?cursor=" + "a" * 501, "malformed", "cursor"),
}


@pytest.mark.parametrize("case", BAD_QUERIES)
def test_a_query_of_the_wrong_shape_names_the_field(person: Caller, case: str) -> None:
    query, code, field = BAD_QUERIES[case]
    error = refused(person.get(f"/probe/notes{query}"), 422, code)
    assert list(error["details"]["fields"]) == [field]


def test_a_query_with_bytes_that_are_no_text_is_read_as_far_as_it_can_be(person: Caller) -> None:
    answer = person.get("/probe/notes?word=%ED%A0%80")
    assert answer.status_code == 200
    assert "\ud800" not in answer.json["word"]


@pytest.mark.parametrize(
    "number", ["0", "-1", "1.5", "abc", "%00", "%D9%A1", str(2**63), "9" * 5000, "1%0a"]
)
def test_an_id_that_cannot_be_one_does_not_exist(person: Caller, number: str) -> None:
    refused(person.get(f"/probe/notes/{number}"), 404, "not_found")


def test_the_largest_id_is_one(person: Caller) -> None:
    assert person.get(f"/probe/notes/{2**63 - 1}").json["works"] == 2**63 - 1


# Cursors that decode to something else than what any list hands out.
BAD_CURSORS = {
    "not base64": "%%%",
    "not JSON": "aGVsbG8",
    "not a list": "e30",
    "too short": "W10",
    "too long": "WzEsMl0",
    "another type": "WyJhIl0",
    "a truth": "W3RydWVd",
    "beyond 64 bits": "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd",
    "a NUL": "%00",
    "deep": "WwBbWw",
}


@pytest.mark.parametrize("case", BAD_CURSORS)
def test_a_cursor_of_somebody_elses_making_is_refused(probe: World, case: str) -> None:
    refused(
        probe.person().get(f"/inbox?cursor={BAD_CURSORS[case]}"),
        422,
        "cursor_invalid",
    )
