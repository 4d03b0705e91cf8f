"""Claiming a shift, being approved or not, waiting in line, giving up."""

import pytest

from app.core.journal import JournalEntry
from app.policies.terms import CLAIMS_OPEN_MAX
from app.volunteer.models import Claim, Shift
from tests.support.points_world import set_policy
from tests.support.volunteer_world import (
    claim,
    hours,
    make_member,
    move_shift,
    ok,
    places_are_right,
    publish,
    refusal,
    rows,
    station,
    try_claim,
)
from tests.support.world import HUXI, WAITAN_STREET


@pytest.mark.parametrize("path", ["/claims", "/me/claims"])
def test_nobody_reads_claims_anonymously(world, path):
    assert world.anonymous.get(path).status_code == 401


def test_nobody_claims_anonymously(world):
    assert world.anonymous.post("/opportunities/1/claims", {"shift_id": 1}).status_code == 401


def state_of(person, claim_id=None):
    found = ok(person.get("/me/claims"))["items"]
    return next(each["state"] for each in found if claim_id in (None, each["id"]))


def events(world, name):
    return [entry.payload for entry in rows(world, JournalEntry, name=name)]


def test_a_claim_without_approval_holds_its_place_at_once(world):
    here, person = station(world), world.person()
    made = publish(here.admin, here.site_id, hours(1, 2, 5))

    claimed = claim(person, made)

    assert (claimed["state"], claimed["waiting_position"]) == ("approved", None)
    assert claimed["opportunity"]["title"] == "文明劝导岗"
    assert claimed["shift"]["id"] == made["shifts"][0]["id"]
    assert claimed["person_name"].endswith("*")
    assert ok(person.get("/me/claims"))["items"] == [claimed]
    (shift,) = ok(world.anonymous.get(f"/opportunities/{made['id']}"))["shifts"]
    assert (shift["taken"], shift["places_left"]) == (1, 4)


def test_a_pending_claim_holds_its_place_until_it_is_decided(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 2), needs_approval=True)
    good, bad, third = (world.person() for _ in range(3))
    first, second, waiting = claim(good, made), claim(bad, made), claim(third, made)
    assert [each["state"] for each in (first, second, waiting)] == [
        "pending",
        "pending",
        "waitlisted",
    ]
    assert [each["id"] for each in ok(here.admin.get("/claims"))["items"]] == [
        first["id"],
        second["id"],
    ]

    approved = ok(here.admin.post(f"/claims/{first['id']}/approve"))
    declined = ok(here.admin.post(f"/claims/{second['id']}/decline", {"reason": "需要护士资格"}))

    assert approved["state"] == "approved"
    assert (declined["state"], declined["reason"]) == ("declined", "需要护士资格")
    assert state_of(third) == "pending"  # moved up, and still to be approved
    assert refusal(here.admin.post(f"/claims/{first['id']}/approve")) == "claim_not_pending"
    assert refusal(here.admin.post(f"/claims/{second['id']}/approve")) == "claim_not_pending"
    again = here.admin.post(f"/claims/{second['id']}/decline", {"reason": "再次"})
    assert refusal(again) == "claim_ended"
    assert refusal(here.admin.post(f"/claims/{first['id']}/decline")) == "malformed"
    assert places_are_right(world)


def test_when_full_people_wait_in_line_and_move_up_in_order(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 1))
    holder, first, second = (world.person() for _ in range(3))
    held = claim(holder, made)
    assert claim(first, made)["waiting_position"] == 1
    assert claim(second, made)["waiting_position"] == 2

    ok(holder.post(f"/claims/{held['id']}/cancel"))

    assert (state_of(first), state_of(second)) == ("approved", "waitlisted")
    assert ok(second.get("/me/claims"))["items"][0]["waiting_position"] == 1
    assert [event["person_id"] for event in events(world, "claim_promoted")] == [first.id]
    assert [shift.taken for shift in rows(world, Shift)] == [1]
    mine = ok(first.get("/me/claims"))["items"][0]["id"]
    ok(first.post(f"/claims/{mine}/cancel"))
    assert state_of(second) == "approved"
    assert places_are_right(world)


def test_whoever_is_busy_is_passed_over_and_keeps_waiting(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 3, 1))
    holder, busy, free = (world.person() for _ in range(3))
    held = claim(holder, made)
    claim(busy, made)
    claim(free, made)
    claim(busy, publish(here.admin, here.site_id, hours(2, 4)))  # waiting blocks nothing

    ok(holder.post(f"/claims/{held['id']}/cancel"))

    waiting = rows(world, Claim, person_id=busy.id)[0]
    assert (waiting.state, state_of(free)) == ("waitlisted", "approved")
    assert places_are_right(world)


