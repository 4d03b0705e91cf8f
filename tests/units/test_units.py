"""Work units over HTTP: entered once by their code, found by name."""

from functools import partial
from http import HTTPStatus
from typing import Any

import pytest

from tests.support.community_world import facts, refusal
from tests.support.races import at_once
from tests.support.world import BAOJIA, NINGBO, WAITAN_STREET, YILI, Caller, World

JIANGBEI = "330205000000"
CODES = ("123302054195812340", "91330200144053689D", "91350100M000100Y43")


def unit(**change: Any) -> dict[str, Any]:
    return {"credit_code": CODES[0], "name": "外滩街道中心小学", "area": WAITAN_STREET, **change}


def found(caller: Caller, query: str) -> list[str]:
    answer = caller.get(f"/units{query}")
    assert answer.status_code == HTTPStatus.OK, answer.json
    return [item["name"] for item in answer.json["items"]]


@pytest.mark.parametrize("path", ["/units", "/units/1"])
def test_nobody_reads_units_without_logging_in(world: World, path: str) -> None:
    assert refusal(world.anonymous.get(path)) == (401, "unauthenticated")


def test_nobody_enters_a_unit_without_logging_in(world: World) -> None:
    assert refusal(world.anonymous.post("/units", unit())) == (401, "unauthenticated")


def test_neither_residents_nor_community_admins_enter_units(world: World) -> None:
    for caller in (world.person(), world.community_admin(BAOJIA)):
        assert refusal(caller.post("/units", unit(area=BAOJIA))) == (403, "forbidden")


def test_a_unit_is_entered_and_found_by_whoever_is_logged_in(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answer = admin.post("/units", unit())
    assert answer.status_code == HTTPStatus.CREATED
    entered = answer.json
    assert entered == {
        "id": entered["id"],
        "name": "外滩街道中心小学",
        "area": {"code": WAITAN_STREET, "name": "外滩街道", "level": "street"},
        "credit_code": CODES[0],
    }
    resident = world.person()
    assert resident.get(f"/units/{entered['id']}").json == entered
    del entered["credit_code"]
    assert resident.get("/units?q=中心小学").json == {"items": [entered], "next_cursor": None}

    street_id = world.area_id(WAITAN_STREET)
    assert facts(world.app, "unit_added") == [(entered["id"], street_id, admin.id, {})]


def test_units_are_searched_by_name_and_place(world: World) -> None:
    world.unit(name="江北区教育局", area_code=JIANGBEI)
    world.unit(name="宁波市教育局", area_code=NINGBO)
    world.unit(name="宁德市教育局", area_code="350900000000")
    world.unit(name="ABC 软件公司", area_code=BAOJIA)
    resident = world.person()
    assert set(found(resident, "?q=教育局")) == {"江北区教育局", "宁波市教育局", "宁德市教育局"}
    assert set(found(resident, f"?q=教育局&area={NINGBO}")) == {"江北区教育局", "宁波市教育局"}
    assert set(found(resident, f"?area={JIANGBEI}")) == {"江北区教育局", "ABC 软件公司"}
    assert found(resident, f"?area={YILI}") == []
    assert found(resident, "?q=abc") == ["ABC 软件公司"]
    assert found(resident, "?q=%25") == []


def test_many_units_come_in_pages(world: World) -> None:
    for number in range(5):
        world.unit(name=f"第{number % 2}中学")
    caller = world.person()
    ids: list[int] = []
    cursor = ""
    while True:
        page = caller.get(f"/units?limit=2{cursor}").json
        ids += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(ids) == len(set(ids)) == 5


def test_a_code_is_taken_in_small_letters_too(world: World) -> None:
    body = unit(credit_code=CODES[2].lower())
    assert world.area_admin(WAITAN_STREET).post("/units", body).json["credit_code"] == CODES[2]


def test_a_unit_is_entered_once(world: World) -> None:
    world.area_admin(WAITAN_STREET).post("/units", unit())
    again = world.area_admin("350902500000").post("/units", unit(name="别名", area=YILI))
    assert refusal(again) == (409, "unit_known")


def test_a_unit_entered_at_once_is_entered_once(world: World) -> None:
    admin = world.area_admin(WAITAN_STREET)
    answers = at_once([partial(admin.post, "/units", unit())] * 5)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert found(admin, "") == ["外滩街道中心小学"]


@pytest.mark.parametrize(
    "code", ["123302054195812341", "1", "12330205419581234O", "12345678901234567", "代码"]
)
def test_a_code_that_does_not_check_out_is_refused(world: World, code: str) -> None:
    answer = world.area_admin(WAITAN_STREET).post("/units", unit(credit_code=code))
    assert refusal(answer) == (409, "credit_code_invalid")


@pytest.mark.parametrize(
    "change",
    [
        {"credit_code": ""},
        {"credit_code": "1" * 19},
        {"credit_code": 123302054195812340},
        {"name": " "},
        {"name": "名" * 101},
        {"area": None},
        {"id": 5},
    ],
)
def test_a_malformed_unit_is_refused(world: World, change: dict[str, Any]) -> None:
    answer = world.area_admin(WAITAN_STREET).post("/units", unit(**change))
    assert refusal(answer) == (422, "malformed")


@pytest.mark.parametrize("area", [NINGBO, YILI, "330205001999"])
def test_a_unit_is_not_entered_out_of_reach(world: World, area: str) -> None:
    answer = world.area_admin(WAITAN_STREET).post("/units", unit(area=area))
    assert refusal(answer) == (404, "unknown_area")


@pytest.mark.parametrize("path", ["/units/999999", "/units/0", "/units/x", "/units/9" + "9" * 30])
def test_a_unit_that_is_not_there_is_not_found(world: World, path: str) -> None:
    assert refusal(world.person().get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=", (422, "malformed")),
        ("?name=x", (422, "malformed")),
        ("?text=x", (422, "malformed")),
        ("?area=330205001999", (404, "unknown_area")),
        ("?cursor=xyz", (422, "cursor_invalid")),
    ],
)
def test_a_search_that_cannot_be_done_is_refused(
    world: World, query: str, expected: tuple[int, str]
) -> None:
    assert refusal(world.person().get(f"/units{query}")) == expected
