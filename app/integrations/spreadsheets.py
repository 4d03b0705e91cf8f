"""Papers as spreadsheets (.xlsx): one sheet per table, after a first one with the facts and notes.

No cell is ever a formula or a link: text stays text, also when somebody's wish begins with an equals sign.
"""

from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.core.clock import CHINA
from app.integrations.paper import Cell, Paper, Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
_WIDTH_PER_SHARE = 1.1
_SHEET_NAME_MAX = 31
_CELL_LENGTH_MAX = 32_767


def write(paper: Paper) -> bytes:
    """The paper as an .xlsx file. The same paper gives the same bytes."""
    file = BytesIO()
    with Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        # The format keeps moments without an offset.
        made_at = paper.made_at.astimezone(CHINA).replace(tzinfo=None)
        book.set_properties({"title": paper.title, "created": made_at, "author": "邻里"})
        style = _Styles(book)
        _cover(book.add_worksheet("说明"), paper, style)
        for table in paper.tables:
            _table(book.add_worksheet(table.title[:_SHEET_NAME_MAX]), table, style)
    return file.getvalue()


class _Styles:
    def __init__(self, book: Workbook) -> None:
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.heading = book.add_format({"bold": True, "bg_color": "#F5F6F7", "bottom": 1})
        self.text = book.add_format({"valign": "top", "text_wrap": True})
        # The mark of a text typed with an apostrophe: editing the cell does not make it a formula either.
        self.quoted = book.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True})
        self.number = book.add_format({"valign": "top", "num_format": "#,##0"})
        self.signed = book.add_format({"valign": "top", "num_format": "+#,##0;-#,##0;0"})
        self.total = book.add_format({"bold": True, "top": 1, "num_format": "#,##0"})


def _cover(sheet: Worksheet, paper: Paper, style: _Styles) -> None:
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 60)
    _put(sheet, 0, 0, paper.title, style, style.title)
    line = 2
    for label, value in paper.facts:
        _put(sheet, line, 0, label, style)
        _put(sheet, line, 1, value, style)
        line += 1
    made_at = paper.made_at.astimezone(CHINA)
    _put(sheet, line, 0, "制表时间", style)
    _put(sheet, line, 1, f"{made_at:%Y-%m-%d %H:%M}（北京时间）", style)
    for note in paper.notes:
        line += 1
        _put(sheet, line, 1, note, style)


def _table(sheet: Worksheet, table: Table, style: _Styles) -> None:
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, column.share * _WIDTH_PER_SHARE)
        _put(sheet, 0, number, column.title, style, style.heading)
    for line, row in enumerate(table.rows, start=1):
        for number, cell in enumerate(row):
            signed = table.columns[number].signed and isinstance(cell, int)
            _put(sheet, line, number, cell, style, style.signed if signed else None)
    for number, cell in enumerate(table.total):
        _put(sheet, len(table.rows) + 1, number, cell, style, style.total)


def _put(
    sheet: Worksheet,
    line: int,
    column: int,
    cell: Cell,
    style: _Styles,
    own: Format | None = None,
) -> None:
    if isinstance(cell, int):
        sheet.write_number(line, column, cell, own or style.number)
        return
    plain = own or (style.quoted if cell.startswith(_FORMULA_BEGINS) else style.text)
    sheet.write_string(line, column, cell[:_CELL_LENGTH_MAX], plain)
