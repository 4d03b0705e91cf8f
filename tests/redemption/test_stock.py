"""Pieces at stations: moved, written off, counted, and every move on record. Never below zero, whatever races."""

from collections import Counter
from typing import Any

import pytest

from app.core.clock import now
from app.core.db import db
from app.sites.models import Site
from tests.support.books import breaches
from tests.support.community_world import facts
from tests.support.points_world import act, earn
from tests.support.races import at_once
from tests.support.redemption_world import collect, redeem, reward, stock
from tests.support.world import HUXI, Caller, World

WHY = {"reason": "包装破损"}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def outcomes(answers: list[Any]) -> Counter[Any]:
    return Counter(
        answer.status_code if answer.status_code < 400 else answer.json["error"]["code"]
        for answer in answers
    )


def with_points(world: World, points: int = 100) -> Caller:
    person = world.person()
    earn(world, person, points)
    return person


def write_off(admin: Caller, reward_id: int, site_id: int, quantity: int = 1, **body: Any) -> Any:
    return admin.post(
        f"/rewards/{reward_id}/stock/write-off",
        {"site_id": site_id, "quantity": quantity} | WHY | body,
    )


def transfer(admin: Caller, reward_id: int, origin: int, goal: int, quantity: int = 1) -> Any:
    body = {"from_site_id": origin, "to_site_id": goal, "quantity": quantity}
    return admin.post(f"/rewards/{reward_id}/stock/transfer", body)


def moves(admin: Caller, reward_id: int, more: str = "") -> list[tuple[str, int, int]]:
    """Kind, site and quantity of every move, oldest first."""
    items = admin.get(f"/rewards/{reward_id}/stock-moves?limit=100{more}").json["items"]
    return [(move["kind"], move["site_id"], move["quantity"]) for move in items[::-1]]


def close_site(world: World, site_id: int) -> None:
    def work(_: Any) -> None:
        db.session.get_one(Site, site_id).closed_at = now()

    act(world, work)


# --- coming and going ---------------------------------------------------------------------------------------


def test_every_move_of_a_reward_is_on_record(world: World) -> None:
    admin, centre, hall = world.community_admin(), world.site(), world.site(name="驿站")
    reward_id = reward(world, centre, admin=admin, quantity=10)
    person = with_points(world)
    order = redeem(person, reward_id, centre, 2).json
    collect(world.station_staff(centre), order)
    assert transfer(admin, reward_id, centre, hall, 3).status_code == 200
    written = write_off(admin, reward_id, centre, 4)
    assert written.status_code == 200, written.json
    assert stock(world, reward_id) == {centre: 1, hall: 3}
    assert moves(admin, reward_id) == [
        ("received", centre, 10),
        ("handed_out", centre, 2),
        ("transferred_out", centre, 3),
        ("transferred_in", hall, 3),
        ("written_off", centre, 4),
    ]
    assert moves(admin, reward_id, f"&site_id={hall}") == [("transferred_in", hall, 3)]
    newest, *_, handed_out, _ = admin.get(f"/rewards/{reward_id}/stock-moves").json["items"]
    assert (newest["kind_name"], newest["reason"], newest["site_name"]) == (
        "报损",
        "包装破损",
        "包家社区党群服务中心",
    )
    assert newest["actor_name"].endswith("*")
    assert handed_out["redemption_id"] == order["id"]
    assert facts(world.app, "stock_written_off")[0][3] == {"site_id": centre, "quantity": 4}
    assert facts(world.app, "stock_transferred")[0][3] == {
        "from_site_id": centre,
        "to_site_id": hall,
        "quantity": 3,
    }
    assert breaches(world) == []


def test_a_long_record_comes_in_pages(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin)
    for _ in range(4):
        write_off(admin, reward_id, site_id)
    path = f"/rewards/{reward_id}/stock-moves?limit=3"
    first = admin.get(path).json
    rest = admin.get(f"{path}&cursor={first['next_cursor']}").json
    assert len(first["items"] + rest["items"]) == 5
    assert rest["next_cursor"] is None


