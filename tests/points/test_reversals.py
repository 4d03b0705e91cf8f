"""A mistake is answered by its mirror image, whole or in parts, never beyond what it was."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.actor import system
from app.core.clock import china_date, now
from app.core.db import db
from app.points import actions, jobs
from app.points.rules import expiry_month
from app.points.terms import TransferKind
from app.policies.terms import (
    POINTS_DAILY_MAX,
    POINTS_MONTHS_TO_EXPIRY,
    REVERSAL_EXTENSION_MONTHS,
    REVERSAL_TO_EXPIRED_POCKET,
)
from tests.support.books import breaches
from tests.support.points_world import act, earn, lines, set_policy, standing
from tests.support.races import at_once
from tests.support.redemption_world import collect, redeem, reward
from tests.support.world import BAOJIA, HUXI, Caller, World

REASON = {"reason": "签到登记有误"}


def reverse(admin: Caller, transfer_id: int | None, **kwargs: Any) -> Any:
    return admin.post(f"/points/transfers/{transfer_id}/reverse", REASON, **kwargs)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_nobody_reverses_without_logging_in_or_without_the_right(world: World) -> None:
    earned = earn(world, world.person(), 30)
    assert reverse(world.anonymous, earned.transfer_id).status_code == 401
    assert reverse(world.person(), earned.transfer_id).status_code == 403
    assert reverse(world.station_staff(world.site()), earned.transfer_id).status_code == 403


def test_earned_points_are_taken_back_with_a_reason_and_both_lines_stay(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    earned = earn(world, person, 30)
    answer = reverse(admin, earned.transfer_id)
    assert answer.status_code == 200, answer.json
    assert (answer.json["points"], answer.json["person_id"]) == (-30, person.id)
    taken, given = lines(person)
    assert (taken["kind"], taken["points"], taken["balance_after"]) == ("reversal", -30, 0)
    assert taken["reverses_id"] == given["id"] == earned.transfer_id
    assert taken["cause"] == {"kind": "transfer", "id": earned.transfer_id}
    assert taken["reason"] == "签到登记有误"
    assert standing(person)["total"] == 0
    assert breaches(world) == []


def test_a_transfer_is_reversed_once(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    earned = earn(world, person, 30)
    earn(world, person, 30)
    assert reverse(admin, earned.transfer_id).status_code == 200
    assert code(reverse(admin, earned.transfer_id)) == (409, "already_reversed")
    assert standing(person)["total"] == 30


def test_a_reversal_is_not_reversed(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    reversal = reverse(admin, earn(world, person, 30).transfer_id).json
    refused = reverse(admin, reversal["id"])
    assert code(refused) == (409, "not_reversible")
    assert "冲正" in refused.json["error"]["message"]
    assert breaches(world) == []


def test_transfers_of_another_community_do_not_exist_for_the_admin(world: World) -> None:
    earned = earn(world, world.person(), 30)
    assert code(reverse(world.community_admin(HUXI), earned.transfer_id)) == (404, "not_found")
    assert code(reverse(world.community_admin(), 999_999)) == (404, "not_found")


def test_points_that_are_held_or_spent_cannot_be_taken_back(world: World) -> None:
    person, admin, site_id = world.person(), world.community_admin(), world.site()
    earned = earn(world, person, 30)
    order = redeem(person, reward(world, site_id, points=20), site_id).json
    refused = reverse(admin, earned.transfer_id)
    assert code(refused) == (409, "points_already_spent")
    assert refused.json["error"]["details"] == {"needed": 30, "available": 10}
    assert collect(world.station_staff(site_id), order).status_code == 200
    assert code(reverse(admin, earned.transfer_id)) == (409, "points_already_spent")
    assert standing(person)["total"] == 10
    assert breaches(world) == []


def test_spent_points_return_to_the_pocket_they_came_from(world: World) -> None:
    person, admin, site_id = world.person(), world.community_admin(), world.site()
    earn(world, person, 30)
    before = standing(person)
    order = redeem(person, reward(world, site_id, points=20), site_id).json
    collect(world.station_staff(site_id), order)
    spend = lines(person)[0]
    answer = reverse(admin, spend["id"])
    assert (answer.status_code, answer.json["points"]) == (200, 20)
    assert standing(person) == before
    assert breaches(world) == []


def part(admin: Caller, transfer_id: int | None, points: Any, **kwargs: Any) -> Any:
    path = f"/points/transfers/{transfer_id}/reverse"
    return admin.post(path, REASON | {"points": points}, **kwargs)


def test_a_transfer_is_reversed_in_parts_that_never_exceed_it(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    earned = earn(world, person, 30)
    earn(world, person, 30)
    first = part(admin, earned.transfer_id, 10)
    assert (first.status_code, first.json["points"], first.json["points_left"]) == (200, -10, 20)
    assert first.json["explanation"] == "已从原来的积分中扣回 10 分。"
    refused = part(admin, earned.transfer_id, 21)
    assert code(refused) == (409, "reversal_exceeds_transfer")
    assert refused.json["error"]["details"] == {"left": 20, "needed": 21}
    rest = reverse(admin, earned.transfer_id)
    assert (rest.json["points"], rest.json["points_left"]) == (-20, 0)
    assert code(part(admin, earned.transfer_id, 1)) == (409, "already_reversed")
    taken = lines(person)[:2]
    assert [(line["points"], line["reason"]) for line in taken] == [
        (-20, "签到登记有误"),
        (-10, "签到登记有误"),
    ]
    assert {line["reverses_id"] for line in taken} == {earned.transfer_id}
    assert standing(person)["total"] == 30
    assert breaches(world) == []


def test_parts_of_what_was_spent_return_to_each_pocket_they_came_from(world: World) -> None:
    person, admin, site_id = world.person(), world.community_admin(), world.site()
    earn(world, person, 20)
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 24)
    earn(world, person, 20)
    before = standing(person)
    collect(
        world.station_staff(site_id),
        redeem(person, reward(world, site_id, points=30), site_id).json,
    )
    spends = lines(person)[:2]
    assert sorted(line["points"] for line in spends) == [-20, -10]
    for spend in spends:
        assert part(admin, spend["id"], 4).json["points"] == 4
    assert [pocket["points"] for pocket in standing(person)["pockets"]] == [4, 14]
    for spend in spends:
        assert reverse(admin, spend["id"]).json["points_left"] == 0
    assert standing(person) == before
    assert breaches(world) == []


@pytest.mark.parametrize("points", [0, -1, 1.5, "5", True, None, 2**63, 1_000_001])
def test_a_part_that_is_no_number_of_points_changes_nothing(world: World, points: Any) -> None:
    person = world.person()
    earned = earn(world, person, 30)
    assert code(part(world.community_admin(), earned.transfer_id, points)) == (422, "malformed")
    assert standing(person)["total"] == 30


def test_of_ten_partial_reversals_at_once_no_more_than_the_transfer_is_reversed(
    world: World,
) -> None:
    person = world.person()
    earned = earn(world, person, 30)
    earn(world, person, 30)
    admins = [world.community_admin() for _ in range(10)]
    answers = at_once([lambda a=admin: part(a, earned.transfer_id, 7) for admin in admins])
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [409] * 6
    refused = {code(answer) for answer in answers if answer.status_code == 409}
    assert refused == {(409, "reversal_exceeds_transfer")}
    assert standing(person)["total"] == 32
    assert breaches(world) == []


def test_the_database_itself_lets_no_transfer_be_reversed_beyond_what_it_was(world: World) -> None:
    earned = earn(world, world.person(), 30)
    part(world.community_admin(), earned.transfer_id, 10)
    with pytest.raises(IntegrityError, match="ck_reversal_tally_points"):
        act(
            world,
            lambda _: db.session.execute(text("UPDATE reversal_tally SET points = points + 21")),
        )
    assert breaches(world) == []


def spent_long_ago(world: World) -> tuple[Caller, int]:
    """Somebody whose points were spent in a month that is over, and the spend."""
    person = world.person()
    long_ago = now() - timedelta(days=90)
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 1)
    earn(world, person, 30, at=long_ago)
    area_id = world.area_id(BAOJIA)
    act(
        world,
        lambda actor: actions.hold(
            actor,
            person_id=person.id,
            area_id=area_id,
            amount=20,
            cause_id=1,
            expires_at=long_ago + timedelta(days=7),
        ),
        at=long_ago,
    )
    act(world, lambda actor: actions.post_hold(actor, 1), at=long_ago)
    spend_id: int = lines(person)[0]["id"]
    return person, spend_id


def the_books(world: World) -> list[str]:
    """Without what these holds lack for being nobody's order."""
    return [str(b) for b in breaches(world) if "order" not in b.detail]


