"""Decisions about areas, on paper: how a list is read, what in it does not fit, how codes and names are made."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.community.terms import (
    CODE_LENGTH_MAX,
    LISTED_LEVELS,
    NAME_LENGTH_MAX,
    PARENT_LEVELS,
    PINYIN_LENGTH_MAX,
    BadRow,
    Level,
)

COLUMNS = ["code", "parent_code", "name", "level"]
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CODE = re.compile(r"[0-9]{12}(?:[0-9]{3}|-[0-9]{1,3})?", re.ASCII)
_LISTED_CODE = re.compile(r"[0-9]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListedArea:
    """One good row of a list: its line, codes, the name to show, its level."""

    row: int
    code: str
    parent_code: str | None
    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class Listing:
    """What a file says: the rows that can be read, those that cannot, and every code it names."""

    areas: list[ListedArea] = field(default_factory=list)
    problems: list[BadRow] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class KnownArea:
    """What the tree holds under a code. Of an ended and a standing area with one code, the standing one."""

    id: int
    code: str
    parent_code: str | None
    name: str
    level: Level
    path: str
    in_force: bool


def is_code(text: str) -> bool:
    """Whether `text` has the shape of an area code: 12 digits, 15, or 12 and a hyphen and up to 3."""
    return len(text) <= CODE_LENGTH_MAX and _CODE.fullmatch(text) is not None


def shown_name(listed: str) -> str:
    """The name people use for a place that the list names by its committee.

    "亿利社区居委会" → "亿利社区", "包家村村委会" → "包家村", "孔家村委会" → "孔家村"; "横街居委会", whose rest
    is not a place, stays as listed.
    """
    rest = re.sub("(?:居民委员会|村民委员会|居委会|村委会)$", "", listed)
    if rest not in {"", listed} and rest.endswith(("社区", "村")):
        return rest
    return re.sub("(?<=.村)(?:民委员会|委会)$", "", listed)


def pinyin_of(name: str) -> str:
    """Full pinyin and initials, to sort and search by: "包家社区" → "baojiashequ bjsq"; ü is typed v."""
    # Its dictionaries take a sixth of a second and 55 MB, which only a process that names areas should pay.
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    solid = "".join(name.split())
    full = "".join(lazy_pinyin(solid))
    initials = "".join(lazy_pinyin(solid, style=Style.FIRST_LETTER))
    return f"{full} {initials}".lower()[:PINYIN_LENGTH_MAX]


def code_below(community_code: str, level: Level, number: int) -> str:
    """The code of compound or grid `number` of a community. A grid's has 15 digits (practice: 6-3-3-3)."""
    if level is Level.GRID:
        return f"{community_code}{number:03d}"
    return f"{community_code}-{number}"


def next_number(community_code: str, codes: Iterable[str]) -> int:
    """The number after the highest ever given out among `codes` of one level of one community."""
    used = (int(code.removeprefix(community_code).removeprefix("-")) for code in codes)
    return max(used, default=0) + 1


def may_end_on(day: date, *, valid_from: date, today: date) -> bool:
    """Whether an area in force since `valid_from` may be said to have ended on `day`."""
    return valid_from <= day <= today


# --- reading a list ---------------------------------------------------------------------------------------


def read_listing(content: bytes) -> Listing:
    """Read a CSV file of areas: UTF-8 with or without byte order mark, columns COLUMNS, any line ends."""
    listing = Listing()
    lines, undecodable = _decoded(content.removeprefix(_BYTE_ORDER_MARK))
    records = _records(lines, listing.problems)
    _, header = next(records, (1, []))
    if header != COLUMNS:
        listing.problems[:] = [BadRow(1, f"the first line must be {','.join(COLUMNS)}, in UTF-8")]
        return listing
    for number, cells in records:
        if number in undecodable:
            listing.problems.append(BadRow(number, "not UTF-8"))
        elif cells:
            _read_row(number, cells, listing)
    return listing


