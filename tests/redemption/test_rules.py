"""Codes, windows, limits and offers, decided on paper."""

from datetime import date
from typing import Any

import pytest

from app.redemption import rules
from app.redemption.errors import (
    CollectionCodeUnknown,
    OutOfStock,
    PersonLimitReached,
    RedemptionWindowClosed,
    RewardNotAtSite,
    RewardOfAnotherCommunity,
    RewardOffShelf,
)
from app.redemption.terms import Offer, RedemptionState, Window


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
    if fits:
        rules.check_person_limit(2, taken, quantity)
    else:
        with pytest.raises(PersonLimitReached):
            rules.check_person_limit(2, taken, quantity)


def _offer(**other: Any) -> Offer:
    values: dict[str, Any] = {
        "reward_id": 1,
        "area_id": 5,
        "area_path": "/1/2/5/",
        "title": "大米一袋",
        "points": 10,
        "per_person_max": None,
        "open": True,
        "site_name": "包家社区党群服务中心",
        "available": 3,
        "home_path": "/1/2/5/",
    }
    return Offer(**values | other)


def test_an_offer_fits_whoever_lives_there_or_below() -> None:
    assert rules.check_offer(_offer(), 3) == "包家社区党群服务中心"
    assert rules.check_offer(_offer(home_path="/1/2/5/9/"), 1) == "包家社区党群服务中心"


@pytest.mark.parametrize(
    ("other", "quantity", "refusal"),
    [
        ({"home_path": None}, 1, RewardOfAnotherCommunity),
        ({"home_path": "/1/2/55/"}, 1, RewardOfAnotherCommunity),
        ({"home_path": "/1/2/"}, 1, RewardOfAnotherCommunity),
        ({"open": False}, 1, RewardOffShelf),
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
        rules.check_offer(_offer(**other), quantity)


def test_every_state_says_why_an_order_cannot_be_handed_out() -> None:
    assert set(rules.WHY_NOT_HELD) == set(RedemptionState)
