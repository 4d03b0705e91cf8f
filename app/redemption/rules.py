"""Decisions about redemptions, on paper."""

import re
from datetime import date

from app.core.errors import Refusal
from app.redemption.errors import (
    AlreadyCancelled,
    AlreadyCollected,
    CollectionCodeUnknown,
    CollectionTooLate,
    OutOfStock,
    PersonLimitReached,
    RedemptionWindowClosed,
    RewardNotAtSite,
    RewardOfAnotherCommunity,
    RewardOffShelf,
)
from app.redemption.terms import CODE_LENGTH, Offer, RedemptionState, Window

_CODE = re.compile(rf"(?:.*/q/)?(?:r1\.)?([3-9A-Y]{{{CODE_LENGTH}}})", re.IGNORECASE | re.DOTALL)

WHY_NOT_HELD: dict[RedemptionState, type[Refusal]] = {
    RedemptionState.COLLECTED: AlreadyCollected,
    RedemptionState.CANCELLED: AlreadyCancelled,
    RedemptionState.LAPSED: CollectionTooLate,
    RedemptionState.HELD: CollectionTooLate,
}
"""What to answer when an order could be neither collected nor cancelled; one still held was past its deadline."""

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


def check_offer(offer: Offer, quantity: int) -> str:
    """Whether this person may order so many pieces here. Returns the name of the station.

    Raises: RewardOfAnotherCommunity, RewardOffShelf, RewardNotAtSite, OutOfStock.
    """
    if offer.home_path is None or not offer.home_path.startswith(offer.area_path):
        raise RewardOfAnotherCommunity
    if not offer.open:
        raise RewardOffShelf
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


def check_person_limit(per_person_max: int, taken: int, quantity: int) -> None:
    """Whether a person who has `taken` pieces may have `quantity` more. Raises: PersonLimitReached."""
    if taken + quantity > per_person_max:
        raise PersonLimitReached(per_person_max=per_person_max, taken=taken)
