"""Claims, directions, minutes and points as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from app.volunteer import rules
from app.volunteer.errors import (
    AlreadyClaimed,
    DeviceTimeAhead,
    DeviceTimeTooOld,
    ShiftOverlaps,
    TooManyClaims,
)
from app.volunteer.rules import ClaimedShift, Engagement, Terms
from app.volunteer.terms import ClaimState, PointsRule

NINE = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
"""09:00 in China."""


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


AREA = "/1/2/3/4/5/"


@pytest.mark.parametrize(
    ("open_to", "member", "home", "allowed"),
    [
        ("everyone", False, None, True),
        ("residents", False, AREA, True),
        ("residents", False, AREA + "9/", True),  # a compound of the community
        ("residents", False, "/1/2/3/4/55/", False),
        ("residents", False, "/1/2/3/4/", False),
        ("residents", True, None, False),
        ("members", False, AREA, False),
        ("members", True, AREA, True),
        ("members", True, "/1/2/3/4/6/", False),
    ],
)
def test_who_may_claim(open_to, member, home, allowed):
    assert rules.is_open_to(open_to, member=member, home_path=home, area_path=AREA) is allowed


def engaged(begin: int, end: int, state: str = ClaimState.APPROVED, shift_id: int = 1):
    return Engagement(shift_id, state, "文明劝导岗", at(begin), at(end))


@pytest.mark.parametrize(
    ("engagements", "refusal"),
    [
        ([], None),
        ([engaged(0, 60)], None),  # ends when the next begins
        ([engaged(120, 180)], None),
        ([engaged(0, 61)], ShiftOverlaps),
        ([engaged(119, 180)], ShiftOverlaps),
        ([engaged(0, 180)], ShiftOverlaps),
        ([engaged(80, 90)], ShiftOverlaps),
        ([engaged(80, 90, ClaimState.PENDING)], ShiftOverlaps),
        ([engaged(80, 90, ClaimState.WAITLISTED)], None),  # waiting is in nobody's way
        ([engaged(60, 120, ClaimState.WAITLISTED, shift_id=7)], AlreadyClaimed),
        ([engaged(200, 260), engaged(300, 360), engaged(400, 460)], TooManyClaims),
    ],
)
def test_a_calendar_takes_no_overlap_no_double_and_no_heap(engagements, refusal):
    def check():
        rules.check_calendar(
            engagements, shift_id=7, starts_at=at(60), ends_at=at(120), claims_max=3
        )

    if refusal is None:
        check()
    else:
        with pytest.raises(refusal):
            check()


@pytest.mark.parametrize(
    ("device_at", "happened_at"),
    [(None, at(0)), (at(-10), at(-10)), (at(0), at(0)), (at(1.5), at(0))],
)
def test_a_scan_happened_when_the_device_says_but_never_later_than_now(device_at, happened_at):
    assert rules.moment_of_scan(device_at, at(0), 90) == happened_at


def test_a_device_too_far_ahead_or_a_scan_kept_too_long_is_refused():
    with pytest.raises(DeviceTimeAhead):
        rules.moment_of_scan(at(0) + timedelta(seconds=91), at(0), 90)
    rules.check_age(at(-10), at(0), 10)
    with pytest.raises(DeviceTimeTooOld):
        rules.check_age(at(-10) - timedelta(seconds=1), at(0), 10)


# Minutes: scanned, checked in, checked out (None: still in).
@pytest.mark.parametrize(
    ("scanned", "came", "went", "out"),
    [
        (60, 0, None, True),
        (1, 0, None, True),
        (0.9, 0, None, False),  # a second tap
        (0, 0, None, False),
        (-5, 0, None, False),  # an older scan sent later: it does not end what began after it
        (90, 0, 60, False),  # back again
        (60.5, 0, 60, True),  # a second tap on leaving
        (61, 0, 60, False),
    ],
)
def test_a_scan_without_direction_goes_where_a_person_would_mean(scanned, came, went, out):
    left = None if went is None else at(went)
    assert rules.goes_out(at(scanned), at(came), left) is out


def test_the_other_side_may_confirm_a_check_out_for_a_while():
    assert rules.confirms_check_out(at(15), at(0))
    assert rules.confirms_check_out(at(-15), at(0))
    assert not rules.confirms_check_out(at(15.1), at(0))


def claimed(claim_id: int, begin: int, end: int) -> ClaimedShift:
    return ClaimedShift(claim_id, claim_id, 1, 1, "文明劝导岗", at(begin), at(end))


MORNING, NOON = claimed(1, 0, 120), claimed(2, 120, 240)


@pytest.mark.parametrize(
    ("shifts", "minute", "chosen"),
    [
        ([MORNING], -30, 1),
        ([MORNING], -31, None),
        ([MORNING], 0, 1),
        ([MORNING], 134, 1),
        ([MORNING], 135, None),
        ([], 60, None),
        ([MORNING, NOON], 100, 1),
        ([NOON, MORNING], 119, 1),
        ([NOON, MORNING], 120, 1),  # on the stroke both fit: the earlier
        ([MORNING, NOON], 121, 2),
        ([claimed(3, 180, 240), MORNING], 134, 1),  # the later one opens at 150
    ],
)
def test_a_check_in_belongs_to_the_shift_whose_hours_are_nearest(shifts, minute, chosen):
    found = rules.shift_to_check_in(shifts, at(minute), opens_minutes=30, overtime_minutes=15)
    assert (None if found is None else found.claim_id) == chosen


# A shift from 0 to 120, 15 minutes of overtime, at most 8 hours.
@pytest.mark.parametrize(
    ("came", "went", "minutes"),
    [
        (0, 120, 120),
        (-20, 120, 120),  # before the shift nothing counts
        (-20, -5, 0),
        (0, 134.99, 134),
        (0, 135, 135),
        (0, 600, 135),  # overtime is counted as far as the community says
        (30, 90, 60),
        (30, 30, 0),
        (30, 30.99, 0),  # whole minutes
        (30, 31, 1),
        (140, 150, 0),
    ],
)
def test_minutes_are_the_part_of_the_presence_within_the_shift(came, went, minutes):
    assert (
        rules.minutes_counted(
            at(came),
            at(went),
            starts_at=at(0),
            ends_at=at(120),
            overtime_minutes=15,
            hours_max=8,
        )
        == minutes
    )


def test_one_presence_counts_no_more_than_the_longest_allowed():
    counted = rules.minutes_counted(
        at(0), at(900), starts_at=at(0), ends_at=at(900), overtime_minutes=0, hours_max=8
    )
    assert counted == 480


@pytest.mark.parametrize(
    ("rounding", "minutes", "points"),
    [
        ("down", 0, 0),
        ("down", 5, 0),
        ("down", 6, 1),
        ("down", 59, 9),
        ("down", 60, 10),
        ("nearest", 2, 0),
        ("nearest", 3, 1),
        ("nearest", 8, 1),
        ("nearest", 9, 2),
        ("up", 0, 0),
        ("up", 1, 1),
        ("up", 6, 1),
        ("up", 7, 2),
    ],
)
def test_points_by_the_hour_are_rounded_as_the_community_says(rounding, minutes, points):
    assert points == rules.points_for(
        PointsRule.BY_HOUR, minutes, points_fixed=None, points_per_hour=10, rounding=rounding
    )


def terms(points_rule=PointsRule.BY_HOUR, fixed=None, share=60):
    return Terms(points_rule, fixed, points_per_hour=10, rounding="down", share_percent_min=share)


@pytest.mark.parametrize(
    ("minutes", "planned", "agreed", "before", "points", "why"),
    [
        (60, 60, terms(), (0, 0), 10, "到场 60 分钟，按每小时 10 分，本次计 10 分。"),
        (36, 60, terms(), (0, 0), 6, "到场 36 分钟，按每小时 10 分，本次计 6 分。"),
        (35, 60, terms(), (0, 0), 0, "到场 35 分钟，不足计划时长的 60%，不计积分。"),
        (35, 60, terms(share=0), (0, 0), 5, "到场 35 分钟，按每小时 10 分，本次计 5 分。"),
        (0, 60, terms(share=0), (0, 0), 0, "到场 0 分钟，按每小时 10 分，本次计 0 分。"),
        (
            60,
            60,
            terms(PointsRule.FIXED, 15),
            (0, 0),
            15,
            "到场 60 分钟，本项服务每人计 15 分，本次计 15 分。",
        ),
        (
            20,
            60,
            terms(PointsRule.FIXED, 15),
            (0, 0),
            0,
            "到场 20 分钟，不足计划时长的 60%，不计积分。",
        ),
        (60, 60, terms(PointsRule.NONE), (0, 0), 0, "到场 60 分钟，本项服务只记时长，不计积分。"),
        # Went out in between: what is short alone counts together, and nothing is paid twice.
        (
            20,
            60,
            terms(),
            (20, 0),
            6,
            "到场 20 分钟，加上此前共 40 分钟，按每小时 10 分，本次计 6 分。",
        ),
        (
            15,
            60,
            terms(),
            (45, 7),
            3,
            "到场 15 分钟，加上此前共 60 分钟，按每小时 10 分，此前已计 7 分，本次计 3 分。",
        ),
        (
            15,
            60,
            terms(PointsRule.FIXED, 15),
            (45, 15),
            0,
            "到场 15 分钟，加上此前共 60 分钟，本项服务每人计 15 分，此前已计 15 分，本次计 0 分。",
        ),
    ],
)
def test_a_presence_is_worth_what_the_rules_say_and_says_why(
    minutes, planned, agreed, before, points, why
):
    credit = rules.credit(
        minutes, planned, agreed, minutes_before=before[0], points_due_before=before[1]
    )
    assert (credit.minutes, credit.points_due, credit.explanation) == (minutes, points, why)


@pytest.mark.parametrize(
    ("state", "due", "points", "said"),
    [
        ("confirmed", 10, 10, "甲。"),
        ("confirmed", 10, 4, "甲。因已达积分上限，实得 4 分。"),
        ("waiting", 10, 0, "甲。这条记录待社区审核，通过后生效。"),
        ("declined", 10, 0, "甲。这条记录没有通过审核，未计积分。"),
    ],
)
def test_the_explanation_tells_what_became_of_the_points(state, due, points, said):
    assert rules.explain("甲。", state, points_due=due, points=points) == said
