"""Papers as PDF: A4, Chinese, with page numbers. Draws without the network, with the font that stands beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from fpdf import FPDF
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont
from typing_extensions import override

from app.core.clock import CHINA
from app.integrations.paper import Cell, Column, Paper, Table

MEDIA_TYPE = "application/pdf"
FONT = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"

_BRAND = (199, 41, 30)
_INK, _INK_2 = (31, 35, 41), (78, 89, 105)
_LINE, _GROUND = (229, 230, 235), (245, 246, 247)
_MARGIN_MM, _FOOT_MM = 18, 16
_FACT_LABEL_MM, _FACT_HEIGHT_MM = 26, 6.5
_ROW_HEIGHT_MM = 6.4
_CLOSING = "，。、；：！？）》】”’％%…"
_BOLD_LINE_MM = 0.12
"""The font has one weight; a thin outline in the same colour makes headings heavier."""


def draw(paper: Paper) -> bytes:
    """The paper as a PDF file. The same paper gives the same bytes."""
    with _sheet_of(paper) as sheet:
        sheet.add_page()
        _title(sheet, paper.title)
        _facts(sheet, paper)
        for table in paper.tables:
            _table(sheet, table)
        _notes(sheet, paper)
        return bytes(sheet.output())


class _Sheet(FPDF):
    def __init__(self, paper: Paper) -> None:
        super().__init__(format="A4")
        self._title = paper.title
        self._widths_mm: dict[tuple[float, str], float] = {}
        self.set_margins(_MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_FOOT_MM + 4)
        self.add_font("noto", "", FONT)
        self.set_font("noto", size=9)
        self.set_title(paper.title)
        self.set_lang("zh-CN")
        self.set_creator("邻里")
        self.set_creation_date(paper.made_at)
        self.alias_nb_pages("{页数}")

    def character_mm(self, character: str) -> float:
        """How wide a character is in the font of now, measured once."""
        key = (self.font_size_pt, character)
        if key not in self._widths_mm:
            self._widths_mm[key] = self.get_string_width(character)
        return self._widths_mm[key]

    @override
    def footer(self) -> None:
        self.set_y(-_FOOT_MM)
        self.set_draw_color(*_LINE)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_font("noto", size=8)
        self.set_text_color(*_INK_2)
        half = self.epw / 2
        self.cell(half, 8, f"第 {self.page_no()} 页，共 {{页数}} 页")
        self.cell(half, 8, f"邻里 · {self._title}", align="R")


@contextmanager
def _sheet_of(paper: Paper) -> Iterator[_Sheet]:
    sheet = _Sheet(paper)
    try:
        yield sheet
    finally:
        for font in sheet.fonts.values():
            if isinstance(font, TTFFont):
                font.close()  # the library leaves the file open


def _title(sheet: _Sheet, title: str) -> None:
    sheet.set_font("noto", size=19)
    with _bold(sheet, _BRAND, 0.3):
        sheet.cell(0, 12, title, align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.set_draw_color(*_BRAND)
    sheet.set_line_width(0.6)
    sheet.line(sheet.l_margin, sheet.get_y() + 1, sheet.w - sheet.r_margin, sheet.get_y() + 1)
    sheet.set_line_width(0.2)
    sheet.ln(5)


def _facts(sheet: _Sheet, paper: Paper) -> None:
    # Two pairs to a line, read from left to right; a value that is too long for half a line has one to itself.
    sheet.set_font("noto", size=10)
    half_mm = sheet.epw / 2
    for label, value in paper.facts:
        long = sheet.get_string_width(value) > half_mm - _FACT_LABEL_MM - 2
        if long and sheet.get_x() > sheet.l_margin:
            sheet.ln(_FACT_HEIGHT_MM)
        sheet.set_text_color(*_INK_2)
        sheet.cell(_FACT_LABEL_MM, _FACT_HEIGHT_MM, label)
        sheet.set_text_color(*_INK)
        if long:
            text = _wrapped(sheet, value, sheet.epw - _FACT_LABEL_MM - 2 * sheet.c_margin)
            sheet.multi_cell(0, _FACT_HEIGHT_MM, text, align="L", new_x="LMARGIN", new_y="NEXT")
            continue
        sheet.cell(half_mm - _FACT_LABEL_MM, _FACT_HEIGHT_MM, value)
        if sheet.get_x() > sheet.l_margin + half_mm + 1:
            sheet.ln(_FACT_HEIGHT_MM)
    if sheet.get_x() > sheet.l_margin:
        sheet.ln(_FACT_HEIGHT_MM)
    sheet.ln(3)


def _table(sheet: _Sheet, table: Table) -> None:
    sheet.ln(2)
    if sheet.will_page_break(5 * _ROW_HEIGHT_MM):
        sheet.add_page()  # a heading does not stand alone at the foot of a page
    sheet.set_font("noto", size=11)
    with _bold(sheet, _INK, _BOLD_LINE_MM):
        sheet.cell(0, 8, table.title, new_x="LMARGIN", new_y="NEXT")
    sheet.set_font("noto", size=9)
    _row(sheet, table, [column.title for column in table.columns], _INK_2, fill=True)
    for row in table.rows:
        _row(sheet, table, row, _INK)
    if table.total:
        _row(sheet, table, table.total, _BRAND, fill=True)
    if not table.rows:
        sheet.set_text_color(*_INK_2)
        sheet.cell(0, 8, table.empty, align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.ln(3)


def _row(
    sheet: _Sheet,
    table: Table,
    row: Sequence[Cell],
    color: tuple[int, int, int],
    *,
    fill: bool = False,
) -> None:
    # By hand: the library's own tables take ten times as long, and a year has many rows.
    share_mm = sheet.epw / sum(column.share for column in table.columns)
    lines = [
        _wrapped(sheet, _text(cell, column), column.share * share_mm - 2 * sheet.c_margin).split(
            "\n"
        )
        for cell, column in zip(row, table.columns, strict=True)
    ]
    height_mm = max(map(len, lines)) * _ROW_HEIGHT_MM
    if sheet.will_page_break(height_mm):
        sheet.add_page()
        _row(sheet, table, [column.title for column in table.columns], _INK_2, fill=True)
    x_mm, y_mm = sheet.l_margin, sheet.get_y()
    if fill:
        sheet.set_fill_color(*_GROUND)
        sheet.rect(x_mm, y_mm, sheet.epw, height_mm, style="F")
    sheet.set_text_color(*color)
    for column, texts in zip(table.columns, lines, strict=True):
        top_mm = y_mm + (height_mm - len(texts) * _ROW_HEIGHT_MM) / 2
        for nth, text in enumerate(texts):
            sheet.set_xy(x_mm, top_mm + nth * _ROW_HEIGHT_MM)
            sheet.cell(column.share * share_mm, _ROW_HEIGHT_MM, text, align=_side(column))
        x_mm += column.share * share_mm
    sheet.set_draw_color(*_LINE)
    y_mm += height_mm
    sheet.line(sheet.l_margin, y_mm, sheet.l_margin + sheet.epw, y_mm)
    sheet.set_xy(sheet.l_margin, y_mm)


def _notes(sheet: _Sheet, paper: Paper) -> None:
    sheet.set_font("noto", size=8.5)
    sheet.set_text_color(*_INK_2)
    made_at = paper.made_at.astimezone(CHINA)
    for note in (*paper.notes, f"制表时间：{made_at:%Y-%m-%d %H:%M}（北京时间）。"):
        text = _wrapped(sheet, note, sheet.epw - 2 * sheet.c_margin)
        sheet.multi_cell(0, 5, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _side(column: Column) -> Literal["LEFT", "RIGHT"]:
    return "RIGHT" if column.number else "LEFT"


def _text(cell: Cell, column: Column) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:+,}" if column.signed and cell else f"{cell:,}"


def _wrapped(sheet: _Sheet, text: str, width_mm: float) -> str:
    """The text in lines that fit. Chinese breaks anywhere, except that no line begins with a closing mark."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, line_mm = "", 0.0
        for character in paragraph:
            character_mm = sheet.character_mm(character)
            if line and line_mm + character_mm > width_mm:
                keep = len(line)
                while keep > 1 and (character if keep == len(line) else line[keep]) in _CLOSING:
                    keep -= 1
                lines.append(line[:keep])
                line = line[keep:]
                line_mm = sum(map(sheet.character_mm, line))
            line += character
            line_mm += character_mm
        lines.append(line)
    return "\n".join(lines)


@contextmanager
def _bold(sheet: _Sheet, color: tuple[int, int, int], line_mm: float) -> Iterator[None]:
    """Heavier text while the block runs."""
    sheet.set_text_color(*color)
    sheet.set_draw_color(*color)
    sheet.set_line_width(line_mm)
    sheet.text_mode = TextMode.FILL_STROKE
    yield
    sheet.text_mode = TextMode.FILL
    sheet.set_line_width(0.2)
