"""Logging in with WeChat."""

import logging
from functools import partial

import pytest

from app.core.db import db
from tests.support.identity_world import Phones, caller, code_of, journal, rows
from tests.support.races import at_once
from tests.support.world import World


def test_without_a_token_nobody_is_anybody(world: World) -> None:
    assert code_of(world.anonymous.get("/me")) == (401, "unauthenticated")
    assert code_of(world.anonymous.post("/auth/logout")) == (401, "unauthenticated")


def test_the_first_login_registers_a_person_and_the_next_finds_them(
    world: World, phones: Phones
) -> None:
    person, first = phones.log_in("openid-li")
    again, second = phones.log_in("openid-li")
    assert again.id == person.id
    assert second["refresh_token"] != first["refresh_token"]
    assert first["expires_in"] == 900
    assert person.get("/me").json == first["person"]
    assert first["person"]["name"] is None
    assert first["person"]["roles"] == []
    assert first["person"]["wechat_bound"] is True
    assert "wish:make" in first["person"]["permissions"]
    assert [entry.subject_id for entry in journal(world.app, "person_registered")] == [person.id]


def test_twenty_first_logins_at_once_make_one_person(world: World, phones: Phones) -> None:
    codes = [phones.code("openid-li") for _ in range(20)]

    def log_in(code: str) -> int:
        answer = world.anonymous.post("/auth/wechat", {"code": code})
        assert answer.status_code == 200, answer.json
        return caller(world.app, answer.json).get("/me").json["id"]

    people = at_once([partial(log_in, code) for code in codes])
    assert len(set(people)) == 1
    assert rows(world.app, "SELECT count(*) FROM person")[0][0] == 1
    assert len(journal(world.app, "person_registered")) == 1


def test_a_code_works_once(world: World, phones: Phones) -> None:
    code = phones.code("openid-li")
    assert world.anonymous.post("/auth/wechat", {"code": code}).status_code == 200
    assert code_of(world.anonymous.post("/auth/wechat", {"code": code})) == (
        401,
        "wechat_code_refused",
    )


def test_when_wechat_is_down_the_answer_says_so_and_nothing_is_kept(
    world: World, phones: Phones
) -> None:
    phones.standin.test_client().post("/_standin/faults", json={"times": 9, "errcode": -1})
    answer = world.anonymous.post("/auth/wechat", {"code": phones.code("openid-li")})
    assert code_of(answer) == (503, "wechat_unavailable")
    assert rows(world.app, "SELECT count(*) FROM person")[0][0] == 0


def test_wechat_is_asked_outside_every_transaction(
    world: World, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    mini_program = world.app.extensions["linli.wechat"]
    ask, seen = mini_program.session_of, []

    def watch(code):
        seen.append(db.session().in_transaction())
        return ask(code)

    monkeypatch.setattr(mini_program, "session_of", watch)
    phones.log_in("openid-li")
    assert seen == [False]


def test_a_disabled_person_is_refused(world: World, phones: Phones) -> None:
    person, _ = phones.log_in("openid-li")
    rows(world.app, "UPDATE person SET disabled_at = created_at WHERE id = :id", id=person.id)
    answer = world.anonymous.post("/auth/wechat", {"code": phones.code("openid-li")})
    assert code_of(answer) == (403, "account_disabled")


def test_after_logging_out_neither_token_is_worth_anything(world: World, phones: Phones) -> None:
    person, login = phones.log_in("openid-li")
    other, _ = phones.log_in("openid-li")
    assert person.post("/auth/logout").status_code == 204
    assert code_of(person.get("/me")) == (401, "unauthenticated")
    answer = world.anonymous.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
    assert code_of(answer) == (401, "refresh_refused")
    assert other.get("/me").status_code == 200, "another phone stays logged in"


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": 7}, {"code": "x" * 513}, {"code": "a", "appid": "b"}]
)
def test_a_malformed_login_is_refused_before_wechat_is_asked(
    world: World, phones: Phones, body: dict
) -> None:
    assert code_of(world.anonymous.post("/auth/wechat", body)) == (422, "malformed")
    assert phones.standin.test_client().get("/_standin/requests").json["requests"] == []


def test_no_openid_and_no_token_reaches_the_log(
    world: World, phones: Phones, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        person, login = phones.log_in("openid-li")
        person.put("/me", {"name": "欧阳震华", "phone": "13812341234"})
        world.anonymous.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
    for secret in (
        "openid-li",
        login["refresh_token"],
        login["access_token"],
        "13812341234",
        "欧阳",
    ):
        assert secret not in caplog.text
