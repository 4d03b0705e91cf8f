"""Wishes over HTTP, on both engines."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from app.core.actor import system
from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.permissions import Role
from app.identity.models import Person
from app.micro_wish.jobs import release
from app.micro_wish.models import Wish, WishClaim
from app.micro_wish.terms import WishState
from app.points.models import Transfer
from app.policies.models import PolicyRow
from tests.support.community_world import facts, refusal, rows
from tests.support.micro_wish_world import SECRET, Road, form, made
from tests.support.races import at_once
from tests.support.reporting_in_world import compound
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI, Caller, World


def wish_state(world: World, wish_id: int) -> str:
    ((state,),) = rows(world.app, select(Wish.state).where(Wish.id == wish_id))
    return str(state)


def claim_states(world: World, wish_id: int) -> list[str]:
    statement = select(WishClaim.state).where(WishClaim.wish_id == wish_id).order_by(WishClaim.id)
    return [state for (state,) in rows(world.app, statement)]


def points_of(caller: Caller) -> int:
    return int(caller.get("/me/points").json["available"])


def set_policy(world: World, key: str, value: str) -> None:
    """A rule of 包家社区 that has long been in force."""
    values = {
        "area_id": world.area_id(BAOJIA),
        "key": key,
        "value": value,
        "effective_from": date(2024, 1, 1),
        "set_at": now(),
        "reason": "测试",
    }
    with world.app.app_context():
        in_transaction(lambda: db.session.execute(insert(PolicyRow), values), write=True)


def overdue(world: World, wish_id: int) -> None:
    """Let the deadline of the wish's claims pass."""

    def change() -> None:
        db.session.execute(
            update(WishClaim)
            .where(WishClaim.wish_id == wish_id)
            .values(due_at=now() - timedelta(seconds=1))
        )

    with world.app.app_context():
        in_transaction(change, write=True)


def run_release(world: World) -> dict[str, Any]:
    with world.app.app_context():
        return release(lambda: system(now()))


# --- the road ---------------------------------------------------------------------------------------------


def test_nobody_wishes_or_claims_without_logging_in(world: World) -> None:
    anonymous = world.anonymous
    assert refusal(anonymous.post("/wishes", form())) == (401, "unauthenticated")
    assert refusal(anonymous.post("/wishes/1/claim")) == (401, "unauthenticated")
    assert refusal(anonymous.get("/me/wishes")) == (401, "unauthenticated")
    assert anonymous.get("/wishes").status_code == 200


def test_a_wish_goes_all_the_way_and_earns_its_points(world: World) -> None:
    road = Road(world)
    road.id = made(road.wisher)
    (waiting,) = road.admin.get("/wishes/queue").json["items"]
    assert (waiting["id"], waiting["state"], waiting["private_text"]) == (road.id, "made", SECRET)

    published = road.post(road.admin, "publish", {"public_text": "家里水龙头漏水。", "points": 15})
    assert (published["state"], published["points"]) == ("published", 15)
    assert published["public_text"] == "家里水龙头漏水。"
    assert published["title"] == "想修好漏水的水龙头"

    claimed = road.post(road.claimer, "claim")
    assert (claimed["state"], claimed["claim"]["state"]) == ("claimed", "claimed")
    assert claimed["private_text"] is None

    (waiting,) = road.admin.get("/wishes/queue").json["items"]
    assert waiting["claim"]["claimer_name"] == "李*"
    approved = road.post(road.admin, "approve")
    assert approved["claim"]["due_at"] is not None

    (mine,) = road.claimer.get("/me/wish-claims").json["items"]
    assert (mine["id"], mine["private_text"]) == (road.id, SECRET)

    delivered = road.post(road.claimer, "deliver", {"note": "已更换水龙头"})
    assert delivered["claim"]["delivery_note"] == "已更换水龙头"
    confirmed = road.post(road.wisher, "confirm", {"rating": 5, "thanks": "谢谢小李"})
    assert confirmed["state"] == "confirmed"
    assert confirmed["claim"]["points_earned"] == 15
    assert confirmed["claim"]["confirmed_on_behalf"] is False
    assert (confirmed["claim"]["rating"], confirmed["claim"]["thanks"]) == (5, "谢谢小李")
    assert points_of(road.claimer) == 15

    (mine,) = road.claimer.get("/me/wish-claims").json["items"]
    assert mine["private_text"] is None, "once it is done the address is no longer the claimer's"
    assert mine["claim"]["thanks"] == "谢谢小李"
    names = (
        ("wish_made", road.wisher, road.wisher),
        ("wish_published", road.admin, road.wisher),
        ("wish_claimed", road.claimer, road.claimer),
        ("wish_claim_approved", road.admin, road.claimer),
        ("wish_delivered", road.claimer, road.wisher),
        ("wish_confirmed", road.wisher, road.claimer),
    )
    for name, actor, told in names:
        ((subject_id, area_id, actor_id, payload),) = facts(world.app, name)
        assert (subject_id, area_id, actor_id) == (road.id, world.area_id(BAOJIA), actor.id)
        assert payload["person_id"] == told.id


