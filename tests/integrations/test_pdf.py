"""A paper as PDF: Chinese that can be read back, pages that are numbered, lines that fit."""

import gc
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from app.integrations import pdf
from app.integrations.paper import Column, Paper, Table

PAPER = Paper(
    title="爱心积分对账单",
    facts=(("户名", "欧阳春晓"), ("账户号", "0000000012")),
    tables=(
        Table(
            "明细",
            (
                Column("事由", 60),
                Column("积分", 20, number=True, signed=True),
                Column("余额", 20, number=True),
            ),
            (("文明劝导岗", 1200, 12345), ("兑换毛巾", -20, 12325), ("不变", 0, 12325)),
            total=("合计", 1180, 12325),
        ),
    ),
    notes=("记账日期按北京时间计。",),
    made_at=datetime(2026, 11, 20, 1, 30, tzinfo=UTC),
)


def pages(paper: Paper) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf.draw(paper))).pages]


def with_rows(*rows: tuple[str | int, ...]) -> Paper:
    return replace(PAPER, tables=(replace(PAPER.tables[0], rows=rows, total=()),))


def test_everything_on_the_paper_can_be_read_back() -> None:
    (said,) = pages(PAPER)
    for part in (
        "爱心积分对账单",
        "欧阳春晓",
        "+1,200",
        "-20",
        "12,345",
        "合计",
        "第 1 页，共 1 页",
    ):
        assert part in said, part
    assert "+0" not in said
    assert "制表时间：2026-11-20 09:30（北京时间）。" in said


def test_every_page_has_the_headings_and_its_number() -> None:
    found = pages(with_rows(*((f"第{n}项", n, n) for n in range(1, 101))))
    assert len(found) > 2
    for number, said in enumerate(found, start=1):
        assert f"第 {number} 页，共 {len(found)} 页" in said
        assert "事由" in said
    assert [
        f"第{n}项" for n in range(1, 101) if not any(f"第{n}项" in said for said in found)
    ] == []


@pytest.mark.parametrize("count", [26, 28, 30, 32, 34])
def test_the_title_of_a_table_stands_on_the_page_of_its_headings(count: int) -> None:
    second = Table("第二张表", (Column("甲列", 50), Column("乙列", 50)), (("一", "二"),))
    first = with_rows(*((f"第{n}项", n, n) for n in range(count)))
    for said in pages(replace(first, tables=(*first.tables, second))):
        assert ("第二张表" in said) == ("甲列" in said)


def test_a_table_without_rows_says_so() -> None:
    assert "没有记录" in pages(with_rows())[0]


def test_a_long_text_goes_on_and_no_line_begins_with_a_closing_mark() -> None:
    text = "到场一百二十分钟，按每小时十分计，" * 12
    (said,) = pages(with_rows((text, 1, 1)))
    lines = said.splitlines()
    assert text in "".join(lines)
    assert [line for line in lines if line[:1] in set("，。、；：！？）》")] == []


@pytest.mark.parametrize("width_mm", [3, 10, 37.5, 80])
def test_wrapping_loses_nothing_and_keeps_to_the_width(width_mm: float) -> None:
    text = "，，，邻里（Linli）2026年11月20日，。包家社区：党群服务中心！"
    with pdf._sheet_of(PAPER) as sheet:
        wrapped = pdf._wrapped(sheet, text, width_mm)
        widths = [sheet.get_string_width(line) for line in wrapped.split("\n")]
        widest = max(sheet.get_string_width(character) for character in text)
    assert wrapped.replace("\n", "") == text
    assert max(widths) <= max(width_mm, widest) + 0.01


def test_a_long_fact_has_lines_to_itself() -> None:
    address = "浙江省宁波市江北区外滩街道包家社区" * 4
    (said,) = pages(replace(PAPER, facts=(("户名", "张三"), ("地址", address), ("备注", "无"))))
    assert address in "".join(said.splitlines())


def test_rare_characters_of_names_are_drawn() -> None:
    (said,) = pages(replace(PAPER, facts=(("户名", "㛃龑禤䶮"),)))
    assert "㛃龑禤䶮" in said


def test_what_the_font_lacks_is_a_mark_and_no_crash() -> None:
    (said,) = pages(replace(PAPER, facts=(("户名", "张😀三"),)))
    assert "张" in said
    assert "三" in said


def test_text_of_people_is_text_and_not_markup() -> None:
    (said,) = pages(with_rows(("**粗** __线__ {页数} <b>x</b>", 1, 1)))
    assert "**粗** __线__" in said
    assert "<b>x</b>" in said


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert pdf.draw(PAPER) == pdf.draw(PAPER)


def test_only_the_glyphs_used_travel_with_a_file() -> None:
    assert len(pdf.draw(PAPER)) < 60_000


def test_no_file_stays_open_after_drawing() -> None:
    unraisable: list[object] = []
    before, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        pdf.draw(PAPER)
        gc.collect()
    finally:
        sys.unraisablehook = before
    assert unraisable == []


def test_the_font_stands_beside_its_licence() -> None:
    assert "SIL OPEN FONT LICENSE" in (pdf.FONT.parent / "OFL.txt").read_text().upper()
    assert pdf.FONT.stat().st_size < 10_000_000
