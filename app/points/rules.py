"""Decisions about points, on paper: months, caps, and which pocket pays."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from app.core.clock import china_date, china_midnight
from app.points.errors import (
    AlreadyReversed,
    GrantNeedsAnotherPerson,
    GrantToSelf,
    InsufficientPoints,
    MoreThanHeld,
    NotReversible,
    PointsAlreadySpent,
    ReversalExceedsTransfer,
)
from app.points.terms import (
    NEVER,
    REVERSIBLE,
    TITLES_ZH,
    ExpiryKind,
    HeldPocket,
    Pocket,
    PocketShown,
    Portion,
    Standing,
    TransferKind,
)

MONTHS_PER_YEAR = 12


def month_of(day: date) -> int:
    """The month of `day` as a number that sorts: 202711."""
    return day.year * 100 + day.month


def expiry_month(day: date, months: int, kind: str = ExpiryKind.ROLLING) -> int:
    """The last month in which points earned on `day` are usable; NEVER when they stay usable for ever.

    Rolling: so many months later, 0 being never. At the year's end: the December of that month's year, so that the
    points of a late day live on for at least so many months; 0 is the December of the same year.
    """
    if kind == ExpiryKind.NEVER or (kind == ExpiryKind.ROLLING and months == 0):
        return NEVER
    last = _months_later(month_of(day), months)
    return last // 100 * 100 + MONTHS_PER_YEAR if kind == ExpiryKind.YEAR_END else last


def _months_later(month: int, months: int) -> int:
    year, number = divmod(month, 100)
    count = year * MONTHS_PER_YEAR + number - 1 + months
    return count // MONTHS_PER_YEAR * 100 + count % MONTHS_PER_YEAR + 1


def first_day(month: int) -> date:
    """The first day of a month such as 202711."""
    return date(month // 100, month % 100, 1)


def months_back(day: date, count: int) -> list[int]:
    """The month of `day` and those before it, `count` in all, newest first."""
    return [_months_later(month_of(day), -back) for back in range(count)]


def months_ending(day: date, nearer_days: int, lead_days: int) -> list[int]:
    """The months whose last day is more than `nearer_days` and at most `lead_days` after `day`."""
    days = (day + timedelta(days=ahead) for ahead in range(nearer_days + 1, lead_days + 1))
    return [month_of(each) for each in days if (each + timedelta(days=1)).day == 1]


def expires_on(month: int) -> date | None:
    """The last day on which points of `month` are usable; None for those that never expire."""
    if month == NEVER:
        return None
    year, number = divmod(month, 100)
    return date(year, number, monthrange(year, number)[1])


def month_zh(month: int) -> str:
    """An expiry month for people: 2027年11月底."""
    return "长期有效" if month == NEVER else f"{month // 100}年{month % 100}月底"


def month_over(month: int) -> datetime:
    """The first moment at which points of `month` are no longer usable; of a month that ends."""
    last_day = expires_on(month)
    assert last_day is not None  # noqa: S101 - what never expires is never swept
    return china_midnight(last_day + timedelta(days=1))


def usable(pocket_month: int, this_month: int) -> bool:
    """Whether points of a pocket may be used in `this_month`."""
    return pocket_month == NEVER or pocket_month >= this_month


def expiry_run(day: date) -> int:
    """The number of the sweep on `day`: 20271201."""
    return month_of(day) * 100 + day.day


def below_cap(asked: int, earned_today: int, daily_max: int) -> int:
    """How many of `asked` points the daily cap leaves."""
    return max(0, min(asked, daily_max - earned_today))


def portions(pockets: Iterable[Pocket], needed: int) -> tuple[Portion, ...]:
    """Which pockets pay `needed` points: soonest to expire first, those that never expire last.

    Raises: InsufficientPoints.
    """
    taken: list[Portion] = []
    missing = needed
    for pocket in sorted(pockets, key=_soonest_to_expire):
        if missing == 0:
            break
        if part := min(pocket.free, missing):
            taken.append(Portion(pocket.account_id, part))
            missing -= part
    if missing:
        raise InsufficientPoints(available=needed - missing, needed=needed)
    return tuple(taken)


def standing(pockets: Iterable[Pocket], this_month: int) -> Standing:
    """What the owner of `pockets` has in `this_month`.

    The free points of a pocket past its month are gone for its owner, swept or not; what was held in time is not.
    """
    shown = []
    for pocket in sorted(pockets, key=_soonest_to_expire):
        free = pocket.free if usable(pocket.expires_month, this_month) else 0
        if free or pocket.held:
            month = pocket.expires_month
            shown.append(PocketShown(month, expires_on(month), free + pocket.held, pocket.held))
    total = sum(pocket.points for pocket in shown)
    held = sum(pocket.held for pocket in shown)
    return Standing(available=total - held, held=held, total=total, pockets=tuple(shown))


def posted_parts(held: Iterable[HeldPocket], points: int) -> dict[int, int]:
    """How much each pocket of a hold pays when `points` of it are spent: soonest to expire first.

    Raises: MoreThanHeld.
    """
    pockets = [Pocket(each.account_id, each.expires_month, each.points, 0) for each in held]
    held_points = sum(pocket.free for pocket in pockets)
    if points > held_points:
        raise MoreThanHeld(held=held_points, needed=points)
    return {portion.account_id: portion.points for portion in portions(pockets, points)}


def takes_two(points: int, points_max: int, *, from_fund: bool) -> bool:
    """Whether a grant waits for a second person. Out of the fund it always does: it is other people's gift."""
    return from_fund or points > points_max