def test_points_follow_the_policy_unless_fixed_by_hand(world: World) -> None:
    set_policy(world, "points_per_wish", "8")
    assert Road(world).go("published").post(world.person(), "claim")["points"] == 8
    assert Road(world).go("published", points=0).post(world.person(), "claim")["points"] == 0


def test_a_wish_without_points_is_confirmed_all_the_same(world: World) -> None:
    road = Road(world).go("delivered", points=0)
    assert road.post(road.wisher, "confirm", {"rating": 4})["claim"]["points_earned"] == 0
    assert points_of(road.claimer) == 0


def test_the_days_cap_holds_for_wishes_too(world: World) -> None:
    set_policy(world, "points_daily_max", "12")
    road = Road(world).go("delivered", points=15)
    assert road.post(road.wisher, "confirm", {"rating": 5})["claim"]["points_earned"] == 12
    ((_, _, _, payload),) = facts(world.app, "wish_confirmed")
    assert payload["points"] == 12
    assert points_of(road.claimer) == 12


# --- making a wish -----------------------------------------------------------------------------------------


def test_a_wish_is_at_home_unless_another_community_is_named(world: World) -> None:
    wisher = world.person(home=HUXI)
    assert wisher.post("/wishes", form()).json["area"]["code"] == HUXI
    assert wisher.post("/wishes", form(area=YILI)).json["area"]["code"] == YILI
    home = compound(world)
    assert wisher.post("/wishes", form(area=home)).json["area"]["code"] == home
    homeless = world.person(home=None)
    assert refusal(homeless.post("/wishes", form())) == (409, "wish_area_needed")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"title": ""}, 422, "malformed"),
        ({"title": "长" * 41}, 422, "malformed"),
        ({"public_text": "长" * 501}, 422, "malformed"),
        ({"private_text": "长" * 501}, 422, "malformed"),
        ({"category": "money"}, 422, "malformed"),
        ({"points": 5}, 422, "malformed"),
        ({"state": "published"}, 422, "malformed"),
        ({"area": "999999999999"}, 404, "unknown_area"),
        ({"area": WAITAN_STREET}, 409, "area_too_large"),
        ({"person_id": 0}, 422, "malformed"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    world: World, change: dict[str, Any], status: int, code: str
) -> None:
    assert refusal(world.person().post("/wishes", form(**change))) == (status, code)
    assert rows(world.app, select(func.count()).select_from(Wish)) == [(0,)]


def test_station_staff_write_a_wish_down_for_somebody_without_a_phone(world: World) -> None:
    elder = world.person(name="王奶奶")
    staff = world.station_staff(world.site())
    answer = staff.post("/wishes", form(person_id=elder.id))
    assert answer.status_code == 201
    assert (answer.json["wisher_id"], answer.json["made_for_other"]) == (elder.id, True)
    assert answer.json["private_text"] is None, "what staff wrote down is for those who act on it"
    assert elder.get("/me/wishes").json["items"][0]["private_text"] == SECRET
    assert [item["id"] for item in staff.get("/me/wishes").json["items"]] == [answer.json["id"]]
    ((_, _, actor_id, payload),) = facts(world.app, "wish_made")
    assert (actor_id, payload) == (staff.id, {"person_id": elder.id, "made_by": staff.id})


def test_staff_help_only_those_who_live_in_their_area(world: World) -> None:
    far = world.person(home=YILI)
    near = world.person()
    staff = world.station_staff(world.site())
    for body in (form(person_id=far.id), form(person_id=near.id, area=YILI)):
        assert refusal(staff.post("/wishes", body)) == (404, "not_found")
    assert refusal(staff.post("/wishes", form(person_id=999_999))) == (404, "not_found")
    assert refusal(world.person().post("/wishes", form(person_id=near.id))) == (403, "forbidden")
    assert rows(world.app, select(func.count()).select_from(Wish)) == [(0,)]


def test_naming_oneself_is_a_wish_of_ones_own(world: World) -> None:
    wisher = world.person()
    answer = wisher.post("/wishes", form(person_id=wisher.id))
    assert (answer.status_code, answer.json["made_for_other"]) == (201, False)


# --- confirming --------------------------------------------------------------------------------------------


def delivered_for(world: World, staff: Caller, elder: Caller, claimer: Caller) -> int:
    """A delivered wish that `staff` wrote down for `elder`."""
    admin = world.community_admin()
    wish_id = int(staff.post("/wishes", form(person_id=elder.id)).json["id"])
    for caller, step, body in (
        (admin, "publish", {}),
        (claimer, "claim", None),
        (admin, "approve", None),
        (claimer, "deliver", {"note": "完成"}),
    ):
        assert caller.post(f"/wishes/{wish_id}/{step}", body).status_code == 200
    return wish_id


