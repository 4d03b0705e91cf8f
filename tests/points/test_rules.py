"""Months, caps and pockets, decided on paper."""

from datetime import date

import pytest

from app.points import rules
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
from app.points.terms import NEVER, REVERSIBLE, HeldPocket, Pocket, Portion, TransferKind


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 20), 12, 202711),
        (date(2026, 1, 1), 1, 202602),
        (date(2026, 12, 31), 1, 202701),
        (date(2026, 11, 30), 1, 202612),
        (date(2026, 12, 1), 12, 202712),
        (date(2026, 11, 20), 120, 203611),
        (date(2026, 11, 20), 0, NEVER),
    ],
)
def test_points_are_usable_so_many_months_after_the_one_they_were_earned_in(
    day: date, months: int, expected: int
) -> None:
    assert rules.expiry_month(day, months) == expected


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        (202711, date(2027, 11, 30)),
        (202802, date(2028, 2, 29)),
        (202712, date(2027, 12, 31)),
        (NEVER, None),
    ],
)
def test_a_month_ends_on_its_last_day(month: int, expected: date | None) -> None:
    assert rules.expires_on(month) == expected


def test_a_sweep_is_numbered_by_its_day() -> None:
    assert rules.expiry_run(date(2027, 12, 1)) == 20271201


@pytest.mark.parametrize(
    ("month", "this_month", "expected"),
    [
        (202711, 202710, True),
        (202711, 202711, True),
        (202711, 202712, False),
        (NEVER, 202712, True),
    ],
)
def test_a_pocket_is_usable_to_the_end_of_its_month(
    month: int, this_month: int, *, expected: bool
) -> None:
    assert rules.usable(month, this_month) is expected


@pytest.mark.parametrize(
    ("asked", "earned", "expected"),
    [(30, 0, 30), (30, 70, 30), (30, 71, 29), (30, 100, 0), (30, 130, 0), (0, 0, 0), (500, 0, 100)],
)
def test_the_cap_leaves_what_is_missing_to_it(asked: int, earned: int, expected: int) -> None:
    assert rules.below_cap(asked, earned, 100) == expected


POCKETS = [
    Pocket(1, NEVER, 100, 0),
    Pocket(2, 202712, 10, 0),
    Pocket(3, 202711, 30, 25),
    Pocket(4, 202801, 8, 8),
]


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (5, (Portion(3, 5),)),
        (6, (Portion(3, 5), Portion(2, 1))),
        (15, (Portion(3, 5), Portion(2, 10))),
        (16, (Portion(3, 5), Portion(2, 10), Portion(1, 1))),
        (115, (Portion(3, 5), Portion(2, 10), Portion(1, 100))),
    ],
)
def test_the_soonest_to_expire_pays_first_and_held_points_pay_nothing(
    needed: int, expected: tuple[Portion, ...]
) -> None:
    assert rules.portions(POCKETS, needed) == expected


def test_too_few_points_are_refused_with_both_numbers() -> None:
    with pytest.raises(InsufficientPoints) as refused:
        rules.portions(POCKETS, 116)
    assert refused.value.details == {"available": 115, "needed": 116}
    assert "115" in refused.value.sentence


def test_free_points_past_their_month_are_gone_and_held_ones_are_not() -> None:
    standing = rules.standing(POCKETS, 202712)
    assert [(p.month, p.points, p.held) for p in standing.pockets] == [
        (202711, 25, 25),
        (202712, 10, 0),
        (202801, 8, 8),
        (NEVER, 100, 0),
    ]
    assert (standing.available, standing.held, standing.total) == (110, 33, 143)


@pytest.mark.parametrize("kind", TransferKind)
def test_what_was_earned_granted_or_spent_may_be_reversed_and_nothing_else(
    kind: TransferKind,
) -> None:
    if kind in {"service", "wish", "grant", "spend"}:
        assert kind in REVERSIBLE
        rules.check_reversible(kind)
    else:
        with pytest.raises(NotReversible):
            rules.check_reversible(kind)


