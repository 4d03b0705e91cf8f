"""What is decided about claims and scans: values in, verdict out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.points.terms import BUDGET_EXHAUSTED_ZH
from app.policies.rules import Rules
from app.policies.terms import (
    ATTENDANCE_HOURS_MAX,
    ATTENDANCE_SHARE_PERCENT_MIN,
    MANUAL_MINUTES_EARN,
    OVERTIME_COUNTED_MINUTES,
    POINTS_ACTIVITY_MAX,
    POINTS_DAILY_MAX,
    POINTS_DIFFICULTY_2_PERCENT,
    POINTS_DIFFICULTY_3_PERCENT,
    POINTS_LEADER_PERCENT,
    POINTS_PER_HOUR,
    POINTS_ROUNDING,
    POINTS_YEARLY_MAX,
    PolicyKey,
)
from app.volunteer.errors import (
    AlreadyClaimed,
    DeviceTimeAhead,
    DeviceTimeTooOld,
    ShiftOverlaps,
    TooManyClaims,
)
from app.volunteer.terms import (
    CLAIM_ROLE_NAMES_ZH,
    DIFFICULTY_NAMES_ZH,
    HOLDING,
    OTHER_SIDE_MINUTES_MAX,
    SAME_SCAN_SECONDS,
    ClaimRole,
    EvidenceClass,
    OpenTo,
    PointsRule,
    RecordState,
)

MINUTES_PER_HOUR = 60
HUNDRED = 100


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


def minutes_payable(
    minutes: int, minutes_planned: int, *, overtime_minutes: int, hours_max: int
) -> int:
    """How many of so many minutes of presence would be counted, if they began with the shift."""
    return min(minutes, minutes_planned + overtime_minutes, hours_max * MINUTES_PER_HOUR)


def points_for(
    points_rule: str,
    minutes: int,
    *,
    points_fixed: int | None,
    points_per_hour: int,
    rounding: str,
    percents: Iterable[int] = (),
) -> int:
    """What so many minutes are worth, before any cap. Integers only, rounded once: points are never fractions."""
    match points_rule:
        case PointsRule.NONE:
            return 0
        case PointsRule.FIXED:
            parts, whole = points_fixed or 0, 1
        case _:
            parts, whole = minutes * points_per_hour, MINUTES_PER_HOUR
    for percent in percents:
        parts, whole = parts * percent, whole * HUNDRED
    match rounding:
        case "up":
            return -(-parts // whole)
        case "nearest":
            return (2 * parts + whole) // (2 * whole)
        case _:
            return parts // whole


def enough_attended(minutes: int, minutes_planned: int, share_percent_min: int) -> bool:
    """Whether the minutes reach the least share of the planned time (云南: 60 %)."""
    return minutes * HUNDRED >= minutes_planned * share_percent_min


@dataclass(frozen=True, slots=True)
class Terms:
    """The policies in force where and when somebody checked out, and what the opportunity promises."""

    points_rule: str
    points_fixed: int | None
    points_per_hour: int
    rounding: str
    share_percent_min: int
    difficulty: int = 1
    difficulty_percent: int = HUNDRED
    role: str = ClaimRole.PARTICIPANT
    role_percent: int = HUNDRED
    activity_max: int = 0
    """The most that one claim pays; 0: no such limit."""
    manual_earns: bool = False
    """Whether minutes that nobody measured are paid."""


def terms_of(
    policy: Rules, *, points_rule: str, points_fixed: int | None, difficulty: int, role: str
) -> Terms:
    """What the policies in force say about serving in this role in an opportunity like this."""
    percent_key = _DIFFICULTY_PERCENTS.get(difficulty)
    return Terms(
        points_rule=points_rule,
        points_fixed=points_fixed,
        points_per_hour=policy[POINTS_PER_HOUR],
        rounding=policy[POINTS_ROUNDING],
        share_percent_min=policy[ATTENDANCE_SHARE_PERCENT_MIN],
        difficulty=difficulty,
        difficulty_percent=policy[percent_key] if percent_key else HUNDRED,
        role=role,
        role_percent=policy[POINTS_LEADER_PERCENT] if role == ClaimRole.LEADER else HUNDRED,
        activity_max=policy[POINTS_ACTIVITY_MAX],
        manual_earns=policy[MANUAL_MINUTES_EARN],
    )


_DIFFICULTY_PERCENTS = {2: POINTS_DIFFICULTY_2_PERCENT, 3: POINTS_DIFFICULTY_3_PERCENT}


def policies_behind(terms: Terms, evidence_class: str) -> list[PolicyKey[Any]]:
    """The policies that decide what a service under these terms is paid, in the order in which they do."""
    if terms.points_rule == PointsRule.NONE:
        return []
    keys: list[PolicyKey[Any]] = [OVERTIME_COUNTED_MINUTES, ATTENDANCE_HOURS_MAX]
    if evidence_class == EvidenceClass.MANUAL:
        keys.append(MANUAL_MINUTES_EARN)
    keys.append(ATTENDANCE_SHARE_PERCENT_MIN)
    if terms.points_rule == PointsRule.BY_HOUR:
        keys.append(POINTS_PER_HOUR)
    if terms.difficulty in _DIFFICULTY_PERCENTS:
        keys.append(_DIFFICULTY_PERCENTS[terms.difficulty])
    if terms.role == ClaimRole.LEADER:
        keys.append(POINTS_LEADER_PERCENT)
    return [*keys, POINTS_ROUNDING, POINTS_ACTIVITY_MAX, POINTS_DAILY_MAX, POINTS_YEARLY_MAX]


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
    evidence_class: str = EvidenceClass.AUTOMATIC,
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
    if evidence_class == EvidenceClass.MANUAL and not terms.manual_earns:
        return Credit(minutes, 0, f"{came}，由人工补录，只记时长，不计积分。")
    if not enough_attended(total, minutes_planned, terms.share_percent_min):
        return Credit(minutes, 0, f"{came}，不足计划时长的 {terms.share_percent_min}%，不计积分。")
    worth = points_for(
        terms.points_rule,
        total,
        points_fixed=terms.points_fixed,
        points_per_hour=terms.points_per_hour,
        rounding=terms.rounding,
        percents=(terms.difficulty_percent, terms.role_percent),
    )
    capped = min(worth, terms.activity_max) if terms.activity_max else worth
    due = max(0, capped - points_due_before)
    reasons = [came, *_how(terms, worth, capped)]
    if points_due_before:
        reasons.append(f"此前已计 {points_due_before} 分")
    reasons.append(f"本次计 {due} 分")
    return Credit(minutes, due, "，".join(reasons) + "。")


def _how(terms: Terms, worth: int, capped: int) -> Iterator[str]:
    if terms.points_rule == PointsRule.BY_HOUR:
        yield f"按每小时 {terms.points_per_hour} 分"
    else:
        yield f"本项服务每人计 {terms.points_fixed} 分"
    if terms.difficulty_percent != HUNDRED:
        yield f"难度{DIFFICULTY_NAMES_ZH[terms.difficulty]}按 {terms.difficulty_percent}% 计"
    if terms.role_percent != HUNDRED:
        yield f"{CLAIM_ROLE_NAMES_ZH[ClaimRole(terms.role)]}按 {terms.role_percent}% 计"
    if capped < worth:
        yield f"每次活动最多 {capped} 分"


def explain(explanation: str, state: str, *, points_due: int, points: int) -> str:
    """Why these points, as it stands now: what the service was worth, and what became of that."""
    if state == RecordState.WAITING:
        return f"{explanation}这条记录待社区审核，通过后生效。"
    if state == RecordState.DECLINED:
        return f"{explanation}这条记录没有通过审核，未计积分。"
    # That the budget did not cover the points was written with the record.
    if points < points_due and not explanation.endswith(BUDGET_EXHAUSTED_ZH):
        return f"{explanation}因已达积分上限，实得 {points} 分。"
    return explanation
