"""Points given on: to one of the family or to a community's fund; each keeps its expiry."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.actor import system
from app.core.clock import CHINA
from app.core.db import db
from app.points import jobs
from app.points.models import Wallet
from app.policies.terms import POINTS_DAILY_MAX, POINTS_MONTHS_TO_EXPIRY
from tests.support.books import breaches
from tests.support.family_world import family
from tests.support.points_world import act, earn, lines, set_policy, standing
from tests.support.races import at_once
from tests.support.volunteer_world import rows
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, Caller, World


def give(giver: Caller, to: Caller | str, points: Any, **other: Any) -> Any:
    receiver = {"fund": to} if isinstance(to, str) else {"to_person_id": to.id}
    return giver.post("/me/points/donations", receiver | {"points": points} | other)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def months(person: Caller) -> dict[int, int]:
    return {pocket["month"]: pocket["points"] for pocket in standing(person)["pockets"]}


def in_three_pockets(world: World, person: Caller) -> None:
    """20 points that expire in 12 months, 20 in 24, 20 never."""
    for life in (12, 24, 0):
        set_policy(world, POINTS_MONTHS_TO_EXPIRY, life)
        earn(world, person, 20)


def from_fund(world: World, person: Caller, points: int) -> Any:
    """A grant out of the fund, asked for by one admin and approved by another."""
    body = {"person_id": person.id, "points": points, "reason": "困难家庭帮扶", "from_fund": True}
    asked = world.community_admin().post("/points/grants", body)
    assert (asked.status_code, asked.json["state"]) == (201, "pending"), asked.json
    return world.community_admin().post(f"/points/grants/{asked.json['id']}/approve")


def test_nobody_gives_without_logging_in(world: World) -> None:
    assert code(give(world.anonymous, BAOJIA, 5)) == (401, "unauthenticated")


def test_points_for_the_family_keep_their_expiry(world: World) -> None:
    son, mother = family(world)
    in_three_pockets(world, son)
    before = months(son)
    soon, later, never = sorted(before, key=lambda month: (month == 0, month))
    answer = give(son, mother, 35, note="妈妈生日快乐")
    assert answer.status_code == 201, answer.json
    assert [pocket["points"] for pocket in answer.json["pockets"]] == [20, 15]
    assert months(mother) == {soon: 20, later: 15}
    assert months(son) == {later: 5, never: 20}
    given, came = lines(son)[:2], lines(mother)
    assert [(line["kind"], line["title"], line["points"]) for line in given] == [
        ("give", "转赠", -15),
        ("give", "转赠", -20),
    ]
    assert [(line["kind"], line["title"], line["points"]) for line in came] == [
        ("receive", "获赠", 15),
        ("receive", "获赠", 20),
    ]
    assert {line["cause"]["kind"] for line in (*given, *came)} == {"donation"}
    assert {line["cause"]["id"] for line in (*given, *came)} == {answer.json["id"]}
    assert (lines(son)[0]["balance_after"], came[0]["balance_after"]) == (25, 35)
    world.deliver_journal()
    assert mother.get("/inbox").json["items"][0]["title"] == "收到家人转赠"
    assert breaches(world) == []


def test_points_are_given_to_nobody_but_the_family(world: World) -> None:
    son, mother = family(world)
    stranger = world.person()
    earn(world, son, 20)
    for other in (stranger, son):
        assert code(give(son, other, 5)) == (409, "donation_outside_family")
    (link,) = son.get("/me/family").json["items"]
    son.post(f"/me/family/{link['id']}/end")
    assert code(give(son, mother, 5)) == (409, "donation_outside_family")
    assert standing(son)["total"] == 20
    assert breaches(world) == []


def test_no_more_is_given_than_is_free(world: World) -> None:
    son, mother = family(world)
    assert code(give(son, mother, 1)) == (409, "insufficient_points")
    earn(world, son, 20)
    refused = give(son, mother, 21)
    assert refused.json["error"]["details"] == {"available": 20, "needed": 21}
    assert give(son, mother, 20).status_code == 201
    assert standing(son)["total"] == 0
    assert breaches(world) == []


def test_points_past_their_month_are_not_given(world: World) -> None:
    son, mother = family(world)
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 1)
    earn(world, son, 20, at=datetime(2026, 1, 5, tzinfo=CHINA))
    assert code(give(son, mother, 1)) == (409, "insufficient_points")


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 0},
        {"points": -1},
        {"points": 1.5},
        {"points": 1_000_001},
        {"fund": None},
        {"fund": BAOJIA, "to_person_id": 1},
        {"note": "好" * 101},
    ],
)
def test_a_malformed_donation_changes_nothing(world: World, wrong: dict[str, Any]) -> None:
    person = world.person()
    earn(world, person, 20)
    body = {"fund": BAOJIA, "points": 5} | wrong
    answer = person.post("/me/points/donations", body)
    assert code(answer) == (422, "malformed")
    assert code(person.post("/me/points/donations", {"points": 5})) == (422, "malformed")
    assert standing(person)["total"] == 20


def test_a_fund_belongs_to_a_community_that_exists(world: World) -> None:
    person = world.person()
    earn(world, person, 20)
    assert code(give(person, WAITAN_STREET, 5)) == (409, "fund_needs_community")
    assert code(give(person, "000000000000", 5)) == (404, "unknown_area")


def test_the_fund_keeps_the_expiry_and_gives_by_two_people_only(world: World) -> None:
    giver, needy = world.person(), world.person()
    in_three_pockets(world, giver)
    soon, later, never = sorted(months(giver), key=lambda month: (month == 0, month))
    for points in (25, 25, 10):
        assert give(giver, BAOJIA, points).status_code == 201
    assert standing(giver)["total"] == 0
    answer = from_fund(world, needy, 45)
    assert (answer.status_code, answer.json["state"]) == (200, "granted"), answer.json
    assert months(needy) == {soon: 20, later: 20, never: 5}
    came = lines(needy)
    assert answer.json["transfer_id"] == came[-1]["id"]
    assert answer.json["expires_on"] == standing(needy)["pockets"][0]["expires_on"]
    assert answer.json["from_fund"] is True
    world.deliver_journal()
    assert needy.get("/inbox").json["items"][0]["title"] == "积分到账"
    refused = from_fund(world, needy, 16)
    assert code(refused) == (409, "fund_insufficient")
    assert refused.json["error"]["details"] == {"available": 15, "needed": 16}
    assert breaches(world) == []


def test_everybody_may_know_what_a_fund_has(world: World) -> None:
    giver, neighbour = world.person(), world.person()
    in_three_pockets(world, giver)
    pockets = standing(giver)["pockets"]
    for points in (15, 45):
        give(giver, BAOJIA, points)
    assert world.anonymous.get(f"/points/fund?area={BAOJIA}").status_code == 401
    shown = neighbour.get(f"/points/fund?area={BAOJIA}").json
    assert shown == {
        "area": BAOJIA,
        "area_name": "包家社区",
        "available": 60,
        "pockets": pockets,
    }
    assert neighbour.get(f"/points/fund?area={HUXI}").json["available"] == 0
    refused = neighbour.get(f"/points/fund?area={WAITAN_STREET}")
    assert code(refused) == (409, "fund_needs_community")


def test_the_fund_of_another_community_is_not_touched(world: World) -> None:
    giver = world.person()
    earn(world, giver, 20)
    give(giver, HUXI, 20)
    assert code(from_fund(world, world.person(), 5)) == (409, "fund_insufficient")
    assert breaches(world) == []


def test_points_of_a_fund_expire_like_any_other(world: World) -> None:
    giver = world.person()
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 1)
    earn(world, giver, 20)
    give(giver, BAOJIA, 20)
    later = datetime(2099, 1, 1, tzinfo=CHINA)
    with world.app.app_context():
        outcome = jobs.expire(lambda: system(later))
    assert outcome["points"] == 20
    assert code(from_fund(world, world.person(), 1)) == (409, "fund_insufficient")
    assert breaches(world, later) == []


def test_a_donation_is_not_reversed(world: World) -> None:
    son, mother = family(world)
    earn(world, son, 20)
    give(son, mother, 5)
    for person in (son, mother):
        path = f"/points/transfers/{lines(person)[0]['id']}/reverse"
        refused = world.community_admin().post(path, {"reason": "登记有误"})
        assert code(refused) == (409, "not_reversible")


def test_the_same_key_gives_once(world: World) -> None:
    person = world.person()
    earn(world, person, 20)
    body = {"fund": BAOJIA, "points": 5}
    first = person.post("/me/points/donations", body, key="tap")
    again = person.post("/me/points/donations", body, key="tap")
    assert again.json == first.json
    assert standing(person)["total"] == 15


def test_two_giving_to_each_other_at_once_neither_deadlock_nor_lose_a_point(world: World) -> None:
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    first, second = family(world)
    for person in (first, second):
        in_three_pockets(world, person)
    calls = [
        lambda: give(first, second, 35).status_code,
        lambda: give(second, first, 35).status_code,
    ]
    for _ in range(4):
        assert set(at_once(calls * 3)) <= {201, 409}
        assert standing(first)["total"] + standing(second)["total"] == 120
    assert breaches(world) == []


def test_giving_the_same_points_to_many_at_once_gives_them_once(world: World) -> None:
    son, mother = family(world)
    earn(world, son, 20)
    answers = at_once([lambda: give(son, mother, 20)] * 3 + [lambda: give(son, BAOJIA, 20)] * 3)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert standing(son)["total"] == 0
    assert breaches(world) == []


def test_many_give_to_a_fund_while_it_is_spent(world: World) -> None:
    givers = [world.person() for _ in range(8)]
    needy = [world.person() for _ in range(2)]
    for giver in givers:
        earn(world, giver, 20)
        give(giver, BAOJIA, 5)
    calls = [lambda g=giver: give(g, BAOJIA, 15).status_code for giver in givers]
    calls += [lambda n=each: from_fund(world, n, 30).status_code for each in needy]
    assert set(at_once(calls)[:8]) == {201}
    given = sum(standing(each)["total"] for each in needy)
    assert given in {30, 60}
    assert from_fund(world, needy[0], 160 - given).status_code == 200
    assert code(from_fund(world, needy[0], 1)) == (409, "fund_insufficient")
    assert breaches(world) == []


def test_a_fund_is_spread_so_that_givers_hardly_ever_wait(world: World) -> None:
    giver = world.person()
    earn(world, giver, 20)
    for _ in range(8):
        give(giver, BAOJIA, 1)
    shards = [wallet.id for wallet in rows(world, Wallet) if wallet.area_id is not None]
    counted = act(
        world,
        lambda _: db.session.execute(
            text(
                "SELECT wallet_id, COUNT(*) FROM transfer WHERE kind = 'receive' GROUP BY wallet_id"
            )
        ).all(),
    )
    assert sorted(counted) == [(shard, 1) for shard in shards]


def test_a_donation_once_written_is_not_changed(world: World) -> None:
    giver = world.person()
    earn(world, giver, 20)
    give(giver, BAOJIA, 5)
    with pytest.raises(DBAPIError, match="append-only"):
        act(world, lambda _: db.session.execute(text("UPDATE donation SET points = 4")))


def test_giving_and_spending_at_once_never_overdraws(world: World) -> None:
    son, mother = family(world)
    for person in (son, mother):
        earn(world, person, 20)
    admin = world.community_admin()
    wrong = lines(son)[0]["id"]
    path = f"/points/transfers/{wrong}/reverse"
    given, back, taken = at_once(
        [
            lambda: give(son, mother, 15).status_code,
            lambda: give(mother, son, 20).status_code,
            lambda: admin.post(path, {"reason": "登记有误"}).status_code,
        ]
    )
    assert back == 201
    total = standing(son)["total"] + standing(mother)["total"]
    assert total == (20 if taken == 200 else 40)
    assert given in {201, 409}
    assert breaches(world) == []
