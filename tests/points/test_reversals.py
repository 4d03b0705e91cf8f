"""A mistake is answered by its mirror image, once."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.clock import now
from app.core.db import db
from app.points.terms import TransferKind
from app.policies.terms import POINTS_DAILY_MAX
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
