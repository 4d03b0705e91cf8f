"""Codes, windows, limits and offers, decided on paper."""

from datetime import date
from typing import Any

import pytest

from app.redemption import rules
from app.redemption.errors import (
    CollectionCodeUnknown,
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
from app.redemption.terms import Limits, Offer, Period, RedemptionState, Window


@pytest.mark.parametrize(
    "scanned",
    [
        "34AB9XYQKM",
        "34ab9xyqkm",
        " 34ab 9xyq km ",
        "34AB-9XYQ-KM",
        "r1.34AB9XYQKM",
        "http://linli.test/q/r1.34AB9XYQKM",
        "https://linli.example.cn:8443/base/q/r1.34ab9xyqkm",
    ],
)
def test_a_code_is_read_however_it_is_scanned_or_typed(scanned: str) -> None:
    assert rules.code_in(scanned) == "34AB9XYQKM"


@pytest.mark.parametrize(
    "scanned",
    [
        "",
        "34AB9XYQK",
        "34AB9XYQKMM",
        "r2.34AB9XYQKM",
        "s1.34AB9XYQKM",
        "https://linli.test/x/r1.34AB9XYQKM",
        "https://linli.test/q/r1.34AB9XYQKM/more",
        "34AB9XYQ中文",
        "' OR 1=1 --",
    ],
)
def test_anything_else_is_no_code(scanned: str) -> None:
    with pytest.raises(CollectionCodeUnknown):
        rules.code_in(scanned)


@pytest.mark.parametrize(
    ("window", "today", "opens_on"),
    [
        (Window.ALWAYS, date(2026, 2, 1), None),
        (Window.QUARTER_END_MONTH, date(2026, 3, 31), None),
        (Window.QUARTER_END_MONTH, date(2026, 4, 1), "2026-06-01"),
        (Window.QUARTER_END_MONTH, date(2026, 11, 30), "2026-12-01"),
        (Window.YEAR_END_MONTH, date(2026, 12, 1), None),
        (Window.YEAR_END_MONTH, date(2026, 1, 1), "2026-12-01"),
    ],
)
def test_the_shelf_opens_in_its_months(window: Window, today: date, opens_on: str | None) -> None:
    if opens_on is None:
        rules.check_window(window, today)
        return
    with pytest.raises(RedemptionWindowClosed) as refused:
        rules.check_window(window, today)
    assert refused.value.details == {"opens_on": opens_on}


@pytest.mark.parametrize(
    ("taken", "quantity", "fits"), [(0, 2, True), (1, 1, True), (0, 3, False), (2, 1, False)]
)
def test_a_person_may_have_so_many_pieces(taken: int, quantity: int, *, fits: bool) -> None:
    ever, yearly = Limits(None, None, None, 2), Limits(None, 2, Period.YEAR, None)
    if fits:
        rules.check_limits(ever, ever=taken, in_period=0, quantity=quantity)
        rules.check_limits(yearly, ever=99, in_period=taken, quantity=quantity)
    else:
        with pytest.raises(PersonLimitReached):
            rules.check_limits(ever, ever=taken, in_period=0, quantity=quantity)
        with pytest.raises(PeriodLimitReached):
            rules.check_limits(yearly, ever=99, in_period=taken, quantity=quantity)


@pytest.mark.parametrize(
    ("period", "today", "first"),
    [
        (Period.MONTH, date(2026, 5, 31), date(2026, 5, 1)),
        (Period.QUARTER, date(2026, 1, 31), date(2026, 1, 1)),
        (Period.QUARTER, date(2026, 6, 1), date(2026, 4, 1)),
        (Period.QUARTER, date(2026, 12, 31), date(2026, 10, 1)),
        (Period.YEAR, date(2028, 2, 29), date(2028, 1, 1)),
    ],
)
def test_a_period_begins_with_the_calendar(period: Period, today: date, first: date) -> None:
    assert rules.first_day_of(period, today) == first


@pytest.mark.parametrize(
    ("available", "held", "counted", "by"),
    [(5, 0, 5, 0), (5, 2, 9, 2), (5, 2, 2, -5), (0, 0, 3, 3)],
)
def test_what_waits_is_counted_too(available: int, held: int, counted: int, by: int) -> None:
    assert rules.difference("大米", available=available, held=held, counted=counted) == by


def test_less_than_waits_cannot_be_counted() -> None:
    with pytest.raises(StockCountBelowWaiting):
        rules.difference("大米", available=5, held=2, counted=1)


def _offer(**other: Any) -> Offer:
    values: dict[str, Any] = {
        "reward_id": 1,
        "area_id": 5,
        "area_path": "/1/2/5/",
        "title": "大米一袋",
        "points": 10,
        "limits": Limits(None, None, None, None),
        "open": True,
        "open_from": None,
        "open_until": None,
        "pickup_days": None,
        "site_name": "包家社区党群服务中心",
        "available": 3,
        "home_path": "/1/2/5/",
    }
    return Offer(**values | other)


TODAY = date(2026, 5, 10)


def test_an_offer_is_open_on_its_first_and_its_last_day() -> None:
    assert rules.check_offer(_offer(open_from=TODAY, open_until=TODAY), 1, TODAY)


def test_an_offer_fits_whoever_lives_there_or_below() -> None:
    assert rules.check_offer(_offer(), 3, TODAY) == "包家社区党群服务中心"
    assert rules.check_offer(_offer(home_path="/1/2/5/9/"), 1, TODAY) == "包家社区党群服务中心"


@pytest.mark.parametrize(
    ("other", "quantity", "refusal"),
    [
        ({"home_path": None}, 1, RewardOfAnotherCommunity),
        ({"home_path": "/1/2/55/"}, 1, RewardOfAnotherCommunity),
        ({"home_path": "/1/2/"}, 1, RewardOfAnotherCommunity),
        ({"open": False}, 1, RewardOffShelf),
        ({"open_from": date(2026, 5, 11)}, 1, RewardNotYetOpen),
        ({"open_until": date(2026, 5, 9)}, 1, RewardNoLongerOpen),
        ({"limits": Limits(2, None, None, None)}, 3, OrderLimitReached),
        ({"site_name": None}, 1, RewardNotAtSite),
        ({"available": None}, 1, RewardNotAtSite),
        ({"available": 0}, 1, OutOfStock),
        ({}, 4, OutOfStock),
    ],
)
def test_an_offer_that_does_not_fit_says_why(
    other: dict[str, Any], quantity: int, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        rules.check_offer(_offer(**other), quantity, TODAY)


def test_every_state_says_why_an_order_cannot_be_handed_out() -> None:
    assert set(rules.WHY_NOT_HELD) == set(RedemptionState)
