"""Several phones in the same moment, on both engines: places, presences, records and points stay exact."""

from collections import Counter
from datetime import timedelta

from app.core.clock import now
from app.policies.terms import SERVICE_RECORDS_NEED_REVIEW
from app.volunteer.models import Attendance, Claim, ServiceRecord, Shift
from tests.support.points_world import set_policy, standing
from tests.support.races import at_once
from tests.support.sites_world import member_pass, site_code
from tests.support.volunteer_world import (
    claim,
    hours,
    ok,
    places_are_right,
    publish,
    refusal,
    rows,
    station,
    try_claim,
)


def states(world, **equal):
    return Counter(each.state for each in rows(world, Claim, **equal))


def test_the_last_places_of_a_shift_go_to_exactly_as_many_as_there_are(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 3), needs_approval=True)
    people = [world.person() for _ in range(20)]

    answers = at_once([lambda each=each: ok(try_claim(each, made), 201) for each in people])

    assert Counter(each["state"] for each in answers) == {"pending": 3, "waitlisted": 17}
    assert states(world) == {"pending": 3, "waitlisted": 17}
    assert places_are_right(world)
    assert rows(world, Shift)[0].taken == 3
    line = [each for each in rows(world, Claim) if each.state == "waitlisted"]
    shown = {each["id"]: each["waiting_position"] for each in ok_claims(here, "waitlisted")}
    assert [shown[each.id] for each in line] == list(range(1, 18))


def ok_claims(here, state):
    return ok(here.admin.get(f"/claims?state={state}&limit=100"))["items"]


def test_one_person_tapping_ten_times_claims_once(world):
    here, person = station(world), world.person()
    made = publish(here.admin, here.site_id, hours(1, 2, 5))
    answers = at_once([lambda: try_claim(person, made)] * 10)
    assert Counter(each.status_code for each in answers) == {201: 1, 409: 9}
    assert {refusal(each) for each in answers if each.status_code == 409} == {"already_claimed"}
    assert rows(world, Shift)[0].taken == 1


def test_one_person_claiming_overlapping_shifts_at_once_gets_one(world):
    here, person = station(world), world.person()
    offers = [publish(here.admin, here.site_id, hours(1, 3)) for _ in range(6)]
    answers = at_once([lambda each=each: try_claim(person, each) for each in offers])
    assert Counter(each.status_code for each in answers) == {201: 1, 409: 5}
    assert states(world) == {"approved": 1}
    assert places_are_right(world)


def test_everybody_giving_up_at_once_moves_the_whole_line_up(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 5))
    holders, line = ([world.person() for _ in range(5)] for _ in range(2))
    held = [claim(each, made)["id"] for each in holders]
    waiting = [claim(each, made)["id"] for each in line]

    at_once(
        [
            lambda each=each, id_=id_: ok(each.post(f"/claims/{id_}/cancel"))
            for each, id_ in zip(holders, held, strict=True)
        ]
    )

    assert states(world) == {"cancelled": 5, "approved": 5}
    assert {each.id for each in rows(world, Claim, state="approved")} == set(waiting)
    assert rows(world, Shift)[0].taken == 5
    assert places_are_right(world)


def test_no_place_stays_free_while_somebody_waits_for_it(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 4))
    holders, newcomers = ([world.person() for _ in range(4)] for _ in range(2))
    held = [claim(each, made)["id"] for each in holders]

    at_once(
        [
            lambda each=each, id_=id_: ok(each.post(f"/claims/{id_}/cancel"))
            for each, id_ in zip(holders, held, strict=True)
        ]
        + [lambda each=each: ok(try_claim(each, made), 201) for each in newcomers]
    )

    assert states(world) == {"cancelled": 4, "approved": 4}
    assert places_are_right(world)


def test_a_line_that_waits_twice_gets_each_person_one_place_at_a_time(world):
    here = station(world)
    offers = [publish(here.admin, here.site_id, hours(1, 2, 1)) for _ in range(4)]
    holders = [world.person() for _ in offers]
    held = [claim(each, offer)["id"] for each, offer in zip(holders, offers, strict=True)]
    line = [world.person() for _ in range(3)]
    for person in line:
        for offer in offers:
            claim(person, offer)

    at_once(
        [
            lambda each=each, id_=id_: ok(each.post(f"/claims/{id_}/cancel"))
            for each, id_ in zip(holders, held, strict=True)
        ]
    )

    for person in line:  # four places at one time for three people who wait for all of them
        assert states(world, person_id=person.id) == {"approved": 1, "waitlisted": 3}
    assert sorted(shift.taken for shift in rows(world, Shift)) == [0, 1, 1, 1]
    assert places_are_right(world)


