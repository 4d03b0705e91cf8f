"""Which row applies, decided on paper: rows in, the winning value and its row out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.policies.terms import (
    CODE_LIFE_SECONDS_MAX,
    CODE_STEP_SECONDS,
    CODE_STEPS_TOLERATED,
    KEYS,
    PolicyKey,
    T,
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a policy row says, without its table."""

    id: int
    area_id: int
    key: str
    value: str
    effective_from: date


@dataclass(frozen=True, slots=True)
class Applied:
    """A value in force and the row it comes from; None is the product's default."""

    value: Any
    row: Row | None


class Rules:
    """The rules in force at one area on one day. `rules[POINTS_PER_HOUR]` is typed by its key."""

    def __init__(self, applied: dict[str, Applied]) -> None:
        self._applied = applied

    def __getitem__(self, key: PolicyKey[T]) -> T:
        applied = self._applied.get(key.name)
        value: T = key.default if applied is None else applied.value
        return value

    def why(self, key: PolicyKey[Any]) -> Applied:
        """The value in force and the row that says so."""
        return self._applied.get(key.name, Applied(key.default, None))


def parse(key: PolicyKey[Any], text: str) -> Any:
    """The typed value of a stored text. Raises: ValueError when it is none."""
    if type(key.default) is bool:
        if text not in {"true", "false"}:
            raise ValueError(text)
        return text == "true"
    return int(text) if type(key.default) is int else text


def text_of(value: Any) -> str:
    """A typed value as it is stored; the reverse of `parse`."""
    return str(value).lower() if type(value) is bool else str(value)


def code_life_seconds(rules: Rules) -> int:
    """How long one rotating code is accepted: its own step and those it may be late."""
    return rules[CODE_STEP_SECONDS] * (1 + rules[CODE_STEPS_TOLERATED])


def code_lives_too_long(rules: Rules) -> bool:
    """Whether step and tolerance, each within its bounds, together make a code that hardly rotates."""
    return code_life_seconds(rules) > CODE_LIFE_SECONDS_MAX


def in_force(rows: Iterable[Row], line: Sequence[int], on: date) -> Rules:
    """The rules on day `on`, for an area whose ids from the root to itself are `line`.

    Nearest area first; there the newest effective day; on the same day the row entered last.
    """
    nearness = {area_id: depth for depth, area_id in enumerate(line)}
    best: dict[str, Row] = {}
    for row in rows:
        if row.area_id not in nearness or row.effective_from > on or row.key not in KEYS:
            continue
        standing = best.get(row.key)
        if standing is None or _rank(row, nearness) > _rank(standing, nearness):
            best[row.key] = row
    return Rules({name: Applied(parse(KEYS[name], row.value), row) for name, row in best.items()})


def _rank(row: Row, nearness: dict[int, int]) -> tuple[int, date, int]:
    return (nearness[row.area_id], row.effective_from, row.id)
