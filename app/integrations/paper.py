"""What a printed or tabular document says, without saying how: drawn by `pdf`, written by `spreadsheets`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

Cell = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading and its share of the width. Whole numbers stand on the right, with + or - if signed."""

    title: str
    share: int
    number: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `total` is the last line, set off from the others."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    empty: str = "没有记录"
    """What stands in place of rows when there are none."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: a title, facts as pairs of label and value, tables, and notes below them."""

    title: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    notes: Sequence[str]
    made_at: datetime