def test_pieces_that_wait_for_somebody_stay(world: World) -> None:
    admin, centre, hall = world.community_admin(), world.site(), world.site(name="驿站")
    reward_id = reward(world, centre, admin=admin, quantity=5)
    redeem(with_points(world), reward_id, centre, 3)
    for refused in (
        write_off(admin, reward_id, centre, 3),
        transfer(admin, reward_id, centre, hall, 3),
    ):
        assert code(refused) == (409, "stock_too_low")
        assert refused.json["error"]["details"] == {"available": 2}
    assert stock(world, reward_id) == {centre: 2}
    assert [kind for kind, *_ in moves(admin, reward_id)] == ["received"]
    assert breaches(world) == []


def test_a_station_that_never_had_a_reward_has_nothing_to_give(world: World) -> None:
    admin, first, second = world.community_admin(), world.site(), world.site(name="驿站")
    reward_id = reward(world, admin=admin)
    for refused in (
        write_off(admin, reward_id, first),
        transfer(admin, reward_id, first, second),
        transfer(admin, reward_id, second, first),
    ):
        assert code(refused) == (409, "stock_too_low")
        assert refused.json["error"]["details"] == {"available": 0}
    assert stock(world, reward_id) == {}


def test_pieces_leave_a_closed_station_and_do_not_go_there(world: World) -> None:
    admin, closed, hall = world.community_admin(), world.site(), world.site(name="驿站")
    reward_id = reward(world, closed, admin=admin)
    close_site(world, closed)
    assert transfer(admin, reward_id, closed, hall, 2).status_code == 200
    assert write_off(admin, reward_id, closed, 1).status_code == 200
    assert code(transfer(admin, reward_id, hall, closed)) == (409, "site_closed")
    assert stock(world, reward_id) == {hall: 2}
    assert breaches(world) == []


def test_pieces_do_not_go_where_they_are(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin)
    assert code(transfer(admin, reward_id, site_id, site_id)) == (409, "transfer_to_itself")
    assert stock(world, reward_id) == {site_id: 5}


def test_nobody_moves_what_is_not_theirs(world: World) -> None:
    centre, elsewhere = world.site(), world.site(HUXI)
    reward_id, theirs = reward(world, centre), reward(world, elsewhere, area=HUXI)
    admin, stranger = world.community_admin(), world.community_admin(HUXI)
    missing = (404, "not_found")
    assert code(write_off(stranger, reward_id, centre)) == missing
    assert code(transfer(stranger, reward_id, centre, elsewhere)) == missing
    assert code(write_off(admin, reward_id, elsewhere)) == missing
    assert code(transfer(admin, reward_id, centre, elsewhere)) == missing
    assert code(transfer(admin, theirs, elsewhere, centre)) == missing
    assert code(stranger.get(f"/rewards/{reward_id}/stock-moves")) == missing
    assert world.anonymous.get(f"/rewards/{reward_id}/stock-moves").status_code == 401
    assert world.station_staff(centre).get(f"/rewards/{reward_id}/stock-moves").status_code == 403
    assert (stock(world, reward_id), stock(world, theirs, HUXI)) == ({centre: 5}, {elsewhere: 5})


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"quantity": 1.5}, {"reason": " "}])
def test_a_malformed_write_off_is_refused(world: World, wrong: dict[str, Any]) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin)
    assert code(write_off(admin, reward_id, site_id, **wrong)) == (422, "malformed")
    assert stock(world, reward_id) == {site_id: 5}


# --- stock-taking -------------------------------------------------------------------------------------------


def begin(admin: Caller, site_id: int) -> dict[str, Any]:
    answer = admin.post(f"/sites/{site_id}/stock-counts")
    assert answer.status_code == 201, answer.json
    opened: dict[str, Any] = answer.json
    return opened


def close(admin: Caller, count: dict[str, Any], lines: dict[int, int]) -> Any:
    body = {
        "reason": "月末盘点",
        "lines": [{"reward_id": key, "counted": value} for key, value in lines.items()],
    }
    return admin.post(f"/stock-counts/{count['id']}/close", body)


