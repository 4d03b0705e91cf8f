"""Scanning in and out from both sides: attendance, minutes, record and points in one go."""

from datetime import timedelta

import pytest

from app.core.clock import now
from app.core.permissions import Role
from app.policies.terms import (
    ATTENDANCE_HOURS_MAX,
    OVERTIME_COUNTED_MINUTES,
    POINTS_DAILY_MAX,
    POINTS_PER_HOUR,
    POINTS_ROUNDING,
    SERVICE_RECORDS_NEED_REVIEW,
)
from app.sites.models import CodeUsed
from app.volunteer.models import Attendance, Evidence, ServiceRecord, Shift
from tests.support.points_world import earn, set_policy, standing
from tests.support.sites_world import member_pass, site_code
from tests.support.statements import statements
from tests.support.volunteer_world import (
    claim,
    hours,
    move_shift,
    ok,
    publish,
    refusal,
    rows,
    station,
)
from tests.support.world import BAOJIA, HUXI, NINGBO


def ago(minutes: float):
    return now() - timedelta(minutes=minutes)


@pytest.mark.parametrize("path", ["/scans", "/scans/pass"])
def test_nobody_scans_anonymously(world, path):
    assert world.anonymous.post(path, {"code": "x"}).status_code == 401


@pytest.mark.parametrize("path", ["/me/attendances", "/me/service-records", "/service-records"])
def test_nobody_reads_service_anonymously(world, path):
    assert world.anonymous.get(path).status_code == 401


def test_an_hour_scanned_by_staff_becomes_minutes_a_record_and_points(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)

    came = ok(here.scan_pass(person, ago(60)))
    assert (came["direction"], came["minutes"], came["points"]) == ("in", 0, 0)
    assert came["record"] is None
    assert came["person_name"].endswith("*")
    left = ok(here.scan_pass(person))

    assert left == {
        "attendance": came["attendance"] | {"checked_out_at": left["attendance"]["checked_out_at"]},
        "direction": "out",
        "minutes": 60,
        "points": 10,
        "evidence": ["staff_scan"],
        "record": {"id": left["record"]["id"], "state": "confirmed"},
        "explanation": "到场 60 分钟，按每小时 10 分，本次计 10 分。",
        "person_name": came["person_name"],
    }
    assert standing(person)["available"] == 10
    (record,) = ok(person.get("/me/service-records"))["items"]
    assert record["id"] == left["record"]["id"]
    assert (record["minutes"], record["points"], record["state"]) == (60, 10, "confirmed")
    assert (record["evidence_class"], record["explanation"]) == ("automatic", left["explanation"])
    (attendance,) = ok(person.get("/me/attendances"))["items"]
    assert [(e["direction"], e["kind"]) for e in attendance["evidence"]] == [
        ("in", "staff_scan"),
        ("out", "staff_scan"),
    ]


def test_a_member_scans_the_stations_code_in_and_out(world):
    here = station(world)
    person = here.claimed(begin=-0.1, end=1)

    came = ok(here.scan_site(person, ago(5)))
    left = ok(here.scan_site(person))

    assert (came["direction"], left["direction"]) == ("in", "out")
    assert (left["minutes"], left["points"]) == (5, 0)
    assert left["explanation"] == "到场 5 分钟，不足计划时长的 60%，不计积分。"
    assert left["person_name"] is None
    (evidence_in, evidence_out) = rows(world, Evidence)
    assert evidence_in.kind == evidence_out.kind == "rotating_code"
    assert evidence_in.device_at < evidence_in.received_at
    assert evidence_out.device_at is None


def test_the_link_is_as_good_as_the_code(world):
    here = station(world)
    person = here.claimed()
    code = site_code(world, here.site_id)
    assert ok(person.post("/scans", {"code": f"http://linli.test/q/{code}"}))["direction"] == "in"