def test_staff_confirm_on_behalf_of_whom_they_wrote_it_down_for_and_it_shows(world: World) -> None:
    elder, claimer = world.person(), world.person()
    site_id = world.site()
    staff, colleague = world.station_staff(site_id), world.station_staff(site_id)
    wish_id = delivered_for(world, staff, elder, claimer)
    path = f"/wishes/{wish_id}/confirm"
    assert refusal(colleague.post(path, {"rating": 5})) == (404, "not_found")
    assert refusal(claimer.post(path, {"rating": 5})) == (404, "not_found")
    answer = staff.post(path, {"rating": 5})
    assert answer.json["claim"]["confirmed_on_behalf"] is True
    ((_, _, actor_id, payload),) = facts(world.app, "wish_confirmed")
    assert (actor_id, payload["on_behalf"]) == (staff.id, True)
    assert points_of(claimer) == 10


def test_the_claimer_never_confirms_not_even_as_staff(world: World) -> None:
    staff = world.station_staff(world.site())
    wish_id = delivered_for(world, staff, world.person(), staff)
    answer = staff.post(f"/wishes/{wish_id}/confirm", {"rating": 5})
    assert refusal(answer) == (409, "claimer_cannot_confirm")
    assert wish_state(world, wish_id) == "delivered"
    assert points_of(staff) == 0


def test_the_wisher_may_confirm_what_staff_wrote_down(world: World) -> None:
    elder = world.person()
    staff = world.station_staff(world.site())
    wish_id = delivered_for(world, staff, elder, world.person())
    answer = elder.post(f"/wishes/{wish_id}/confirm", {"rating": 3})
    assert answer.json["claim"]["confirmed_on_behalf"] is False


@pytest.mark.parametrize("body", [{}, {"rating": 0}, {"rating": 6}, {"rating": "5"}])
def test_a_confirmation_needs_a_rating_of_one_to_five(world: World, body: dict[str, Any]) -> None:
    road = Road(world).go("delivered")
    answer = road.wisher.post(f"/wishes/{road.id}/confirm", body)
    assert refusal(answer) == (422, "malformed")
    assert wish_state(world, road.id) == "delivered"


# --- refusals ----------------------------------------------------------------------------------------------

LATER = ("published", "claimed", "approved", "delivered", "confirmed")
WRONG = [
    *((state, "admin", "publish", {}, "wish_not_waiting") for state in LATER),
    *((state, "admin", "decline", {"reason": "否"}, "wish_not_waiting") for state in LATER),
    *((state, "other", "claim", None, "wish_already_claimed") for state in LATER[1:]),
    *(
        (state, "admin", step, body, "wish_claim_not_waiting")
        for state in ("made", "published", "approved", "delivered", "confirmed")
        for step, body in (("approve", None), ("refuse-claim", {"reason": "否"}))
    ),
    *(
        (state, "claimer", "deliver", {"note": "好了"}, "wish_not_in_delivery")
        for state in ("claimed", "delivered", "confirmed")
    ),
    *((state, "claimer", "drop", None, "wish_not_droppable") for state in LATER[3:]),
    *(
        (state, "wisher", "confirm", {"rating": 5}, "wish_not_delivered")
        for state in ("made", "published", "claimed", "approved")
    ),
    ("confirmed", "wisher", "confirm", {"rating": 5}, "wish_already_confirmed"),
    *((state, "wisher", "withdraw", None, "wish_not_withdrawable") for state in LATER[3:]),
    ("confirmed", "admin", "withdraw", {"reason": "否"}, "wish_not_withdrawable"),
    ("published", "wisher", "claim", None, "own_wish"),
]


@pytest.mark.parametrize(("state", "who", "step", "body", "code"), WRONG)
def test_a_step_from_a_wrong_state_is_refused_by_name(
    world: World, state: str, who: str, step: str, body: dict[str, Any] | None, code: str
) -> None:
    road = Road(world).go(state)
    caller = world.person() if who == "other" else getattr(road, who)
    answer = caller.post(f"/wishes/{road.id}/{step}", body)
    assert refusal(answer) == (409, code)
    if code != "own_wish":
        assert answer.json["error"]["details"]["state"] == state
    assert wish_state(world, road.id) == state


@pytest.mark.parametrize("step", ["decline", "refuse-claim"])
@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "长" * 201}])
def test_a_reviewer_who_says_no_says_why(world: World, step: str, body: dict[str, Any]) -> None:
    road = Road(world).go("made" if step == "decline" else "claimed")
    assert refusal(road.admin.post(f"/wishes/{road.id}/{step}", body)) == (422, "malformed")


