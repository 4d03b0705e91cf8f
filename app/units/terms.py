"""Limits of work units."""

NAME_LENGTH_MAX = 100
CREDIT_CODE_LENGTH = 18
