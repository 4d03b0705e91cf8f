"""What the kernel does around a view: what is asked before, what a refusal keeps, how often one may call."""

from typing import Any

import pytest
from flask import Flask
from limits.errors import StorageError

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Refusal
from app.core.permissions import Permission
from app.factory import create_app
from app.web import Room, Schema, Text
from app.web.kernel import Read
from tests.conftest import test_settings
from tests.support.probe_room import AnswerSchema, work, works, works_in
from tests.support.world import World


class QuestionSchema(Schema):
    word = Text(5, required=True)


class BeforeRefused(Refusal):
    code = "before_refused"
    message = "外面说不行。"


class Counted(Refusal):
    code = "counted"
    message = "记下了，这次不行。"
    keeps_work = True


asked: list[tuple[int, str, bool]] = []


def ask(actor: Actor, body: dict[str, Any], read: Read) -> str:
    asked.append((actor.person_id, body["word"], db.session().in_transaction()))
    if body["word"] == "no":
        raise BeforeRefused
    return f"{body['word']} {read(works)}"


room = Room("before", "试验")
contract = {"takes": QuestionSchema, "gives": AnswerSchema, "before": ask}


@room.post("/before/open", public=True, **contract)
def open_to_all(actor: Actor, learnt: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"works": work(actor), "word": f"{learnt} {body['word']}"}


@room.post("/before/<id:number>", needs=Permission.PROFILE_OWN, **contract)
def guarded(actor: Actor, learnt: str, body: dict[str, Any], number: int) -> dict[str, Any]:
    return {"works": work(actor), "word": f"{learnt} {number}"}


@room.post("/before/admin", needs=Permission.JOURNAL_READ, **contract)
def for_admins(actor: Actor, learnt: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"works": work(actor), "word": learnt}


@room.post("/before/counted", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def counted(actor: Actor) -> None:
    work(actor)
    raise Counted


@room.post("/before/limited", public=True, gives=AnswerSchema, calls_per_minute_max=3)
def limited(actor: Actor) -> dict[str, Any]:
    return {"works": work(actor), "word": ""}


@pytest.fixture
def before(app: Flask) -> World:
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    made = create_app(test_settings(url))
    made.extensions["linli.api"].register_blueprint(room)
    asked.clear()
    yield World(made)
    with made.app_context():
        db.engine.dispose()


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_before_runs_outside_the_transaction_and_hands_on_what_it_learnt(before: World) -> None:
    answer = before.anonymous.post("/before/open", {"word": "hello"})
    assert answer.json == {"works": 1, "word": "hello 0 hello"}
    assert asked == [(0, "hello", False)]
    person = before.person()
    assert person.post("/before/7", {"word": "hello"}).json["word"] == "hello 1 7"
    assert asked[1] == (person.id, "hello", False)


def test_nothing_is_asked_for_the_malformed_the_unknown_and_the_unfit(before: World) -> None:
    person = before.person()
    assert code_of(before.anonymous.post("/before/open", {"word": 7})) == (422, "malformed")
    assert code_of(before.anonymous.post("/before/7", {"word": "a"})) == (401, "unauthenticated")
    assert code_of(before.anonymous.post("/before/7", {})) == (401, "unauthenticated")
    assert code_of(person.post("/before/admin", {"word": "a"})) == (403, "forbidden")
    assert asked == []


def test_a_refusal_from_before_leaves_nothing_behind(before: World) -> None:
    person = before.person()
    assert code_of(person.post("/before/7", {"word": "no"}, key="k")) == (409, "before_refused")
    assert works_in(before.app) == 0
    answer = person.post("/before/7", {"word": "yes"}, key="k")
    assert answer.status_code == 200, "nothing was decided, so the key is free"


def test_a_repeat_gets_the_first_answer_although_before_is_asked_again(before: World) -> None:
    person = before.person()
    first = person.post("/before/7", {"word": "hello"}, key="k")
    again = person.post("/before/7", {"word": "hello"}, key="k")
    assert again.json == first.json
    assert works_in(before.app) == 1


def test_before_needs_a_body_and_a_write() -> None:
    bare = Room("bare_before", "试验")
    with pytest.raises(TypeError, match="before="):
        bare.post("/bare", public=True, before=ask)
    with pytest.raises(TypeError, match="before="):
        bare.get("/bare", public=True, takes=QuestionSchema, before=ask)


def test_a_refusal_that_keeps_its_work_is_committed_with_it(before: World) -> None:
    person = before.person()
    assert code_of(person.post("/before/counted")) == (409, "counted")
    assert works_in(before.app) == 1


def test_under_a_key_the_work_is_kept_once_and_the_refusal_repeated(before: World) -> None:
    person = before.person()
    first = person.post("/before/counted", key="k")
    again = person.post("/before/counted", key="k")
    assert code_of(first) == code_of(again) == (409, "counted")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert works_in(before.app) == 1


def test_one_address_calls_a_limited_route_only_so_often(before: World) -> None:
    for _ in range(3):
        assert before.anonymous.post("/before/limited").status_code == 200
    refused = before.anonymous.post("/before/limited")
    assert code_of(refused) == (429, "too_many_requests")
    assert works_in(before.app) == 3
    elsewhere = before.anonymous.post(
        "/before/limited", environ_overrides={"REMOTE_ADDR": "10.0.0.9"}
    )
    assert elsewhere.status_code == 200


def test_a_store_of_limits_that_is_down_refuses_nobody(
    before: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bool:
        raise StorageError(OSError("connection refused"))

    monkeypatch.setattr(before.app.extensions["linli.rate_limiter"], "hit", fail)
    assert before.anonymous.post("/before/limited").status_code == 200
