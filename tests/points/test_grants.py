"""Points given by hand."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.db import db
from app.policies.terms import POINTS_GRANT_MAX
from tests.support.books import breaches
from tests.support.points_world import act, lines, set_policy, standing
from tests.support.races import at_once
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
    asked = admin.post("/points/grants", body(person, points=61))
    assert asked.status_code == 201, asked.json
    assert (asked.json["state"], asked.json["state_name"]) == ("pending", "待第二人审批")
    assert asked.json["transfer_id"] is asked.json["granted_at"] is asked.json["expires_on"] is None
    assert standing(person)["total"] == 60
    assert breaches(world) == []


def pending(world: World, person: Caller, admin: Caller, points: int = 300, **other: Any) -> int:
    answer = admin.post("/points/grants", body(person, points=points, **other))
    assert (answer.status_code, answer.json["state"]) == (201, "pending"), answer.json
    grant_id: int = answer.json["id"]
    return grant_id


def decide(admin: Caller, grant_id: int, how: str) -> Any:
    reason = {"reason": "材料不全"} if how == "decline" else None
    return admin.post(f"/points/grants/{grant_id}/{how}", reason)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_a_second_person_makes_the_points_move(world: World) -> None:
    person, first, second = world.person(), world.community_admin(), world.community_admin()
    grant_id = pending(world, person, first)
    answer = decide(second, grant_id, "approve")
    assert answer.status_code == 200, answer.json
    made = answer.json
    assert (made["state"], made["asked_by"], made["decided_by"]) == ("granted", first.id, second.id)
    (line,) = lines(person)
    assert (line["id"], line["points"]) == (made["transfer_id"], 300)
    assert line["cause"] == {"kind": "grant", "id": grant_id}
    assert made["expires_on"] == standing(person)["pockets"][0]["expires_on"]
    assert made["granted_at"] == made["decided_at"]
    assert breaches(world) == []


def test_the_second_person_is_neither_the_first_nor_the_recipient(world: World) -> None:
    first, recipient = world.community_admin(), world.community_admin()
    grant_id = pending(world, recipient, first)
    for how in ("approve", "decline"):
        assert code(decide(first, grant_id, how)) == (409, "grant_needs_another_person")
        assert code(decide(recipient, grant_id, how)) == (409, "grant_to_self")
        assert code(decide(world.community_admin(HUXI), grant_id, how)) == (404, "not_found")
        assert code(decide(world.person(), grant_id, how)) == (403, "forbidden")
    assert standing(recipient)["total"] == 0
    assert breaches(world) == []


def test_the_database_itself_refuses_a_second_person_who_is_the_first(world: World) -> None:
    first = world.community_admin()
    pending(world, world.person(), first)
    for decider in ("asked_by", "person_id"):
        with pytest.raises(IntegrityError, match="second_person"):
            act(
                world,
                lambda actor, d=decider: db.session.execute(
                    text(
                        f"UPDATE grant_review SET state = 'granted', decided_by = {d},"
                        " decided_at = asked_at FROM (SELECT granted_at AS asked_at"
                        " FROM points_grant) AS g"
                    )
                ),
            )


def test_a_declined_grant_says_why_and_moves_nothing(world: World) -> None:
    person, first, second = world.person(), world.community_admin(), world.community_admin()
    grant_id = pending(world, person, first)
    answer = decide(second, grant_id, "decline")
    assert (answer.status_code, answer.json["state"]) == (200, "declined")
    assert (answer.json["decision_reason"], answer.json["granted_at"]) == ("材料不全", None)
    assert lines(person) == []
    assert breaches(world) == []


def test_only_who_asked_for_a_grant_withdraws_it(world: World) -> None:
    person, first, second = world.person(), world.community_admin(), world.community_admin()
    grant_id = pending(world, person, first)
    assert code(decide(second, grant_id, "withdraw")) == (404, "not_found")
    assert decide(first, grant_id, "withdraw").json["state"] == "withdrawn"
    assert code(decide(second, grant_id, "approve")) == (409, "grant_decided")
    assert lines(person) == []
    assert breaches(world) == []


def test_a_grant_made_at_once_has_nothing_to_decide(world: World) -> None:
    first, second = world.community_admin(), world.community_admin()
    made = first.post("/points/grants", body(world.person())).json
    assert (made["state"], made["granted_at"]) == ("granted", made["asked_at"])
    assert code(decide(second, made["id"], "approve")) == (404, "not_found")


def test_the_queue_shows_what_waits_in_the_own_community(world: World) -> None:
    person, first = world.person(name="周小兰"), world.community_admin()
    assert world.person().get("/points/grants").status_code == 403
    done = first.post("/points/grants", body(person)).json["id"]
    waiting = [pending(world, person, first) for _ in range(2)]
    decide(first, waiting[0], "withdraw")
    shown = first.get("/points/grants").json["items"]
    assert [each["id"] for each in shown] == [waiting[1], waiting[0], done]
    assert {each["person_name"] for each in shown} == {"周*"}
    for state, ids in (("pending", [waiting[1]]), ("withdrawn", [waiting[0]]), ("granted", [done])):
        page = first.get(f"/points/grants?state={state}").json
        assert [each["id"] for each in page["items"]] == ids
    assert world.community_admin(HUXI).get("/points/grants").json["items"] == []


def test_of_ten_decisions_at_once_one_counts(world: World) -> None:
    person, first = world.person(), world.community_admin()
    grant_id = pending(world, person, first)
    hows = ["approve", "decline"] * 4 + ["approve"]
    others = [(world.community_admin(), how) for how in hows]
    calls = [lambda a=admin, h=how: decide(a, grant_id, h) for admin, how in others]
    answers = at_once([*calls, lambda: decide(first, grant_id, "withdraw")])
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {code(a) for a in answers if a.status_code != 200} == {(409, "grant_decided")}
    assert standing(person)["total"] == (300 if won[0].json["state"] == "granted" else 0)
    assert breaches(world) == []


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
    refused = admin.post("/points/grants", body(admin), key="grant-2")
    still = admin.post("/points/grants", body(admin), key="grant-2")
    assert refused.status_code == 409
    assert still.json == refused.json
    assert standing(person)["total"] == 50