def test_a_count_books_what_was_found_to_differ(world: World) -> None:
    admin, site_id, hall = world.community_admin(), world.site(), world.site(name="驿站")
    rice, oil, tea = (
        reward(world, site_id, admin=admin, quantity=quantity) for quantity in (10, 4, 6)
    )
    reward(world, hall, admin=admin)
    redeem(with_points(world), rice, site_id, 2)
    count = begin(admin, site_id)
    assert [(line["reward_id"], line["expected"], line["counted"]) for line in count["lines"]] == [
        (rice, 10, None),
        (oil, 4, None),
        (tea, 6, None),
    ]
    assert (count["closed_at"], count["reason"]) == (None, None)
    answer = close(admin, count, {rice: 7, oil: 5, tea: 6})
    assert answer.status_code == 200, answer.json
    closed = answer.json
    assert [(line["reward_id"], line["expected"], line["counted"]) for line in closed["lines"]] == [
        (rice, 10, 7),
        (oil, 4, 5),
        (tea, 6, 6),
    ]
    assert (closed["closed_at"] is None, closed["reason"]) == (False, "月末盘点")
    assert stock(world, rice) == {site_id: 5}, "two of the seven wait for somebody"
    assert stock(world, oil) == {site_id: 5}
    assert stock(world, tea) == {site_id: 6}
    assert moves(admin, rice)[1:] == [("counted_less", site_id, 3)]
    assert moves(admin, oil)[1:] == [("counted_more", site_id, 1)]
    assert moves(admin, tea)[1:] == []
    assert facts(world.app, "stock_counted")[0][3] == {
        "site_id": site_id,
        "rewards": 3,
        "pieces_more": 1,
        "pieces_less": 3,
    }
    assert admin.get(f"/stock-counts?site_id={site_id}").json["items"] == [closed]
    assert breaches(world) == []


def test_a_station_counts_one_at_a_time(world: World) -> None:
    admin, site_id, hall = world.community_admin(), world.site(), world.site(name="驿站")
    count = begin(admin, site_id)
    assert code(admin.post(f"/sites/{site_id}/stock-counts")) == (409, "stock_count_running")
    other = begin(admin, hall)
    assert close(admin, count, {}).status_code == 200
    assert code(close(admin, count, {})) == (409, "stock_count_closed")
    again = begin(admin, site_id)
    listed = admin.get("/stock-counts").json["items"]
    assert [one["id"] for one in listed] == [again["id"], other["id"], count["id"]]
    assert [one["closed_at"] is None for one in listed] == [True, True, False]


