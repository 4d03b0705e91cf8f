"""Words, values and limits of the area tree."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from typing_extensions import override


class Level(StrEnum):
    """Levels of the tree, top down. A functional zone may stand at a level its code does not say."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    COMPOUND = "compound"
    GRID = "grid"


LEVEL_NAMES_ZH: dict[Level, str] = {
    Level.PROVINCE: "省",
    Level.CITY: "市",
    Level.DISTRICT: "区县",
    Level.STREET: "街道、乡镇",
    Level.COMMUNITY: "社区、村",
    Level.COMPOUND: "小区",
    Level.GRID: "网格",
}

BELOW_COMMUNITY = frozenset({Level.COMPOUND, Level.GRID})
LISTED_LEVELS = tuple(level for level in Level if level not in BELOW_COMMUNITY)
"""The levels of the national list, top down; what lies below a community is entered by hand."""

PARENT_LEVELS: dict[Level, frozenset[Level]] = {
    Level.PROVINCE: frozenset(),
    Level.CITY: frozenset({Level.PROVINCE}),
    # A municipality has districts of its own, and some cities have streets without districts between.
    Level.DISTRICT: frozenset({Level.CITY, Level.PROVINCE}),
    Level.STREET: frozenset({Level.DISTRICT, Level.CITY}),
    Level.COMMUNITY: frozenset({Level.STREET}),
    Level.COMPOUND: frozenset({Level.COMMUNITY}),
    # A grid belongs to one community, never directly to a street (DB6101/T 3185-2024).
    Level.GRID: frozenset({Level.COMMUNITY}),
}

NAME_LENGTH_MAX = 60
CODE_LENGTH_MAX = 30
PINYIN_LENGTH_MAX = 400
NUMBER_MAX = 999
"""Of compounds and of grids in one community; a grid's number has three digits."""

LIST_PUBLISHED_ON = date(2023, 9, 11)
"""When the National Bureau of Statistics published the list that is loaded; its areas are in force from then."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a list that cannot be loaded. `number` counts the file's lines, the header being 1."""

    number: int
    reason: str

    @override
    def __str__(self) -> str:
        return f"row {self.number}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What loading a list did. With any bad row nothing was written."""

    rows: int
    added: int = 0
    changed: int = 0
    """Areas whose name was taken over."""
    unchanged: int = 0
    ended: tuple[str, ...] = ()
    """Codes on the list that were ended here; they stay ended."""
    missing: tuple[str, ...] = ()
    """Codes in force here, within what the list covers, that it does not name; they stay in force."""
    problems: tuple[BadRow, ...] = ()

    @property
    def wrote(self) -> bool:
        """Whether anything was written."""
        return self.added + self.changed > 0