def expire_all(world: World) -> None:
    with world.app.app_context():
        jobs.expire(lambda: system(now()))


def test_a_refund_to_a_pocket_past_its_month_is_left_to_the_next_expiry(world: World) -> None:
    person, spend_id = spent_long_ago(world)
    answer = reverse(world.community_admin(), spend_id)
    assert (answer.status_code, answer.json["points"]) == (200, 20)
    assert "按到期处理" in answer.json["explanation"]
    assert standing(person)["available"] == 0
    expire_all(world)
    assert lines(person)[0]["balance_after"] == 0
    assert the_books(world) == []


def test_a_refund_to_a_pocket_past_its_month_lives_on_where_the_policy_says_so(
    world: World,
) -> None:
    person, spend_id = spent_long_ago(world)
    expire_all(world)
    set_policy(world, REVERSAL_TO_EXPIRED_POCKET, "extend")
    set_policy(world, REVERSAL_EXTENSION_MONTHS, 2)
    month = expiry_month(china_date(now()), 2)
    answer = part(world.community_admin(), spend_id, 15)
    year, number = divmod(month, 100)
    assert answer.json["explanation"].endswith(f"顺延至 {year} 年 {number} 月底。")
    (pocket,) = standing(person)["pockets"]
    assert (pocket["month"], pocket["points"]) == (month, 15)
    expire_all(world)
    assert standing(person)["available"] == 15
    assert the_books(world) == []


