"""The area tree over HTTP."""

from datetime import timedelta
from functools import partial
from http import HTTPStatus

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.community import queries
from app.community.errors import AreaTooLarge, UnknownArea
from app.community.models import Area
from app.core.clock import china_date, now
from app.core.db import in_transaction
from app.sites.models import Site
from tests.support.community_world import facts, refusal, rows
from tests.support.races import at_once
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI, World

JIANGBEI = "330205000000"
COMPOUND = {"parent": BAOJIA, "level": "compound", "name": "包家花园"}
GRID = {"parent": BAOJIA, "level": "grid", "name": "第一网格"}


def codes(answer: TestResponse) -> list[str]:
    assert answer.status_code == HTTPStatus.OK, answer.json
    return [item["code"] for item in answer.json["items"]]


@pytest.mark.parametrize("path", ["/areas", f"/areas/{BAOJIA}/end"])
def test_nobody_changes_the_tree_without_logging_in(world: World, path: str) -> None:
    assert refusal(world.anonymous.post(path, COMPOUND)) == (401, "unauthenticated")


@pytest.mark.parametrize("path", ["/areas", f"/areas/{BAOJIA}/end"])
def test_neither_residents_nor_community_admins_change_the_tree(world: World, path: str) -> None:
    for caller in (world.person(), world.community_admin(BAOJIA)):
        assert refusal(caller.post(path, COMPOUND)) == (403, "forbidden")


# --- reading ----------------------------------------------------------------------------------------------


def test_the_tree_is_walked_one_step_at_a_time(world: World) -> None:
    get = world.anonymous.get
    assert codes(get("/areas")) == ["330000000000", "350000000000"]
    assert codes(get("/areas?parent=330000000000")) == [NINGBO]
    assert JIANGBEI in codes(get(f"/areas?parent={NINGBO}"))
    assert codes(get(f"/areas?parent={WAITAN_STREET}"))[-3:-1] == [BAOJIA, HUXI]
    assert codes(get(f"/areas?parent={BAOJIA}")) == []


def test_long_lists_come_in_pages(world: World) -> None:
    whole: list[str] = []
    cursor = ""
    while True:
        answer = world.anonymous.get(f"/areas?level=street&parent={NINGBO}&limit=50{cursor}")
        whole += codes(answer)
        if answer.json["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['next_cursor']}"
    assert len(whole) == len(set(whole)) == 162
    assert whole == sorted(whole)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=包家社", [BAOJIA]),
        ("q=baojiash", [BAOJIA]),
        ("q=BaoJia Sh", [BAOJIA]),
        ("q=ylsq&parent=350900000000", [YILI]),
        (f"q=包家&parent={JIANGBEI}", [BAOJIA]),
        (f"q=bjsq&level=community&parent={WAITAN_STREET}", [BAOJIA]),
        ("q=江北区&level=community", []),
        ("q=%25", []),
        ("q=_", []),
        ("q=aojiash", []),
        ("level=city", [NINGBO, "350900000000"]),
    ],
)
def test_areas_are_found_by_name_pinyin_initials_and_level(
    world: World, query: str, found: list[str]
) -> None:
    assert codes(world.anonymous.get(f"/areas?{query}")) == found


def test_a_community_shows_the_line_above_it(world: World) -> None:
    assert world.anonymous.get(f"/areas/{BAOJIA}").json == {
        "code": BAOJIA,
        "name": "包家社区",
        "level": "community",
        "ancestors": [
            {"code": "330000000000", "name": "浙江省", "level": "province"},
            {"code": NINGBO, "name": "宁波市", "level": "city"},
            {"code": JIANGBEI, "name": "江北区", "level": "district"},
            {"code": WAITAN_STREET, "name": "外滩街道", "level": "street"},
        ],
        "valid_from": "2023-09-11",
        "valid_to": None,
        "successor": None,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/areas/330205001999",
        "/areas/baojia",
        "/areas/%00",
        f"/areas/{'9' * 200}",
        "/areas?parent=330205001999",
        "/areas?parent=包家",
    ],
)
def test_an_unknown_area_is_refused_by_name(world: World, path: str) -> None:
    assert refusal(world.anonymous.get(path)) == (404, "unknown_area")