def test_cancelling_the_whole_against_claims_and_scans_leaves_no_claim_alive(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(-0.2, 2, 8))
    present = [world.person() for _ in range(3)]
    for person in present:
        claim(person, made)
    newcomers = [world.person() for _ in range(5)]
    code = site_code(world, here.site_id)

    answers = at_once(
        [lambda: here.admin.post(f"/opportunities/{made['id']}/cancel")]
        + [lambda each=each: each.post("/scans", {"code": code}) for each in present]
        + [lambda each=each: try_claim(each, made) for each in newcomers]
    )

    assert {each.status_code for each in answers} <= {200, 201, 409}
    attended = {each.claim_id for each in rows(world, Attendance)}
    alive = {each.id for each in rows(world, Claim) if each.state == "approved"}
    if answers[0].status_code == 200:
        assert alive == attended == set()
    else:
        assert refusal(answers[0]) == "opportunity_in_progress"
        assert attended
        assert attended <= alive
    assert places_are_right(world)


def test_two_stations_scanning_one_person_make_one_presence(world):
    here = station(world)
    person = here.claimed(begin=-1, end=1)
    devices = [world.station_staff(here.site_id) for _ in range(4)]
    code = {"code": member_pass(world, person.id), "site_id": here.site_id}
    shown = site_code(world, here.site_id)

    answers = at_once(
        [lambda each=each: ok(each.post("/scans/pass", code)) for each in devices]
        + [lambda: ok(person.post("/scans", {"code": shown}))]
    )

    assert {each["direction"] for each in answers} == {"in"}
    assert len({each["attendance"]["id"] for each in answers}) == 1
    assert len(rows(world, Attendance)) == 1
    (attendance,) = ok(person.get("/me/attendances"))["items"]
    kinds = sorted(each["kind"] for each in attendance["evidence"])
    assert kinds == ["rotating_code", "staff_scan"]


def test_two_sites_scanning_one_person_make_one_presence(world):
    stations = [station(world) for _ in range(3)]
    person = world.person()
    for index, here in enumerate(stations):  # one after the other, all open for check-in now
        begin = 0.1 + index * 0.1
        claim(person, publish(here.admin, here.site_id, hours(begin, begin + 0.1)))
    codes = [site_code(world, here.site_id) for here in stations]

    answers = at_once([lambda code=code: person.post("/scans", {"code": code}) for code in codes])

    assert Counter(each.status_code for each in answers) == {200: 1, 409: 2}
    refused = {refusal(each) for each in answers if each.status_code == 409}
    assert refused == {"checked_in_elsewhere"}
    assert len(rows(world, Attendance)) == 1


def test_scanning_out_from_everywhere_at_once_makes_one_record_and_pays_once(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    ok(here.scan_pass(person, now() - timedelta(minutes=60), direction="in"))
    devices = [world.station_staff(here.site_id) for _ in range(5)]
    code = {"code": member_pass(world, person.id), "site_id": here.site_id, "direction": "out"}
    shown = site_code(world, here.site_id)

    answers = at_once(
        [lambda each=each: ok(each.post("/scans/pass", code)) for each in devices]
        + [lambda: ok(person.post("/scans", {"code": shown, "direction": "out"})) for _ in range(3)]
    )

    assert {(each["minutes"], each["points"]) for each in answers} == {(60, 10)}
    assert len({each["record"]["id"] for each in answers}) == 1
    assert len(rows(world, ServiceRecord)) == 1
    assert standing(person)["available"] == 10


def test_a_waiting_record_decided_by_many_at_once_is_decided_once(world):
    set_policy(world, SERVICE_RECORDS_NEED_REVIEW, True)
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    ok(here.scan_pass(person, now() - timedelta(minutes=60), direction="in"))
    record_id = ok(here.scan_pass(person, direction="out"))["record"]["id"]
    path = f"/service-records/{record_id}"

    answers = at_once(
        [lambda: here.admin.post(f"{path}/approve")] * 4
        + [lambda: here.admin.post(f"{path}/decline", {"reason": "重复"})] * 4
    )

    assert Counter(each.status_code for each in answers) == {200: 1, 409: 7}
    (record,) = rows(world, ServiceRecord)
    assert (
        standing(person)["available"] == record.points == (10 if record.state == "confirmed" else 0)
    )


def test_a_crowd_scanning_out_together_is_paid_exactly(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(-1, 0.01, 20))
    crowd = [world.person() for _ in range(12)]
    for person in crowd:
        claim(person, made)
        ok(here.scan_pass(person, now() - timedelta(minutes=60), direction="in"))
    passes = [{"code": member_pass(world, each.id), "site_id": here.site_id} for each in crowd]

    at_once([lambda each=each: ok(here.staff.post("/scans/pass", each)) for each in passes])

    assert [standing(each)["available"] for each in crowd] == [10] * 12
    assert {record.minutes for record in rows(world, ServiceRecord)} == {60}