def test_what_is_taken_back_leaves_room_under_the_cap_of_its_day(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    set_policy(world, POINTS_DAILY_MAX, 50)
    wrong = earn(world, person, 50)
    assert earn(world, person, 40).points == 0
    reverse(admin, wrong.transfer_id)
    assert earn(world, person, 40).points == 40
    assert breaches(world) == []


def test_a_grant_taken_back_does_not_touch_the_cap(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    granted = admin.post(
        "/points/grants", {"person_id": person.id, "points": 100, "reason": "表彰"}
    ).json
    earn(world, person, 100)
    assert reverse(admin, granted["transfer_id"]).status_code == 200
    assert earn(world, person, 1).points == 0
    assert breaches(world) == []


@pytest.mark.parametrize("wrong", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": 1}])
def test_a_reversal_without_a_proper_reason_changes_nothing(
    world: World, wrong: dict[str, Any]
) -> None:
    person = world.person()
    earned = earn(world, person, 30)
    refused = world.community_admin().post(f"/points/transfers/{earned.transfer_id}/reverse", wrong)
    assert code(refused) == (422, "malformed")
    assert standing(person)["total"] == 30


def test_of_ten_reversals_at_once_one_succeeds(world: World) -> None:
    person = world.person()
    earned = earn(world, person, 30)
    earn(world, person, 30)
    admins = [world.community_admin() for _ in range(10)]
    answers = at_once([lambda a=admin: reverse(a, earned.transfer_id) for admin in admins])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert {code(a) for a in answers if a.status_code == 409} == {(409, "already_reversed")}
    assert standing(person)["total"] == 30
    assert breaches(world) == []


def test_reversal_against_spend_has_one_winner(world: World) -> None:
    site_id = world.site()
    wanted = reward(world, site_id, points=30, quantity=10)
    admin = world.community_admin()
    for _ in range(5):
        person = world.person()
        earned = earn(world, person, 30)
        reversed_, redeemed = at_once(
            [
                lambda earned=earned: reverse(admin, earned.transfer_id),
                lambda person=person: redeem(person, wanted, site_id),
            ]
        )
        if reversed_.status_code == 200:
            assert code(redeemed) == (409, "insufficient_points")
            assert standing(person)["total"] == 0
        else:
            assert code(reversed_) == (409, "points_already_spent")
            assert redeemed.status_code == 201
            assert standing(person)["held"] == 30
    assert breaches(world) == []


def test_earning_and_reversing_at_once_never_passes_the_cap(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    set_policy(world, POINTS_DAILY_MAX, 50)
    at = now()
    wrong = earn(world, person, 20, at=at)
    results = at_once(
        [
            *(lambda: earn(world, person, 20, at=at).points for _ in range(6)),
            lambda: reverse(admin, wrong.transfer_id).status_code,
        ]
    )
    earned, status = results[:-1], results[-1]
    assert status == 200
    assert standing(person)["total"] == sum(earned) <= 50
    assert sum(earned) >= 30
    assert breaches(world) == []


def test_a_cause_pays_once(world: World) -> None:
    person = world.person()
    earn(world, person, 10, cause_id=5)
    earn(world, person, 10, cause_id=5, kind=TransferKind.WISH)
    with pytest.raises(IntegrityError):
        earn(world, person, 10, cause_id=5)
    assert standing(person)["total"] == 20
    assert breaches(world) == []


def test_transfers_cannot_be_changed_or_deleted(world: World) -> None:
    earn(world, world.person(), 10, area=BAOJIA)
    for statement in ("UPDATE transfer SET amount = 11", "DELETE FROM transfer"):
        with pytest.raises(DBAPIError, match="append-only"):
            act(world, lambda _, s=statement: db.session.execute(text(s)))
    assert breaches(world) == []