@pytest.mark.parametrize(
    "query", ["parent=", "q=", "level=town", "limit=0", "limit=101", "name=x", "q=" + "包" * 31]
)
def test_a_malformed_question_is_refused(world: World, query: str) -> None:
    assert refusal(world.anonymous.get(f"/areas?{query}")) == (422, "malformed")


def test_a_forged_cursor_is_refused(world: World) -> None:
    assert refusal(world.anonymous.get("/areas?cursor=WzFd")) == (422, "cursor_invalid")


# --- adding -----------------------------------------------------------------------------------------------


def test_a_compound_and_a_grid_hang_under_their_community(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answer = admin.post("/areas", COMPOUND)
    assert answer.status_code == HTTPStatus.CREATED
    assert answer.json == {"code": f"{BAOJIA}-1", "name": "包家花园", "level": "compound"}
    assert admin.post("/areas", GRID).json["code"] == f"{BAOJIA}001"

    shown = world.anonymous.get(f"/areas/{BAOJIA}-1").json
    assert shown["ancestors"][-1]["code"] == BAOJIA
    assert shown["valid_from"] == china_date(now()).isoformat()
    assert codes(world.anonymous.get(f"/areas?parent={BAOJIA}")) == [f"{BAOJIA}-1", f"{BAOJIA}001"]
    assert codes(world.anonymous.get("/areas?q=bjhy&level=compound")) == [f"{BAOJIA}-1"]

    compound_id = world.area_id(f"{BAOJIA}-1")
    payload = {"code": f"{BAOJIA}-1", "level": "compound"}
    assert facts(world.app, "area_added")[0] == (compound_id, compound_id, admin.id, payload)


def test_numbers_may_be_chosen_and_go_on_after_the_highest(world: World) -> None:
    admin = world.area_admin(NINGBO)
    assert admin.post("/areas", {**GRID, "number": 7}).json["code"] == f"{BAOJIA}007"
    assert admin.post("/areas", {**GRID, "name": "第八网格"}).json["code"] == f"{BAOJIA}008"
    assert admin.post("/areas", {**COMPOUND, "number": 12}).json["code"] == f"{BAOJIA}-12"
    again = admin.post("/areas", {**GRID, "name": "另一个", "number": 7})
    assert refusal(again) == (409, "area_code_taken")


def test_a_used_up_range_asks_for_a_number(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    assert admin.post("/areas", {**GRID, "number": 999}).status_code == HTTPStatus.CREATED
    following = {**GRID, "name": "第二网格"}
    assert refusal(admin.post("/areas", following)) == (409, "area_numbers_used_up")
    assert admin.post("/areas", {**following, "number": 2}).status_code == HTTPStatus.CREATED


def test_one_name_stands_once_in_a_community(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    admin.post("/areas", COMPOUND)
    assert refusal(admin.post("/areas", COMPOUND)) == (409, "area_name_taken")
    elsewhere = admin.post("/areas", {**COMPOUND, "parent": HUXI})
    assert elsewhere.status_code == HTTPStatus.CREATED


def test_the_same_key_adds_once(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    first = admin.post("/areas", COMPOUND, key="one")
    again = admin.post("/areas", COMPOUND, key="one")
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert codes(world.anonymous.get(f"/areas?parent={BAOJIA}")) == [f"{BAOJIA}-1"]


@pytest.mark.parametrize("parent", [YILI, "330205001999", "包家"])
def test_an_area_out_of_reach_does_not_exist(world: World, parent: str) -> None:
    admin = world.area_admin(WAITAN_STREET)
    assert refusal(admin.post("/areas", {**COMPOUND, "parent": parent})) == (404, "unknown_area")


def test_only_communities_have_compounds(world: World) -> None:
    admin = world.area_admin(NINGBO)
    admin.post("/areas", COMPOUND)
    for parent in (WAITAN_STREET, f"{BAOJIA}-1"):
        answer = admin.post("/areas", {**COMPOUND, "parent": parent, "name": "别处"})
        assert refusal(answer) == (409, "area_parent_unfit")


@pytest.mark.parametrize(
    "change",
    [
        {"level": "community"},
        {"level": "town"},
        {"level": None},
        {"name": ""},
        {"name": "花" * 61},
        {"name": "花\n园"},
        {"name": 5},
        {"number": 0},
        {"number": 1000},
        {"number": "7"},
        {"number": -1},
        {"parent": None},
        {"path": "/1/"},
    ],
)
def test_a_malformed_area_is_refused(world: World, change: dict[str, object]) -> None:
    admin = world.area_admin(WAITAN_STREET)
    assert refusal(admin.post("/areas", {**COMPOUND, **change})) == (422, "malformed")
    assert codes(world.anonymous.get(f"/areas?parent={BAOJIA}")) == []


def test_compounds_added_at_once_get_numbers_of_their_own(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answers = at_once(
        [
            partial(admin.post, "/areas", {**COMPOUND, "name": f"{number} 号院"})
            for number in range(6)
        ]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json["code"] for answer in answers} == {f"{BAOJIA}-{n}" for n in range(1, 7)}


def test_one_name_entered_at_once_stands_once(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answers = at_once([partial(admin.post, "/areas", COMPOUND)] * 5)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert {a.json["error"]["code"] for a in answers if a.status_code == HTTPStatus.CONFLICT} == {
        "area_name_taken"
    }


# --- ending -----------------------------------------------------------------------------------------------


def test_a_merged_community_points_to_its_successor(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answer = admin.post(f"/areas/{HUXI}/end", {"successor": BAOJIA, "on": "2026-01-01"})
    assert answer.status_code == HTTPStatus.OK
    assert answer.json["valid_to"] == "2026-01-01"
    assert answer.json["successor"] == {"code": BAOJIA, "name": "包家社区", "level": "community"}
    assert world.anonymous.get(f"/areas/{HUXI}").json == answer.json

    assert HUXI not in codes(world.anonymous.get(f"/areas?parent={WAITAN_STREET}"))
    assert codes(world.anonymous.get(f"/areas?q=湖西社区&parent={WAITAN_STREET}")) == []
    gone = (404, "unknown_area")
    assert refusal(world.anonymous.get(f"/areas?parent={HUXI}")) == gone
    assert refusal(admin.post("/areas", {**COMPOUND, "parent": HUXI})) == gone
    assert refusal(admin.post(f"/areas/{HUXI}/end", {"successor": BAOJIA})) == gone


def test_the_merger_stands_in_the_journal(world: World) -> None:
    ended_id, successor_id = world.area_id(HUXI), world.area_id(BAOJIA)
    admin = world.area_admin(WAITAN_STREET)
    admin.post(f"/areas/{HUXI}/end", {"successor": BAOJIA})
    today = china_date(now()).isoformat()
    payload = {"code": HUXI, "successor_id": successor_id, "ended_on": today}
    assert facts(world.app, "area_ended") == [(ended_id, ended_id, admin.id, payload)]


def test_the_code_and_name_of_an_ended_compound_are_free_again(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    admin.post("/areas", COMPOUND)
    assert admin.post(f"/areas/{BAOJIA}-1/end", {}).json["successor"] is None
    assert admin.post("/areas", COMPOUND).json["code"] == f"{BAOJIA}-2"
    assert admin.post(f"/areas/{BAOJIA}-2/end", {}).status_code == HTTPStatus.OK
    assert admin.post("/areas", {**COMPOUND, "number": 1}).status_code == HTTPStatus.CREATED
    assert world.anonymous.get(f"/areas/{BAOJIA}-1").json["valid_to"] is None


def test_an_area_is_not_ended_over_the_heads_of_those_below(world: World) -> None:
    admin = world.area_admin(NINGBO)
    admin.post("/areas", COMPOUND)
    merger = {"successor": HUXI}
    assert refusal(admin.post(f"/areas/{BAOJIA}/end", merger)) == (409, "area_has_areas_below")
    admin.post(f"/areas/{BAOJIA}-1/end", {})
    assert admin.post(f"/areas/{BAOJIA}/end", merger).status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (409, "area_needs_successor")),
        ({"successor": None}, (409, "area_needs_successor")),
        ({"successor": HUXI}, (409, "area_successor_unfit")),
        ({"successor": WAITAN_STREET}, (409, "area_successor_unfit")),
        ({"successor": YILI}, (404, "unknown_area")),
        ({"successor": BAOJIA, "on": "2023-09-10"}, (409, "area_end_date_unfit")),
        ({"successor": BAOJIA, "on": "2023-02-30"}, (422, "malformed")),
        ({"successor": BAOJIA, "on": 20260101}, (422, "malformed")),
        ({"successor": 5}, (422, "malformed")),
        ({"successor": BAOJIA, "why": "合并"}, (422, "malformed")),
    ],
)
def test_an_unfit_ending_changes_nothing(
    world: World, body: dict[str, object], expected: tuple[int, str]
) -> None:
    assert refusal(world.area_admin(WAITAN_STREET).post(f"/areas/{HUXI}/end", body)) == expected
    assert world.anonymous.get(f"/areas/{HUXI}").json["valid_to"] is None


def test_an_area_does_not_end_tomorrow(world: World) -> None:
    tomorrow = china_date(now()) + timedelta(days=1)
    body = {"successor": BAOJIA, "on": tomorrow.isoformat()}
    answer = world.area_admin(WAITAN_STREET).post(f"/areas/{HUXI}/end", body)
    assert refusal(answer) == (409, "area_end_date_unfit")


def test_an_area_is_not_ended_from_elsewhere(world: World) -> None:
    stranger = world.area_admin("350902500000")
    answer = stranger.post(f"/areas/{HUXI}/end", {"successor": BAOJIA})
    assert refusal(answer) == (404, "unknown_area")


def test_two_areas_do_not_end_into_each_other(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answers = at_once(
        [
            partial(admin.post, f"/areas/{HUXI}/end", {"successor": BAOJIA}),
            partial(admin.post, f"/areas/{BAOJIA}/end", {"successor": HUXI}),
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 404]


def test_nothing_is_added_below_an_area_that_ends_meanwhile(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answers = at_once(
        [
            partial(admin.post, f"/areas/{BAOJIA}/end", {"successor": HUXI}),
            partial(admin.post, "/areas", COMPOUND),
        ]
    )
    # Whichever came first, the other was refused: the community ended, or it has its compound.
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([200, 404], [201, 409])
    ended = world.anonymous.get(f"/areas/{BAOJIA}").json["valid_to"] is not None
    assert ended is (200 in statuses)


# --- what other rooms ask ---------------------------------------------------------------------------------


def test_the_community_of_an_area_is_at_or_above_it(world: World) -> None:
    world.area_admin(WAITAN_STREET).post("/areas", COMPOUND)

    def community(code: str) -> str:
        return queries.community_of(queries.area_by_code(code)).code

    with world.app.app_context():
        for code in (BAOJIA, f"{BAOJIA}-1"):
            assert in_transaction(lambda: community(code), write=False) == BAOJIA  # noqa: B023
        with pytest.raises(AreaTooLarge) as refused:
            in_transaction(lambda: community(WAITAN_STREET), write=False)
    assert "外滩街道" in refused.value.sentence


def test_an_area_is_found_by_id_in_force_or_ended(world: World) -> None:
    huxi = world.area_id(HUXI)
    world.area_admin(WAITAN_STREET).post(f"/areas/{HUXI}/end", {"successor": BAOJIA})
    with world.app.app_context():
        assert in_transaction(lambda: queries.area_by_id(huxi).code, write=False) == HUXI
        with pytest.raises(UnknownArea):
            in_transaction(lambda: queries.area_by_id(10**12), write=False)


def test_areas_are_read_together_and_by_the_columns_that_point_to_them(world: World) -> None:
    site_id = world.site(BAOJIA)
    baojia, huxi = world.area_id(BAOJIA), world.area_id(HUXI)

    def names() -> dict[int, str]:
        return {key: area.name for key, area in queries.areas_by_id([huxi, baojia, huxi]).items()}

    with world.app.app_context():
        assert in_transaction(names, write=False) == {baojia: "包家社区", huxi: "湖西社区"}
        assert in_transaction(queries.is_empty, write=False) is False
    # Beside a join on areas the subquery still looks at the areas of its own.
    statement = (
        select(queries.path_of(Site.area_id), Area.name)
        .select_from(Site)
        .join(Area, Area.code == HUXI)
        .where(Site.id == site_id)
    )
    ((path, name),) = rows(world.app, statement)
    assert path.endswith(f"/{baojia}/")
    assert name == "湖西社区"