def test_how_far_the_phone_was_is_kept_and_where_it_was_is_not(world):
    admin = world.community_admin()
    site = admin.post(
        "/sites",
        {
            "area": BAOJIA,
            "name": "驿站",
            "address": "包家路 2 号",
            "place": {"latitude": 29.8836, "longitude": 121.5551},
        },
    ).json
    person = world.person()
    claim(person, publish(admin, site["id"], hours(-1, 1)))
    place = {"latitude": 29.8844, "longitude": 121.5551}

    ok(person.post("/scans", {"code": site_code(world, site["id"]), "place": place}))

    (attendance,) = ok(person.get("/me/attendances"))["items"]
    assert attendance["evidence"][0]["distance"] == "within_100"
    wrong = {"code": site_code(world, site["id"]), "place": {"latitude": 100, "longitude": 0}}
    assert refusal(person.post("/scans", wrong)) == "malformed"


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("", "malformed"),
        ("x" * 4297, "malformed"),
        ("x" * 4096, "code_invalid"),
        ("😀", "code_invalid"),
        ("BEGIN:VCARD\nFN:张三\nEND:VCARD", "code_invalid"),
        ("6901234567892", "code_invalid"),
        ("s1.1.tgqvr0.AbCdEfGhIjKl-_", "code_invalid"),
        ("https://u.wechat.com/abc", "code_of_another_place"),
        ("http://linli.test/wishes/4", "code_invalid"),
    ],
)
def test_a_picture_of_anything_else_is_answered_plainly(world, code, refused):
    here = station(world)
    person = here.claimed()
    assert refusal(person.post("/scans", {"code": code})) == refused
    by_staff = here.staff.post("/scans/pass", {"code": code, "site_id": here.site_id})
    assert refusal(by_staff) == refused
    assert rows(world, Attendance) == []


def test_an_old_code_a_coming_code_and_the_wrong_kind_are_refused(world):
    here = station(world)
    person = here.claimed()

    def scan(code):
        return refusal(person.post("/scans", {"code": code}))

    assert scan(site_code(world, here.site_id, ago(2))) == "code_expired"
    assert scan(site_code(world, here.site_id, ago(-1))) == "code_not_yet_valid"
    assert scan(member_pass(world, person.id)) == "code_wrong_kind"
    shown = {"code": site_code(world, here.site_id), "site_id": here.site_id}
    assert refusal(here.staff.post("/scans/pass", shown)) == "code_wrong_kind"


def test_a_photo_from_yesterday_does_not_become_good_by_claiming_an_old_time(world):
    here = station(world)
    person = here.claimed()
    old = site_code(world, here.site_id, ago(30))
    late = {"code": old, "at": ago(30).isoformat()}
    assert refusal(person.post("/scans", late)) == "device_time_too_old"


def test_a_phone_may_be_ten_minutes_late_and_a_station_two_hours(world):
    here = station(world)
    early, late = here.claimed(begin=-3), here.claimed(begin=-3)

    assert refusal(here.scan_site(early, ago(10.1))) == "device_time_too_old"
    assert ok(here.scan_site(early, ago(9.9)))["direction"] == "in"
    assert refusal(here.scan_pass(late, ago(120.1))) == "device_time_too_old"
    assert ok(here.scan_pass(late, ago(119.9)))["direction"] == "in"


def test_a_device_ahead_of_time_is_taken_at_now_or_refused(world):
    here = station(world)
    person = here.claimed()
    code = site_code(world, here.site_id)

    ahead = {"code": code, "at": (now() + timedelta(seconds=150)).isoformat()}
    assert refusal(person.post("/scans", ahead)) == "device_time_ahead"
    a_little = {"code": code, "at": (now() + timedelta(seconds=60)).isoformat()}
    ok(person.post("/scans", a_little))
    (attendance,) = rows(world, Attendance)
    assert attendance.checked_in_at <= now()


def test_without_a_claim_here_and_now_nobody_checks_in(world):
    here, there = station(world), station(world)
    stranger = world.person()
    assert refusal(here.scan_site(stranger)) == "no_claim_here_now"
    assert refusal(here.scan_site(there.claimed())) == "no_claim_here_now"
    assert refusal(here.scan_site(here.claimed(begin=0.6, end=2))) == "no_claim_here_now"
    assert refusal(here.scan_site(here.claimed(needs_approval=True))) == "no_claim_here_now"
    assert ok(here.scan_site(here.claimed(begin=0.4, end=2)))["direction"] == "in"
    assert len(rows(world, Attendance)) == len(rows(world, CodeUsed)) == 1


def test_nobody_checks_out_without_having_checked_in(world):
    here = station(world)
    assert refusal(here.scan_site(here.claimed(), direction="out")) == "not_checked_in"


def test_one_person_is_at_one_place_at_a_time(world):
    here, there = station(world), station(world)
    person = here.claimed(begin=3, end=4)
    claim(person, publish(there.admin, there.site_id, hours(-0.5, 2)))
    move_shift(world, rows(world, Shift)[0].id, -2, -0.5)
    ok(here.scan_pass(person, ago(60)))

    assert refusal(there.scan_site(person)) == "checked_in_elsewhere"
    assert refusal(there.scan_site(person, direction="out")) == "checked_in_elsewhere"
    ok(here.scan_pass(person, ago(30), direction="out"))
    then = {"code": member_pass(world, person.id, ago(29)), "at": ago(29).isoformat()}
    came = there.staff.post("/scans/pass", then | {"site_id": there.site_id, "direction": "in"})
    assert ok(came)["attendance"]["site_id"] == there.site_id