def test_a_declined_wish_says_why_to_its_wisher_alone(world: World) -> None:
    road = Road(world).go("made")
    road.post(road.admin, "decline", {"reason": "请先联系物业维修"})
    (mine,) = road.wisher.get("/me/wishes").json["items"]
    assert (mine["state"], mine["reason"]) == ("declined", "请先联系物业维修")
    assert refusal(world.person().get(f"/wishes/{road.id}")) == (404, "not_found")
    assert refusal(road.claimer.post(f"/wishes/{road.id}/claim")) == (404, "not_found")
    ((_, _, _, payload),) = facts(world.app, "wish_declined")
    assert payload == {"person_id": road.wisher.id}


def test_points_fixed_by_hand_stay_within_bounds(world: World) -> None:
    road = Road(world).go("made")
    for points in (-1, 1001, 1.5, "5"):
        answer = road.admin.post(f"/wishes/{road.id}/publish", {"points": points})
        assert refusal(answer) == (422, "malformed")


def test_an_admin_reviews_neither_the_own_wish_nor_the_own_claim(world: World) -> None:
    admin = world.community_admin()
    own = made(admin)
    assert refusal(admin.post(f"/wishes/{own}/publish", {})) == (409, "own_wish_review")
    answer = admin.post(f"/wishes/{own}/decline", {"reason": "否"})
    assert refusal(answer) == (409, "own_wish_review")

    road = Road(world).go("published")
    assert admin.post(f"/wishes/{road.id}/claim").status_code == 200
    assert refusal(admin.post(f"/wishes/{road.id}/approve")) == (409, "own_claim_review")
    answer = admin.post(f"/wishes/{road.id}/refuse-claim", {"reason": "否"})
    assert refusal(answer) == (409, "own_claim_review")
    assert road.post(road.admin, "approve")["state"] == "approved"


def test_another_communitys_admin_sees_and_does_nothing(world: World) -> None:
    stranger = world.community_admin(HUXI)
    road = Road(world).go("made")
    assert stranger.get("/wishes/queue").json["items"] == []
    assert refusal(stranger.get(f"/wishes/{road.id}")) == (404, "not_found")
    steps: tuple[tuple[str, dict[str, Any] | None], ...] = (
        ("publish", {}),
        ("decline", {"reason": "否"}),
        ("approve", None),
        ("refuse-claim", {"reason": "否"}),
        ("withdraw", {"reason": "否"}),
    )
    for step, body in steps:
        answer = stranger.post(f"/wishes/{road.id}/{step}", body)
        assert refusal(answer) == (404, "not_found")
    assert wish_state(world, road.id) == "made"


def test_who_has_no_part_in_a_wish_takes_no_step(world: World) -> None:
    road = Road(world).go("approved")
    stranger = world.person()
    steps: tuple[tuple[str, dict[str, Any] | None], ...] = (
        ("deliver", {"note": "好了"}),
        ("drop", None),
        ("confirm", {"rating": 5}),
        ("withdraw", None),
    )
    for step, body in steps:
        answer = stranger.post(f"/wishes/{road.id}/{step}", body)
        assert refusal(answer) == (404, "not_found")
    for step in ("publish", "decline", "approve", "refuse-claim"):
        answer = stranger.post(f"/wishes/{road.id}/{step}", {"reason": "否"})
        assert refusal(answer) == (403, "forbidden")


def test_claims_are_limited_per_person(world: World) -> None:
    set_policy(world, "wish_claims_open_max", "2")
    claimer = world.person()
    roads = [Road(world).go("published") for _ in range(3)]
    for road in roads[:2]:
        road.post(claimer, "claim")
    answer = claimer.post(f"/wishes/{roads[2].id}/claim")
    assert refusal(answer) == (409, "wish_claims_full")
    assert answer.json["error"]["details"] == {"claims_open": 2, "claims_max": 2}
    roads[0].post(claimer, "drop")
    assert roads[2].post(claimer, "claim")["state"] == "claimed"


# --- giving back, lapsing, withdrawing -----------------------------------------------------------------------


def test_a_refused_claim_puts_the_wish_back_and_tells_why(world: World) -> None:
    road = Road(world).go("claimed")
    answer = road.post(road.admin, "refuse-claim", {"reason": "已有志愿者上门"})
    assert (answer["state"], answer["claim"]) == ("published", None)
    (mine,) = road.claimer.get("/me/wish-claims").json["items"]
    assert (mine["claim"]["state"], mine["claim"]["reason"]) == ("declined", "已有志愿者上门")
    assert mine["private_text"] is None
    refused = road.claimer.post(f"/wishes/{road.id}/deliver", {"note": "好了"})
    assert refusal(refused) == (409, "wish_claim_ended")
    road.post(world.person(), "claim")
    assert claim_states(world, road.id) == ["declined", "claimed"]
    ((_, _, _, payload),) = facts(world.app, "wish_claim_declined")
    assert payload["person_id"] == road.claimer.id