def test_above_the_limit_and_out_of_the_fund_a_grant_takes_two() -> None:
    assert not rules.takes_two(200, 200, from_fund=False)
    assert rules.takes_two(201, 200, from_fund=False)
    assert rules.takes_two(1, 200, from_fund=True)


def test_a_grant_is_for_others_and_its_second_person_is_a_third() -> None:
    rules.check_recipient(1, 2)
    with pytest.raises(GrantToSelf):
        rules.check_recipient(2, 2)
    rules.check_decider(3, asked_by=1, person_id=2)
    with pytest.raises(GrantNeedsAnotherPerson):
        rules.check_decider(1, asked_by=1, person_id=2)
    with pytest.raises(GrantToSelf):
        rules.check_decider(2, asked_by=1, person_id=2)


@pytest.mark.parametrize(
    ("asked", "left", "taken"), [(None, 30, 30), (30, 30, 30), (1, 30, 1), (None, 1, 1)]
)
def test_a_reversal_takes_what_is_asked_or_all_that_is_left(asked, left, taken) -> None:
    assert rules.points_to_reverse(asked, left) == taken


def test_a_reversal_takes_no_more_than_is_left() -> None:
    with pytest.raises(ReversalExceedsTransfer) as refused:
        rules.points_to_reverse(31, 30)
    assert refused.value.details == {"left": 30, "needed": 31}
    for asked in (None, 1):
        with pytest.raises(AlreadyReversed):
            rules.points_to_reverse(asked, 0)


@pytest.mark.parametrize(
    ("points", "parts"),
    [
        (0, {}),
        (5, {8: 5}),
        (10, {8: 10}),
        (11, {8: 10, 7: 1}),
        (31, {8: 10, 7: 20, 9: 1}),
        (60, {8: 10, 7: 20, 9: 30}),
    ],
)
def test_a_part_of_a_hold_is_spent_from_the_soonest_to_expire(points, parts) -> None:
    held = [HeldPocket(7, 202712, 20), HeldPocket(8, 202711, 10), HeldPocket(9, NEVER, 30)]
    assert rules.posted_parts(held, points) == parts


def test_no_more_is_spent_than_was_held() -> None:
    with pytest.raises(MoreThanHeld) as refused:
        rules.posted_parts([HeldPocket(7, 202712, 20)], 21)
    assert refused.value.details == {"held": 20, "needed": 21}


@pytest.mark.parametrize(
    ("left", "share", "undealt"),
    [(0, 0, 0), (15, 0, 15), (16, 1, 8), (1_000_000, 62_500, 500_000), (999_999, 62_499, 500_007)],
)
def test_half_of_a_budget_is_dealt_and_nothing_of_it_is_lost(left, share, undealt) -> None:
    assert rules.dealt(left, 8) == (share, undealt)
    assert 8 * share + undealt == left


def test_a_refund_says_how_long_the_points_live() -> None:
    assert rules.explain_refund(5, was=202711, month=202711, this_month=202711) == (
        "已退回 5 分，有效期与原来相同。"
    )
    assert rules.explain_refund(5, was=0, month=0, this_month=202711).endswith("与原来相同。")
    assert "按到期处理" in rules.explain_refund(5, was=202710, month=202710, this_month=202711)
    assert rules.explain_refund(5, was=202710, month=202712, this_month=202711).endswith(
        "顺延至 2027 年 12 月底。"
    )
    assert rules.explain_taken_back(7) == "已从原来的积分中扣回 7 分。"


def test_a_pocket_gives_back_what_it_has_and_no_more() -> None:
    rules.check_still_there(10, 10)
    with pytest.raises(PointsAlreadySpent) as refused:
        rules.check_still_there(10, 9)
    assert refused.value.details == {"needed": 10, "available": 9}
