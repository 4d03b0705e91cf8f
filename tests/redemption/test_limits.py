"""What a community may say of a reward: how many, when, how long it waits, and how it is changed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from app.core.actor import Actor
from app.core.clock import CHINA, china_date, now
from app.core.db import db
from app.identity.models import LoginSession
from app.identity.tokens import access_token
from app.policies.terms import REDEMPTION_PICKUP_DAYS, REDEMPTION_WINDOW
from tests.support.books import breaches
from tests.support.community_world import facts
from tests.support.points_world import act, earn, set_policy, standing
from tests.support.races import at_once
from tests.support.redemption_world import collect, redeem, reward, stock
from tests.support.world import BAOJIA, HUXI, Caller, World

RICE = {"area": BAOJIA, "title": "大米一袋", "points": 10}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def with_points(world: World, points: int = 100) -> Caller:
    person = world.person()
    earn(world, person, points)
    return person


def day(days: int) -> str:
    return (china_date(now()) + timedelta(days=days)).isoformat()


# --- what a reward is ---------------------------------------------------------------------------------------


def test_a_service_stands_on_the_shelf_beside_goods(world: World) -> None:
    admin = world.community_admin()
    haircut = admin.post(
        "/rewards",
        RICE
        | {
            "title": "上门理发",
            "kind": "service",
            "category": "home_service",
            "per_order_max": 1,
            "per_period_max": 1,
            "period": "month",
            "open_from": "2026-01-01",
            "open_until": "2026-12-31",
            "pickup_days": 30,
        },
    ).json
    plain = admin.post("/rewards", RICE).json
    assert (haircut["kind"], haircut["category"], haircut["category_name"]) == (
        "service",
        "home_service",
        "便民服务",
    )
    assert (haircut["period"], haircut["open_until"], haircut["pickup_days"]) == (
        "month",
        "2026-12-31",
        30,
    )
    assert (plain["kind"], plain["category_name"], plain["period"]) == ("goods", "其他", None)

    def shelf(more: str) -> list[int]:
        items = world.anonymous.get(f"/rewards?area={BAOJIA}{more}").json["items"]
        return [item["id"] for item in items]

    assert shelf("") == [plain["id"], haircut["id"]]
    assert shelf("&kind=service") == [haircut["id"]]
    assert shelf("&category=other") == [plain["id"]]
    assert shelf("&kind=goods&category=home_service") == []
    assert code(world.anonymous.get(f"/rewards?area={BAOJIA}&kind=x")) == (422, "malformed")
    assert world.anonymous.get(f"/rewards/{haircut['id']}").json == haircut
    assert code(world.anonymous.get("/rewards/999999")) == (404, "not_found")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "money"}, "kind"),
        ({"category": "x"}, "category"),
        ({"per_order_max": 0}, "per_order_max"),
        ({"per_period_max": 2}, "period"),
        ({"period": "month"}, "period"),
        ({"per_period_max": 1, "period": "week"}, "period"),
        ({"open_from": "2026-05-02", "open_until": "2026-05-01"}, "open_until"),
        ({"open_from": "soon"}, "open_from"),
        ({"pickup_days": 366}, "pickup_days"),
    ],
)
def test_a_reward_that_contradicts_itself_is_refused(
    world: World, wrong: dict[str, Any], field: str
) -> None:
    admin, reward_id = world.community_admin(), reward(world)
    words = {key: value for key, value in RICE.items() if key != "area"}
    for refused in (
        admin.post("/rewards", RICE | wrong),
        admin.put(f"/rewards/{reward_id}", words | wrong),
    ):
        assert code(refused) == (422, "malformed")
        assert list(refused.json["error"]["details"]["fields"]) == [field]


def test_an_edited_reward_is_new_for_orders_to_come(world: World) -> None:
    person, site_id, admin = with_points(world), world.site(), world.community_admin()
    reward_id = reward(world, site_id, admin=admin, points=10, per_person_max=2)
    before = redeem(person, reward_id, site_id).json
    words = {"title": "东北大米", "description": "十斤", "points": 25, "category": "food"}
    edited = admin.put(f"/rewards/{reward_id}", words)
    assert edited.status_code == 200, edited.json
    assert edited.json["title"] == "东北大米"
    assert (edited.json["points"], edited.json["per_person_max"]) == (25, None)
    assert edited.json["stock"][0]["available"] == 4
    after = redeem(person, reward_id, site_id).json
    assert (before["title"], before["points"]) == ("大米一袋", 10)
    assert (after["title"], after["points"]) == ("东北大米", 25)
    assert collect(world.station_staff(site_id), before).json["points"] == 10
    assert facts(world.app, "reward_edited")[0][3] == {"points_before": 10, "points": 25}
    assert standing(person)["total"] == 90
    assert breaches(world) == []


def test_only_an_open_reward_of_the_own_shelf_is_edited(world: World) -> None:
    reward_id, admin = reward(world), world.community_admin()
    words = {"title": "大米", "points": 5}
    path = f"/rewards/{reward_id}"
    assert world.anonymous.put(path, words).status_code == 401
    assert world.person().put(path, words).status_code == 403
    assert code(world.community_admin(HUXI).put(path, words)) == (404, "not_found")
    assert code(admin.put(path, RICE)) == (422, "malformed"), "a reward stays where it is"
    admin.post(f"{path}/close")
    assert code(admin.put(path, words)) == (409, "reward_closed")
    assert world.anonymous.get(path).json["title"] == "大米一袋"


# --- how many -----------------------------------------------------------------------------------------------


def test_one_order_holds_so_many_pieces(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=1, quantity=9, per_order_max=2)
    refused = redeem(person, reward_id, site_id, 3)
    assert code(refused) == (409, "order_limit_reached")
    assert refused.json["error"]["details"] == {"per_order_max": 2}
    assert redeem(person, reward_id, site_id, 2).status_code == 201
    assert redeem(person, reward_id, site_id, 2).status_code == 201
    assert stock(world, reward_id) == {site_id: 5}


@pytest.mark.parametrize(
    ("period", "word", "inside", "outside"),
    [
        ("month", "本月", datetime(2027, 5, 31, 15, 59, tzinfo=UTC), datetime(2027, 5, 31, 16, tzinfo=UTC)),
        ("quarter", "本季度", datetime(2027, 6, 30, 15, 59, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=CHINA)),
        ("year", "今年", datetime(2027, 12, 31, 15, 59, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=CHINA)),
    ],
)  # fmt: skip
def test_a_period_is_over_when_it_is_over_in_china(
    world: World, period: str, word: str, inside: datetime, outside: datetime
) -> None:
    site_id = world.site()
    reward_id = reward(
        world, site_id, points=1, quantity=9, per_period_max=2, period=period, pickup_days=365
    )
    with time_machine.travel(datetime(2027, 5, 3, 4, tzinfo=UTC), tick=False):
        person = with_points(world)
        assert redeem(person, reward_id, site_id, 2).status_code == 201
    with time_machine.travel(inside, tick=False):
        person = again(world, person)
        refused = redeem(person, reward_id, site_id)
        assert code(refused) == (409, "period_limit_reached")
        assert word in refused.json["error"]["message"]
        assert refused.json["error"]["details"]["taken"] == 2
    with time_machine.travel(outside, tick=False):
        person = again(world, person)
        assert redeem(person, reward_id, site_id).status_code == 201


def again(world: World, person: Caller) -> Caller:
    """The same person, logged in anew: the login of months ago is over."""

    def log_in(actor: Actor) -> str:
        session = LoginSession(person_id=person.id, created_at=actor.now)
        db.session.add(session)
        db.session.flush()
        return access_token(person.id, session.id, actor.now)

    return Caller(world.app, person.id, act(world, log_in))


def test_what_was_given_back_counts_no_more(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=1, per_period_max=1, period="year", per_person_max=5)
    first = redeem(person, reward_id, site_id).json
    assert code(redeem(person, reward_id, site_id)) == (409, "period_limit_reached")
    person.post(f"/redemptions/{first['id']}/cancel")
    assert redeem(person, reward_id, site_id).status_code == 201
    assert redeem(with_points(world), reward_id, site_id).status_code == 201


@pytest.mark.parametrize(
    ("limit", "refusal"),
    [
        ({"per_person_max": 1}, "person_limit_reached"),
        ({"per_period_max": 1, "period": "quarter"}, "period_limit_reached"),
    ],
)
def test_twenty_orders_at_once_where_one_is_allowed_are_one(
    world: World, limit: dict[str, Any], refusal: str
) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=1, quantity=50, **limit)
    answers = at_once([lambda: redeem(person, reward_id, site_id)] * 20)
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {code(answer) for answer in answers if answer.status_code != 201} == {(409, refusal)}
    assert standing(person)["held"] == 1
    assert stock(world, reward_id) == {site_id: 49}
    assert breaches(world) == []


# --- when ---------------------------------------------------------------------------------------------------


def test_a_reward_opens_and_closes_with_its_days(world: World) -> None:
    person, site_id, admin = with_points(world), world.site(), world.community_admin()
    later = reward(world, site_id, admin=admin, open_from=day(1))
    over = reward(world, site_id, admin=admin, open_until=day(-1))
    today = reward(world, site_id, admin=admin, open_from=day(0), open_until=day(0))
    refused = redeem(person, later, site_id)
    assert code(refused) == (409, "reward_not_yet_open")
    assert day(1) in refused.json["error"]["message"]
    refused = redeem(person, over, site_id)
    assert code(refused) == (409, "reward_no_longer_open")
    assert day(-1) in refused.json["error"]["message"]
    assert redeem(person, today, site_id).status_code == 201
    assert standing(person)["held"] == 10


def test_the_communitys_window_holds_for_a_reward_with_days_of_its_own(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, open_from=day(-1), open_until=day(1))
    set_policy(world, REDEMPTION_WINDOW, "year_end_month")
    closed = now().astimezone(CHINA).month != 12
    answer = redeem(person, reward_id, site_id)
    assert answer.status_code == (409 if closed else 201)


def test_a_reward_may_wait_longer_or_shorter_than_others(world: World) -> None:
    person, site_id, admin = with_points(world), world.site(), world.community_admin()
    set_policy(world, REDEMPTION_PICKUP_DAYS, 7)
    usual, fresh = (
        reward(world, site_id, admin=admin),
        reward(world, site_id, admin=admin, pickup_days=1),
    )
    assert redeem(person, usual, site_id).json["pickup_by"] == f"{day(8)}T00:00:00+08:00"
    assert redeem(person, fresh, site_id).json["pickup_by"] == f"{day(2)}T00:00:00+08:00"
    assert date.fromisoformat(day(2)) > china_date(now())
