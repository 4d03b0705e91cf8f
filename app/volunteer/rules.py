"""What is decided about claims and scans: values in, verdict out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.volunteer.errors import (
    AlreadyClaimed,
    DeviceTimeAhead,
    DeviceTimeTooOld,
    ShiftOverlaps,
    TooManyClaims,
)
from app.volunteer.terms import (
    HOLDING,
    OTHER_SIDE_MINUTES_MAX,
    SAME_SCAN_SECONDS,
    OpenTo,
    PointsRule,
    RecordState,
)

MINUTES_PER_HOUR = 60


# --- claims -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Engagement:
    """A live claim of one person, with the time it takes."""

    shift_id: int
    state: str
    title: str
    starts_at: datetime
    ends_at: datetime


def is_open_to(open_to: str, *, member: bool, home_path: str | None, area_path: str) -> bool:
    """Whether a person may claim an opportunity of the area at `area_path`."""
    if open_to == OpenTo.EVERYONE:
        return True
    lives_here = home_path is not None and home_path.startswith(area_path)
    return lives_here and (member or open_to == OpenTo.RESIDENTS)


def check_calendar(
    engagements: Iterable[Engagement],
    *,
    shift_id: int,
    starts_at: datetime,
    ends_at: datetime,
    claims_max: int,
) -> None:
    """Whether a person with these engagements may claim one more shift.

    Raises: AlreadyClaimed, TooManyClaims, ShiftOverlaps.
    """
    engagements = tuple(engagements)
    if any(each.shift_id == shift_id for each in engagements):
        raise AlreadyClaimed
    if len(engagements) >= claims_max:
        raise TooManyClaims(claims_max=claims_max)
    in_the_way = overlapping(engagements, starts_at, ends_at)
    if in_the_way is not None:
        raise ShiftOverlaps(title=in_the_way.title)


def overlapping(
    engagements: Iterable[Engagement], starts_at: datetime, ends_at: datetime
) -> Engagement | None:
    """The place held that takes part of this time, if any. What is only waited for is in nobody's way."""
    return next(
        (
            each
            for each in engagements
            if each.state in HOLDING and each.starts_at < ends_at and starts_at < each.ends_at
        ),
        None,
    )


# --- scans --------------------------------------------------------------------------------------------------


def moment_of_scan(device_at: datetime | None, now: datetime, seconds_ahead_max: int) -> datetime:
    """When the scan happened: the device's word, or now. A clock that is a little fast means now.

    Raises: DeviceTimeAhead.
    """
    if device_at is None:
        return now
    if device_at > now + timedelta(seconds=seconds_ahead_max):
        raise DeviceTimeAhead
    return min(device_at, now)


def check_age(at: datetime, now: datetime, minutes_max: int) -> None:
    """Refuse a scan that was kept back too long. Raises: DeviceTimeTooOld."""
    if now - at > timedelta(minutes=minutes_max):
        raise DeviceTimeTooOld(minutes_max=minutes_max)


def goes_out(at: datetime, checked_in_at: datetime, checked_out_at: datetime | None) -> bool:
    """Whether a scan without a direction ends the person's latest presence at this site.

    An open presence is ended, and a closed one is followed by a new one; but a scan within SAME_SCAN_SECONDS of
    the last is the same scan again, a second tap or a repeat over a bad line.
    """
    same_scan = timedelta(seconds=SAME_SCAN_SECONDS)
    if checked_out_at is None:
        return at - checked_in_at >= same_scan
    return abs(at - checked_out_at) < same_scan


def confirms_check_out(at: datetime, checked_out_at: datetime) -> bool:
    """Whether a check-out of somebody who is out already may count as the other side's word for it."""
    return abs(at - checked_out_at) <= timedelta(minutes=OTHER_SIDE_MINUTES_MAX)


@dataclass(frozen=True, slots=True)
class ClaimedShift:
    """An approved claim whose shift one might check in to."""

    claim_id: int
    shift_id: int
    opportunity_id: int
    area_id: int
    title: str
    starts_at: datetime
    ends_at: datetime