def test_a_former_claimer_still_finds_how_the_own_claim_ended(world: World) -> None:
    road = Road(world).go("claimed")
    road.post(road.admin, "refuse-claim", {"reason": "已有志愿者上门"})
    other = world.person()
    road.post(other, "claim")
    seen = road.claimer.get(f"/wishes/{road.id}").json
    assert (seen["state"], seen["claim"]["reason"]) == ("claimed", "已有志愿者上门")
    assert seen["private_text"] is None
    assert road.admin.get(f"/wishes/{road.id}").json["claim"]["claimer_id"] == other.id
    road.post(road.wisher, "withdraw")
    for caller, state in ((road.claimer, "declined"), (other, "cancelled")):
        assert caller.get(f"/wishes/{road.id}").json["claim"]["state"] == state
    assert refusal(world.person().get(f"/wishes/{road.id}")) == (404, "not_found")


@pytest.mark.parametrize("state", ["claimed", "approved"])
def test_a_claimer_gives_a_wish_back_and_another_takes_it(world: World, state: str) -> None:
    road = Road(world).go(state)
    answer = road.post(road.claimer, "drop", {"reason": "临时出差"})
    assert (answer["state"], answer["claim"]["state"]) == ("published", "dropped")
    assert answer["private_text"] is None
    refused = road.claimer.post(f"/wishes/{road.id}/drop")
    assert refusal(refused) == (409, "wish_claim_ended")
    assert "已放弃" in refused.json["error"]["message"]
    other = world.person()
    road.post(other, "claim")
    assert claim_states(world, road.id) == ["dropped", "claimed"]
    assert len(facts(world.app, "wish_claim_dropped")) == 1


def test_a_claim_past_its_deadline_goes_back_to_the_wall(world: World) -> None:
    late, in_time, waiting = (Road(world).go(s) for s in ("approved", "approved", "claimed"))
    assert run_release(world) == {"claims_lapsed": 0}
    overdue(world, late.id)
    overdue(world, waiting.id)
    assert run_release(world) == {"claims_lapsed": 1}
    assert run_release(world) == {"claims_lapsed": 0}
    assert [wish_state(world, road.id) for road in (late, in_time, waiting)] == [
        "published",
        "approved",
        "claimed",
    ]
    assert claim_states(world, late.id) == ["lapsed"]
    ((subject_id, _, actor_id, payload),) = facts(world.app, "wish_claim_lapsed")
    assert (subject_id, actor_id, payload["person_id"]) == (late.id, None, late.claimer.id)
    late.post(late.claimer, "claim")


def test_days_to_deliver_are_the_communitys_to_set(world: World) -> None:
    set_policy(world, "wish_days_to_deliver", "3")
    road = Road(world).go("approved")
    ((approved_at, due_at),) = rows(
        world.app,
        select(WishClaim.approved_at, WishClaim.due_at).where(WishClaim.wish_id == road.id),
    )
    assert due_at - approved_at == timedelta(days=3)


def test_late_is_better_than_never(world: World) -> None:
    road = Road(world).go("approved")
    overdue(world, road.id)
    road.post(road.claimer, "deliver", {"note": "迟了，但办好了"})
    assert run_release(world) == {"claims_lapsed": 0}
    assert wish_state(world, road.id) == "delivered"


@pytest.mark.parametrize("state", ["made", "published", "claimed", "approved"])
def test_the_wisher_withdraws_and_the_claimer_is_told(world: World, state: str) -> None:
    road = Road(world).go(state)
    road.post(road.wisher, "withdraw")
    assert wish_state(world, road.id) == "withdrawn"
    cancelled = facts(world.app, "wish_claim_cancelled")
    if state in ("claimed", "approved"):
        assert claim_states(world, road.id) == ["cancelled"]
        assert cancelled[0][3]["person_id"] == road.claimer.id
    else:
        assert cancelled == []
    ((_, _, _, payload),) = facts(world.app, "wish_withdrawn")
    assert payload == {"person_id": road.wisher.id, "by_reviewer": False}


def test_a_reviewer_takes_a_wish_off_with_a_reason_even_when_said_to_be_delivered(
    world: World,
) -> None:
    road = Road(world).go("delivered")
    assert refusal(road.admin.post(f"/wishes/{road.id}/withdraw")) == (409, "wish_reason_needed")
    road.post(road.admin, "withdraw", {"reason": "回访未见服务"})
    assert claim_states(world, road.id) == ["cancelled"]
    assert points_of(road.claimer) == 0
    (mine,) = road.wisher.get("/me/wishes").json["items"]
    assert (mine["state"], mine["reason"]) == ("withdrawn", "回访未见服务")
    answer = world.person().post(f"/wishes/{road.id}/claim")
    assert refusal(answer) == (409, "wish_not_open")
    assert "已撤回" in answer.json["error"]["message"]
    ((_, _, _, payload),) = facts(world.app, "wish_withdrawn")
    assert payload["by_reviewer"] is True


