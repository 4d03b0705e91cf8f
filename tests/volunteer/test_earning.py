"""Earning along the real road: difficulty, leaders, caps; and the preview that says so beforehand."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import now
from app.policies.terms import (
    POINTS_ACTIVITY_MAX,
    POINTS_LEADER_PERCENT,
    POINTS_PER_HOUR,
    POINTS_YEARLY_MAX,
)
from tests.support.points_world import earn, set_policy, standing
from tests.support.races import at_once
from tests.support.volunteer_world import (
    Station,
    claim,
    hours,
    ok,
    opportunity_form,
    publish,
    refusal,
    station,
)
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, Caller, World


@pytest.fixture
def here(world: World) -> Station:
    return station(world)


def served(here: Station, person: Caller, minutes: int = 58) -> dict[str, Any]:
    """In so many minutes ago, out now: the answer of scanning out."""
    ok(here.scan_pass(person, now() - timedelta(minutes=minutes), direction="in"))
    return ok(here.scan_pass(person, direction="out"))


def preview(person: Caller, opportunity: dict[str, Any], **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(
        person.post(f"/opportunities/{opportunity['id']}/earning-preview", {"minutes": 60} | body)
    )
    return found


def policies_of(shown: dict[str, Any]) -> dict[str, Any]:
    """value, area and day of each policy that is no default."""
    return {
        each["key"]: (each["value"], each["row"]["area"]["name"], each["row"]["effective_from"])
        for each in shown["policies"]
        if each["row"] is not None
    }


# --- what is paid -------------------------------------------------------------------------------------------------


def test_a_difficult_service_and_its_leader_earn_more(world: World, here: Station) -> None:
    set_policy(world, POINTS_LEADER_PERCENT, 150)
    fixed = {"points_rule": "fixed", "points_fixed": 10}
    opportunity = publish(here.admin, here.site_id, hours(-1, 0.01), difficulty=3, **fixed)
    assert opportunity["difficulty"] == 3
    member, leader = world.person(), world.person()
    claim(member, opportunity)
    led = claim(leader, opportunity)
    assert led["role"] == "participant"
    assert ok(here.admin.post(f"/claims/{led['id']}/role", {"role": "leader"}))["role"] == "leader"
    assert served(here, member)["points"] == 15
    paid = served(here, leader)
    assert paid["points"] == 22
    assert "难度三级按 150% 计，领队按 150% 计，本次计 22 分。" in paid["explanation"]


def test_the_role_of_an_ended_claim_or_one_elsewhere_is_not_set(
    world: World, here: Station
) -> None:
    person = world.person()
    made = claim(person, publish(here.admin, here.site_id))
    body = {"role": "leader"}
    elsewhere = world.community_admin(HUXI)
    assert refusal(elsewhere.post(f"/claims/{made['id']}/role", body)) == "not_found"
    assert here.admin.post(f"/claims/{made['id']}/role", {"role": "boss"}).status_code == 422
    ok(person.post(f"/claims/{made['id']}/cancel"))
    assert refusal(here.admin.post(f"/claims/{made['id']}/role", body)) == "claim_ended"


def test_who_is_made_leader_is_told(world: World, here: Station) -> None:
    person = world.person()
    made = claim(person, publish(here.admin, here.site_id, title="周六清洁家园"))
    ok(here.admin.post(f"/claims/{made['id']}/role", {"role": "leader"}))
    world.deliver_journal()
    message = person.get("/inbox").json["items"][0]
    assert message["title"] == "服务角色已调整"
    assert message["body"].endswith("中的角色已调整为“领队”。")


@pytest.mark.parametrize("difficulty", [0, 4, 1.5, "2", None])
def test_a_difficulty_that_is_none_is_refused(here: Station, difficulty: Any) -> None:
    form = opportunity_form(here.site_id, difficulty=difficulty)
    assert here.admin.post("/opportunities", form).status_code == 422


def test_one_activity_pays_no_more_than_its_cap(world: World, here: Station) -> None:
    set_policy(world, POINTS_ACTIVITY_MAX, 6)
    person = here.claimed(begin=-1, end=0.01, points_rule="fixed", points_fixed=10)
    paid = served(here, person)
    assert paid["points"] == 6
    assert "每次活动最多 6 分" in paid["explanation"]


def test_a_year_pays_no_more_than_its_cap(world: World, here: Station) -> None:
    set_policy(world, POINTS_YEARLY_MAX, 25)
    person = world.person()
    last_year = now() - timedelta(days=366)
    earn(world, person, 20, served_at=last_year)
    earn(world, person, 20, served_at=now().replace(month=1, day=3, hour=3))
    assert earn(world, person, 20).points == 5
    assert earn(world, person, 20).points == 0
    assert standing(person)["total"] == 45
    # Where no cap is set the year goes on.
    assert earn(world, person, 20, area=HUXI).points == 20


def test_many_services_at_once_do_not_pass_the_cap_of_the_year(world: World) -> None:
    set_policy(world, POINTS_YEARLY_MAX, 25)
    person = world.person()
    at_once([lambda: earn(world, person, 10)] * 6)
    assert standing(person)["total"] == 25


# --- what would be paid -------------------------------------------------------------------------------------------


def test_nobody_previews_without_logging_in(world: World, here: Station) -> None:
    made = publish(here.admin, here.site_id)
    path = f"/opportunities/{made['id']}/earning-preview"
    assert world.anonymous.post(path, {"minutes": 60}).status_code == 401
    assert (
        world.person().post("/opportunities/999/earning-preview", {"minutes": 60}).status_code
        == 404
    )


def test_a_preview_says_what_and_why_and_names_the_rows(world: World, here: Station) -> None:
    set_policy(world, POINTS_PER_HOUR, 12, area=WAITAN_STREET)
    set_policy(world, POINTS_LEADER_PERCENT, 200, area=BAOJIA)
    person = world.person()
    made = publish(here.admin, here.site_id, hours(1, 3), difficulty=2)
    shown = preview(person, made, minutes=120)
    assert (shown["minutes"], shown["minutes_planned"]) == (120, 120)
    assert (shown["points_due"], shown["points"]) == (28, 28)
    assert shown["explanation"] == (
        "到场 120 分钟，按每小时 12 分，难度二级按 120% 计，本次计 28 分。"
    )
    assert policies_of(shown) == {"points_per_hour": (12, "外滩街道", "2020-01-01")}
    assert {each["key"] for each in shown["policies"] if each["row"] is None} >= {
        "points_difficulty_2_percent",
        "points_daily_max",
        "attendance_share_percent_min",
    }
    leading = preview(person, made, minutes=120, role="leader")
    assert leading["points"] == 57
    assert policies_of(leading)["points_leader_percent"] == (200, "包家社区", "2020-01-01")
    assert standing(person)["total"] == 0


@pytest.mark.parametrize(
    ("body", "points", "why"),
    [
        ({"minutes": 71}, 0, "不足计划时长的 60%，不计积分。"),
        ({"minutes": 72}, 12, "本次计 12 分。"),
        ({"minutes": 300}, 22, "到场 135 分钟，按每小时 10 分，本次计 22 分。"),
        ({"minutes": 120, "evidence_class": "manual"}, 0, "由人工补录，只记时长，不计积分。"),
    ],
)
def test_a_preview_knows_share_overtime_and_evidence(
    world: World, here: Station, body: dict[str, Any], points: int, why: str
) -> None:
    shown = preview(world.person(), publish(here.admin, here.site_id, hours(1, 3)), **body)
    assert shown["points"] == points
    assert shown["explanation"].endswith(why)


def test_a_preview_counts_what_was_earned_today(world: World, here: Station) -> None:
    person = world.person()
    earn(world, person, 95)
    shown = preview(person, publish(here.admin, here.site_id, hours(1, 3)), minutes=120)
    assert (shown["points_due"], shown["points"]) == (20, 5)
    assert shown["explanation"].endswith("因已达积分上限，实得 5 分。")
    set_policy(world, POINTS_YEARLY_MAX, 96)
    again = preview(person, publish(here.admin, here.site_id, hours(1, 3)), minutes=120)
    assert again["points"] == 1


def test_a_preview_is_of_the_shift_asked_for(world: World, here: Station) -> None:
    made = publish(here.admin, here.site_id, hours(1, 2), hours(3, 6))
    person = world.person()
    assert preview(person, made)["minutes_planned"] == 60
    assert preview(person, made, shift_id=made["shifts"][1]["id"])["minutes_planned"] == 180
    path = f"/opportunities/{made['id']}/earning-preview"
    assert person.post(path, {"minutes": 60, "shift_id": 999_999}).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"minutes": -1}, {"minutes": 1441}, {"minutes": 1.5}, {"minutes": 60, "role": "x"}]
)
def test_a_preview_of_nonsense_is_refused(world: World, here: Station, body: Any) -> None:
    made = publish(here.admin, here.site_id)
    answer = world.person().post(f"/opportunities/{made['id']}/earning-preview", body)
    assert answer.status_code == 422


def test_what_was_previewed_is_what_is_paid(world: World, here: Station) -> None:
    opportunity = publish(
        here.admin, here.site_id, hours(-1, 0.01), difficulty=2, points_rule="fixed", points_fixed=9
    )
    person = world.person()
    claim(person, opportunity)
    promised = preview(person, opportunity, minutes=58)
    paid = served(here, person)
    assert (paid["points"], paid["explanation"]) == (promised["points"], promised["explanation"])