def test_a_place_nobody_can_take_goes_back_to_the_shift(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 3, 1))
    holder, busy = world.person(), world.person()
    held = claim(holder, made)
    claim(busy, made)
    claim(busy, publish(here.admin, here.site_id, hours(2, 4)))

    ok(holder.post(f"/claims/{held['id']}/cancel"))

    assert rows(world, Shift)[0].taken == 0
    assert claim(world.person(), made)["state"] == "approved"
    assert places_are_right(world)


def test_giving_up_waiting_changes_no_place(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 1))
    claim(world.person(), made)
    waiting = claim(person := world.person(), made)
    assert ok(person.post(f"/claims/{waiting['id']}/cancel"))["state"] == "cancelled"
    assert rows(world, Shift)[0].taken == 1
    assert claim(person, made)["state"] == "waitlisted"  # may come again
    assert places_are_right(world)


def test_one_person_claims_a_shift_once_and_no_two_at_one_time(world):
    here, person = station(world), world.person()
    made = publish(here.admin, here.site_id, hours(1, 3), hours(3, 4), hours(2.5, 3.5))
    mine = claim(person, made)

    assert refusal(try_claim(person, made)) == "already_claimed"
    assert refusal(try_claim(person, made, shift=1)) == "shift_overlaps"  # 2.5 to 3.5
    elsewhere = publish(here.admin, here.site_id, hours(0.5, 1.5), title="反诈宣传")
    answer = try_claim(person, elsewhere)
    assert refusal(answer) == "shift_overlaps"
    assert "“文明劝导岗”" in answer.json["error"]["message"]
    assert claim(person, made, shift=2)["state"] == "approved"  # 3 to 4: one after the other
    ok(person.post(f"/claims/{mine['id']}/cancel"))
    assert claim(person, elsewhere)["state"] == "approved"
    assert places_are_right(world)


def test_nobody_hoards_claims(world):
    set_policy(world, CLAIMS_OPEN_MAX, 2)
    here, person = station(world), world.person()
    made = publish(here.admin, here.site_id, hours(1, 2), hours(3, 4), hours(5, 6))
    claim(person, made, shift=0)
    claim(person, made, shift=1)
    answer = try_claim(person, made, shift=2)
    assert refusal(answer) == "too_many_claims"
    assert answer.json["error"]["details"] == {"claims_max": 2}
    move_shift(world, made["shifts"][0]["id"], -2, -1)  # what is over no longer counts
    assert claim(person, made, shift=2)["state"] == "approved"


def test_residents_and_members_of_the_area_have_what_is_for_them(world):
    here = station(world)
    residents = publish(here.admin, here.site_id, hours(1, 2), open_to="residents")
    members = publish(here.admin, here.site_id, hours(3, 4), open_to="members")
    neighbour = world.person()
    member = make_member(world, world.person())
    stranger = make_member(world, world.person(home=HUXI))
    street = make_member(world, world.person(home=WAITAN_STREET))
    homeless = world.person(home=None)

    claim(neighbour, residents)
    claim(member, residents)
    claim(member, members)
    answer = try_claim(neighbour, members)
    assert refusal(answer) == "not_open_to_you"
    assert "已在本社区报到的党员" in answer.json["error"]["message"]
    for person in (stranger, street, homeless):
        for made in (residents, members):
            assert refusal(try_claim(person, made)) == "not_open_to_you"
    everyone = publish(here.admin, here.site_id, hours(5, 6))
    assert claim(homeless, everyone)["state"] == "approved"


def test_a_shift_of_another_opportunity_or_none_is_not_found(world):
    here, person = station(world), world.person()
    one, other = publish(here.admin, here.site_id), publish(here.admin, here.site_id, hours(4, 5))
    foreign = {"shift_id": other["shifts"][0]["id"]}
    assert refusal(person.post(f"/opportunities/{one['id']}/claims", foreign)) == "not_found"
    assert refusal(person.post("/opportunities/999/claims", foreign)) == "not_found"
    for wrong in ({}, {"shift_id": 0}, {"shift_id": "1"}, {"shift_id": 1, "state": "approved"}):
        assert refusal(person.post(f"/opportunities/{one['id']}/claims", wrong)) == "malformed"


