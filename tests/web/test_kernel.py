"""The kernel's own promises, tried on a room made for the purpose."""

from datetime import timedelta

import jwt
import pytest

from app.core.clock import now
from app.core.permissions import Permission
from app.identity.tokens import ALGORITHM, AUDIENCE, ISSUER, TYPE, access_token
from app.web import PageQuery, Room
from tests.support.probe_room import works_in
from tests.support.world import BAOJIA, Caller, World


def code_of(answer):
    return answer.status_code, answer.json["error"]["code"]


# --- who may call --------------------------------------------------------------------------------------------


def test_a_route_that_says_not_who_may_call_does_not_register() -> None:
    room = Room("bare", "无")
    with pytest.raises(TypeError, match="needs= or public=True"):
        room.get("/bare")


def test_a_route_cannot_be_both_public_and_in_need_of_a_permission() -> None:
    room = Room("both", "无")
    with pytest.raises(TypeError, match="needs= or public=True"):
        room.get("/both", needs=Permission.PROFILE_OWN, public=True)


def test_there_is_no_way_around_the_declaration() -> None:
    room = Room("around", "无")
    with pytest.raises(TypeError, match="declare routes"):
        room.route("/around")


def test_a_file_is_only_ever_read_and_stands_in_place_of_a_shape() -> None:
    room = Room("filed", "无")
    with pytest.raises(TypeError, match="file= is for a GET"):
        room.post("/filed", needs=Permission.PROFILE_OWN, file="application/pdf")
    with pytest.raises(TypeError, match="file= is for a GET"):
        room.get("/filed", public=True, file="application/pdf", gives=PageQuery)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer not-a-token",
        "Bearer a.b.c",
        "Basic dXNlcjpwYXNz",
        "bearer\x7f",
    ],
)
def test_without_a_valid_token_the_answer_is_401(probe: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert code_of(probe.anonymous.get("/probe/notes", headers=headers)) == (401, "unauthenticated")
    assert code_of(probe.anonymous.post("/probe/notes", {"word": "a"}, headers=headers)) == (
        401,
        "unauthenticated",
    )


def test_forged_and_expired_tokens_are_no_tokens(probe: World) -> None:
    person = probe.person()
    genuine = jwt.decode(person.token, options={"verify_signature": False})
    key = probe.app.extensions["linli.settings"].token_keys["1"]

    def signed(
        key: bytes | None, algorithm: str = ALGORITHM, typ: str = TYPE, **claims: object
    ) -> str:
        headers = {"typ": typ, "kid": "1"}
        return jwt.encode({**genuine, **claims}, key, algorithm=algorithm, headers=headers)

    with probe.app.app_context():
        stale = access_token(person.id, genuine["sid"], now() - timedelta(hours=1))
    forged = {
        "expired": stale,
        "another key": signed(b"k" * 32),
        "no algorithm": signed(None, "none"),
        "another algorithm": signed(key * 2, "HS512"),
        "another type": signed(key, typ="JWT"),
        "another audience": signed(key, aud="elsewhere"),
        "another issuer": signed(key, iss="elsewhere"),
        "another person": signed(key, sub=str(person.id + 1)),
        "no such session": signed(key, sid=genuine["sid"] + 1000),
        "words for numbers": signed(key, sub="root"),
    }
    assert (genuine["aud"], genuine["iss"]) == (AUDIENCE, ISSUER)
    assert Caller(probe.app, 0, signed(key)).get("/probe/notes").status_code == 200
    admitted = {
        name
        for name, token in forged.items()
        if Caller(probe.app, 0, token).get("/probe/notes").status_code != 401
    }
    assert admitted == set()


def test_a_bad_token_is_refused_even_where_none_is_needed(probe: World) -> None:
    assert probe.anonymous.post("/probe/open").json["word"] == "0"
    forged = Caller(probe.app, 0, "forged")
    assert code_of(forged.post("/probe/open")) == (401, "unauthenticated")
    assert works_in(probe.app) == 1


def test_the_wrong_kind_of_person_is_403(probe: World) -> None:
    assert code_of(probe.person().get("/probe/admin")) == (403, "forbidden")
    assert probe.community_admin(BAOJIA).get("/probe/admin").status_code == 200


# --- the envelope --------------------------------------------------------------------------------------------


def test_an_unknown_address_is_a_named_refusal_with_a_request_id(world: World) -> None:
    answer = world.anonymous.get("/nothing-here", headers={"X-Request-Id": "abcdefgh1"})
    assert code_of(answer) == (404, "not_found")
    assert answer.json["error"]["request_id"] == "abcdefgh1" == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", "新" * 10, "line\tbreak"])
def test_a_strange_request_id_is_replaced(probe: World, given: str) -> None:
    answer = probe.anonymous.get("/probe/notes", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 16


def test_the_wrong_method_is_405_and_names_the_right_ones(probe: World) -> None:
    answer = probe.person().delete("/probe/notes")
    assert code_of(answer) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_what_nobody_expected_shows_its_number_and_nothing_else(probe: World) -> None:
    answer = probe.person().post("/probe/break")
    assert answer.status_code == 500
    error = answer.json["error"]
    assert error == {
        "code": "internal",
        "message": "系统出了点问题，我们已经记录。请稍后再试，或把编号告诉社区工作人员。",
        "details": {},
        "request_id": answer.headers["X-Request-Id"],
    }
    assert works_in(probe.app) == 0


def test_in_tests_what_nobody_expected_is_raised_again(own_probe: World) -> None:
    own_probe.app.config["TESTING"] = True
    person = own_probe.person()
    with pytest.raises(RuntimeError, match="SELECT secret"):
        person.post("/probe/break")


def test_every_answer_says_not_to_sniff_frame_or_store(probe: World) -> None:
    answer = probe.anonymous.get("/probe/notes")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


# --- one request, one transaction ----------------------------------------------------------------------------


def test_a_refusal_leaves_nothing_behind(probe: World) -> None:
    answer = probe.person().post("/probe/refuse")
    assert code_of(answer) == (409, "probe_refused")
    assert answer.json["error"]["message"] == "这次不行，1 次之后再来。"
    assert answer.json["error"]["details"] == {"works": 1}
    assert works_in(probe.app) == 0


@pytest.mark.parametrize("key", [None, "one"])
def test_an_answer_that_cannot_be_written_leaves_nothing_behind(
    probe: World, key: str | None
) -> None:
    person = probe.person()
    assert person.post("/probe/undumpable", key=key).status_code == 500
    assert works_in(probe.app) == 0
    # Nor is the key used up: the next try under it is a first try.
    assert person.post("/probe/undumpable", key=key).status_code == 500


def test_a_read_cannot_write_by_the_databases_own_word(probe: World) -> None:
    person = probe.person()
    assert code_of(person.get("/probe/sneaky")) == (500, "internal")
    assert works_in(probe.app) == 0
    # The connection goes back to the pool fit for writing.
    assert person.post("/probe/notes", {"word": "a"}).status_code == 201


def test_a_constraint_speaks_with_the_words_of_the_refusal_that_claims_it(probe: World) -> None:
    person = probe.person()
    assert person.post("/probe/once/a").status_code == 200
    assert code_of(person.post("/probe/once/a")) == (409, "probe_taken")
    assert works_in(probe.app) == 1
