"""Decisions about redemptions, on paper."""

import re
from datetime import date

from app.core.errors import Refusal
from app.redemption.errors import (
    AlreadyCancelled,
    AlreadyCollected,
    CollectionCodeUnknown,
    CollectionTooLate,
    OrderLimitReached,
    OutOfStock,
    PeriodLimitReached,
    PersonLimitReached,
    RedemptionWindowClosed,
    RewardNoLongerOpen,
    RewardNotAtSite,
    RewardNotYetOpen,
    RewardOfAnotherCommunity,
    RewardOffShelf,
    StockCountBelowWaiting,
)
from app.redemption.terms import (
    CODE_LENGTH,
    PERIOD_NAMES_ZH,
    Limits,
    Offer,
    Period,
    RedemptionState,
    Window,
)

_CODE = re.compile(rf"(?:.*/q/)?(?:r1\.)?([3-9A-Y]{{{CODE_LENGTH}}})", re.IGNORECASE | re.DOTALL)

WHY_NOT_HELD: dict[RedemptionState, type[Refusal]] = {
    RedemptionState.COLLECTED: AlreadyCollected,
    RedemptionState.CANCELLED: AlreadyCancelled,
    RedemptionState.LAPSED: CollectionTooLate,
    RedemptionState.HELD: CollectionTooLate,
}
"""What to answer when an order could be neither collected nor cancelled; one still held was past its deadline."""

MONTHS_IN: dict[Period, int] = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}

OPEN_MONTHS: dict[Window, tuple[int, ...]] = {
    Window.ALWAYS: tuple(range(1, 13)),
    Window.QUARTER_END_MONTH: (3, 6, 9, 12),
    Window.YEAR_END_MONTH: (12,),
}


def code_in(scanned: str) -> str:
    """The collection code in what was scanned or typed: a link of ours, `r1.…`, or the bare code, spaced or not.

    Raises: CollectionCodeUnknown.
    """
    found = _CODE.fullmatch(re.sub(r"[\s-]", "", scanned))
    if found is None:
        raise CollectionCodeUnknown
    return found[1].upper()


def check_offer(offer: Offer, quantity: int, today: date) -> str:
    """Whether this person may order so many pieces here today. Returns the name of the station.

    Raises: RewardOfAnotherCommunity, RewardOffShelf, RewardNotYetOpen, RewardNoLongerOpen, OrderLimitReached,
    RewardNotAtSite, OutOfStock.
    """
    if offer.home_path is None or not offer.home_path.startswith(offer.area_path):
        raise RewardOfAnotherCommunity
    if not offer.open:
        raise RewardOffShelf
    if offer.open_from is not None and today < offer.open_from:
        raise RewardNotYetOpen(open_from=offer.open_from.isoformat())
    if offer.open_until is not None and today > offer.open_until:
        raise RewardNoLongerOpen(open_until=offer.open_until.isoformat())
    if offer.limits.per_order_max is not None and quantity > offer.limits.per_order_max:
        raise OrderLimitReached(per_order_max=offer.limits.per_order_max)
    if offer.site_name is None or offer.available is None:
        raise RewardNotAtSite
    if offer.available < quantity:
        raise OutOfStock(available=offer.available)
    return offer.site_name


def check_window(window: Window, today: date) -> None:
    """Whether the shelf is open today. Raises: RedemptionWindowClosed, naming the next first day."""
    months = OPEN_MONTHS[window]
    if today.month in months:
        return
    following = next((month for month in months if month > today.month), None)
    opens_on = date(today.year, following, 1) if following else date(today.year + 1, months[0], 1)
    raise RedemptionWindowClosed(opens_on=opens_on.isoformat())


def first_day_of(period: Period, today: date) -> date:
    """The first day of the month, quarter or year that `today` lies in."""
    months = MONTHS_IN[period]
    return today.replace(month=today.month - (today.month - 1) % months, day=1)


def check_limits(limits: Limits, *, ever: int, in_period: int, quantity: int) -> None:
    """Whether a person who has had so many pieces may have `quantity` more.

    Raises: PersonLimitReached, PeriodLimitReached.
    """
    if limits.per_person_max is not None and ever + quantity > limits.per_person_max:
        raise PersonLimitReached(per_person_max=limits.per_person_max, taken=ever)
    if (
        limits.per_period_max is not None
        and limits.period is not None
        and in_period + quantity > limits.per_period_max
    ):
        raise PeriodLimitReached(
            period_name=PERIOD_NAMES_ZH[limits.period],
            per_period_max=limits.per_period_max,
            taken=in_period,
        )


def difference(title: str, *, available: int, held: int, counted: int) -> int:
    """By how many pieces a count differs from the books; what waits for people is there and is counted too.

    Raises: StockCountBelowWaiting: pieces that people have ordered cannot be counted away.
    """
    if counted < held:
        raise StockCountBelowWaiting(title=title, held=held)
    return counted - (available + held)