# --- what is seen ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["published", "claimed", "approved", "delivered", "confirmed"])
def test_the_wall_never_shows_private_words_or_full_names(world: World, state: str) -> None:
    road = Road(world).go(state)
    strangers: tuple[Caller, ...] = (world.anonymous, world.person(), world.community_admin(HUXI))
    for caller in strangers:
        for path in ("/wishes", f"/wishes/{road.id}"):
            answer = caller.get(path)
            assert answer.status_code == 200
            body = answer.get_data(as_text=True)
            assert "张*" in body
            for secret in (SECRET, "502", "张桂芳", "李建军", "李*", "已更换水龙头"):
                assert secret not in body
    wall = road.admin.get("/wishes").get_data(as_text=True)
    assert "502" not in wall, "the wall is the same for all"
    alone = world.anonymous.get(f"/wishes/{road.id}").json
    for hidden in ("private_text", "claim", "wisher_id", "made_at", "made_for_other", "reason"):
        assert alone[hidden] is None


def test_only_wisher_reviewers_and_the_approved_claimer_read_private_words(world: World) -> None:
    road = Road(world).go("claimed")

    def read(caller: Caller) -> Any:
        return caller.get(f"/wishes/{road.id}").json["private_text"]

    assert [read(c) for c in (road.wisher, road.admin)] == [SECRET, SECRET]
    assert [read(c) for c in (road.claimer, world.person(), world.anonymous)] == [None] * 3
    road.post(road.admin, "approve")
    assert read(road.claimer) == SECRET
    assert read(world.person()) is None
    road.post(road.claimer, "drop")
    assert read(road.claimer) is None


def test_private_words_and_notes_are_sealed_at_rest(world: World) -> None:
    road = Road(world).go("delivered")
    road.post(road.wisher, "confirm", {"rating": 5, "thanks": "谢谢"})
    ((private,),) = rows(world.app, select(Wish.private_sealed))
    ((note, thanks),) = rows(
        world.app, select(WishClaim.delivery_note_sealed, WishClaim.thanks_sealed)
    )
    assert all(text_ and text_.isascii() for text_ in (private, note, thanks))


def test_the_wall_shows_what_was_published_newest_first_by_area_and_state(world: World) -> None:
    first = Road(world).go("published")
    second = Road(world).go("confirmed")
    hidden = Road(world).go("made")
    gone = Road(world).go("published")
    gone.post(gone.wisher, "withdraw")
    elsewhere = made(world.person(home=YILI))
    assert world.community_admin(YILI).post(f"/wishes/{elsewhere}/publish").status_code == 200

    def seen(query: str = "") -> list[int]:
        return [item["id"] for item in world.anonymous.get(f"/wishes{query}").json["items"]]

    assert seen() == [elsewhere, second.id, first.id]
    assert hidden.id not in seen()
    assert seen(f"?area={BAOJIA}") == [second.id, first.id]
    assert seen(f"?area={WAITAN_STREET}&state=published") == [first.id]
    assert seen("?category=repair") == [elsewhere, second.id, first.id]
    assert seen("?category=study") == []
    page = world.anonymous.get("/wishes?limit=2").json
    assert [item["id"] for item in page["items"]] == [elsewhere, second.id]
    rest = world.anonymous.get(f"/wishes?limit=2&cursor={page['next_cursor']}").json
    assert [item["id"] for item in rest["items"]] == [first.id]
    assert rest["next_cursor"] is None
    for query in ("?state=made", "?limit=0", "?cursor=x", "?colour=red"):
        assert world.anonymous.get(f"/wishes{query}").status_code == 422
    assert refusal(world.anonymous.get("/wishes?area=999999999999")) == (404, "unknown_area")


def test_what_is_not_on_the_wall_does_not_exist_for_others(world: World) -> None:
    road = Road(world).go("made")
    for caller in (world.anonymous, world.person(), road.claimer):
        assert refusal(caller.get(f"/wishes/{road.id}")) == (404, "not_found")
    assert refusal(road.claimer.post(f"/wishes/{road.id}/claim")) == (404, "not_found")
    for caller in (road.wisher, road.admin):
        assert caller.get(f"/wishes/{road.id}").status_code == 200
    road.post(road.admin, "publish")
    road.post(road.wisher, "withdraw")
    assert refusal(world.anonymous.get(f"/wishes/{road.id}")) == (404, "not_found")


