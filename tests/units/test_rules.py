"""The social credit code, decided on paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.units.rules import is_credit_code

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Weights as printed in GB 32100-2015, table 3, so that the rule is not checked by its own formula.
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("91350100M000100Y43", True),  # a widely printed example
        ("91110000100000000E", False),
        ("91350100M000100Y44", False),
        ("91350100m000100y43", False),
        ("91350100M000100Y4", False),
        ("91350100M000100Y433", False),
        ("9135010OM000100Y43", False),
        ("９１350100M000100Y43", False),
        ("", False),
    ],
)
def test_a_credit_code_checks_out_or_does_not(code: str, valid: bool) -> None:
    assert is_credit_code(code) is valid


@given(st.text(ALPHABET, min_size=17, max_size=17))
def test_exactly_one_last_character_completes_a_code(base: str) -> None:
    total = sum(
        ALPHABET.index(letter) * weight for letter, weight in zip(base, WEIGHTS, strict=True)
    )
    expected = ALPHABET[(31 - total % 31) % 31]
    assert [last for last in ALPHABET if is_credit_code(base + last)] == [expected]