def check_recipient(actor_id: int, person_id: int) -> None:
    """Whether somebody may grant points to this person. Raises: GrantToSelf."""
    if actor_id == person_id:
        raise GrantToSelf


def check_decider(actor_id: int, *, asked_by: int, person_id: int) -> None:
    """Whether somebody may be the second person of a grant. Raises: GrantNeedsAnotherPerson, GrantToSelf."""
    if actor_id == asked_by:
        raise GrantNeedsAnotherPerson
    check_recipient(actor_id, person_id)


def points_to_reverse(asked: int | None, left: int) -> int:
    """How much of a transfer a reversal takes: what is asked, or all that is left of it.

    Raises: AlreadyReversed, ReversalExceedsTransfer.
    """
    if left == 0:
        raise AlreadyReversed
    if asked is not None and asked > left:
        raise ReversalExceedsTransfer(left=left, needed=asked)
    return left if asked is None else asked


def check_reversible(kind: TransferKind) -> None:
    """Whether transfers of this kind may be reversed. Raises: NotReversible."""
    if kind not in REVERSIBLE:
        raise NotReversible(title=TITLES_ZH[kind])


def check_still_there(needed: int, available: int) -> None:
    """Whether a pocket can give back what it was paid. Raises: PointsAlreadySpent."""
    if available < needed:
        raise PointsAlreadySpent(needed=needed, available=available)


def explain_taken_back(points: int) -> str:
    """What a reversal did to points that had been given."""
    return f"已从原来的积分中扣回 {points} 分。"


def explain_refund(points: int, *, was: int, month: int, this_month: int) -> str:
    """Where refunded points went: to their old pocket (`was`), or to the one of `month`."""
    if usable(was, this_month):
        return f"已退回 {points} 分，有效期与原来相同。"
    if month == was:
        return f"这 {points} 分的有效期在使用期间已过，退回后将按到期处理，不能再用。"
    return f"这 {points} 分的有效期在使用期间已过，退回后顺延至 {_month_zh(month)}底。"


def year_of(at: datetime) -> int:
    """The year in China."""
    return china_date(at).year


def year_bounds(year: int) -> tuple[datetime, datetime]:
    """When a year begins and ends in China; the end is the beginning of the next."""
    return china_midnight(date(year, 1, 1)), china_midnight(date(year + 1, 1, 1))


def dealt(left: int, slices: int) -> tuple[int, int]:
    """How `left` points of a budget are spread: (each slice's share, what stays undealt).

    Half is dealt, so that a slice used more than others finds something when it is short: a budget of a million is
    dealt about twenty times in all.
    """
    share = left // (2 * slices)
    return share, left - share * slices


def _month_zh(month: int) -> str:
    year, number = divmod(month, 100)
    return f"{year} 年 {number} 月"


def _soonest_to_expire(pocket: Pocket) -> tuple[bool, int]:
    return (pocket.expires_month == NEVER, pocket.expires_month)