def test_the_queue_lists_what_waits_oldest_first(world: World) -> None:
    admin = world.community_admin()
    claimed, fresh = Road(world).go("claimed"), Road(world).go("made")
    done = Road(world).go("confirmed")
    assert [w["id"] for w in admin.get("/wishes/queue").json["items"]] == [claimed.id, fresh.id]
    (only,) = admin.get("/wishes/queue?state=confirmed").json["items"]
    assert only["id"] == done.id
    assert refusal(world.person().get("/wishes/queue")) == (403, "forbidden")
    assert refusal(world.area_admin().get("/wishes/queue")) == (403, "forbidden")


def test_everybody_keeps_a_list_of_the_own_claims(world: World) -> None:
    claimer = world.person()
    first, second = Road(world).go("published"), Road(world).go("published")
    first.post(claimer, "claim")
    first.post(claimer, "drop")
    second.post(claimer, "claim")
    mine = claimer.get("/me/wish-claims").json["items"]
    assert [(w["id"], w["claim"]["state"]) for w in mine] == [
        (second.id, "claimed"),
        (first.id, "dropped"),
    ]
    assert world.person().get("/me/wish-claims").json["items"] == []


def test_a_deleted_account_leaves_the_road_open(world: World) -> None:
    road = Road(world).go("delivered")

    def forget() -> None:
        db.session.execute(
            update(Person)
            .where(Person.id == road.claimer.id)
            .values(name_sealed=None, deleted_at=now())
        )

    with world.app.app_context():
        in_transaction(forget, write=True)
    answer = road.post(road.wisher, "confirm", {"rating": 5})
    assert (answer["state"], answer["claim"]["claimer_name"]) == ("confirmed", "已注销")


@pytest.mark.parametrize(
    ("state", "wisher_may_go", "claimer_may_go"),
    [
        ("made", False, True),
        ("published", False, True),
        ("claimed", False, False),
        ("approved", False, False),
        ("delivered", False, True),
        ("confirmed", True, True),
    ],
)
def test_nobody_leaves_while_somebody_waits_for_them(
    world: World, state: str, wisher_may_go: bool, claimer_may_go: bool
) -> None:
    road = Road(world).go(state)
    for caller, may_go in ((road.wisher, wisher_may_go), (road.claimer, claimer_may_go)):
        answer = caller.delete("/me")
        if may_go:
            assert answer.status_code == 204
        else:
            assert refusal(answer) == (409, "wishes_still_open")


def test_an_export_holds_the_own_wishes_and_claims_and_nobody_elses(world: World) -> None:
    road = Road(world).go("approved")
    Road(world).go("claimed")
    held = road.wisher.get("/me/export").json["parts"]
    assert [each["id"] for each in held["wishes"]] == [road.id]
    assert (held["wishes"][0]["private_text"], held["wish_claims"]) == (SECRET, [])
    held = road.claimer.get("/me/export").json["parts"]
    assert held["wishes"] == []
    assert [each["claim"]["state"] for each in held["wish_claims"]] == ["approved"]


# --- what the database holds -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO wish_claim (wish_id, claimer_id, state, claimed_at) "
            "SELECT wish_id, claimer_id, state, claimed_at FROM wish_claim"
        ),
        "UPDATE wish_claim SET rating = 6",
        "UPDATE wish_claim SET state = 'confirmed', rating = 5, confirmed_by = claimer_id",
        "UPDATE wish_claim SET state = 'lost'",
        "UPDATE wish SET points = NULL",
        "UPDATE wish SET points = -1",
        "UPDATE wish SET category = 'money'",
    ],
)
def test_the_database_has_the_last_word(world: World, statement: str) -> None:
    Road(world).go("approved")
    with world.app.app_context(), pytest.raises(DBAPIError):
        in_transaction(lambda: db.session.execute(text(statement)), write=True)


def test_a_move_from_a_state_that_is_past_changes_nothing(world: World) -> None:
    road = Road(world).go("published")

    def move_late() -> bool:
        wish = db.session.get_one(Wish, road.id)
        db.session.execute(text("UPDATE wish SET state = 'withdrawn'"))
        return wish.move(WishState.CLAIMED, now())

    with world.app.app_context():
        assert in_transaction(move_late, write=True) is False
    assert wish_state(world, road.id) == "withdrawn"


# --- races ------------------------------------------------------------------------------------------------


def test_twenty_claimers_of_one_wish_make_one_claim(world: World) -> None:
    road = Road(world).go("published")
    claimers = [world.person() for _ in range(20)]
    answers = at_once([partial(c.post, f"/wishes/{road.id}/claim") for c in claimers])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    codes = {a.json["error"]["code"] for a in answers if a.status_code == 409}
    assert codes == {"wish_already_claimed"}
    assert claim_states(world, road.id) == ["claimed"]
    assert len(facts(world.app, "wish_claimed")) == 1