def test_a_shift_that_is_over_is_neither_claimed_nor_given_up(world):
    here, person = station(world), world.person()
    made = publish(here.admin, here.site_id)
    mine = claim(person, made)
    move_shift(world, made["shifts"][0]["id"], -3, -0.01)
    assert refusal(try_claim(world.person(), made)) == "shift_past"
    assert refusal(person.post(f"/claims/{mine['id']}/cancel")) == "shift_past"
    late = here.admin.post(f"/claims/{mine['id']}/decline", {"reason": "太晚"})
    assert refusal(late) == "shift_past"


def test_whoever_came_cannot_give_the_place_back(world):
    here = station(world)
    person = here.claimed()
    ok(here.scan_site(person))
    mine = ok(person.get("/me/claims"))["items"][0]["id"]
    assert refusal(person.post(f"/claims/{mine}/cancel")) == "claim_attended"
    declined = here.admin.post(f"/claims/{mine}/decline", {"reason": "不需要"})
    assert refusal(declined) == "claim_attended"


def test_claims_are_decided_by_their_own_admins_and_given_up_by_their_own_people(world):
    here, elsewhere = station(world), world.community_admin(HUXI)
    made = publish(here.admin, here.site_id, needs_approval=True)
    mine = claim(person := world.person(), made)

    assert refusal(world.person().post(f"/claims/{mine['id']}/cancel")) == "not_found"
    assert refusal(here.admin.post(f"/claims/{mine['id']}/cancel")) == "not_found"
    assert refusal(elsewhere.post(f"/claims/{mine['id']}/approve")) == "not_found"
    assert refusal(elsewhere.post(f"/claims/{mine['id']}/decline", {"reason": "无"})) == "not_found"
    assert refusal(person.post(f"/claims/{mine['id']}/approve")) == "forbidden"
    assert ok(elsewhere.get("/claims"))["items"] == []
    assert refusal(person.get("/claims")) == "forbidden"
    ok(person.post(f"/claims/{mine['id']}/cancel"))
    assert refusal(person.post(f"/claims/{mine['id']}/cancel")) == "claim_ended"
    assert len(ok(here.admin.get("/claims?state=cancelled"))["items"]) == 1
    listed = ok(here.admin.get(f"/claims?state=cancelled&opportunity_id={made['id'] + 1}"))
    assert listed["items"] == []


def test_every_step_is_in_the_journal_with_the_person_to_tell(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 1), needs_approval=True)
    first, second = world.person(), world.person()
    one = claim(first, made)
    claim(second, made)
    ok(here.admin.post(f"/claims/{one['id']}/decline", {"reason": "名额留给居民"}))
    ok(here.admin.post(f"/opportunities/{made['id']}/cancel"))

    assert [(e["person_id"], e["state"]) for e in events(world, "claim_made")] == [
        (first.id, "pending"),
        (second.id, "waitlisted"),
    ]
    assert [e["person_id"] for e in events(world, "claim_declined")] == [first.id]
    assert [(e["person_id"], e["state"]) for e in events(world, "claim_promoted")] == [
        (second.id, "pending")
    ]
    assert [e["person_id"] for e in events(world, "claim_called_off")] == [second.id]
    assert [e["claims_called_off"] for e in events(world, "opportunity_cancelled")] == [1]


def test_whoever_deletes_the_account_leaves_the_places_to_others(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 1))
    leaving, gone_too, staying = (world.person() for _ in range(3))
    claim(leaving, made)
    claim(gone_too, made)
    claim(staying, made)

    assert leaving.delete("/me").status_code == 204
    assert gone_too.delete("/me").status_code == 204
    world.deliver_journal()

    assert state_of(staying) == "approved"
    assert [each.state for each in rows(world, Claim)] == ["cancelled", "cancelled", "approved"]
    assert places_are_right(world)


def test_nobody_deletes_the_account_while_serving(world):
    here = station(world)
    person = here.claimed()
    ok(here.scan_site(person))
    assert refusal(person.delete("/me")) == "still_checked_in"
    ok(here.scan_pass(person, direction="out"))
    assert person.delete("/me").status_code == 204
    world.deliver_journal()
    assert rows(world, Claim)[0].state == "approved"  # the service stays


def test_a_person_takes_the_own_service_along(world):
    here = station(world)
    person = here.claimed()
    ok(here.scan_site(person))
    ok(here.scan_pass(person, direction="out"))
    export = ok(person.get("/me/export"))["parts"]
    for name in ("service_claims", "attendances", "service_records"):
        assert [each["opportunity"]["title"] for each in export[name]] == ["文明劝导岗"]