def test_presences_of_one_person_never_overlap(world):
    here = station(world)
    person = here.claimed(begin=-2, end=1)
    ok(here.scan_pass(person, ago(90), direction="in"))
    assert refusal(here.scan_pass(person, ago(91), direction="out")) == "scan_out_of_order"
    ok(here.scan_pass(person, ago(40), direction="out"))
    # A second station's pass scan of another step, said to have happened before the first went out.
    code = member_pass(world, person.id, ago(60))
    back = {
        "code": code,
        "site_id": here.site_id,
        "at": ago(60).isoformat(),
        "direction": "in",
    }
    assert refusal(here.staff.post("/scans/pass", back)) == "scan_out_of_order"


def test_the_other_side_upgrades_the_evidence_of_the_same_presence(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.2)

    ok(here.scan_site(person, direction="in"))
    confirmed = ok(here.scan_pass(person, direction="in"))
    assert confirmed["direction"] == "in"
    assert confirmed["evidence"] == ["rotating_code", "staff_scan"]
    left = ok(here.scan_pass(person, direction="out"))
    confirmed = ok(here.scan_site(person, direction="out"))

    assert confirmed["evidence"] == ["staff_scan", "rotating_code"]
    assert confirmed["record"] == left["record"]
    assert len(rows(world, Attendance)) == len(rows(world, ServiceRecord)) == 1
    assert len(rows(world, Evidence)) == 4


