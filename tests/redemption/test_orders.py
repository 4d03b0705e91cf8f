"""From order to collection, and the ways back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.actor import system
from app.core.clock import CHINA, now
from app.core.db import db
from app.core.errors import NotFound
from app.points.models import Hold
from app.policies.terms import REDEMPTION_PICKUP_DAYS, REDEMPTION_WINDOW
from app.redemption import actions, jobs, queries
from app.redemption.actions.stock import StockRefused, move_stock
from app.redemption.models import Redemption
from app.redemption.queries import orders
from app.sites.models import Site
from tests.support.books import breaches
from tests.support.points_world import act, earn, lines, set_policy, standing
from tests.support.redemption_world import collect, redeem, reward, stock
from tests.support.world import HUXI, YILI, Caller, World

LATER = timedelta(days=30)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def with_points(world: World, points: int = 100, **kwargs: Any) -> Caller:
    person = world.person(**kwargs)
    earn(world, person, points)
    return person


def lapse(world: World, after: timedelta = LATER) -> dict[str, Any]:
    with world.app.app_context():
        return jobs.lapse(lambda: system(now() + after))


def test_nobody_orders_or_collects_without_logging_in(world: World) -> None:
    for path in ("/redemptions", "/redemptions/1/cancel", "/redemptions/collect"):
        assert world.anonymous.post(path, {}).status_code == 401
    for path in ("/me/redemptions", "/me/redemptions/1", "/me/redemptions/1/code"):
        assert world.anonymous.get(path).status_code == 401
    assert world.person().post("/redemptions/collect", {"code": "34AB9XYQKM"}).status_code == 403


def test_an_order_holds_points_and_stock(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=15, quantity=5)
    made = redeem(person, reward_id, site_id, 2)
    assert made.status_code == 201, made.json
    order = made.json
    assert (order["state"], order["title"], order["quantity"], order["points"]) == (
        "held",
        "大米一袋",
        2,
        30,
    )
    assert (order["site_id"], order["site_name"]) == (site_id, "包家社区党群服务中心")
    assert order["link"] == f"http://linli.test/q/r1.{order['code']}"
    shown = standing(person)
    assert (shown["available"], shown["held"], shown["total"]) == (70, 30, 100)
    assert stock(world, reward_id) == {site_id: 3}
    assert len(lines(person)) == 1
    assert person.get("/me/redemptions").json == {"items": [order], "next_cursor": None}
    assert person.get(f"/me/redemptions/{order['id']}").json == order
    assert breaches(world) == []


def test_one_may_collect_to_the_end_of_the_last_day(world: World) -> None:
    person, site_id = with_points(world), world.site()
    set_policy(world, REDEMPTION_PICKUP_DAYS, 3)
    order = redeem(person, reward(world, site_id), site_id).json
    last_day = now().astimezone(CHINA).date() + timedelta(days=3)
    assert order["pickup_by"] == f"{last_day + timedelta(days=1)}T00:00:00+08:00"


def test_the_code_comes_as_a_picture_while_the_order_waits(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    path = f"/me/redemptions/{order['id']}/code"
    shown = person.get(path).json
    assert (shown["code"], shown["link"]) == (order["code"], order["link"])
    assert shown["image"].startswith("data:image/png;base64,")
    assert code(with_points(world).get(path)) == (404, "not_found")
    person.post(f"/redemptions/{order['id']}/cancel")
    assert code(person.get(path)) == (409, "already_cancelled")


def test_staff_scan_the_code_and_the_points_are_spent(world: World) -> None:
    person, site_id = with_points(world, name="王秀英"), world.site()
    reward_id = reward(world, site_id, points=15, quantity=5)
    order = redeem(person, reward_id, site_id, 2).json
    handed = collect(world.station_staff(site_id), order)
    assert handed.status_code == 200, handed.json
    assert handed.json["person_name"] == "王*"
    assert (handed.json["title"], handed.json["quantity"], handed.json["points"]) == (
        "大米一袋",
        2,
        30,
    )
    shown = standing(person)
    assert (shown["available"], shown["held"], shown["total"]) == (70, 0, 70)
    line = lines(person)[0]
    assert (line["kind"], line["points"], line["balance_after"]) == ("spend", -30, 70)
    assert line["cause"] == {"kind": "redemption", "id": order["id"]}
    (after,) = person.get("/me/redemptions").json["items"]
    assert (after["state"], after["code"], after["link"]) == ("collected", None, None)
    assert stock(world, reward_id) == {site_id: 3}
    assert breaches(world) == []


@pytest.mark.parametrize("typed", ["{code}", "r1.{code}", "http://other.example/q/r1.{code}"])
def test_the_code_may_be_typed_as_well(world: World, typed: str) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    answer = world.station_staff(site_id).post(
        "/redemptions/collect", {"code": typed.format(code=order["code"].lower())}
    )
    assert answer.status_code == 200, answer.json


def test_the_admin_of_the_area_hands_out_at_its_stations(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    assert collect(world.community_admin(), order, site_id=site_id).status_code == 200


def test_a_code_hands_out_once(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    staff = world.station_staff(site_id)
    assert collect(staff, order).status_code == 200
    assert code(collect(staff, order)) == (409, "already_collected")
    assert code(person.post(f"/redemptions/{order['id']}/cancel")) == (409, "already_collected")
    assert standing(person)["total"] == 90
    assert breaches(world) == []


def test_another_station_sends_the_person_to_the_right_one(world: World) -> None:
    person, site_id, other = with_points(world), world.site(), world.site(name="驿站")
    order = redeem(person, reward(world, site_id), site_id).json
    for staff, body in (
        (world.station_staff(other), {}),
        (world.community_admin(HUXI), {}),
        (world.community_admin(), {"site_id": other}),
    ):
        refused = collect(staff, order, **body)
        assert code(refused) == (409, "collection_elsewhere")
        assert "包家社区党群服务中心" in refused.json["error"]["message"]
    assert standing(person)["held"] == 10
    assert breaches(world) == []


@pytest.mark.parametrize("wrong", ["AAAAAAAAAA", "x", "https://example.cn/", "个人码"])
def test_an_unknown_code_is_said_to_be_unknown(world: World, wrong: str) -> None:
    staff = world.station_staff(world.site())
    refused = staff.post("/redemptions/collect", {"code": wrong})
    assert code(refused) == (404, "collection_code_unknown")


def test_a_cancelled_order_gives_points_and_stock_back(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=15, quantity=5)
    before = standing(person)
    order = redeem(person, reward_id, site_id, 2).json
    answer = person.post(f"/redemptions/{order['id']}/cancel")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert (answer.json["code"], answer.json["closed_at"] is None) == (None, False)
    assert standing(person) == before
    assert stock(world, reward_id) == {site_id: 5}
    assert len(lines(person)) == 1
    assert code(person.post(f"/redemptions/{order['id']}/cancel")) == (409, "already_cancelled")
    assert code(collect(world.station_staff(site_id), order)) == (409, "already_cancelled")
    assert breaches(world) == []


def test_nobody_cancels_or_sees_the_order_of_another(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    other = with_points(world)
    assert code(other.post(f"/redemptions/{order['id']}/cancel")) == (404, "not_found")
    assert code(other.get(f"/me/redemptions/{order['id']}")) == (404, "not_found")
    assert other.get("/me/redemptions").json["items"] == []
    assert standing(person)["held"] == 10


def test_an_uncollected_order_lapses_and_gives_everything_back(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=15, quantity=5)
    order = redeem(person, reward_id, site_id, 2).json
    assert lapse(world, timedelta(days=6)) == {"lapsed": 0}
    assert lapse(world) == {"lapsed": 1}
    assert lapse(world) == {"lapsed": 0}
    assert standing(person)["available"] == 100
    assert stock(world, reward_id) == {site_id: 5}
    (after,) = person.get("/me/redemptions").json["items"]
    assert after["state"] == "lapsed"
    assert code(collect(world.station_staff(site_id), order)) == (409, "collection_too_late")
    assert code(person.post(f"/redemptions/{order['id']}/cancel")) == (409, "collection_too_late")
    assert breaches(world) == []


def test_a_minute_after_the_deadline_is_too_late_even_before_the_clock_came_by(
    world: World,
) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    _set_deadline(world, order["id"], now() - timedelta(minutes=1))
    assert code(collect(world.station_staff(site_id), order)) == (409, "collection_too_late")
    assert code(person.get(f"/me/redemptions/{order['id']}/code")) == (409, "collection_too_late")
    # The points are the person's either way: cancelling gives them back at once.
    assert person.post(f"/redemptions/{order['id']}/cancel").status_code == 200
    assert standing(person)["available"] == 100
    assert breaches(world) == []


def test_many_uncollected_orders_lapse_in_batches(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(orders, "LAPSE_BATCH", 2)
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=1, quantity=5)
    for _ in range(5):
        redeem(person, reward_id, site_id)
    assert lapse(world) == {"lapsed": 5}
    assert stock(world, reward_id) == {site_id: 5}


def test_an_order_that_was_closed_meanwhile_does_not_lapse(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    collect(world.station_staff(site_id), order)
    assert act(world, lambda actor: actions.lapse(actor, order["id"]), at=now() + LATER) is False
    assert breaches(world) == []


def test_too_few_points_are_refused_with_both_numbers(world: World) -> None:
    person, site_id = with_points(world, 25), world.site()
    reward_id = reward(world, site_id, points=10, quantity=9)
    refused = redeem(person, reward_id, site_id, 3)
    assert code(refused) == (409, "insufficient_points")
    assert refused.json["error"]["details"] == {"available": 25, "needed": 30}
    assert "25" in refused.json["error"]["message"]
    assert "30" in refused.json["error"]["message"]
    assert stock(world, reward_id) == {site_id: 9}
    assert redeem(world.person(), reward_id, site_id).status_code == 409
    assert breaches(world) == []


def test_held_points_cannot_be_held_again(world: World) -> None:
    person, site_id = with_points(world, 25), world.site()
    reward_id = reward(world, site_id, points=20)
    assert redeem(person, reward_id, site_id).status_code == 201
    refused = redeem(person, reward_id, site_id)
    assert code(refused) == (409, "insufficient_points")
    assert refused.json["error"]["details"] == {"available": 5, "needed": 20}


def test_more_than_the_station_has_is_refused_with_what_is_left(world: World) -> None:
    person, site_id, empty = with_points(world), world.site(), world.site(name="驿站")
    reward_id = reward(world, site_id, points=1, quantity=2)
    refused = redeem(person, reward_id, site_id, 3)
    assert code(refused) == (409, "out_of_stock")
    assert refused.json["error"]["details"] == {"available": 2}
    for nowhere in (empty, 999_999):
        assert code(redeem(person, reward_id, nowhere)) == (409, "reward_not_at_site")
    assert standing(person)["held"] == 0


def test_a_closed_station_gives_out_nothing_new(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id)

    def close_site(_: Any) -> None:
        db.session.get_one(Site, site_id).closed_at = now()

    act(world, close_site)
    assert code(redeem(person, reward_id, site_id)) == (409, "reward_not_at_site")
    assert stock(world, reward_id) == {}


def test_a_closed_reward_cannot_be_ordered_but_what_was_ordered_is_collected(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id)
    order = redeem(person, reward_id, site_id).json
    world.community_admin().post(f"/rewards/{reward_id}/close")
    assert code(redeem(person, reward_id, site_id)) == (409, "reward_closed")
    assert collect(world.station_staff(site_id), order).status_code == 200
    assert breaches(world) == []


@pytest.mark.parametrize("home", [HUXI, YILI, None])
def test_the_reward_of_another_community_is_not_for_you(world: World, home: str | None) -> None:
    person, site_id = with_points(world, home=home), world.site()
    refused = redeem(person, reward(world, site_id), site_id)
    assert code(refused) == (409, "reward_of_another_community")
    assert standing(person)["held"] == 0


def test_an_unknown_reward_does_not_exist(world: World) -> None:
    refused = redeem(with_points(world), 999_999, world.site())
    assert code(refused) == (404, "not_found")


def test_outside_the_window_the_next_day_of_opening_is_named(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id)
    in_december = now().astimezone(CHINA).month == 12
    set_policy(world, REDEMPTION_WINDOW, "year_end_month")
    answer = redeem(person, reward_id, site_id)
    if in_december:
        assert answer.status_code == 201
    else:
        assert code(answer) == (409, "redemption_window_closed")
        assert answer.json["error"]["details"]["opens_on"].endswith("-12-01")


def test_a_person_has_so_many_pieces_and_a_cancelled_one_counts_no_more(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=1, quantity=9, per_person_max=2)
    first = redeem(person, reward_id, site_id).json
    refused = redeem(person, reward_id, site_id, 2)
    assert code(refused) == (409, "person_limit_reached")
    assert refused.json["error"]["details"] == {"per_person_max": 2, "taken": 1}
    collect(world.station_staff(site_id), first)
    second = redeem(person, reward_id, site_id).json
    assert code(redeem(person, reward_id, site_id)) == (409, "person_limit_reached")
    person.post(f"/redemptions/{second['id']}/cancel")
    assert redeem(person, reward_id, site_id).status_code == 201
    assert redeem(with_points(world), reward_id, site_id, 2).status_code == 201
    assert breaches(world) == []


@pytest.mark.parametrize("quantity", [0, -1, 100, 2**63, 1.5, "2", True, None])
def test_a_malformed_quantity_changes_nothing(world: World, quantity: Any) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id)
    refused = redeem(person, reward_id, site_id, quantity)
    assert code(refused) == (422, "malformed")
    assert standing(person)["held"] == 0
    assert stock(world, reward_id) == {site_id: 5}


def test_a_refused_order_is_refused_again_under_the_same_key(world: World) -> None:
    person, site_id = with_points(world, 5), world.site()
    reward_id = reward(world, site_id, points=10)
    refused = redeem(person, reward_id, site_id, key="tap-1")
    earn(world, person, 50)
    again = redeem(person, reward_id, site_id, key="tap-1")
    assert again.json == refused.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert standing(person)["held"] == 0
    assert redeem(person, reward_id, site_id, key="tap-2").status_code == 201


def test_a_statement_adds_up_after_a_long_story(world: World) -> None:
    person, site_id = with_points(world, 90), world.site()
    staff, admin = world.station_staff(site_id), world.community_admin()
    reward_id = reward(world, site_id, points=10, quantity=50)
    for step in range(6):
        order = redeem(person, reward_id, site_id, 1 + step % 2).json
        if step % 3 == 0:
            collect(staff, order)
        elif step % 3 == 1:
            person.post(f"/redemptions/{order['id']}/cancel")
    admin.post("/points/grants", {"person_id": person.id, "points": 7, "reason": "表彰"})
    spend = next(line for line in lines(person) if line["kind"] == "spend")
    admin.post(f"/points/transfers/{spend['id']}/reverse", {"reason": "礼品退回"})
    lapse(world)
    statement = lines(person)
    running = 0
    for line in reversed(statement):
        running += line["points"]
        assert line["balance_after"] == running
    assert running == standing(person)["total"] == standing(person)["available"]
    assert [line["points"] for line in statement] == [20, 7, -20, -10, 90]
    assert breaches(world) == []


def test_an_account_does_not_go_while_something_waits_for_its_person(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    assert code(person.delete("/me")) == (409, "redemption_still_waiting")
    person.post(f"/redemptions/{order['id']}/cancel")
    exported = person.get("/me/export").json["parts"]
    assert [held["id"] for held in exported["redemptions"]] == [order["id"]]
    assert [line["points"] for line in exported["points_transfers"]] == [100]
    assert person.delete("/me").status_code in {200, 204}
    assert breaches(world) == []


def test_a_spend_names_the_order_it_paid_for(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id, 2).json
    collect(world.station_staff(site_id), order)
    spent = lines(person)[0]["id"]
    assert "大米一袋" in str(person.get(f"/me/points/transfers/{spent}").json)
    assert act(world, lambda _: queries.titles_of([order["id"]])) == {order["id"]: "大米一袋"}
    with pytest.raises(NotFound):
        act(world, lambda _: queries.shown_by_id(999_999))


def test_stock_that_is_not_there_does_not_move(world: World) -> None:
    site_id = world.site()
    reward_id = reward(world, site_id, quantity=2)
    with pytest.raises(StockRefused):
        act(world, lambda _: move_stock(reward_id, site_id, held=-1))
    assert stock(world, reward_id) == {site_id: 2}


def _set_deadline(world: World, redemption_id: int, at: Any) -> None:
    def work(_: Any) -> None:
        db.session.execute(
            update(Redemption).where(Redemption.id == redemption_id).values(pickup_by=at)
        )
        db.session.execute(update(Hold).where(Hold.cause_id == redemption_id).values(expires_at=at))

    act(world, work)
