"""Areas decided on paper: reading a list, judging it, names, codes and days."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.community import rules
from app.community.rules import KnownArea, read_listing
from app.community.terms import LEVEL_NAMES_ZH, PARENT_LEVELS, Level

HEADER = "code,parent_code,name,level\n"
PROVINCE = "330000000000,,浙江省,province\n"
CITY = "330200000000,330000000000,宁波市,city\n"
DISTRICT = "330205000000,330200000000,江北区,district\n"
STREET = "330205001000,330205000000,外滩街道,street\n"
COMMUNITY = "330205001015,330205001000,包家社区,community\n"


def complaints(text: str, known: dict[str, KnownArea] | None = None) -> list[tuple[int, str]]:
    listing = read_listing(text.encode())
    found = [*listing.problems, *rules.misfits(listing, known or {})]
    return sorted((bad.number, bad.reason) for bad in found)


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        ("亿利社区居委会", "亿利社区"),
        ("包家村村委会", "包家村"),
        ("钱湖新村居委会", "钱湖新村"),
        ("东风社区居民委员会", "东风社区"),
        ("包家社区", "包家社区"),
        ("横街居委会", "横街居委会"),
        ("孔家村委会", "孔家村"),
        ("居委会", "居委会"),
        ("宁波大榭开发区管理委员会", "宁波大榭开发区管理委员会"),
    ],
)
def test_a_place_is_shown_by_the_name_people_use(listed: str, shown: str) -> None:
    assert rules.shown_name(listed) == shown


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("包家社区", "baojiashequ bjsq"),
        ("厦门", "xiamen xm"),
        ("绿城 A1 区", "lvchenga1qu lca1q"),
    ],
)
def test_a_name_is_found_by_its_sound(name: str, pinyin: str) -> None:
    assert rules.pinyin_of(name) == pinyin


def test_the_longest_name_still_fits_the_column() -> None:
    assert len(rules.pinyin_of("庄" * 60)) == 400


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("330205001015", True),
        ("330205001015001", True),
        ("330205001015-1", True),
        ("330205001015-999", True),
        ("330205001015-", False),
        ("330205001015-1234", False),
        ("3302050010150", False),
        ("33020500101", False),
        ("３３０２０５００１０１５", False),
        ("330205001015\n", False),
        ("33020500101\x00", False),
        ("", False),
    ],
)
def test_a_code_has_one_of_three_shapes(text: str, is_code: bool) -> None:
    assert rules.is_code(text) is is_code


@given(level=st.sampled_from([Level.COMPOUND, Level.GRID]), numbers=st.sets(st.integers(1, 998)))
def test_the_next_number_was_never_given_out_and_its_code_is_one(
    level: Level, numbers: set[int]
) -> None:
    codes = [rules.code_below("330205001015", level, number) for number in numbers]
    following = rules.next_number("330205001015", codes)
    assert following == max(numbers, default=0) + 1
    code = rules.code_below("330205001015", level, following)
    assert code not in codes
    assert rules.is_code(code)


@pytest.mark.parametrize(
    ("day", "may"),
    [
        (date(2023, 9, 10), False),
        (date(2023, 9, 11), True),
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
    ],
)
def test_an_area_ends_within_its_life_and_not_in_the_future(day: date, may: bool) -> None:
    ends = rules.may_end_on(day, valid_from=date(2023, 9, 11), today=date(2026, 11, 20))
    assert ends is may


def test_every_level_has_a_name_and_a_place() -> None:
    assert set(LEVEL_NAMES_ZH) == set(PARENT_LEVELS) == set(Level)
    order = list(Level)
    for level, parents in PARENT_LEVELS.items():
        assert all(order.index(parent) < order.index(level) for parent in parents)


# --- lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_list_is_read_whatever_wrote_it(mark: str, end: str) -> None:
    text = mark + HEADER + PROVINCE + CITY + "\n" + '330205000000,330200000000,"江北区",district'
    listing = read_listing(text.replace("\n", end).encode())
    assert listing.problems == []
    assert [(area.name, area.level) for area in listing.areas] == [
        ("浙江省", Level.PROVINCE),
        ("宁波市", Level.CITY),
        ("江北区", Level.DISTRICT),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("330200000000,330000000000,宁波市", "4 columns expected, 3 found"),
        ("330200000000,330000000000,宁波市,city,", "4 columns expected, 5 found"),
        ("33020000000,330000000000,宁波市,city", "code '33020000000' is not 12 digits"),
        ("3.30E+11,330000000000,宁波市,city", "code '3.30E+11' is not 12 digits"),
        (
            "３３０２０００００００,330000000000,宁波市,city",
            "code '３３０２０００００００' is not 12 digits",
        ),
        ("330200000000,330000000000, ,city", "the name is empty"),
        (f"330200000000,330000000000,{'宁' * 61},city", "the name is longer than 60 characters"),
        (
            "330200000000,330000000000,宁\x00波,city",
            "the name holds characters that cannot be shown",
        ),
        (
            "330200000000,330000000000,宁波市,town",
            "level 'town' is none of province, city, district, street, community",
        ),
        (
            "330200000000001,330000000000,第一网格,grid",
            "code '330200000000001' is not 12 digits",
        ),
        ("330200000000,,宁波市,city", "the parent code is missing"),
        ("330200000000,999999999999,宁波市,city", "parent '999999999999' is unknown"),
        ("330200000000,330200000000,宁波市,city", "a city cannot hang under a city"),
        (
            "330205001015,330000000000,包家社区,community",
            "a community cannot hang under a province",
        ),
        ("340000000000,330000000000,安徽省,province", "a province cannot hang under a province"),
        ("330000000000,,浙江省,province", "code 330000000000 stands already in row 2"),
        ('330200000000,330000000000,"宁波"市,city', "quotes do not match"),
        ('330200000000,330000000000,"宁波市,city', "quotes do not match"),
    ],
)
def test_a_bad_row_is_named_with_its_reason(row: str, reason: str) -> None:
    assert complaints(HEADER + PROVINCE + row) == [(3, reason)]


def test_all_problems_are_named_and_good_ones_are_not() -> None:
    text = HEADER + PROVINCE + "x,,,\n" + CITY + "y,,,\n" + DISTRICT + STREET + COMMUNITY
    assert [number for number, _ in complaints(text)] == [3, 5]


def test_children_of_a_bad_row_are_not_blamed_for_it() -> None:
    text = HEADER + PROVINCE + CITY.replace("宁波市", "") + DISTRICT
    assert complaints(text) == [(3, "the name is empty")]


def test_rows_may_come_in_any_order() -> None:
    assert complaints(HEADER + COMMUNITY + STREET + DISTRICT + CITY + PROVINCE) == []


def test_a_row_that_is_not_utf_8_is_named() -> None:
    content = (HEADER + PROVINCE).encode() + CITY.encode("gb18030") + DISTRICT.encode()
    listing = read_listing(content)
    assert [(bad.number, bad.reason) for bad in listing.problems] == [(3, "not UTF-8")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        HEADER.replace("level", "kind").encode(),
        (HEADER + PROVINCE).encode("utf-16"),
        b'"' + HEADER.encode(),
        PROVINCE.encode(),
    ],
    ids=["empty", "blank", "other columns", "UTF-16", "unclosed quote", "no header"],
)
def test_a_file_that_is_no_list_is_refused_at_its_first_line(content: bytes) -> None:
    listing = read_listing(content)
    assert [bad.number for bad in listing.problems] == [1]
    assert listing.areas == []


@given(st.binary())
def test_any_bytes_are_read_without_a_fault(content: bytes) -> None:
    listing = read_listing(HEADER.encode() + content)
    rules.misfits(listing, {})
    assert all(bad.number >= 1 and bad.reason for bad in listing.problems)


# --- lists against the tree -------------------------------------------------------------------------------


def known(
    code: str, parent: str | None, level: Level, path: str, *, in_force: bool = True
) -> KnownArea:
    return KnownArea(int(path.split("/")[-2]), code, parent, "某地", level, path, in_force)


TREE = {
    area.code: area
    for area in (
        known("330000000000", None, Level.PROVINCE, "/1/"),
        known("330200000000", "330000000000", Level.CITY, "/1/2/"),
        known("330205000000", "330200000000", Level.DISTRICT, "/1/2/3/"),
        known("330206000000", "330200000000", Level.DISTRICT, "/1/2/4/", in_force=False),
        known("330211000000", "330200000000", Level.DISTRICT, "/1/2/13/"),
    )
}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "330205000000,330000000000,江北区,district",
            "code 330205000000 is known with another parent or level",
        ),
        (
            "330205000000,330200000000,江北区,street",
            "code 330205000000 is known with another parent or level",
        ),
        ("330206001000,330206000000,新碶街道,street", "parent 330206000000 has ended"),
    ],
)
def test_a_row_that_contradicts_the_tree_is_named(row: str, reason: str) -> None:
    assert complaints(HEADER + row, TREE) == [(2, reason)]


@pytest.mark.parametrize(
    "row",
    [
        "330205001000,330205000000,外滩街道,street",
        "330205000000,330200000000,江北新区,district",
        "330206000000,330200000000,北仑区,district",
    ],
    ids=["new below a known one", "new name", "ended here"],
)
def test_a_partial_list_may_hang_on_the_tree(row: str) -> None:
    assert complaints(HEADER + row, TREE) == []


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        (PROVINCE, {"330200000000", "330205000000", "330211000000"}),
        (PROVINCE + CITY + DISTRICT, {"330211000000"}),
        (DISTRICT, set()),
        (STREET, set()),
        ("", set()),
    ],
    ids=["a province alone", "all but one", "one district", "one new street", "nothing"],
)
def test_missing_is_what_a_list_covers_but_does_not_name(rows: str, missing: set[str]) -> None:
    listing = read_listing((HEADER + rows).encode())
    assert set(rules.missing_from(listing, TREE)) == missing
