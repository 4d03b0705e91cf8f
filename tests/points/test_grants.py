"""Points given by hand."""

from typing import Any

import pytest

from app.policies.terms import POINTS_GRANT_MAX
from tests.support.books import breaches
from tests.support.points_world import lines, set_policy, standing
from tests.support.world import HUXI, YILI, Caller, World


def body(person: Caller, **other: Any) -> dict[str, Any]:
    return {"person_id": person.id, "points": 50, "reason": "防汛夜巡表现突出"} | other


def test_nobody_grants_without_logging_in_or_as_a_resident(world: World) -> None:
    person = world.person()
    assert world.anonymous.post("/points/grants", body(person)).status_code == 401
    assert world.person().post("/points/grants", body(person)).status_code == 403
    assert world.area_admin().post("/points/grants", body(person)).status_code == 403


def test_a_grant_arrives_with_its_reason(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    answer = admin.post("/points/grants", body(person))
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert (made["person_id"], made["points"], made["reason"]) == (
        person.id,
        50,
        "防汛夜巡表现突出",
    )
    (line,) = lines(person)
    assert line["id"] == made["transfer_id"]
    assert (line["kind"], line["points"], line["balance_after"]) == ("grant", 50, 50)
    assert line["cause"] == {"kind": "grant", "id": made["id"]}
    assert line["reason"] == "防汛夜巡表现突出"
    assert standing(person)["pockets"][0]["expires_on"] == made["expires_on"]
    assert breaches(world) == []


def test_the_daily_cap_does_not_count_for_grants(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    for _ in range(3):
        assert admin.post("/points/grants", body(person, points=200)).status_code == 201
    assert standing(person)["total"] == 600


@pytest.mark.parametrize("home", [HUXI, YILI, None])
def test_somebody_of_another_community_does_not_exist_for_the_admin(
    world: World, home: str | None
) -> None:
    stranger = world.person(home=home)
    refused = world.community_admin().post("/points/grants", body(stranger))
    assert refused.status_code == 404
    assert lines(stranger) == []


def test_above_the_limit_one_person_is_not_enough(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    set_policy(world, POINTS_GRANT_MAX, 60)
    assert admin.post("/points/grants", body(person, points=60)).status_code == 201
    refused = admin.post("/points/grants", body(person, points=61))
    assert refused.status_code == 409
    assert refused.json["error"]["code"] == "grant_needs_second_person"
    assert "60" in refused.json["error"]["message"]
    assert standing(person)["total"] == 60


def test_nobody_grants_to_themselves(world: World) -> None:
    admin = world.community_admin()
    refused = admin.post("/points/grants", body(admin))
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "grant_to_self")


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 0},
        {"points": -5},
        {"points": 1.5},
        {"points": "50"},
        {"points": True},
        {"points": 2**63},
        {"points": None},
        {"reason": " "},
        {"reason": "好" * 201},
        {"person_id": 0},
        {"note": "没有这个字段"},
    ],
)
def test_a_malformed_grant_changes_nothing(world: World, wrong: dict[str, Any]) -> None:
    person = world.person()
    refused = world.community_admin().post("/points/grants", body(person, **wrong))
    assert refused.status_code == 422
    assert refused.json["error"]["code"] == "malformed"
    assert lines(person) == []


def test_the_same_key_grants_once_and_a_refusal_is_repeated(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    first = admin.post("/points/grants", body(person), key="grant-1")
    again = admin.post("/points/grants", body(person), key="grant-1")
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert standing(person)["total"] == 50
    refused = admin.post("/points/grants", body(person, points=9999), key="grant-2")
    set_policy(world, POINTS_GRANT_MAX, 10_000)
    still = admin.post("/points/grants", body(person, points=9999), key="grant-2")
    assert refused.status_code == 409
    assert still.json == refused.json
    assert standing(person)["total"] == 50