def test_what_moved_under_the_hands_of_those_who_count_is_counted_again(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    rice = reward(world, site_id, admin=admin, quantity=10)
    oil = reward(world, site_id, admin=admin, quantity=10, title="食用油")
    order = redeem(with_points(world), oil, site_id).json
    count = begin(admin, site_id)
    collect(world.station_staff(site_id), order)
    refused = close(admin, count, {rice: 9, oil: 10})
    assert code(refused) == (409, "stock_moved_while_counting")
    assert "食用油" in refused.json["error"]["message"]
    assert stock(world, rice) == {site_id: 10}
    assert close(admin, count, {rice: 9}).status_code == 200
    assert close(admin, begin(admin, site_id), {oil: 9}).status_code == 200
    assert (stock(world, rice), stock(world, oil)) == ({site_id: 9}, {site_id: 9})
    assert breaches(world) == []


def test_an_order_moves_nothing_so_counting_goes_on(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin, quantity=10)
    count = begin(admin, site_id)
    redeem(with_points(world), reward_id, site_id, 4)
    assert close(admin, count, {reward_id: 9}).status_code == 200
    assert stock(world, reward_id) == {site_id: 5}
    assert breaches(world) == []


def test_fewer_pieces_than_wait_for_people_cannot_be_booked(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin)
    redeem(with_points(world), reward_id, site_id, 3)
    count = begin(admin, site_id)
    refused = close(admin, count, {reward_id: 2})
    assert code(refused) == (409, "stock_count_below_waiting")
    assert refused.json["error"]["details"] == {"title": "大米一袋", "held": 3}
    assert close(admin, count, {reward_id: 3}).status_code == 200
    assert stock(world, reward_id) == {site_id: 0}
    assert breaches(world) == []


def test_only_what_the_station_has_can_be_counted(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    elsewhere = reward(world, world.site(name="驿站"), admin=admin)
    count = begin(admin, site_id)
    assert code(close(admin, count, {elsewhere: 1})) == (404, "not_found")
    assert code(close(admin, count, {999_999: 1})) == (404, "not_found")
    twice = [{"reward_id": elsewhere, "counted": 1}] * 2
    refused = admin.post(f"/stock-counts/{count['id']}/close", {"reason": "盘点", "lines": twice})
    assert code(refused) == (422, "malformed")


def test_nobody_counts_elsewhere(world: World) -> None:
    site_id = world.site()
    count = begin(world.community_admin(), site_id)
    stranger = world.community_admin(HUXI)
    assert code(stranger.post(f"/sites/{site_id}/stock-counts")) == (404, "not_found")
    assert code(close(stranger, count, {})) == (404, "not_found")
    assert stranger.get("/stock-counts").json["items"] == []
    assert world.anonymous.get("/stock-counts").status_code == 401
    assert world.station_staff(site_id).get("/stock-counts").status_code == 403


# --- races --------------------------------------------------------------------------------------------------


def test_ten_pieces_leave_exactly_ten_times_by_whatever_door(world: World) -> None:
    admin, centre, hall = world.community_admin(), world.site(), world.site(name="驿站")
    reward_id = reward(world, centre, admin=admin, points=1, quantity=10)
    people = [with_points(world) for _ in range(8)]
    answers = at_once(
        [
            *(lambda person=person: redeem(person, reward_id, centre) for person in people),
            *[lambda: write_off(admin, reward_id, centre)] * 8,
            *[lambda: transfer(admin, reward_id, centre, hall)] * 8,
        ]
    )
    left = outcomes(answers)
    assert left[200] + left[201] == 10, left
    assert left["stock_too_low"] + left["out_of_stock"] == 14, left
    assert stock(world, reward_id)[centre] == 0
    assert breaches(world) == []


def test_stations_that_send_each_other_the_same_reward_do_not_wait_for_ever(world: World) -> None:
    admin, one, two = world.community_admin(), world.site(), world.site(name="驿站")
    reward_id = reward(world, one, admin=admin, quantity=10)
    transfer(admin, reward_id, one, two, 5)
    answers = at_once(
        [
            lambda there=there: transfer(admin, reward_id, *there)
            for there in [(one, two), (two, one)] * 10
        ]
    )
    assert outcomes(answers)[200] + outcomes(answers)["stock_too_low"] == 20
    assert sum(stock(world, reward_id).values()) == 10
    assert breaches(world) == []


def test_ten_who_begin_to_count_at_once_are_one(world: World) -> None:
    admins, site_id = [world.community_admin() for _ in range(10)], world.site()
    answers = at_once(
        [lambda admin=admin: admin.post(f"/sites/{site_id}/stock-counts") for admin in admins]
    )
    assert outcomes(answers) == {201: 1, "stock_count_running": 9}


def test_a_count_closed_ten_times_at_once_is_booked_once(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin, quantity=10)
    count = begin(admin, site_id)
    answers = at_once([lambda: close(admin, count, {reward_id: 4})] * 10)
    assert outcomes(answers) == {200: 1, "stock_count_closed": 9}
    assert stock(world, reward_id) == {site_id: 4}
    assert breaches(world) == []


def test_counting_while_pieces_come_and_go_never_books_a_wrong_number(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    reward_id = reward(world, site_id, admin=admin, points=1, quantity=50)
    staff = world.station_staff(site_id)
    people = [with_points(world) for _ in range(6)]
    for _ in range(3):
        orders = [redeem(person, reward_id, site_id).json for person in people]
        count = begin(admin, site_id)
        there = next(line["expected"] for line in count["lines"])
        answers = at_once(
            [
                lambda count=count, there=there: close(admin, count, {reward_id: there}),
                *(lambda order=order: collect(staff, order) for order in orders),
                *(
                    lambda person=person: redeem(person, reward_id, site_id)
                    for person in people[:3]
                ),
                lambda: write_off(admin, reward_id, site_id),
            ]
        )
        assert outcomes(answers[1:]) == {200: 7, 201: 3}
        assert outcomes(answers[:1]) in ({200: 1}, {"stock_moved_while_counting": 1})
        if answers[0].status_code != 200:
            assert close(admin, count, {}).status_code == 200
        assert {kind for kind, *_ in moves(admin, reward_id)} & {
            "counted_more",
            "counted_less",
        } in (set(), {"counted_more"})
        assert breaches(world) == []
