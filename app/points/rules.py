"""Decisions about points, on paper: months, caps, and which pocket pays."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date

from app.points.errors import (
    GrantNeedsSecondPerson,
    GrantToSelf,
    InsufficientPoints,
    NotReversible,
    PointsAlreadySpent,
)
from app.points.terms import (
    NEVER,
    REVERSIBLE,
    TITLES_ZH,
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


def expiry_month(day: date, months: int) -> int:
    """The last month in which points earned on `day` are usable; NEVER when `months` is 0."""
    if months == 0:
        return NEVER
    count = day.year * MONTHS_PER_YEAR + day.month - 1 + months
    return count // MONTHS_PER_YEAR * 100 + count % MONTHS_PER_YEAR + 1


def expires_on(month: int) -> date | None:
    """The last day on which points of `month` are usable; None for those that never expire."""
    if month == NEVER:
        return None
    year, number = divmod(month, 100)
    return date(year, number, monthrange(year, number)[1])


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


def check_grant(actor_id: int, person_id: int, points: int, points_max: int) -> None:
    """Whether one person may grant so many points to another. Raises: GrantToSelf, GrantNeedsSecondPerson."""
    if actor_id == person_id:
        raise GrantToSelf
    if points > points_max:
        raise GrantNeedsSecondPerson(points_max=points_max)


def check_reversible(kind: TransferKind) -> None:
    """Whether transfers of this kind may be reversed. Raises: NotReversible."""
    if kind not in REVERSIBLE:
        raise NotReversible(title=TITLES_ZH[kind])


def check_still_there(needed: int, available: int) -> None:
    """Whether a pocket can give back what it was paid. Raises: PointsAlreadySpent."""
    if available < needed:
        raise PointsAlreadySpent(needed=needed, available=available)


def _soonest_to_expire(pocket: Pocket) -> tuple[bool, int]:
    return (pocket.expires_month == NEVER, pocket.expires_month)
