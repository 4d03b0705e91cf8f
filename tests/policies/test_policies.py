"""Policies over HTTP: set from a day on, inherited down the tree, explained for any day."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, func, select

from app.core.clock import china_date, now
from app.core.db import db, in_transaction
from app.policies.models import PolicyRow
from app.policies.queries import rules_at
from app.policies.terms import KEYS, POINTS_PER_HOUR
from tests.support.community_world import facts, refusal, rows
from tests.support.races import at_once
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI, Caller, World


def day(days_from_today: int = 0) -> str:
    return (china_date(now()) + timedelta(days=days_from_today)).isoformat()


def policy(**change: Any) -> dict[str, Any]:
    return {
        "area": WAITAN_STREET,
        "key": "points_per_hour",
        "value": 20,
        "effective_from": day(),
        "reason": "街道议事会通过",
        **change,
    }


def enter(caller: Caller, **change: Any) -> dict[str, Any]:
    answer = caller.post("/policies", policy(**change))
    assert answer.status_code == HTTPStatus.CREATED, answer.json
    entered: dict[str, Any] = answer.json
    return entered


def in_force(world: World, area: str = BAOJIA, key: str = "points_per_hour", on: str = "") -> Any:
    query = f"?area={area}" + (f"&on={on}" if on else "")
    answer = world.person().get(f"/policies{query}")
    assert answer.status_code == HTTPStatus.OK, answer.json
    (found,) = (item for item in answer.json["items"] if item["key"] == key)
    return found


@pytest.mark.parametrize("path", [f"/policies?area={BAOJIA}", f"/policies/history?area={BAOJIA}"])
def test_nobody_reads_policies_without_logging_in(world: World, path: str) -> None:
    assert refusal(world.anonymous.get(path)) == (401, "unauthenticated")


def test_nobody_sets_a_policy_without_logging_in(world: World) -> None:
    assert refusal(world.anonymous.post("/policies", policy())) == (401, "unauthenticated")


def test_neither_residents_nor_community_admins_set_policies(world: World) -> None:
    for caller in (world.person(), world.community_admin(BAOJIA)):
        assert refusal(caller.post("/policies", policy(area=BAOJIA))) == (403, "forbidden")


# --- reading ----------------------------------------------------------------------------------------------


def test_whoever_is_logged_in_sees_every_rule_with_its_bounds(world: World) -> None:
    answer = world.person().get(f"/policies?area={BAOJIA}")
    assert answer.json["area"] == {"code": BAOJIA, "name": "包家社区", "level": "community"}
    assert answer.json["on"] == day()
    items = {item["key"]: item for item in answer.json["items"]}
    assert list(items) == list(KEYS)
    assert items["points_per_hour"] == {
        "key": "points_per_hour",
        "title": "每小时服务积分",
        "value": 10,
        "default": 10,
        "minimum": 0,
        "maximum": 1000,
        "choices": [],
        "row": None,
    }
    assert items["public_rankings"]["value"] is False
    assert items["points_rounding"]["choices"][1] == {"value": "nearest", "title": "四舍五入"}


def test_the_sheet_says_which_row_applied(world: World) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 1, tzinfo=UTC), tick=False):
        entered = enter(world.area_admin(WAITAN_STREET))
        found = in_force(world)
    assert entered == {
        "id": entered["id"],
        "area": {"code": WAITAN_STREET, "name": "外滩街道", "level": "street"},
        "key": "points_per_hour",
        "title": "每小时服务积分",
        "value": 20,
        "effective_from": "2026-11-20",
        "set_at": "2026-11-20T09:00:00+08:00",
        "reason": "街道议事会通过",
    }
    assert (found["value"], found["default"], found["row"]) == (20, 10, entered)


def test_the_nearest_area_decides_and_others_are_left_alone(world: World) -> None:
    admin = world.area_admin(NINGBO)
    enter(admin, area=BAOJIA, value=30)
    enter(admin, area=WAITAN_STREET, value=20)
    enter(admin, area=NINGBO, value=15)
    assert in_force(world, BAOJIA)["value"] == 30
    assert in_force(world, HUXI)["value"] == 20
    assert in_force(world, "330205000000")["row"]["area"]["code"] == NINGBO
    assert in_force(world, YILI)["value"] == 10


def test_a_rule_holds_from_its_day_and_the_past_stays_as_it_was(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    enter(admin, value=20)
    enter(admin, value=40, effective_from=day(10))
    values = [in_force(world, on=day(days))["value"] for days in (-1, 0, 9, 10, 400)]
    assert values == [10, 20, 20, 40, 40]
    assert in_force(world)["value"] == 20


def test_a_second_word_on_the_same_day_counts(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    enter(admin, value=20)
    enter(admin, value=25)
    assert in_force(world)["value"] == 25


def test_the_rules_of_an_area_are_one_statement(world: World) -> None:
    enter(world.area_admin(WAITAN_STREET))
    statements: list[str] = []

    def note(*call: Any) -> None:
        statements.append(call[2])

    with world.app.app_context():
        path = in_transaction(lambda: _path(world.area_id(BAOJIA)), write=False)
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            rules = in_transaction(lambda: rules_at(path, now()), write=False)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert rules[POINTS_PER_HOUR] == 20
    assert len([statement for statement in statements if "SELECT" in statement]) == 1


def _path(area_id: int) -> str:
    from app.community.queries import area_by_id  # noqa: PLC0415 - only here

    return area_by_id(area_id).path


def test_the_history_holds_every_row_of_the_line_newest_first(world: World) -> None:
    admin = world.area_admin(NINGBO)
    enter(admin, area=NINGBO, value=15)
    enter(admin, area=BAOJIA, key="public_rankings", value=True)
    enter(admin, area=WAITAN_STREET, value=20, effective_from=day(5))
    enter(admin, area=HUXI, value=99)

    def history(query: str = "") -> list[tuple[str, Any]]:
        answer = world.person().get(f"/policies/history?area={BAOJIA}{query}")
        return [(item["area"]["code"], item["value"]) for item in answer.json["items"]]

    assert history() == [(WAITAN_STREET, 20), (BAOJIA, True), (NINGBO, 15)]
    assert history("&key=points_per_hour") == [(WAITAN_STREET, 20), (NINGBO, 15)]

    first = world.person().get(f"/policies/history?area={BAOJIA}&limit=2").json
    assert len(first["items"]) == 2
    assert history(f"&limit=2&cursor={first['next_cursor']}") == [(NINGBO, 15)]


def test_a_row_of_a_key_that_is_gone_still_stands_in_the_history(world: World) -> None:
    street_id = world.area_id(WAITAN_STREET)

    def insert() -> None:
        db.session.add(
            PolicyRow(
                area_id=street_id,
                key="of_long_ago",
                value="7",
                effective_from=date(2024, 1, 1),
                set_at=now(),
                reason="旧规则",
            )
        )

    with world.app.app_context():
        in_transaction(insert, write=True)
    (item,) = world.person().get(f"/policies/history?area={BAOJIA}").json["items"]
    assert (item["title"], item["value"]) == ("of_long_ago", "7")
    assert world.person().get(f"/policies?area={BAOJIA}").status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (422, "malformed")),
        ("?area=", (422, "malformed")),
        ("?area=330205001015&on=2026-02-30", (422, "malformed")),
        ("?area=330205001015&on=now", (422, "malformed")),
        ("?area=330205001015&key=points_per_hour", (422, "malformed")),
        ("?area=330205001999", (404, "unknown_area")),
        ("?area=包家", (404, "unknown_area")),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    world: World, query: str, expected: tuple[int, str]
) -> None:
    assert refusal(world.person().get(f"/policies{query}")) == expected


@pytest.mark.parametrize("query", ["", "?area=330205001015&key=no_such_key"])
def test_a_malformed_look_into_the_history_is_refused(world: World, query: str) -> None:
    assert refusal(world.person().get(f"/policies/history{query}")) == (422, "malformed")


# --- setting ----------------------------------------------------------------------------------------------


def test_a_setting_stands_in_the_journal(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    entered = enter(admin, key="public_rankings", value=True)
    assert facts(world.app, "policy_set") == [
        (
            entered["id"],
            world.area_id(WAITAN_STREET),
            admin.id,
            {"key": "public_rankings", "value": "true", "effective_from": day()},
        )
    ]
    assert rows(world.app, select(PolicyRow.set_by)) == [(admin.id,)]


def test_the_same_key_sets_once(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    first = admin.post("/policies", policy(), key="one")
    again = admin.post("/policies", policy(), key="one")
    assert again.json == first.json
    assert rows(world.app, select(func.count()).select_from(PolicyRow)) == [(1,)]


@pytest.mark.parametrize("area", [NINGBO, YILI, "330205001999", "包家"])
def test_an_area_out_of_reach_does_not_exist(world: World, area: str) -> None:
    answer = world.area_admin(WAITAN_STREET).post("/policies", policy(area=area))
    assert refusal(answer) == (404, "unknown_area")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("points_per_hour", 1001, "0 到 1000 的整数"),
        ("points_per_hour", -1, "0 到 1000 的整数"),
        ("points_per_hour", 10**30, "0 到 1000 的整数"),
        ("points_per_hour", "20", "0 到 1000 的整数"),
        ("points_per_hour", True, "0 到 1000 的整数"),
        ("public_rankings", 1, "是或否"),
        ("public_rankings", "true", "是或否"),
        ("redemption_window", "sometimes", "随时、每季度最后一个月、每年 12 月之一"),
        ("redemption_window", 5, "随时、每季度最后一个月、每年 12 月之一"),
    ],
)
def test_a_value_that_does_not_fit_its_key_is_refused(
    world: World, key: str, value: Any, expected: str
) -> None:
    answer = world.area_admin(WAITAN_STREET).post("/policies", policy(key=key, value=value))
    assert refusal(answer) == (409, "policy_value_invalid")
    assert answer.json["error"]["message"] == f"“{KEYS[key].title_zh}”应为{expected}。"
    assert in_force(world, key=key)["row"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"value": 2.5},
        {"value": None},
        {"value": [20]},
        {"value": {"is": 20}},
        {"value": "x" * 61},
        {"key": "no_such_key"},
        {"key": 5},
        {"effective_from": "tomorrow"},
        {"effective_from": "2026-11-20T00:00:00+08:00"},
        {"effective_from": 20261120},
        {"effective_from": None},
        {"reason": ""},
        {"reason": "因" * 201},
        {"area": 330205001015},
        {"set_by": 1},
    ],
)
def test_a_malformed_setting_is_refused(world: World, change: dict[str, Any]) -> None:
    answer = world.area_admin(WAITAN_STREET).post("/policies", policy(**change))
    assert refusal(answer) == (422, "malformed")


@pytest.mark.parametrize("missing", ["area", "key", "value", "effective_from", "reason"])
def test_a_setting_leaves_nothing_out(world: World, missing: str) -> None:
    body = policy()
    del body[missing]
    answer = world.area_admin(WAITAN_STREET).post("/policies", body)
    assert refusal(answer) == (422, "malformed")
    assert answer.json["error"]["details"]["fields"] == {missing: "必填"}


def test_no_rule_begins_in_the_past_and_days_are_cut_in_china(world: World) -> None:
    # 19 November still in London, but already the 20th in China.
    with time_machine.travel(datetime(2026, 11, 19, 16, 30, tzinfo=UTC), tick=False):
        admin = world.area_admin(WAITAN_STREET)
        late = admin.post("/policies", policy(effective_from="2026-11-19"))
        assert refusal(late) == (409, "policy_backdated")
        assert enter(admin, effective_from="2026-11-20")["effective_from"] == "2026-11-20"
        assert in_force(world)["value"] == 20


# --- what contradicts -------------------------------------------------------------------------------------

LONG_STEP = {"key": "code_step_seconds", "value": 120}
LATE_CODES = {"key": "code_steps_tolerated", "value": 10}


def test_step_and_tolerance_together_must_not_make_a_poster_of_the_code(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    enter(admin, **LONG_STEP)
    answer = admin.post("/policies", policy(**LATE_CODES))
    assert refusal(answer) == (409, "policy_contradiction")
    assert "1320 秒" in answer.json["error"]["message"]
    assert in_force(world, key="code_steps_tolerated")["value"] == 1
    enter(admin, key="code_steps_tolerated", value=4)


def test_a_contradiction_with_a_row_above_or_on_a_later_day_counts(world: World) -> None:
    city = world.area_admin(NINGBO)
    enter(city, area=NINGBO, effective_from=day(30), **LONG_STEP)
    answer = city.post("/policies", policy(area=BAOJIA, **LATE_CODES))
    assert refusal(answer) == (409, "policy_contradiction")
    # Where the nearer row never meets the long step, nothing is wrong.
    enter(city, area=BAOJIA, key="code_step_seconds", value=30, effective_from=day(30))
    enter(city, area=BAOJIA, **LATE_CODES)


def test_of_two_contradicting_settings_at_once_one_is_refused(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answers = at_once(
        [
            partial(admin.post, "/policies", policy(**LONG_STEP)),
            partial(admin.post, "/policies", policy(**LATE_CODES)),
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