def _decoded(content: bytes) -> tuple[list[str], set[int]]:
    """The lines as text, and the numbers of those that are not UTF-8."""
    lines: list[str] = []
    undecodable: set[int] = set()
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            undecodable.add(number)
            lines.append(line.decode("utf-8", "replace"))
    return lines, undecodable


def _records(lines: Sequence[str], problems: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each record; a record that is not CSV goes to `problems`."""
    reader = csv.reader(lines, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problems.append(BadRow(number, "quotes do not match"))
            continue
        yield number, [cell.strip() for cell in cells]


def _read_row(number: int, cells: list[str], listing: Listing) -> None:
    if len(cells) != len(COLUMNS):
        reason = f"{len(COLUMNS)} columns expected, {len(cells)} found"
        listing.problems.append(BadRow(number, reason))
        return
    code, parent_code, name, level = cells
    listing.codes.add(code)
    if not _LISTED_CODE.fullmatch(code):
        reason = f"code {_quoted(code)} is not 12 digits"
    elif not name:
        reason = "the name is empty"
    elif len(name) > NAME_LENGTH_MAX:
        reason = f"the name is longer than {NAME_LENGTH_MAX} characters"
    elif not name.isprintable():
        reason = "the name holds characters that cannot be shown"
    elif level not in LISTED_LEVELS:
        reason = f"level {_quoted(level)} is none of {', '.join(LISTED_LEVELS)}"
    else:
        listing.areas.append(
            ListedArea(number, code, parent_code or None, shown_name(name), Level(level))
        )
        return
    listing.problems.append(BadRow(number, reason))


def _quoted(text: str) -> str:
    """As much of a cell as a line of a report can hold."""
    return repr(text[:CODE_LENGTH_MAX])


# --- judging a list against itself and the tree -----------------------------------------------------------


def misfits(listing: Listing, known: Mapping[str, KnownArea]) -> list[BadRow]:
    """Rows that can be read but do not fit the rest of the list or the areas `known` already."""
    first: dict[str, ListedArea] = {}
    for area in listing.areas:
        first.setdefault(area.code, area)
    judged = ((area, _misfit(area, first, listing.codes, known)) for area in listing.areas)
    return [BadRow(area.row, reason) for area, reason in judged if reason is not None]


def _misfit(
    area: ListedArea,
    first: Mapping[str, ListedArea],
    codes: Collection[str],
    known: Mapping[str, KnownArea],
) -> str | None:
    if first[area.code] is not area:
        return f"code {area.code} stands already in row {first[area.code].row}"
    before = known.get(area.code)
    if before is not None and (before.parent_code, before.level) != (area.parent_code, area.level):
        return f"code {area.code} is known with another parent or level"
    if area.parent_code is None:
        return None if area.level is Level.PROVINCE else "the parent code is missing"
    parent = first.get(area.parent_code) or known.get(area.parent_code)
    if parent is None:
        # A parent on a row that is bad itself is named there; its children need no second complaint.
        return (
            None if area.parent_code in codes else f"parent {_quoted(area.parent_code)} is unknown"
        )
    if parent.level not in PARENT_LEVELS[area.level]:
        return f"a {area.level} cannot hang under a {parent.level}"
    above = known.get(area.parent_code)
    if before is None and above is not None and not above.in_force:
        return f"parent {area.parent_code} has ended"
    return None


def missing_from(listing: Listing, known: Mapping[str, KnownArea]) -> tuple[str, ...]:
    """Codes in force that the list leaves out although it covers their place in the tree.

    A list covers what lies at and below its topmost areas, so that the list of one street does not miss the
    rest of the country.
    """
    tops = {
        str(known[area.code].id)
        for area in listing.areas
        if area.code in known and area.parent_code not in listing.codes
    }
    return tuple(
        area.code
        for area in known.values()
        if area.in_force
        and area.code not in listing.codes
        and not tops.isdisjoint(area.path.strip("/").split("/"))
    )
