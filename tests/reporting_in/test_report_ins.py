"""Reporting in over HTTP, on both engines."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.core.clock import china_date, now
from app.core.db import db, in_transaction
from app.core.permissions import Role
from app.identity.models import Person
from app.reporting_in.models import ReceiptSeries, ReportIn, ReportInStep
from app.reporting_in.terms import CONSENT_VERSION, ReportInState
from tests.support.community_world import facts, refusal, rows
from tests.support.races import at_once
from tests.support.reporting_in_world import accepted, compound, form, submitted
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI, World


def states(world: World) -> list[str]:
    return [state for (state,) in rows(world.app, select(ReportIn.state).order_by(ReportIn.id))]


def standing(world: World, person_id: int) -> tuple[Any, ...]:
    """(home area, member kind) of a person."""
    statement = select(Person.home_area_id, Person.member_kind).where(Person.id == person_id)
    return rows(world.app, statement)[0]


# --- the road ---------------------------------------------------------------------------------------------


def test_nobody_reports_in_without_logging_in(world: World) -> None:
    assert refusal(world.anonymous.post("/report-ins", form(1))) == (401, "unauthenticated")
    assert refusal(world.anonymous.get("/report-ins")) == (401, "unauthenticated")
    assert refusal(world.anonymous.get("/me/report-ins")) == (401, "unauthenticated")


def test_a_member_reports_in_and_the_community_gives_a_receipt(world: World) -> None:
    member = world.person(name="欧阳建国", home=HUXI)
    admin = world.community_admin()
    unit_id = world.unit(name="宁波市江北区教育局")

    made = member.post("/report-ins", form(unit_id))
    assert made.status_code == 201
    assert made.json["state"] == "submitted"
    assert made.json["receipt_number"] is None
    assert made.json["consent_version"] == CONSENT_VERSION
    assert standing(world, member.id) == (world.area_id(HUXI), None)

    (waiting,) = admin.get("/report-ins").json["items"]
    assert waiting["person_name"] == "欧阳**"
    assert waiting["unit"] == {"id": unit_id, "name": "宁波市江北区教育局"}
    assert waiting["area"]["code"] == BAOJIA
    assert waiting["specialities"] == ["law", "repair"]
    assert waiting["free_times"] == ["weekend"]
    assert waiting["emergency_ready"] is True
    assert waiting["note"] == "腰不好，不便搬重物"

    done = admin.post(f"/report-ins/{made.json['id']}/accept")
    assert done.status_code == 200
    assert done.json["state"] == "accepted"
    year = china_date(now()).year
    assert done.json["receipt_number"] == f"BD-{BAOJIA}-{year}-0001"
    assert standing(world, member.id) == (world.area_id(BAOJIA), "in_service")
    assert admin.get("/report-ins").json["items"] == []

    (mine,) = member.get("/me/report-ins").json["items"]
    assert [(step["from_state"], step["to_state"]) for step in mine["steps"]] == [
        (None, "submitted"),
        ("submitted", "accepted"),
    ]
    ((subject_id, area_id, actor_id, payload),) = facts(world.app, "report_in_accepted")
    assert (subject_id, area_id, actor_id) == (made.json["id"], world.area_id(BAOJIA), admin.id)
    assert payload == {
        "person_id": member.id,
        "receipt_number": done.json["receipt_number"],
        "unit_id": unit_id,
    }


def test_the_form_says_what_it_offers_and_what_one_agrees_to(world: World) -> None:
    offers = world.person().get("/report-ins/form").json
    assert offers["consent_version"] == CONSENT_VERSION
    assert "党员身份" in offers["consent_text"]
    assert {"value": "law", "name": "法律咨询"} in offers["specialities"]
    assert {"value": "evening", "name": "晚上"} in offers["free_times"]
    assert {"value": "retired", "name": "离退休党员"} in offers["member_kinds"]


def test_receipt_numbers_run_per_community_and_a_compound_takes_its_communitys(
    world: World,
) -> None:
    admin = world.community_admin()
    elsewhere = world.community_admin(YILI)
    home = compound(world)
    first = accepted(world, world.person(), admin)
    second = accepted(world, world.person(), admin, area=home)
    third = accepted(world, world.person(), elsewhere, area=YILI)
    numbers = dict(rows(world.app, select(ReportIn.id, ReportIn.receipt_number)))
    year = china_date(now()).year
    assert numbers == {
        first: f"BD-{BAOJIA}-{year}-0001",
        second: f"BD-{BAOJIA}-{year}-0002",
        third: f"BD-{YILI}-{year}-0001",
    }


def test_retired_and_mobile_members_need_no_unit_but_those_in_service_do(world: World) -> None:
    for kind in ("retired", "mobile"):
        answer = world.person().post("/report-ins", form(None, member_kind=kind))
        assert answer.status_code == 201
        assert answer.json["unit"] is None
    refused = world.person().post("/report-ins", form(None))
    assert refusal(refused) == (422, "malformed")
    assert "unit_id" in refused.json["error"]["details"]["fields"]


def test_the_note_is_sealed_at_rest(world: World) -> None:
    submitted(world, world.person(), note="心脏不好")
    ((sealed,),) = rows(world.app, select(ReportIn.note_sealed))
    assert "心脏" not in sealed


def test_a_list_of_choices_is_kept_without_repeats(world: World) -> None:
    body = form(world.unit(), specialities=["repair", "law", "law"], free_times=[])
    made = world.person().post("/report-ins", body).json
    assert made["specialities"] == ["law", "repair"]
    assert made["free_times"] == []


# --- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"consent": False}, 409, "consent_needed"),
        ({"consent": 1}, 422, "malformed"),
        ({"area": "999999999999"}, 404, "unknown_area"),
        ({"area": "x" * 31}, 422, "malformed"),
        ({"area": WAITAN_STREET}, 409, "area_not_for_report_in"),
        ({"area": NINGBO}, 409, "area_not_for_report_in"),
        ({"unit_id": 999_999}, 404, "not_found"),
        ({"unit_id": -1}, 422, "malformed"),
        ({"member_kind": "probationary"}, 422, "malformed"),
        ({"specialities": ["flying"]}, 422, "malformed"),
        ({"specialities": ["law"] * 15}, 422, "malformed"),
        ({"free_times": "weekend"}, 422, "malformed"),
        ({"emergency_ready": "maybe"}, 422, "malformed"),
        ({"note": "长" * 201}, 422, "malformed"),
        ({"state": "accepted"}, 422, "malformed"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    world: World, change: dict[str, Any], status: int, code: str
) -> None:
    answer = world.person().post("/report-ins", {**form(world.unit()), **change})
    assert refusal(answer) == (status, code)
    assert states(world) == []


def test_consent_is_not_assumed(world: World) -> None:
    body = form(world.unit())
    del body["consent"]
    assert refusal(world.person().post("/report-ins", body)) == (422, "malformed")


# --- returning, withdrawing, transferring ------------------------------------------------------------------


def test_a_returned_report_in_says_why_and_leaves_the_way_open(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    report_in_id = submitted(world, member)
    assert refusal(admin.post(f"/report-ins/{report_in_id}/return", {})) == (422, "malformed")
    assert refusal(admin.post(f"/report-ins/{report_in_id}/return", {"reason": " "})) == (
        422,
        "malformed",
    )
    answer = admin.post(f"/report-ins/{report_in_id}/return", {"reason": "请补充所在支部"})
    assert answer.json["state"] == "returned"
    (mine,) = member.get("/me/report-ins").json["items"]
    assert mine["steps"][-1]["reason"] == "请补充所在支部"
    again = submitted(world, member)
    assert states(world) == ["returned", "submitted"]
    assert again != report_in_id
    ((_, _, _, payload),) = facts(world.app, "report_in_returned")
    assert payload == {"person_id": member.id}


def test_a_member_may_withdraw_what_waits_and_what_was_accepted(world: World) -> None:
    member, admin = world.person(home=HUXI), world.community_admin()
    waiting = submitted(world, member)
    assert member.post(f"/report-ins/{waiting}/withdraw").json["state"] == "withdrawn"
    assert standing(world, member.id) == (world.area_id(HUXI), None)

    held = accepted(world, member, admin)
    assert standing(world, member.id) == (world.area_id(BAOJIA), "in_service")
    answer = member.post(f"/report-ins/{held}/withdraw", {"reason": "搬到外地"})
    assert answer.json["state"] == "withdrawn"
    assert answer.json["steps"][-1]["reason"] == "搬到外地"
    assert standing(world, member.id) == (world.area_id(BAOJIA), None)
    assert refusal(member.post(f"/report-ins/{held}/withdraw")) == (409, "report_in_ended")
    assert refusal(admin.post(f"/report-ins/{held}/accept")) == (409, "report_in_not_waiting")


def test_withdrawing_what_one_saw_waiting_does_not_end_what_was_accepted_meanwhile(
    world: World,
) -> None:
    member, admin = world.person(), world.community_admin()
    held = accepted(world, member, admin)
    answer = member.post(f"/report-ins/{held}/withdraw", {"seen_state": "submitted"})
    assert refusal(answer) == (409, "report_in_changed")
    assert "已报到" in answer.json["error"]["message"]
    assert states(world) == ["accepted"]


def test_a_transfer_ends_the_old_report_in_and_starts_one_that_continues_it(world: World) -> None:
    member, admin, new_admin = world.person(), world.community_admin(), world.community_admin(YILI)
    old = accepted(world, member, admin)
    answer = member.post(f"/report-ins/{old}/transfer", {"area": YILI})
    assert answer.status_code == 200
    new = answer.json
    assert (new["state"], new["area"]["code"], new["predecessor_id"]) == ("submitted", YILI, old)
    assert (new["specialities"], new["note"]) == (["law", "repair"], "腰不好，不便搬重物")
    assert new["receipt_number"] is None
    assert states(world) == ["transferred", "submitted"]
    # Between two communities the person is a member of neither, and the home is still the old one.
    assert standing(world, member.id) == (world.area_id(BAOJIA), None)

    assert refusal(admin.post(f"/report-ins/{new['id']}/accept")) == (404, "not_found")
    assert new_admin.post(f"/report-ins/{new['id']}/accept").status_code == 200
    assert standing(world, member.id) == (world.area_id(YILI), "in_service")
    items = member.get("/me/report-ins").json["items"]
    assert [item["state"] for item in items] == ["accepted", "transferred"]
    assert [step["to_state"] for step in items[1]["steps"]] == [
        "submitted",
        "accepted",
        "transferred",
    ]
    ((subject_id, area_id, _, payload),) = facts(world.app, "report_in_transferred")
    assert (subject_id, area_id) == (old, world.area_id(BAOJIA))
    assert payload == {
        "person_id": member.id,
        "successor_id": new["id"],
        "to_area_id": world.area_id(YILI),
    }


@pytest.mark.parametrize(
    ("area", "status", "code"),
    [
        (BAOJIA, 409, "transfer_to_same_area"),
        (WAITAN_STREET, 409, "area_not_for_report_in"),
        ("999999999999", 404, "unknown_area"),
    ],
)
def test_a_transfer_needs_another_community(
    world: World, area: str, status: int, code: str
) -> None:
    member, admin = world.person(), world.community_admin()
    old = accepted(world, member, admin)
    answer = member.post(f"/report-ins/{old}/transfer", {"area": area})
    assert refusal(answer) == (status, code)
    assert states(world) == ["accepted"]
    assert standing(world, member.id) == (world.area_id(BAOJIA), "in_service")


def test_only_an_accepted_report_in_is_transferred(world: World) -> None:
    member = world.person()
    waiting = submitted(world, member)
    answer = member.post(f"/report-ins/{waiting}/transfer", {"area": YILI})
    assert refusal(answer) == (409, "report_in_not_accepted")
    assert "待审核" in answer.json["error"]["message"]


# --- who sees and does what --------------------------------------------------------------------------------


def test_another_communitys_admin_sees_and_does_nothing(world: World) -> None:
    member, stranger = world.person(), world.community_admin(HUXI)
    report_in_id = submitted(world, member)
    assert stranger.get("/report-ins").json["items"] == []
    assert refusal(stranger.get(f"/report-ins/{report_in_id}")) == (404, "not_found")
    assert refusal(stranger.post(f"/report-ins/{report_in_id}/accept")) == (404, "not_found")
    assert refusal(stranger.post(f"/report-ins/{report_in_id}/return", {"reason": "否"})) == (
        404,
        "not_found",
    )
    assert states(world) == ["submitted"]


def test_an_admin_sees_compounds_below_and_may_ask_for_one(world: World) -> None:
    admin = world.community_admin()
    home = compound(world)
    submitted(world, world.person(), area=home)
    submitted(world, world.person())
    assert len(admin.get("/report-ins").json["items"]) == 2
    (only,) = admin.get(f"/report-ins?area={home}").json["items"]
    assert only["area"]["code"] == home
    assert admin.get(f"/report-ins?area={HUXI}").json["items"] == []
    assert refusal(admin.get("/report-ins?area=999999999999")) == (404, "unknown_area")


def test_residents_and_street_admins_do_not_review(world: World) -> None:
    report_in_id = submitted(world, world.person())
    for caller in (world.person(), world.area_admin()):
        assert refusal(caller.get("/report-ins")) == (403, "forbidden")
        assert refusal(caller.post(f"/report-ins/{report_in_id}/accept")) == (403, "forbidden")


def test_one_person_does_not_touch_anothers_report_in(world: World) -> None:
    member, other = world.person(), world.person()
    report_in_id = submitted(world, member)
    assert member.get(f"/report-ins/{report_in_id}").status_code == 200
    assert refusal(other.get(f"/report-ins/{report_in_id}")) == (404, "not_found")
    assert refusal(other.post(f"/report-ins/{report_in_id}/withdraw")) == (404, "not_found")
    answer = other.post(f"/report-ins/{report_in_id}/transfer", {"area": YILI})
    assert refusal(answer) == (404, "not_found")
    assert other.get("/me/report-ins").json["items"] == []


def test_an_admin_does_not_review_the_own_report_in(world: World) -> None:
    admin = world.person(roles=[(Role.COMMUNITY_ADMIN, BAOJIA)])
    report_in_id = submitted(world, admin)
    assert refusal(admin.post(f"/report-ins/{report_in_id}/accept")) == (409, "own_report_in")
    assert refusal(admin.post(f"/report-ins/{report_in_id}/return", {"reason": "否"})) == (
        409,
        "own_report_in",
    )
    assert world.community_admin().post(f"/report-ins/{report_in_id}/accept").status_code == 200


def test_a_reviewer_is_shown_neither_the_full_name_nor_the_phone(world: World) -> None:
    member = world.person(name="司马相如之", phone="13912345678")
    admin = world.community_admin()
    report_in_id = submitted(world, member)
    for answer in (admin.get("/report-ins"), admin.get(f"/report-ins/{report_in_id}")):
        body = answer.get_data(as_text=True)
        assert "司马相如之" not in body
        assert not re.search(r"139\d{8}", body)
        assert "司马" in body


def test_the_queue_is_paged_oldest_first(world: World) -> None:
    admin = world.community_admin()
    ids = [submitted(world, world.person()) for _ in range(3)]
    first = admin.get("/report-ins?limit=2").json
    assert [item["id"] for item in first["items"]] == ids[:2]
    second = admin.get(f"/report-ins?limit=2&cursor={first['next_cursor']}").json
    assert [item["id"] for item in second["items"]] == ids[2:]
    assert second["next_cursor"] is None
    for report_in_id in ids:
        admin.post(f"/report-ins/{report_in_id}/accept")
    done = admin.get("/report-ins?state=accepted").json["items"]
    assert [item["id"] for item in done] == ids[::-1]
    assert refusal(admin.get("/report-ins?state=lost")) == (422, "malformed")


def test_an_account_with_an_active_report_in_is_not_deleted(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    held = accepted(world, member, admin)
    assert refusal(member.delete("/me")) == (409, "report_in_still_active")
    assert member.post(f"/report-ins/{held}/withdraw").status_code == 200
    assert member.delete("/me").status_code == 204
    (item,) = admin.get("/report-ins?state=withdrawn").json["items"]
    assert item["person_name"] == "已注销"


def test_an_export_holds_the_own_report_ins_with_their_history(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    old = accepted(world, member, admin)
    member.post(f"/report-ins/{old}/transfer", {"area": YILI})
    submitted(world, world.person())
    held = member.get("/me/export").json["parts"]["report_ins"]
    assert [each["state"] for each in held] == ["submitted", "transferred"]
    assert held[1]["note"] == "腰不好，不便搬重物"
    assert len(held[1]["steps"]) == 3


# --- what the database holds -------------------------------------------------------------------------------


def test_history_is_never_rewritten(world: World) -> None:
    submitted(world, world.person())
    for statement in ("UPDATE report_in_step SET reason = '改'", "DELETE FROM report_in_step"):
        with world.app.app_context(), pytest.raises(DBAPIError, match="append-only"):
            in_transaction(partial(db.session.execute, text(statement)), write=True)
    assert rows(world.app, select(func.count()).select_from(ReportInStep)) == [(1,)]


def test_the_database_itself_refuses_a_second_active_report_in(world: World) -> None:
    member = world.person()
    submitted(world, member)
    copied = (
        "INSERT INTO report_in (person_id, area_id, unit_id, member_kind, specialities, free_times,"
        " emergency_ready, consent_version, consented_at, state, state_since, submitted_at) "
        "SELECT person_id, area_id, unit_id, member_kind, specialities, free_times,"
        " emergency_ready, consent_version, consented_at, state, state_since, submitted_at "
        "FROM report_in"
    )
    with world.app.app_context(), pytest.raises(DBAPIError, match=r"uq_report_in_active|person_id"):
        in_transaction(partial(db.session.execute, text(copied)), write=True)


def test_a_move_from_a_state_that_is_past_changes_nothing(world: World) -> None:
    report_in_id = submitted(world, world.person())

    def move_late() -> bool:
        report_in = db.session.get_one(ReportIn, report_in_id)
        db.session.execute(text("UPDATE report_in SET state = 'withdrawn'"))
        return report_in.move(ReportInState.RETURNED, now())

    with world.app.app_context():
        assert in_transaction(move_late, write=True) is False
    assert states(world) == ["withdrawn"]


def test_a_member_kind_is_set_exactly_while_a_report_in_is_accepted(world: World) -> None:
    admin = world.community_admin()
    members = [world.person() for _ in range(4)]
    held = [accepted(world, member, admin) for member in members]
    members[1].post(f"/report-ins/{held[1]}/withdraw")
    members[2].post(f"/report-ins/{held[2]}/transfer", {"area": YILI})
    submitted(world, world.person())
    with_kind = rows(world.app, select(Person.id).where(Person.member_kind.is_not(None)))
    with_accepted = rows(world.app, select(ReportIn.person_id).where(ReportIn.state == "accepted"))
    assert sorted(with_kind) == sorted(with_accepted) == [(members[0].id,), (members[3].id,)]


# --- races ------------------------------------------------------------------------------------------------


def test_twenty_submissions_of_one_person_make_one(world: World) -> None:
    member, unit_id = world.person(), world.unit()
    answers = at_once([partial(member.post, "/report-ins", form(unit_id))] * 20)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 19
    refused = {a.json["error"]["code"] for a in answers if a.status_code == 409}
    assert refused == {"already_reported_in"}
    assert states(world) == ["submitted"]
    assert len(facts(world.app, "report_in_submitted")) == 1


def test_the_same_key_twenty_times_gives_the_same_answer(world: World) -> None:
    member, unit_id = world.person(), world.unit()
    call = partial(member.post, "/report-ins", form(unit_id), key="one-intention")
    answers = at_once([call] * 20)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19
    assert states(world) == ["submitted"]


@pytest.mark.parametrize("again", range(5))
def test_accept_and_withdraw_at_once_have_one_winner(world: World, again: int) -> None:
    member, admin = world.person(), world.community_admin()
    report_in_id = submitted(world, member)
    accept, withdraw = at_once(
        [
            partial(admin.post, f"/report-ins/{report_in_id}/accept"),
            partial(
                member.post, f"/report-ins/{report_in_id}/withdraw", {"seen_state": "submitted"}
            ),
        ]
    )
    kind = standing(world, member.id)[1]
    if accept.status_code == 200:
        assert refusal(withdraw) == (409, "report_in_changed")
        assert (states(world), kind) == (["accepted"], "in_service")
    else:
        assert refusal(accept) == (409, "report_in_not_waiting")
        assert "已由他人处理" in accept.json["error"]["message"]
        assert withdraw.status_code == 200
        assert (states(world), kind) == (["withdrawn"], None)
    assert rows(world.app, select(func.count()).select_from(ReportInStep)) == [(2,)]


def test_two_admins_decide_at_once_and_one_is_told(world: World) -> None:
    report_in_id = submitted(world, world.person())
    one, other = world.community_admin(), world.community_admin()
    answers = at_once(
        [
            partial(one.post, f"/report-ins/{report_in_id}/accept"),
            partial(other.post, f"/report-ins/{report_in_id}/return", {"reason": "资料不全"}),
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (loser,) = [answer for answer in answers if answer.status_code == 409]
    assert loser.json["error"]["code"] == "report_in_not_waiting"


def test_twenty_acceptances_at_once_give_twenty_numbers(world: World) -> None:
    admin, unit_id = world.community_admin(), world.unit()
    ids = []
    for _ in range(20):
        made = world.person().post("/report-ins", form(unit_id))
        ids.append(made.json["id"])
    answers = at_once([partial(admin.post, f"/report-ins/{each}/accept") for each in ids])
    assert {answer.status_code for answer in answers} == {200}
    year = china_date(now()).year
    assert {answer.json["receipt_number"] for answer in answers} == {
        f"BD-{BAOJIA}-{year}-{number:04d}" for number in range(1, 21)
    }
    assert rows(world.app, select(ReceiptSeries.number_last)) == [(20,)]


def test_two_transfers_at_once_leave_one_successor(world: World) -> None:
    member, admin = world.person(), world.community_admin()
    old = accepted(world, member, admin)
    answers = at_once(
        [
            partial(member.post, f"/report-ins/{old}/transfer", {"area": YILI}),
            partial(member.post, f"/report-ins/{old}/transfer", {"area": HUXI}),
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert states(world) == ["transferred", "submitted"]


def test_times_are_the_requests_own(world: World) -> None:
    before = now() - timedelta(seconds=1)
    submitted(world, world.person())
    ((at,),) = rows(world.app, select(ReportIn.submitted_at))
    assert before <= at <= now()
