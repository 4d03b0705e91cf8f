"""Along the real road: who is told what, in which words, with which link."""

from typing import Any

import pytest

from app.core.permissions import Role
from tests.support.micro_wish_world import Road
from tests.support.points_world import earn
from tests.support.redemption_world import collect, redeem, reward
from tests.support.reporting_in_world import submitted
from tests.support.volunteer_world import Station, claim, hours, ok, publish, station
from tests.support.world import HUXI, Caller, World


def latest(world: World, person: Caller) -> dict[str, Any]:
    """The newest message, after everything waiting was delivered."""
    world.deliver_journal()
    found = person.get("/inbox").json["items"]
    assert found, "nothing was told"
    return found[0]


def said(world: World, person: Caller) -> tuple[str, str, str]:
    """Kind, title and body of the newest message."""
    message = latest(world, person)
    return message["kind"], message["title"], message["body"]


@pytest.fixture
def place(world: World) -> Station:
    return station(world)


# --- the account ----------------------------------------------------------------------------------------------


def test_a_role_is_told_with_its_place(world: World, place: Station) -> None:
    person = world.person()
    given = place.admin.post(
        "/roles", {"person_id": person.id, "role": Role.STATION_STAFF, "site_id": place.site_id}
    )
    ok(given, 201)
    kind, title, body = said(world, person)
    assert (kind, title) == ("account", "角色已开通")
    assert body.startswith("您在包家社区党群服务中心的“站点工作人员”角色已开通")
    assert latest(world, person)["link"] == {"kind": "profile", "id": person.id}


# --- reporting in ---------------------------------------------------------------------------------------------