def test_the_same_scan_again_is_answered_alike_and_does_nothing(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    code = {"code": member_pass(world, person.id), "site_id": here.site_id}
    came = code | {"at": ago(60).isoformat(), "direction": "in"}
    left = code | {"direction": "out"}

    first_in = ok(here.staff.post("/scans/pass", came))
    assert ok(here.staff.post("/scans/pass", came)) == first_in
    first_out = ok(here.staff.post("/scans/pass", left))
    assert ok(here.staff.post("/scans/pass", left)) == first_out
    again_in = ok(here.staff.post("/scans/pass", came))

    assert again_in["attendance"]["id"] == first_in["attendance"]["id"]
    assert standing(person)["available"] == 10
    assert len(rows(world, Attendance)) == len(rows(world, ServiceRecord)) == 1


def test_a_second_tap_without_direction_is_the_same_scan(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    first = ok(here.scan_site(person))
    assert ok(here.scan_site(person)) == first
    other_step = {"code": site_code(world, here.site_id, ago(0.5)), "at": ago(0.5).isoformat()}
    assert ok(person.post("/scans", other_step)) == first

    ok(here.scan_pass(person, direction="out"))
    assert ok(here.scan_site(person))["direction"] == "out"
    assert len(rows(world, Attendance)) == 1


def test_a_scan_repeated_under_its_key_is_replayed(world):
    here = station(world)
    person = here.claimed()
    body = {"code": site_code(world, here.site_id)}
    first = person.post("/scans", body, key="scan-1")
    again = person.post("/scans", body, key="scan-1")
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_pass_used_here_is_no_good_elsewhere(world):
    here, there = station(world), station(world)
    person = here.claimed(begin=3, end=4)
    claim(person, publish(there.admin, there.site_id, hours(-0.4, 2)))
    move_shift(world, rows(world, Shift)[0].id, -2, -0.5)
    ok(here.scan_pass(person, ago(100), direction="in"))
    ok(here.scan_pass(person, ago(50), direction="out"))
    code = {"code": member_pass(world, person.id), "direction": "in"}
    assert refusal(there.staff.post("/scans/pass", code | {"site_id": there.site_id})) == (
        "code_replayed"
    )


def test_staff_scan_at_their_own_station_only_and_never_themselves(world):
    here, there = station(world), station(world, HUXI)
    person = here.claimed()
    code = {"code": member_pass(world, person.id), "site_id": here.site_id}

    assert refusal(there.staff.post("/scans/pass", code)) == "not_found"
    assert refusal(there.admin.post("/scans/pass", code)) == "not_found"
    assert refusal(person.post("/scans/pass", code)) == "forbidden"
    assert refusal(here.staff.post("/scans/pass", code | {"site_id": 999})) == "not_found"
    own = {"code": member_pass(world, here.staff.id), "site_id": here.site_id}
    assert refusal(here.staff.post("/scans/pass", own)) == "scan_self"
    assert ok(here.admin.post("/scans/pass", code))["direction"] == "in"


@pytest.mark.parametrize(
    "wrong",
    [
        {"direction": "up"},
        {"at": "yesterday"},
        {"at": "2026-11-20T09:00:00"},
        {"site_id": 1},
        {"code": 7},
        {"place": "here"},
    ],
)
def test_a_scan_of_the_wrong_shape_is_malformed(world, wrong):
    assert refusal(world.person().post("/scans", {"code": "s1"} | wrong)) == "malformed"


def serve(world, minutes_in, minutes_out, *, begin, end, **fields):
    here = station(world)
    person = here.claimed(begin=begin / 60, end=end / 60, **fields)
    ok(here.scan_pass(person, ago(-minutes_in), direction="in"))
    at = None if minutes_out == 0 else ago(-minutes_out)
    return person, ok(here.scan_pass(person, at, direction="out"))


# Minutes from now: the shift's begin and end, the scans in and out; then what is counted.
@pytest.mark.parametrize(
    ("begin", "end", "came", "went", "minutes", "points"),
    [
        (-60, 1, -60, 0, 60, 10),
        (-60, 40, -60, 0, 60, 10),  # exactly 60 of 100 minutes
        (-60, 41, -60, 0, 60, 0),  # less than 60 %
        (-60, 1, -59, 0, 59, 9),
        (-60, 1, -90, 0, 60, 10),  # came early
    ],
)
def test_minutes_and_points_at_the_boundaries(world, begin, end, came, went, minutes, points):
    person, left = serve(world, came, went, begin=begin, end=end)
    assert (left["minutes"], left["points"]) == (minutes, points)
    assert standing(person)["available"] == points


def test_the_communitys_own_policies_decide(world):
    set_policy(world, POINTS_PER_HOUR, 7, area=NINGBO)
    set_policy(world, POINTS_PER_HOUR, 25, area=BAOJIA)
    set_policy(world, POINTS_ROUNDING, "up")
    set_policy(world, ATTENDANCE_HOURS_MAX, 1)
    _, left = serve(world, -100, 0, begin=-100, end=1, points_rule="by_hour")
    assert (left["minutes"], left["points"]) == (60, 0)  # 60 of 101: capped below the share

    _, left = serve(world, -59, 0, begin=-59, end=1)
    assert (left["minutes"], left["points"]) == (59, 25)  # 24.58, up


@pytest.mark.parametrize(("overtime", "minutes"), [(0, 60), (20, 80), (60, 100)])
def test_overtime_is_counted_as_far_as_the_policy_says(world, overtime, minutes):
    set_policy(world, OVERTIME_COUNTED_MINUTES, overtime)
    here = station(world)
    person = here.claimed(begin=1, end=2)
    move_shift(world, rows(world, Shift)[0].id, -100 / 60, -40 / 60)
    ok(here.scan_pass(person, ago(101), direction="in"))

    assert ok(here.scan_pass(person, direction="out"))["minutes"] == minutes


def test_fixed_points_and_no_points(world):
    _, left = serve(world, -60, 0, begin=-60, end=1, points_rule="fixed", points_fixed=33)
    assert (left["minutes"], left["points"]) == (60, 33)
    _, left = serve(world, -60, 0, begin=-60, end=1, points_rule="none")
    assert (left["minutes"], left["points"]) == (60, 0)
    assert left["explanation"] == "到场 60 分钟，本项服务只记时长，不计积分。"


def test_the_daily_cap_shortens_the_points_and_says_so(world):
    set_policy(world, POINTS_DAILY_MAX, 12)
    person, left = serve(world, -119, 0, begin=-119, end=1)
    assert (left["minutes"], left["points"]) == (119, 12)
    assert left["explanation"].endswith("因已达积分上限，实得 12 分。")
    (record,) = ok(person.get("/me/service-records"))["items"]
    assert (record["points_due"], record["points"]) == (19, 12)
    assert record["explanation"] == left["explanation"]


def test_coming_back_continues_the_same_claim_and_pays_nothing_twice(world):
    here = station(world)
    person = here.claimed(begin=-1.5, end=0.01, points_rule="fixed", points_fixed=20)
    ok(here.scan_pass(person, ago(90), direction="in"))
    ok(here.scan_pass(person, ago(60), direction="out"))
    assert standing(person)["available"] == 0  # 30 of 90 minutes

    later = {"code": member_pass(world, person.id, ago(50)), "site_id": here.site_id}
    ok(here.staff.post("/scans/pass", later | {"at": ago(50).isoformat(), "direction": "in"}))
    left = {"code": member_pass(world, person.id, ago(2)), "site_id": here.site_id}
    gone = left | {"at": ago(2).isoformat(), "direction": "out"}
    back = ok(here.staff.post("/scans/pass", gone))

    assert (back["minutes"], back["points"]) == (48, 20)
    assert "加上此前共 78 分钟" in back["explanation"]
    assert standing(person)["available"] == 20


def test_where_records_need_review_nothing_is_paid_before_an_admin_says_so(world):
    set_policy(world, SERVICE_RECORDS_NEED_REVIEW, True)
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    ok(here.scan_pass(person, ago(60), direction="in"))
    left = ok(here.scan_pass(person, direction="out"))
    assert (left["points"], left["record"]["state"]) == (0, "waiting")
    assert left["explanation"].endswith("待社区审核，通过后生效。")
    assert standing(person)["available"] == 0

    (waiting,) = ok(here.admin.get("/service-records"))["items"]
    assert waiting["id"] == left["record"]["id"]
    approved = ok(here.admin.post(f"/service-records/{waiting['id']}/approve"))
    assert (approved["state"], approved["points"]) == ("confirmed", 10)
    assert standing(person)["available"] == 10
    again = here.admin.post(f"/service-records/{waiting['id']}/approve")
    assert refusal(again) == "service_record_decided"
    assert ok(here.admin.get("/service-records?state=waiting"))["items"] == []
    assert len(ok(here.admin.get("/service-records?state=confirmed"))["items"]) == 1


def waiting_record(world, here, person):
    set_policy(world, SERVICE_RECORDS_NEED_REVIEW, True)
    ok(here.scan_pass(person, ago(60), direction="in"))
    return ok(here.scan_pass(person, direction="out"))["record"]["id"]


def test_a_declined_record_stays_and_pays_nothing(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    record_id = waiting_record(world, here, person)

    assert refusal(here.admin.post(f"/service-records/{record_id}/decline", {})) == "malformed"
    ok(here.admin.post(f"/service-records/{record_id}/decline", {"reason": "没有到岗"}))

    (record,) = ok(person.get("/me/service-records"))["items"]
    assert (record["state"], record["reason"], record["points"]) == ("declined", "没有到岗", 0)
    assert standing(person)["available"] == 0
    refused = here.admin.post(f"/service-records/{record_id}/approve")
    assert refusal(refused) == "service_record_decided"


def test_nobody_confirms_the_own_service_or_another_communitys(world):
    here = station(world)
    admin = world.person(roles=[(Role.COMMUNITY_ADMIN, BAOJIA)])
    claim(admin, publish(here.admin, here.site_id, hours(-1, 0.01)))
    record_id = waiting_record(world, here, admin)

    own = admin.post(f"/service-records/{record_id}/approve")
    assert refusal(own) == "own_service_record"
    elsewhere = world.community_admin(HUXI)
    for verb in ("approve", "decline"):
        other = elsewhere.post(
            f"/service-records/{record_id}/{verb}", {"reason": "无"} if verb == "decline" else None
        )
        assert refusal(other) == "not_found"
    assert ok(elsewhere.get("/service-records"))["items"] == []
    assert refusal(world.person().get("/service-records")) == "forbidden"


def test_everybody_reads_only_their_own_service(world):
    here = station(world)
    person = here.claimed(begin=-1, end=0.01)
    ok(here.scan_pass(person, ago(60)))
    ok(here.scan_pass(person))
    stranger = world.person()
    assert ok(stranger.get("/me/service-records"))["items"] == []
    assert ok(stranger.get("/me/attendances"))["items"] == []


STATEMENTS_OWN = 9
"""caller, site, rules, presence, code, check-out, evidence, record, journal"""
STATEMENTS_OF_POINTS = 5
"""wallet and counter, day's counter, pocket, transfer, journal"""


def test_a_scan_out_that_posts_points_asks_the_database_little(world):
    here = station(world)
    person = here.claimed(begin=-0.1, end=0.01, points_rule="fixed", points_fixed=5)
    earn(world, person, 1)  # not the first of this wallet, this month and this day
    ok(here.scan_site(person, ago(5), direction="in"))
    code = site_code(world, here.site_id)

    with statements(world.app) as sent:
        left = ok(person.post("/scans", {"code": code, "direction": "out"}))

    assert left["points"] == 5, "the count means nothing unless points were posted"
    deliveries = [each for each in sent if each.startswith("INSERT INTO journal_delivery")]
    assert len(sent) - len(deliveries) <= STATEMENTS_OWN + STATEMENTS_OF_POINTS, sent
