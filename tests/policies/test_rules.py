"""Which row applies, decided on paper."""

from datetime import date
from typing import Any

import pytest

from app.policies.rules import (
    Applied,
    Row,
    code_life_seconds,
    code_lives_too_long,
    in_force,
    parse,
    text_of,
)
from app.policies.terms import (
    CODE_STEP_SECONDS,
    CODE_STEPS_TOLERATED,
    KEYS,
    POINTS_PER_HOUR,
    POINTS_ROUNDING,
    PUBLIC_RANKINGS,
    PolicyKey,
)

CITY, STREET, COMMUNITY, ELSEWHERE = 2, 5, 9, 77
LINE = [1, CITY, STREET, COMMUNITY]
TODAY = date(2026, 11, 20)


def row(
    number: int, area_id: int, value: str, since: str = "2026-01-01", key: str = "points_per_hour"
) -> Row:
    return Row(number, area_id, key, value, date.fromisoformat(since))


@pytest.mark.parametrize(
    ("rows", "value", "winner"),
    [
        ([], 10, None),
        ([row(1, CITY, "12")], 12, 1),
        ([row(1, CITY, "12"), row(2, COMMUNITY, "20")], 20, 2),
        ([row(1, COMMUNITY, "20"), row(2, CITY, "12", "2026-06-01")], 20, 1),
        ([row(1, CITY, "12", "2026-01-01"), row(2, CITY, "15", "2026-06-01")], 15, 2),
        ([row(1, CITY, "12", "2026-06-01"), row(2, CITY, "15", "2026-01-01")], 12, 1),
        ([row(2, CITY, "15"), row(1, CITY, "12")], 15, 2),
        ([row(1, CITY, "12", "2026-11-20")], 12, 1),
        ([row(1, CITY, "12", "2026-11-21")], 10, None),
        ([row(1, CITY, "12"), row(2, COMMUNITY, "20", "2026-11-21")], 12, 1),
        ([row(1, ELSEWHERE, "12")], 10, None),
        ([row(1, CITY, "12", key="a_key_of_long_ago")], 10, None),
        ([row(1, CITY, "0")], 0, 1),
    ],
    ids=[
        "the default",
        "inherited",
        "the nearer area",
        "the nearer area though older",
        "the later day",
        "the later day though entered first",
        "the same day, entered last",
        "from this very day",
        "not before its day",
        "the farther one until the nearer begins",
        "not from elsewhere",
        "not by another name",
        "nothing is a value too",
    ],
)
def test_one_row_applies(rows: list[Row], value: int, winner: int | None) -> None:
    rules = in_force(rows, LINE, TODAY)
    assert rules[POINTS_PER_HOUR] == value
    why = rules.why(POINTS_PER_HOUR)
    assert why.value == value
    assert (None if why.row is None else why.row.id) == winner


def test_values_come_out_in_the_type_of_their_key() -> None:
    rules = in_force(
        [
            row(1, CITY, "7"),
            row(2, CITY, "true", key="public_rankings"),
            row(3, CITY, "up", key="points_rounding"),
        ],
        LINE,
        TODAY,
    )
    assert rules[POINTS_PER_HOUR] == 7
    assert rules[PUBLIC_RANKINGS] is True
    assert rules[POINTS_ROUNDING] == "up"


def test_a_key_without_a_row_says_so() -> None:
    assert in_force([], LINE, TODAY).why(PUBLIC_RANKINGS) == Applied(value=False, row=None)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_default_fits_its_key_and_survives_storing(key: PolicyKey[Any]) -> None:
    assert key.check(key.default)
    assert parse(key, text_of(key.default)) == key.default
    assert key.expected_zh
    for choice in key.choices:
        assert key.check(choice)
        assert parse(key, text_of(choice)) == choice


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("points_per_hour", 0, True),
        ("points_per_hour", 1000, True),
        ("points_per_hour", 1001, False),
        ("points_per_hour", -1, False),
        ("points_per_hour", True, False),
        ("points_per_hour", "10", False),
        ("public_rankings", True, True),
        ("public_rankings", 1, False),
        ("public_rankings", "true", False),
        ("points_rounding", "nearest", True),
        ("points_rounding", "sideways", False),
        ("points_rounding", 0, False),
    ],
)
def test_a_value_fits_its_key_or_does_not(name: str, value: Any, fits: bool) -> None:
    assert KEYS[name].check(value) is fits


@pytest.mark.parametrize(("name", "text"), [("public_rankings", "1"), ("points_per_hour", "x")])
def test_a_stored_text_that_is_no_value_is_a_fault(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse(KEYS[name], text)


@pytest.mark.parametrize(
    ("step", "tolerated", "life", "too_long"),
    [(30, 1, 60, False), (100, 5, 600, False), (101, 5, 606, True), (120, 10, 1320, True)],
)
def test_a_rotating_code_lives_at_most_ten_minutes(
    step: int, tolerated: int, life: int, too_long: bool
) -> None:
    rules = in_force(
        [
            row(1, CITY, str(step), key=CODE_STEP_SECONDS.name),
            row(2, CITY, str(tolerated), key=CODE_STEPS_TOLERATED.name),
        ],
        LINE,
        TODAY,
    )
    assert code_life_seconds(rules) == life
    assert code_lives_too_long(rules) is too_long
