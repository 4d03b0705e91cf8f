"""Rewards, and what stations have of them."""

from typing import Any

import pytest

from app.core.clock import now
from app.core.db import db
from app.sites.models import Site
from tests.support.books import breaches
from tests.support.points_world import act
from tests.support.races import at_once
from tests.support.redemption_world import reward, stock
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI, World

RICE = {"area": BAOJIA, "title": "大米一袋", "description": "五公斤装\n每户限一袋", "points": 20}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_the_shelf_is_open_to_all_and_everything_else_is_not(world: World) -> None:
    reward_id = reward(world)
    assert world.anonymous.get(f"/rewards?area={BAOJIA}").status_code == 200
    for path in ("/rewards", f"/rewards/{reward_id}/stock", f"/rewards/{reward_id}/close"):
        assert world.anonymous.post(path, {}).status_code == 401
        assert world.person().post(path, {}).status_code == 403
        assert world.area_admin().post(path, {}).status_code == 403


def test_a_reward_stands_on_the_shelf_with_the_stock_of_each_station(world: World) -> None:
    admin, centre, hall = world.community_admin(), world.site(), world.site(name="驿站")
    made = admin.post("/rewards", RICE | {"per_person_max": 2})
    assert made.status_code == 201, made.json
    reward_id = made.json["id"]
    for site_id, quantity in ((centre, 5), (hall, 3), (centre, 2)):
        received = admin.post(
            f"/rewards/{reward_id}/stock", {"site_id": site_id, "quantity": quantity}
        )
        assert received.status_code == 200, received.json
    (shown,) = world.anonymous.get(f"/rewards?area={BAOJIA}").json["items"]
    assert shown == received.json
    assert shown["area"]["code"] == BAOJIA
    assert (shown["title"], shown["description"]) == (RICE["title"], RICE["description"])
    assert (shown["points"], shown["per_person_max"], shown["open"]) == (20, 2, True)
    assert [(s["site_id"], s["site_name"], s["available"]) for s in shown["stock"]] == [
        (centre, "包家社区党群服务中心", 7),
        (hall, "驿站", 3),
    ]
    assert breaches(world) == []


def test_a_shelf_shows_what_is_offered_there_below_and_above(world: World) -> None:
    ours, theirs = reward(world), reward(world, area=HUXI)

    def shelf(area: str) -> list[int]:
        items = world.anonymous.get(f"/rewards?area={area}").json["items"]
        return [item["id"] for item in items]

    assert shelf(BAOJIA) == [ours]
    assert shelf(HUXI) == [theirs]
    assert shelf(WAITAN_STREET) == [theirs, ours]
    assert shelf(NINGBO) == [theirs, ours]
    assert shelf(YILI) == []


def test_a_shelf_needs_an_area_that_is_there(world: World) -> None:
    assert code(world.anonymous.get("/rewards")) == (422, "malformed")
    assert code(world.anonymous.get("/rewards?area=999")) == (404, "unknown_area")


def test_a_long_shelf_comes_in_pages(world: World) -> None:
    admin = world.community_admin()
    made = [reward(world, admin=admin) for _ in range(5)]
    first = world.anonymous.get(f"/rewards?area={BAOJIA}&limit=3").json
    rest = world.anonymous.get(f"/rewards?area={BAOJIA}&limit=3&cursor={first['next_cursor']}").json
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


def test_an_admin_runs_the_own_shelf_only(world: World) -> None:
    reward_id, site_id = reward(world), world.site()
    stranger = world.community_admin(HUXI)
    assert code(stranger.post("/rewards", RICE)) == (404, "unknown_area")
    received = {"site_id": site_id, "quantity": 1}
    assert code(stranger.post(f"/rewards/{reward_id}/stock", received)) == (404, "not_found")
    assert code(stranger.post(f"/rewards/{reward_id}/close")) == (404, "not_found")


def test_pieces_go_to_stations_of_the_own_area_that_work(world: World) -> None:
    admin, reward_id = world.community_admin(), reward(world)
    elsewhere, closed = world.site(HUXI), world.site(name="旧站")

    def close_site(_: Any) -> None:
        db.session.get_one(Site, closed).closed_at = now()

    act(world, close_site)
    path = f"/rewards/{reward_id}/stock"
    for site_id in (elsewhere, 999_999):
        refused = admin.post(path, {"site_id": site_id, "quantity": 1})
        assert code(refused) == (404, "not_found")
    assert code(admin.post(path, {"site_id": closed, "quantity": 1})) == (409, "site_closed")
    assert stock(world, reward_id) == {}


def test_a_closed_reward_is_off_the_shelf_and_receives_nothing(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id)
    closed = admin.post(f"/rewards/{reward_id}/close")
    assert (closed.status_code, closed.json["open"]) == (200, False)
    assert world.anonymous.get(f"/rewards?area={BAOJIA}").json["items"] == []
    assert code(admin.post(f"/rewards/{reward_id}/close")) == (409, "reward_closed")
    received = {"site_id": site_id, "quantity": 1}
    assert code(admin.post(f"/rewards/{reward_id}/stock", received)) == (409, "reward_closed")
    assert breaches(world) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 0},
        {"points": -1},
        {"points": 2.5},
        {"points": 100_001},
        {"title": ""},
        {"title": "米" * 61},
        {"title": "一行\n两行"},
        {"description": "字" * 501},
        {"per_person_max": 0},
        {"area": None},
        {"picture": "没有这个字段"},
    ],
)
def test_a_malformed_reward_is_refused(world: World, wrong: dict[str, Any]) -> None:
    assert code(world.community_admin().post("/rewards", RICE | wrong)) == (422, "malformed")


@pytest.mark.parametrize("quantity", [0, -3, 1.5, "3", 100_001, 2**70, None])
def test_a_malformed_delivery_is_refused(world: World, quantity: Any) -> None:
    reward_id, site_id = reward(world), world.site()
    refused = world.community_admin().post(
        f"/rewards/{reward_id}/stock", {"site_id": site_id, "quantity": quantity}
    )
    assert code(refused) == (422, "malformed")
    assert stock(world, reward_id) == {}


def test_first_deliveries_at_once_are_all_counted(world: World) -> None:
    reward_id, site_id = reward(world), world.site()
    admins = [world.community_admin() for _ in range(8)]
    answers = at_once(
        [
            lambda admin=admin: admin.post(
                f"/rewards/{reward_id}/stock", {"site_id": site_id, "quantity": 3}
            )
            for admin in admins
        ]
    )
    assert {answer.status_code for answer in answers} == {200}
    assert stock(world, reward_id) == {site_id: 24}
    assert breaches(world) == []
