"""Access tokens stand up to what RFC 8725 warns of, and to what changes after they are made."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
import time_machine
from flask import Flask

from app.core.clock import now
from app.core.permissions import Role
from app.identity.tokens import ALGORITHM, AUDIENCE, ISSUER, TYPE
from tests.support.identity_world import code_of, rows
from tests.support.world import BAOJIA, Caller, World


def forged(
    app: Flask, person: Caller, *, key=None, algorithm=ALGORITHM, header=(), **changes
) -> Caller:
    """The person's token with something changed, signed with the true key unless another is given."""
    claims = jwt.decode(person.token, options={"verify_signature": False})
    claims |= changes
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {"typ": TYPE, "kid": "1", **dict(header)}
    true_key = app.extensions["linli.settings"].token_keys["1"]
    key = true_key if key is None else key
    return Caller(app, person.id, jwt.encode(claims, key, algorithm, headers))


def test_an_untouched_token_is_accepted(world: World) -> None:
    person = world.person()
    assert forged(world.app, person).get("/me").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "other-api"},
        {"aud": ["other-api"]},
        {"iss": "somebody"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"jti": None},
        {"sid": None},
        {"sid": []},
        {"sid": "x"},
        {"sub": "0"},
        {"sub": "1 OR 1=1"},
        {"sub": "999999"},
        {"sid": 999999},
        {"nbf": 4102444800},
    ],
)
def test_a_token_with_wrong_claims_is_refused(world: World, change: dict) -> None:
    assert code_of(forged(world.app, world.person(), **change).get("/me")) == (
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "rt+jwt"},
        {"typ": None},
        {"kid": "2"},
        {"kid": ""},
        {"kid": "../../dev/null"},
        {"crit": ["exp"]},
    ],
)
def test_a_token_with_a_wrong_header_is_refused(world: World, header: dict) -> None:
    assert code_of(forged(world.app, world.person(), header=header).get("/me")) == (
        401,
        "unauthenticated",
    )


def test_the_algorithm_is_ours_and_not_the_tokens(world: World) -> None:
    person = world.person()
    none = forged(world.app, person, key="", algorithm="none")
    assert code_of(none.get("/me")) == (401, "unauthenticated")
    true_key = world.app.extensions["linli.settings"].token_keys["1"]
    other = forged(world.app, person, key=true_key * 2, algorithm="HS512")
    assert code_of(other.get("/me")) == (401, "unauthenticated")


def test_a_token_signed_by_somebody_else_is_refused(world: World) -> None:
    stranger = forged(world.app, world.person(), key=b"k" * 32, header={"jku": "https://evil"})
    assert code_of(stranger.get("/me")) == (401, "unauthenticated")


def test_a_token_of_somebody_elses_login_is_refused(world: World) -> None:
    mine, theirs = world.person(), world.person()
    crossed = forged(world.app, mine, sub=str(theirs.id))
    assert code_of(crossed.get("/me")) == (401, "unauthenticated")


def test_a_token_lives_a_quarter_of_an_hour(world: World) -> None:
    at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    with time_machine.travel(at, tick=False) as clock:
        person = world.person()
        claims = jwt.decode(person.token, options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 15 * 60
        clock.shift(timedelta(minutes=15, seconds=29))
        assert person.get("/me").status_code == 200, "clocks may differ by half a minute"
        clock.shift(timedelta(seconds=2))
        assert code_of(person.get("/me")) == (401, "unauthenticated")


@pytest.mark.parametrize("what", ["disabled_at", "deleted_at"])
def test_a_disabled_or_deleted_person_is_out_at_once(world: World, what: str) -> None:
    person = world.person()
    rows(world.app, f"UPDATE person SET {what} = created_at WHERE id = :id", id=person.id)
    assert code_of(person.get("/me")) == (401, "unauthenticated")


def test_a_role_is_there_and_gone_at_once(world: World) -> None:
    person = world.person()
    assert code_of(person.get("/roles")) == (403, "forbidden")
    rows(
        world.app,
        "INSERT INTO role_holding (person_id, role, area_id, since)"
        " SELECT :person_id, :role, id, :since FROM area WHERE code = :code",
        person_id=person.id,
        role=Role.COMMUNITY_ADMIN.value,
        since=now(),
        code=BAOJIA,
    )
    assert person.get("/roles").status_code == 200
    rows(world.app, "UPDATE role_holding SET until = since WHERE person_id = :id", id=person.id)
    assert code_of(person.get("/roles")) == (403, "forbidden")


def test_the_issuer_and_audience_are_what_clients_are_told() -> None:
    assert (ISSUER, AUDIENCE, ALGORITHM) == ("linli", "linli-api", "HS256")
