"""Decisions about work units, on paper."""

from app.units.terms import CREDIT_CODE_LENGTH

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""No I, O, S, V, Z: GB 32100-2015, table 2."""


def is_credit_code(code: str) -> bool:
    """Whether `code` is a unified social credit code whose last character checks the others.

    GB 32100-2015: 17 characters weighted with the powers of 3 modulo 31, the check completing the sum to 31.
    """
    if len(code) != CREDIT_CODE_LENGTH or not set(code) <= set(_ALPHABET):
        return False
    base = len(_ALPHABET)
    weighted = sum(
        _ALPHABET.index(letter) * pow(3, place, base) for place, letter in enumerate(code[:-1])
    )
    return _ALPHABET.index(code[-1]) == -weighted % base