def test_one_person_claiming_five_wishes_at_once_keeps_to_the_limit(world: World) -> None:
    claimer = world.person()
    roads = [Road(world).go("published") for _ in range(5)]
    answers = at_once([partial(claimer.post, f"/wishes/{road.id}/claim") for road in roads])
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 2
    codes = {a.json["error"]["code"] for a in answers if a.status_code == 409}
    assert codes == {"wish_claims_full"}


@pytest.mark.parametrize("again", range(3))
def test_confirming_twice_at_once_earns_once(world: World, again: int) -> None:
    road = Road(world).go("delivered")
    call = partial(road.wisher.post, f"/wishes/{road.id}/confirm", {"rating": 5})
    answers = at_once([call, call])
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert refused.json["error"]["code"] == "wish_already_confirmed"
    assert rows(world.app, select(func.count()).select_from(Transfer)) == [(1,)]
    assert points_of(road.claimer) == 10


def test_the_same_key_twenty_times_confirms_once_and_answers_the_same(world: World) -> None:
    road = Road(world).go("delivered")
    call = partial(road.wisher.post, f"/wishes/{road.id}/confirm", {"rating": 5}, key="thanks-1")
    answers = at_once([call] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19
    assert points_of(road.claimer) == 10


def test_the_same_key_repeats_a_refusal_too(world: World) -> None:
    road = Road(world).go("claimed")
    late = world.person()
    first = late.post(f"/wishes/{road.id}/claim", key="mine")
    road.post(road.claimer, "drop")
    second = late.post(f"/wishes/{road.id}/claim", key="mine")
    assert refusal(first) == refusal(second) == (409, "wish_already_claimed")
    assert second.headers["Idempotency-Replayed"] == "true"


Calls = Callable[[Road], tuple[Callable[[], TestResponse], Callable[[], TestResponse]]]
RIVALS: dict[str, tuple[str, Calls]] = {
    "approve and drop": (
        "claimed",
        lambda road: (
            partial(road.admin.post, f"/wishes/{road.id}/approve"),
            partial(road.claimer.post, f"/wishes/{road.id}/drop"),
        ),
    ),
    "deliver and withdraw": (
        "approved",
        lambda road: (
            partial(road.claimer.post, f"/wishes/{road.id}/deliver", {"note": "好了"}),
            partial(road.wisher.post, f"/wishes/{road.id}/withdraw"),
        ),
    ),
    "publish and decline": (
        "made",
        lambda road: (
            partial(road.admin.post, f"/wishes/{road.id}/publish", {}),
            partial(road.admin.post, f"/wishes/{road.id}/decline", {"reason": "否"}),
        ),
    ),
    "confirm and take off": (
        "delivered",
        lambda road: (
            partial(road.wisher.post, f"/wishes/{road.id}/confirm", {"rating": 5}),
            partial(road.admin.post, f"/wishes/{road.id}/withdraw", {"reason": "否"}),
        ),
    ),
}


@pytest.mark.parametrize("rivals", RIVALS)
def test_rival_steps_at_once_leave_wish_and_claim_agreeing(world: World, rivals: str) -> None:
    begin, calls = RIVALS[rivals]
    road = Road(world).go(begin)
    answers = at_once(calls(road))
    done = [answer for answer in answers if answer.status_code == 200]
    # Approving and then dropping is no contradiction; every other pair has exactly one winner.
    assert len(done) == 1 or (rivals == "approve and drop" and len(done) == 2)
    state = wish_state(world, road.id)
    live = [c for c in claim_states(world, road.id) if c not in ("dropped", "cancelled")]
    assert live == ([state] if state in ("claimed", "approved", "delivered", "confirmed") else [])


def test_the_deadline_and_a_late_delivery_at_once_have_one_winner(world: World) -> None:
    road = Road(world).go("approved")
    overdue(world, road.id)
    lapsed: list[dict[str, Any]] = []

    def lapse() -> Any:
        lapsed.append(run_release(world))
        return None

    at_once([lapse, partial(road.claimer.post, f"/wishes/{road.id}/deliver", {"note": "迟了"})])
    if lapsed == [{"claims_lapsed": 1}]:
        assert (wish_state(world, road.id), claim_states(world, road.id)) == (
            "published",
            ["lapsed"],
        )
    else:
        assert lapsed == [{"claims_lapsed": 0}]
        assert (wish_state(world, road.id), claim_states(world, road.id)) == (
            "delivered",
            ["delivered"],
        )


def test_staff_of_a_station_are_also_residents(world: World) -> None:
    staff = world.person(roles=[(Role.STATION_STAFF, world.site())])
    assert staff.post("/wishes", form()).json["made_for_other"] is False
