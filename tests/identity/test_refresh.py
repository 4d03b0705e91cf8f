"""Refresh tokens: one successor, a double tap forgiven, a copy punished."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.support.identity_world import (
    PASSWORD,
    Phones,
    caller,
    code_of,
    journal,
    rows,
    staff,
)
from tests.support.races import at_once
from tests.support.world import World

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def refresh(world: World, token: str):
    return world.anonymous.post("/auth/refresh", {"refresh_token": token})


def test_a_refresh_token_gives_the_next_pair(world: World, phones: Phones) -> None:
    person, login = phones.log_in("openid-li")
    answer = refresh(world, login["refresh_token"])
    assert answer.status_code == 200
    assert answer.json["refresh_token"] != login["refresh_token"]
    assert caller(world.app, answer.json).get("/me").json["id"] == person.id
    assert refresh(world, answer.json["refresh_token"]).status_code == 200


def test_twenty_refreshes_at_once_get_one_and_the_same_successor(
    world: World, phones: Phones
) -> None:
    _, login = phones.log_in("openid-li")

    def tap() -> str:
        answer = refresh(world, login["refresh_token"])
        assert answer.status_code == 200, answer.json
        return answer.json["refresh_token"]

    successors = set(at_once([tap] * 20))
    assert len(successors) == 1
    assert rows(world.app, "SELECT count(*) FROM refresh_token")[0][0] == 2
    assert refresh(world, successors.pop()).status_code == 200


def test_a_double_tap_within_twenty_seconds_is_forgiven_and_a_later_one_ends_the_login(
    world: World, phones: Phones
) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        person, login = phones.log_in("openid-li")
        successor = refresh(world, login["refresh_token"]).json["refresh_token"]
        clock.shift(20)
        assert refresh(world, login["refresh_token"]).json["refresh_token"] == successor
        clock.shift(1)
        assert code_of(refresh(world, login["refresh_token"])) == (401, "refresh_refused")
        assert code_of(refresh(world, successor)) == (401, "refresh_refused"), (
            "the copy is dead too"
        )
        assert code_of(person.get("/me")) == (401, "unauthenticated")
        other, _ = phones.log_in("openid-li")
        assert other.get("/me").status_code == 200, "a fresh login is welcome"
    assert [entry.subject_id for entry in journal(world.app, "login_revoked")] == [person.id]


def test_a_copy_used_twenty_times_at_once_is_noted_once(world: World, phones: Phones) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        _, login = phones.log_in("openid-li")
        refresh(world, login["refresh_token"])
        clock.shift(60)
        answers = at_once([lambda: refresh(world, login["refresh_token"])] * 20)
    assert {code_of(answer) for answer in answers} == {(401, "refresh_refused")}
    assert len(journal(world.app, "login_revoked")) == 1


def test_a_copy_used_in_another_family_leaves_this_one_alone(world: World, phones: Phones) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        _, stolen = phones.log_in("openid-li")
        person, login = phones.log_in("openid-li")
        refresh(world, stolen["refresh_token"])
        clock.shift(60)
        refresh(world, stolen["refresh_token"])
        assert person.get("/me").status_code == 200
        assert refresh(world, login["refresh_token"]).status_code == 200


def test_a_phone_stays_logged_in_for_thirty_idle_days(world: World, phones: Phones) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        _, login = phones.log_in("openid-li")
        clock.shift(timedelta(days=30, seconds=-1))
        answer = refresh(world, login["refresh_token"])
        assert answer.status_code == 200
        clock.shift(timedelta(days=30))
        assert code_of(refresh(world, answer.json["refresh_token"])) == (401, "refresh_refused")
    assert journal(world.app, "login_revoked") == [], "too old is no theft"


def test_a_staff_login_ends_after_twelve_idle_hours(world: World) -> None:
    staff(world)
    body = {"username": "wuzhiqiang", "password": PASSWORD}
    with time_machine.travel(NINE, tick=False) as clock:
        login = world.anonymous.post("/auth/password", body).json
        clock.shift(timedelta(hours=12, seconds=-1))
        answer = refresh(world, login["refresh_token"])
        assert answer.status_code == 200
        clock.shift(timedelta(hours=12))
        assert code_of(refresh(world, answer.json["refresh_token"])) == (401, "refresh_refused")


def test_an_unknown_token_is_refused(world: World) -> None:
    assert code_of(refresh(world, "x" * 43)) == (401, "refresh_refused")
    assert code_of(refresh(world, "x" * 101)) == (422, "malformed")


@pytest.mark.parametrize("what", ["disabled_at", "deleted_at"])
def test_a_disabled_or_deleted_person_gets_no_successor(
    world: World, phones: Phones, what: str
) -> None:
    person, login = phones.log_in("openid-li")
    rows(world.app, f"UPDATE person SET {what} = created_at WHERE id = :id", id=person.id)
    assert code_of(refresh(world, login["refresh_token"])) == (401, "refresh_refused")


def test_refresh_tokens_are_stored_as_digests_and_successors_sealed(
    world: World, phones: Phones
) -> None:
    _, login = phones.log_in("openid-li")
    successor = refresh(world, login["refresh_token"]).json["refresh_token"]
    stored = str(rows(world.app, "SELECT * FROM refresh_token"))
    assert login["refresh_token"] not in stored
    assert successor not in stored
