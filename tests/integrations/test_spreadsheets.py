"""A paper as spreadsheet: numbers are numbers, and no text ever becomes a formula."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from app.integrations import spreadsheets
from app.integrations.paper import Column, Paper, Table

NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}

TABLE = Table(
    "明细",
    (Column("事由", 60), Column("积分", 20, number=True, signed=True)),
    (("文明劝导岗", 1200), ("兑换毛巾", -20)),
    total=("合计", 1180),
)
PAPER = Paper(
    title="爱心积分对账单",
    facts=(("户名", "欧阳春晓"),),
    tables=(TABLE,),
    notes=("记账日期按北京时间计。",),
    made_at=datetime(2026, 11, 20, 1, 30, tzinfo=UTC),
)


def read(paper: Paper, sheet: int = 2) -> list[list[str | int]]:
    """The cells of a sheet, row by row; the second is the first table."""
    with ZipFile(BytesIO(spreadsheets.write(paper))) as book:
        texts = [
            "".join(each.itertext()) for each in ET.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert root.findall(".//x:f", NS) == [], "no cell is a formula"
    assert root.findall(".//x:hyperlink", NS) == []

    def value(cell: ET.Element) -> str | int:
        number = int(cell.findtext("x:v", "", NS))
        return texts[number] if cell.get("t") == "s" else number

    return [
        [value(cell) for cell in row.findall("x:c", NS) if cell.find("x:v", NS) is not None]
        for row in root.findall(".//x:row", NS)
    ]


def test_a_table_has_headings_rows_and_a_total() -> None:
    assert read(PAPER) == [
        ["事由", "积分"],
        ["文明劝导岗", 1200],
        ["兑换毛巾", -20],
        ["合计", 1180],
    ]


def test_the_first_sheet_says_what_it_is() -> None:
    assert read(PAPER, 1) == [
        ["爱心积分对账单"],
        ["户名", "欧阳春晓"],
        ["制表时间", "2026-11-20 09:30（北京时间）"],
        ["记账日期按北京时间计。"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=cmd|'/C calc'!A0",
        "+8613900000000",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1+1",
        '=HYPERLINK("http://example.com","点这里")',
        "http://example.com",
        "{=1+1}",
    ],
)
def test_a_text_that_looks_like_a_formula_stays_a_text(text: str) -> None:
    paper = replace(
        PAPER, title=text, facts=((text, text),), tables=(replace(TABLE, rows=((text, 1),)),)
    )
    assert read(paper)[1] == [text, 1]
    assert read(paper, 1)[0] == [text]


def test_a_cell_marked_as_text_stays_one_when_it_is_edited() -> None:
    paper = replace(PAPER, tables=(replace(TABLE, rows=(("=1+1", 1), ("一", 2))),))
    with ZipFile(BytesIO(spreadsheets.write(paper))) as book:
        styles = ET.fromstring(book.read("xl/styles.xml")).find("x:cellXfs", NS)
        sheet = ET.fromstring(book.read("xl/worksheets/sheet2.xml"))
    assert styles is not None
    quoted = [style.get("quotePrefix") == "1" for style in styles]
    cells = {
        str(cell.get("r")): quoted[int(cell.get("s", 0))] for cell in sheet.iter(f"{{{NS['x']}}}c")
    }
    assert (cells["A2"], cells["A3"]) == (True, False)


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert spreadsheets.write(PAPER) == spreadsheets.write(PAPER)


def test_a_text_too_long_for_a_cell_is_cut() -> None:
    paper = replace(PAPER, tables=(replace(TABLE, rows=(("长" * 40_000, 1),)),))
    assert len(str(read(paper)[1][0])) == 32_767
