"""A community issues no more points in a year than its budget has, and nobody waits for one row."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.clock import CHINA, china_date, now
from app.core.db import db
from app.points.terms import TransferKind
from app.policies.terms import POINTS_DAILY_MAX, POINTS_MONTHS_TO_EXPIRY
from tests.support.books import breaches
from tests.support.points_world import act, earn, set_policy, standing
from tests.support.races import at_once
from tests.support.statements import statements
from tests.support.volunteer_world import ok, station
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI, Caller, World

YEAR = china_date(now()).year


def budget(world: World, points: Any, *, admin: Caller | None = None, **other: Any) -> Any:
    body = {"area": BAOJIA, "year": YEAR, "points": points} | other
    return (admin or world.area_admin()).post("/points/budgets", body)


def left(world: World, year: int = YEAR) -> int:
    page = world.area_admin().get(f"/points/budgets?area={BAOJIA}&year={year}").json
    (shown,) = page["items"]
    assert shown["issued"] + shown["left"] == shown["points"]
    points: int = shown["left"]
    return points


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_nobody_sets_or_reads_budgets_without_the_right(world: World) -> None:
    for caller, status in ((world.anonymous, 401), (world.person(), 403)):
        assert budget(world, 100, admin=caller).status_code == status
        assert caller.get(f"/points/budgets?area={BAOJIA}").status_code == status
    assert budget(world, 100, admin=world.community_admin()).status_code == 403
    assert code(budget(world, 100, admin=world.area_admin(YILI))) == (404, "unknown_area")
    refused = world.community_admin(HUXI).get(f"/points/budgets?area={BAOJIA}")
    assert code(refused) == (404, "unknown_area")


def test_a_budget_shows_what_is_issued_and_left(world: World) -> None:
    answer = budget(world, 1000)
    assert answer.status_code == 201, answer.json
    shown = {"area": BAOJIA, "area_name": "包家社区", "year": YEAR, "points": 1000}
    assert answer.json == shown | {"issued": 0, "left": 1000}
    budget(world, 50, year=YEAR + 1)
    earn(world, world.person(), 30)
    items = world.area_admin().get(f"/points/budgets?area={WAITAN_STREET}").json["items"]
    assert items == [
        shown | {"year": YEAR + 1, "points": 50, "issued": 0, "left": 50},
        shown | {"issued": 30, "left": 970},
    ]
    assert world.community_admin().get(f"/points/budgets?area={BAOJIA}").json["items"] == items
    assert breaches(world) == []


def test_a_budget_is_set_anew_but_not_below_what_is_issued(world: World) -> None:
    budget(world, 100)
    earn(world, world.person(), 60)
    assert budget(world, 80).json["left"] == 20
    refused = budget(world, 59)
    assert code(refused) == (409, "budget_below_issued")
    assert refused.json["error"]["details"] == {"issued": 60}
    assert budget(world, 60).json["left"] == 0
    assert earn(world, world.person(), 1).points == 0
    assert budget(world, 61).json["left"] == 1
    assert earn(world, world.person(), 1).points == 1
    assert breaches(world) == []


def test_budgets_are_for_communities(world: World) -> None:
    assert code(budget(world, 100, area=WAITAN_STREET)) == (409, "budget_needs_community")


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 0},
        {"points": -1},
        {"points": 1.5},
        {"points": 2**40},
        {"year": 1999},
        {"area": ""},
    ],
)
def test_a_malformed_budget_is_refused(world: World, wrong: dict[str, Any]) -> None:
    body = {"area": BAOJIA, "year": YEAR, "points": 100} | wrong
    assert code(world.area_admin().post("/points/budgets", body)) == (422, "malformed")


def test_without_a_budget_points_are_issued_as_ever(world: World) -> None:
    budget(world, 1, area=HUXI)
    budget(world, 1, year=YEAR + 1)
    assert earn(world, world.person(), 30).points == 30
    assert breaches(world) == []


def test_the_very_last_point_can_be_issued_and_none_beyond_it(world: World) -> None:
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    budget(world, 100)
    person = world.person()
    amounts = [33, 33, 33, 2, 1, 1]
    assert [earn(world, person, each).points for each in amounts] == [33, 33, 33, 0, 1, 0]
    assert left(world) == 0
    assert breaches(world) == []


def test_a_service_that_the_budget_does_not_cover_is_recorded_and_says_why_it_paid_nothing(
    world: World,
) -> None:
    budget(world, 5)
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    ok(here.scan_pass(person, now() - timedelta(minutes=60)))
    answer = ok(here.scan_pass(person, direction="out"))
    assert (answer["points"], answer["record"]["state"]) == (0, "confirmed")
    assert answer["minutes"] > 0
    assert answer["explanation"].endswith("因社区本年度积分预算不足，这次未计积分。")
    (record,) = person.get("/me/service-records").json["items"]
    assert record["explanation"] == answer["explanation"]
    assert (record["points"], standing(person)["total"]) == (0, 0)
    world.deliver_journal()
    titles = [message["title"] for message in person.get("/inbox").json["items"]]
    assert "这次未计积分" in titles
    assert breaches(world) == []


def test_points_not_paid_for_want_of_budget_leave_room_under_the_cap(world: World) -> None:
    set_policy(world, POINTS_DAILY_MAX, 50)
    budget(world, 40)
    person = world.person()
    assert earn(world, person, 50).shortfall.startswith("因社区本年度")
    assert earn(world, person, 40).points == 40
    assert breaches(world) == []


def test_a_grant_beyond_the_budget_is_refused(world: World) -> None:
    budget(world, 40)
    admin, person = world.community_admin(), world.person()
    body = {"person_id": person.id, "points": 41, "reason": "表彰"}
    assert code(admin.post("/points/grants", body)) == (409, "budget_exhausted")
    assert admin.post("/points/grants", body | {"points": 40}).status_code == 201
    assert left(world) == 0
    assert breaches(world) == []


def test_what_is_taken_back_returns_to_the_budget_it_came_from(world: World) -> None:
    admin, person = world.community_admin(), world.person()
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 36)
    before = earn(world, person, 10)
    budget(world, 100)
    last_year = datetime(YEAR - 1, 6, 1, tzinfo=CHINA)
    budget(world, 100, year=YEAR - 1)
    old = earn(world, world.person(), 20, at=last_year)
    new = earn(world, person, 30)
    for earned in (before, old, new):
        path = f"/points/transfers/{earned.transfer_id}/reverse"
        assert admin.post(path, {"reason": "登记有误", "points": 5}).status_code == 200
    assert (left(world), left(world, YEAR - 1)) == (75, 85)
    assert breaches(world) == []


def test_of_twenty_earnings_at_once_seven_are_covered(world: World) -> None:
    budget(world, 75)
    people = [world.person() for _ in range(20)]
    earned = at_once([lambda p=person: earn(world, p, 10).points for person in people])
    assert sorted(earned) == [0] * 13 + [10] * 7
    assert sum(standing(person)["total"] for person in people) == 70
    assert left(world) == 5
    assert breaches(world) == []


def test_grants_earnings_and_reversals_at_once_never_overspend(world: World) -> None:
    budget(world, 100)
    admin = world.community_admin()
    wrong = earn(world, world.person(), 40)
    people = [world.person() for _ in range(8)]
    body = {"points": 20, "reason": "表彰"}
    calls = [lambda p=person: earn(world, p, 20).points for person in people[:4]]
    calls += [
        lambda p=person: (
            20 * (admin.post("/points/grants", body | {"person_id": p.id}).status_code == 201)
        )
        for person in people[4:]
    ]
    path = f"/points/transfers/{wrong.transfer_id}/reverse"
    calls.append(lambda: -admin.post(path, {"reason": "登记有误"}).json["points"])
    *paid, back = at_once(calls)
    assert back == 40
    assert 60 <= sum(paid) <= 100
    assert left(world) == 100 - sum(paid)
    assert breaches(world) == []


def test_while_slices_last_an_earning_does_not_touch_the_budget_itself(world: World) -> None:
    budget(world, 100_000)
    person = world.person()
    earn(world, person, 1)
    with statements(world.app) as seen:
        earn(world, person, 1)
    assert [each for each in seen if each.startswith("UPDATE points_budget")] == []
    assert len([each for each in seen if each.startswith("UPDATE budget_slice")]) == 1


def test_the_database_itself_lets_no_slice_fall_below_zero(world: World) -> None:
    budget(world, 100)
    for column in ("budget_slice SET points", "points_budget SET undealt"):
        with pytest.raises(IntegrityError):
            act(world, lambda _, c=column: db.session.execute(text(f"UPDATE {c} = -1")))


def test_the_budget_of_the_year_in_china_counts(world: World) -> None:
    budget(world, 10)
    eve = datetime(YEAR, 1, 1, tzinfo=CHINA) - timedelta(seconds=1)
    assert earn(world, world.person(), 30, at=eve, kind=TransferKind.WISH).points == 30
    assert earn(world, world.person(), 30, at=eve + timedelta(seconds=1)).points == 0
    assert breaches(world) == []