def test_an_accepted_report_in_names_the_receipt(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    report_in_id = submitted(world, member)
    receipt = ok(admin.post(f"/report-ins/{report_in_id}/accept"))["receipt_number"]
    assert said(world, member) == (
        "report_in",
        "报到已通过",
        f"包家社区已接收您的报到，回执号 {receipt}。您可以认领附近的服务和微心愿了。",
    )
    assert latest(world, member)["link"] == {"kind": "report_in", "id": report_in_id}


def test_a_returned_report_in_gives_the_reason(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    report_in_id = submitted(world, member)
    ok(admin.post(f"/report-ins/{report_in_id}/return", {"reason": "单位名称不符"}))
    assert said(world, member)[1:] == (
        "报到已退回",
        "您在包家社区的报到已退回。原因：单位名称不符。请修改后重新提交。",
    )


def test_a_transferred_report_in_leads_to_the_new_one(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    report_in_id = submitted(world, member)
    ok(admin.post(f"/report-ins/{report_in_id}/accept"))
    world.deliver_journal()
    new = ok(member.post(f"/report-ins/{report_in_id}/transfer", {"area": HUXI}))
    message = latest(world, member)
    assert message["body"] == "您的报到已从包家社区转往湖西社区，湖西社区接收后会通知您。"
    assert message["link"] == {"kind": "report_in", "id": new["id"]}


# --- service --------------------------------------------------------------------------------------------------


def test_a_claim_that_needs_approval_is_told_twice(world: World, place: Station) -> None:
    person = world.person()
    opportunity = publish(place.admin, place.site_id, title="周六清洁家园", needs_approval=True)
    made = claim(person, opportunity)
    assert said(world, person)[1] == "认领已提交"
    ok(place.admin.post(f"/claims/{made['id']}/approve"))
    _, title, body = said(world, person)
    assert title == "认领已通过"
    assert body.startswith("您认领的“周六清洁家园”已通过，请于 ")
    assert body.endswith(" 到包家社区党群服务中心扫码签到。")
    assert latest(world, person)["link"] == {"kind": "claim", "id": made["id"]}


def test_a_declined_claim_gives_the_reason(world: World, place: Station) -> None:
    person = world.person()
    made = claim(person, publish(place.admin, place.site_id, needs_approval=True))
    ok(place.admin.post(f"/claims/{made['id']}/decline", {"reason": "需要有驾照"}))
    _, title, body = said(world, person)
    assert title == "认领未通过"
    assert "没有通过。原因：需要有驾照。" in body


def test_whoever_waits_is_told_the_place_in_line_and_later_the_place_itself(
    world: World, place: Station
) -> None:
    first, second = world.person(), world.person()
    opportunity = publish(place.admin, place.site_id, hours(1, 3, capacity=1))
    held = claim(first, opportunity)
    claim(second, opportunity)
    assert said(world, first)[1] == "认领成功"
    assert "您排在第 1 位" in said(world, second)[2]
    ok(first.post(f"/claims/{held['id']}/cancel"))
    _, title, body = said(world, second)
    assert title == "候补成功"
    assert body.startswith("“文明劝导岗”空出名额，已为您补上，请于 ")


def test_a_cancelled_opportunity_is_told_to_everybody_who_claimed(
    world: World, place: Station
) -> None:
    people = [world.person(), world.person()]
    opportunity = publish(place.admin, place.site_id)
    for person in people:
        claim(person, opportunity)
    ok(place.admin.post(f"/opportunities/{opportunity['id']}/cancel", {"reason": "雷雨天气"}))
    for person in people:
        _, title, body = said(world, person)
        assert title == "服务已取消"
        assert "已取消，不用再来。" in body


def test_a_service_is_told_with_its_minutes_and_its_points_apart(
    world: World, place: Station
) -> None:
    person = place.claimed(begin=-2, end=0.1, title="周六清洁家园")
    world.deliver_journal()
    ok(place.scan_pass(person, by=place.staff))
    world.deliver_journal()
    before = len(person.get("/inbox").json["items"])
    out = ok(place.scan_pass(person, by=place.staff, direction="out"))
    world.deliver_journal()
    messages = person.get("/inbox").json["items"][: -before or None]
    by_title = {message["title"]: message for message in messages}
    body = by_title["服务已记录"]["body"]
    assert body.startswith("您在包家社区党群服务中心参加的“周六清洁家园”已签退，服务时长 ")
    assert ("积分到账" in by_title) is (out["points"] > 0)


# --- points ---------------------------------------------------------------------------------------------------


def test_granted_points_come_with_their_reason_and_taken_back_ones_too(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    grant = {"person_id": person.id, "points": 15, "reason": "救助走失老人"}
    transfer_id = ok(admin.post("/points/grants", grant), 201)["transfer_id"]
    assert said(world, person)[1] == "积分到账"
    body = said(world, person)[2]
    assert body.startswith("社区为您发放爱心积分 15 分，有效期至 ")
    assert body.endswith("原因：救助走失老人。")
    assert latest(world, person)["link"] == {"kind": "transfer", "id": transfer_id}
    answer = admin.post(f"/points/transfers/{transfer_id}/reverse", {"reason": "重复发放"})
    assert answer.status_code in {200, 201}, answer.json
    assert said(world, person)[1:] == (
        "积分已更正",
        "您的账户更正扣回爱心积分 15 分。原因：重复发放。如有疑问，请联系社区工作人员。",
    )


# --- redemption -----------------------------------------------------------------------------------------------


def test_an_order_is_told_when_made_and_when_collected(world: World, place: Station) -> None:
    person = world.person()
    earn(world, person, 50)
    reward_id = reward(world, place.site_id, points=20, admin=place.admin)
    order = ok(redeem(person, reward_id, place.site_id), 201)
    kind, title, body = said(world, person)
    assert (kind, title) == ("redemption", "兑换成功")
    assert body.startswith("您兑换的“大米一袋”1 件已备好，请在 ")
    assert "20 分积分已冻结" in body
    assert order["code"] not in body, "whoever reads over the shoulder must not collect it"
    ok(collect(place.staff, order))
    assert said(world, person)[1:] == (
        "礼品已领取",
        "您已在包家社区党群服务中心领取“大米一袋”1 件，扣除爱心积分 20 分。",
    )
    assert latest(world, person)["link"] == {"kind": "redemption", "id": order["id"]}


def test_a_cancelled_order_says_that_the_points_are_back(world: World, place: Station) -> None:
    person = world.person()
    earn(world, person, 50)
    reward_id = reward(world, place.site_id, points=20, admin=place.admin)
    order = ok(redeem(person, reward_id, place.site_id), 201)
    ok(person.post(f"/redemptions/{order['id']}/cancel"))
    assert said(world, person)[1:] == (
        "兑换已取消",
        "您已取消兑换“大米一袋”，冻结的 20 分积分已恢复可用。",
    )


# --- wishes ---------------------------------------------------------------------------------------------------


def test_wisher_and_claimer_are_told_along_the_road_of_a_wish(world: World) -> None:
    road = Road(world).go("confirmed")
    world.deliver_journal()

    def titles(person: Caller) -> list[str]:
        return [message["title"] for message in person.get("/inbox").json["items"]][::-1]

    assert titles(road.wisher) == ["微心愿已发布", "请确认微心愿"]
    assert [title for title in titles(road.claimer) if title != "积分到账"] == [
        "认领已通过",
        "微心愿已达成",
    ]
    assert "积分到账" in titles(road.claimer)
    for person in (road.wisher, road.claimer):
        for message in person.get("/inbox").json["items"]:
            if message["kind"] == "wish":
                assert message["link"] == {"kind": "wish", "id": road.id}
                assert "想修好漏水的水龙头" in message["body"]
            assert "包家路 9 弄" not in message["body"], "the private text stays behind the link"


def test_a_wish_that_is_not_taken_gives_the_reason(world: World) -> None:
    road = Road(world).go("made")
    road.post(road.admin, "decline", {"reason": "属于物业维修范围"})
    _, title, body = said(world, road.wisher)
    assert title == "微心愿未采纳"
    assert "原因：属于物业维修范围。" in body


def test_the_claimer_of_a_withdrawn_wish_is_told_not_to_go(world: World) -> None:
    road = Road(world).go("approved")
    road.post(road.wisher, "withdraw", {})
    assert said(world, road.claimer)[1:] == (
        "认领已取消",
        "您认领的微心愿“想修好漏水的水龙头”已撤回，不用再办。谢谢您的心意。",
    )
    assert said(world, road.wisher)[1] == "微心愿已撤回"
