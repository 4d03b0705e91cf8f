"""Loading lists of areas: all or nothing, once, and every bad row by number."""

import csv
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from app.community.importing import import_areas
from app.community.models import Area
from app.community.terms import ImportReport
from tests.support.community_world import facts, rows
from tests.support.races import at_once
from tests.support.schema import AREAS_CSV
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI, World

HEADER = "code,parent_code,name,level\n"
# A street and its two communities that are not on the real list.
NEW = (
    "330205099000,330205000000,云上街道,street\n"
    "330205099001,330205099000,云东社区居委会,community\n"
    "330205099002,330205099000,云西社区居委会,community\n"
)


def load(app: Flask, path: Path, text: str) -> ImportReport:
    path.write_text(text, encoding="utf-8")
    with app.app_context():
        return import_areas(path, lambda _: None)


def names(app: Flask, *codes: str) -> list[str]:
    found = select(Area.name).where(Area.code.in_(codes)).order_by(Area.code)
    return [name for (name,) in rows(app, found)]


def told(app: Flask) -> list[dict[str, int]]:
    """What the journal says of each import."""
    return [payload for _, _, _, payload in facts(app, "areas_imported")]


def test_the_real_list_is_the_tree(app: Flask) -> None:
    with AREAS_CSV.open(encoding="utf-8", newline="") as file:
        listed = {row["code"]: row["parent_code"] or None for row in csv.DictReader(file)}

    found = rows(app, select(Area.id, Area.code, Area.parent_id, Area.path, Area.pinyin))
    codes = {area_id: code for area_id, code, *_ in found}
    assert len(found) == len(listed) == 5725
    for area_id, code, parent_id, path, pinyin in found:
        line = [int(part) for part in path.strip("/").split("/")]
        assert line[-1] == area_id
        assert [codes[above] for above in line[:-1]] == _line_above(code, listed)
        assert parent_id == (line[-2] if line[1:] else None)
        assert pinyin.isascii()
    # Sorted by code: 330205001015 comes before 350902500009.
    assert names(app, BAOJIA, YILI) == ["包家社区", "亿利社区"]


def _line_above(code: str, listed: dict[str, str | None]) -> list[str]:
    above = listed[code]
    return [] if above is None else [*_line_above(above, listed), above]


def test_loading_the_real_list_again_changes_nothing_and_says_so(app: Flask) -> None:
    said: list[str] = []
    started = time.monotonic()
    with app.app_context():
        report = import_areas(AREAS_CSV, said.append)
    assert time.monotonic() - started < 5
    assert report == ImportReport(rows=5725, unchanged=5725)
    assert said == ["5725 rows read", "nothing to change"]
    assert len(told(app)) == 1


def test_new_areas_and_names_are_taken_over_and_told_to_the_journal(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "areas.csv"
    report = load(world.app, path, HEADER + NEW)
    assert report == ImportReport(rows=3, added=3)
    assert names(world.app, "330205099001", "330205099002") == ["云东社区", "云西社区"]
    found = world.anonymous.get("/areas/330205099001").json
    assert [above["name"] for above in found["ancestors"]] == [
        "浙江省",
        "宁波市",
        "江北区",
        "云上街道",
    ]
    assert found["valid_from"] == "2023-09-11"

    report = load(world.app, path, HEADER + NEW.replace("云西", "云南"))
    assert report == ImportReport(rows=3, changed=1, unchanged=2)
    assert world.anonymous.get("/areas?q=ynsq&parent=330205099000").json["items"] == [
        {"code": "330205099002", "name": "云南社区", "level": "community"}
    ]
    assert told(world.app)[1:] == [
        {"rows": 3, "added": 3, "changed": 0, "missing": 0},
        {"rows": 3, "added": 0, "changed": 1, "missing": 0},
    ]


def test_a_vanished_code_is_reported_and_stays(world: World, tmp_path: Path) -> None:
    real = AREAS_CSV.read_text(encoding="utf-8")
    kept = [line for line in real.splitlines() if not line.startswith(HUXI)]
    path = tmp_path / "areas.csv"
    path.write_text("\n".join(kept), encoding="utf-8")
    said: list[str] = []
    with world.app.app_context():
        report = import_areas(path, said.append)
    assert f"1 in force but not listed, left in force: {HUXI}" in said
    assert report == ImportReport(rows=5724, unchanged=5724, missing=(HUXI,))
    assert world.anonymous.get(f"/areas/{HUXI}").json["valid_to"] is None


def test_an_ended_area_is_not_revived_by_the_list(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    assert admin.post(f"/areas/{HUXI}/end", {"successor": BAOJIA}).status_code == 200
    with world.app.app_context():
        report = import_areas(AREAS_CSV, lambda _: None)
    assert report == ImportReport(rows=5725, unchanged=5725, ended=(HUXI,))
    assert world.anonymous.get(f"/areas/{HUXI}").json["successor"]["code"] == BAOJIA


def test_compounds_and_grids_are_never_missing(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    for level in ("compound", "grid"):
        body = {"parent": BAOJIA, "level": level, "name": f"一号{level}"}
        assert admin.post("/areas", body).status_code == 201
    with world.app.app_context():
        assert import_areas(AREAS_CSV, lambda _: None).missing == ()


def test_one_bad_row_among_good_ones_leaves_everything_as_it_was(
    world: World, tmp_path: Path
) -> None:
    said: list[str] = []
    path = tmp_path / "areas.csv"
    bad = (
        "330205099003,330205099999,无源社区,community\n330205099002,330205099000,又一个,community\n"
    )
    path.write_text(HEADER + NEW + bad, encoding="utf-8")
    with world.app.app_context():
        report = import_areas(path, said.append)
    assert [(row.number, row.reason) for row in report.problems] == [
        (5, "parent '330205099999' is unknown"),
        (6, "code 330205099002 stands already in row 4"),
    ]
    assert (report.rows, report.added, report.wrote) == (5, 0, False)
    assert str(report.problems[0]) == "row 5: parent '330205099999' is unknown"
    assert said == ["5 rows read"]
    assert names(world.app, "330205099000", "330205099001") == []
    assert len(told(world.app)) == 1


def test_four_imports_at_once_load_the_list_once(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "areas.csv"
    path.write_text(HEADER + NEW, encoding="utf-8")

    def run() -> ImportReport:
        with app.app_context():
            return import_areas(path, lambda _: None)

    reports = at_once([run] * 4)
    assert sorted(report.added for report in reports) == [0, 0, 0, 3]
    assert rows(app, select(func.count()).select_from(Area)) == [(5728,)]
    assert len(told(app)) == 2