def shift_to_check_in(
    claimed: Iterable[ClaimedShift], at: datetime, *, opens_minutes: int, overtime_minutes: int
) -> ClaimedShift | None:
    """The shift that a check-in at `at` belongs to, if any.

    One may check in from `opens_minutes` before a shift until its overtime ends. Where two shifts are open, the one
    whose hours `at` falls into or is nearest to.
    """

    def away(each: ClaimedShift) -> tuple[timedelta, datetime]:
        return max(each.starts_at - at, at - each.ends_at, timedelta(0)), each.starts_at

    return min(
        (
            each
            for each in claimed
            if each.starts_at - timedelta(minutes=opens_minutes)
            <= at
            < each.ends_at + timedelta(minutes=overtime_minutes)
        ),
        key=away,
        default=None,
    )


# --- minutes and points -------------------------------------------------------------------------------------


def minutes_counted(
    checked_in_at: datetime,
    checked_out_at: datetime,
    *,
    starts_at: datetime,
    ends_at: datetime,
    overtime_minutes: int,
    hours_max: int,
) -> int:
    """Whole minutes of presence between the shift's start and its end plus overtime, at most `hours_max` hours."""
    begin = max(checked_in_at, starts_at)
    end = min(checked_out_at, ends_at + timedelta(minutes=overtime_minutes))
    minutes = max(0, (end - begin) // timedelta(minutes=1))
    return min(minutes, hours_max * MINUTES_PER_HOUR)


def points_for(
    points_rule: str,
    minutes: int,
    *,
    points_fixed: int | None,
    points_per_hour: int,
    rounding: str,
) -> int:
    """What so many minutes are worth, before any cap. Integers only: points are never fractions."""
    if points_rule == PointsRule.NONE:
        return 0
    if points_rule == PointsRule.FIXED:
        return points_fixed or 0
    sixtieths = minutes * points_per_hour
    match rounding:
        case "up":
            return -(-sixtieths // MINUTES_PER_HOUR)
        case "nearest":
            return (2 * sixtieths + MINUTES_PER_HOUR) // (2 * MINUTES_PER_HOUR)
        case _:
            return sixtieths // MINUTES_PER_HOUR


def enough_attended(minutes: int, minutes_planned: int, share_percent_min: int) -> bool:
    """Whether the minutes reach the least share of the planned time (云南: 60 %)."""
    return minutes * 100 >= minutes_planned * share_percent_min


@dataclass(frozen=True, slots=True)
class Terms:
    """The policies in force where and when somebody checked out, and what the opportunity promises."""

    points_rule: str
    points_fixed: int | None
    points_per_hour: int
    rounding: str
    share_percent_min: int


@dataclass(frozen=True, slots=True)
class Credit:
    """What a presence is worth, and the sentence that says why."""

    minutes: int
    points_due: int
    explanation: str


def credit(
    minutes: int,
    minutes_planned: int,
    terms: Terms,
    *,
    minutes_before: int = 0,
    points_due_before: int = 0,
) -> Credit:
    """What a presence of `minutes` adds, given what earlier presences under the same claim made.

    All presences under one claim count together, so that going out for a while neither loses the share nor pays
    twice: due is what all of them are worth, less what was due before.
    """
    total = minutes_before + minutes
    came = f"到场 {minutes} 分钟"
    if minutes_before:
        came += f"，加上此前共 {total} 分钟"
    if terms.points_rule == PointsRule.NONE:
        return Credit(minutes, 0, f"{came}，本项服务只记时长，不计积分。")
    if not enough_attended(total, minutes_planned, terms.share_percent_min):
        return Credit(minutes, 0, f"{came}，不足计划时长的 {terms.share_percent_min}%，不计积分。")
    worth = points_for(
        terms.points_rule,
        total,
        points_fixed=terms.points_fixed,
        points_per_hour=terms.points_per_hour,
        rounding=terms.rounding,
    )
    due = max(0, worth - points_due_before)
    if terms.points_rule == PointsRule.BY_HOUR:
        how = f"按每小时 {terms.points_per_hour} 分"
    else:
        how = f"本项服务每人计 {worth} 分"
    if points_due_before:
        return Credit(
            minutes, due, f"{came}，{how}，此前已计 {points_due_before} 分，本次计 {due} 分。"
        )
    return Credit(minutes, due, f"{came}，{how}，本次计 {due} 分。")


def explain(explanation: str, state: str, *, points_due: int, points: int) -> str:
    """Why these points, as it stands now: what the service was worth, and what became of that."""
    if state == RecordState.WAITING:
        return f"{explanation}这条记录待社区审核，通过后生效。"
    if state == RecordState.DECLINED:
        return f"{explanation}这条记录没有通过审核，未计积分。"
    if points < points_due:
        return f"{explanation}因已达每日积分上限，实得 {points} 分。"
    return explanation
