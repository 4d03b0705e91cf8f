"""Staff help people at the counter: register, find, read a number."""

import pytest

from app.config import STANDIN_APPID
from app.core.actor import system
from app.core.clock import now
from app.core.permissions import Role
from app.identity import actions
from app.identity.terms import WechatAccount
from tests.support.identity_world import Phones, code_of, journal, run
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI, World


def test_only_staff_help(world: World) -> None:
    for path, body in (
        ("/people", {"name": "王秀英"}),
        ("/people/1/phone", None),
        ("/people/1/wechat-rebinding", None),
    ):
        assert code_of(world.anonymous.post(path, body)) == (401, "unauthenticated")
        assert code_of(world.person().post(path, body)) == (403, "forbidden")
    assert code_of(world.person().get("/people?name=王秀英")) == (403, "forbidden")


def test_an_elder_without_a_phone_is_registered_at_the_station(world: World) -> None:
    staff = world.station_staff(world.site())
    answer = staff.post("/people", {"name": "王秀英"})
    assert answer.status_code == 201
    assert answer.json == {
        "id": answer.json["id"],
        "name": "王*",
        "phone": None,
        "home": {"code": BAOJIA, "name": "包家社区", "level": "community"},
    }
    (entry,) = journal(world.app, "person_registered")
    assert (entry.subject_id, entry.area_id, entry.actor_id) == (
        answer.json["id"],
        world.area_id(BAOJIA),
        staff.id,
    )


def test_a_registration_sent_twice_makes_one_person(world: World) -> None:
    admin = world.community_admin()
    body = {"name": "王秀英", "phone": "13812341234"}
    first = admin.post("/people", body, key="register-1")
    again = admin.post("/people", body, key="register-1")
    assert (again.status_code, again.json) == (201, first.json)
    assert code_of(admin.post("/people", body)) == (409, "phone_taken")


def test_staff_of_two_communities_say_in_which_one_somebody_lives(world: World) -> None:
    staff = world.person(
        roles=[(Role.COMMUNITY_ADMIN, BAOJIA), (Role.STATION_STAFF, world.site(HUXI))]
    )
    assert code_of(staff.post("/people", {"name": "王秀英"})) == (409, "home_needed")
    answer = staff.post("/people", {"name": "王秀英", "home_area": HUXI})
    assert answer.json["home"]["code"] == HUXI


def test_nobody_is_registered_outside_the_own_area(world: World) -> None:
    admin = world.community_admin()
    for elsewhere in (HUXI, YILI, WAITAN_STREET):
        refused = admin.post("/people", {"name": "王秀英", "home_area": elsewhere})
        assert code_of(refused) == (404, "not_found")
    refused = admin.post("/people", {"name": "王秀英", "home_area": "1"})
    assert code_of(refused) == (404, "unknown_area")


def test_people_are_found_by_phone_tail_or_whole_name_and_shown_masked(world: World) -> None:
    admin = world.community_admin()
    person = world.person(name="欧阳震华", phone="13812345678")
    world.person(name="欧阳震", phone="13812345679")
    for query in ("phone_tail=5678", "name=欧阳震华", "phone_tail=5678&name=欧阳震华"):
        (found,) = admin.get(f"/people?{query}").json["items"]
        assert found == {
            "id": person.id,
            "name": "欧阳**",
            "phone": "138****5678",
            "home": {"code": BAOJIA, "name": "包家社区", "level": "community"},
        }
    for query in ("phone_tail=0000", "name=欧阳", "phone_tail=5678&name=欧阳震"):
        assert admin.get(f"/people?{query}").json["items"] == []


def test_people_at_home_elsewhere_are_not_found(world: World) -> None:
    world.person(name="欧阳震华", phone="13812345678", home=YILI)
    world.person(name="欧阳震华", phone="13912345678", home=None)
    staff = world.station_staff(world.site())
    assert staff.get("/people?phone_tail=5678").json["items"] == []
    assert staff.get("/people?name=欧阳震华").json["items"] == []


def test_many_of_one_name_come_in_pages(world: World) -> None:
    admin = world.community_admin()
    people = {world.person(name="王芳").id for _ in range(5)}
    first = admin.get("/people?name=王芳&limit=3").json
    second = admin.get(f"/people?name=王芳&limit=3&cursor={first['next_cursor']}").json
    assert (len(first["items"]), len(second["items"])) == (3, 2)
    assert {found["id"] for found in first["items"] + second["items"]} == people
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["", "phone_tail=567", "phone_tail=56789", "phone_tail=abcd", "name=", "phone=5678"]
)
def test_a_search_needs_four_digits_or_a_name(world: World, query: str) -> None:
    assert code_of(world.community_admin().get(f"/people?{query}")) == (422, "malformed")


def test_reading_a_whole_number_is_in_the_journal(world: World) -> None:
    admin = world.community_admin()
    person = world.person(phone="13812345678")
    answer = admin.post(f"/people/{person.id}/phone")
    assert (answer.status_code, answer.json) == (200, {"phone": "13812345678"})
    (entry,) = journal(world.app, "phone_revealed")
    assert (entry.subject_id, entry.area_id, entry.actor_id) == (
        person.id,
        world.area_id(BAOJIA),
        admin.id,
    )
    assert "13812345678" not in str(entry.payload)


def test_a_number_elsewhere_or_none_at_all_is_not_read(world: World) -> None:
    admin = world.community_admin()
    elsewhere = world.person(home=HUXI)
    assert code_of(admin.post(f"/people/{elsewhere.id}/phone")) == (404, "not_found")
    assert code_of(admin.post("/people/999999/phone")) == (404, "not_found")
    without = admin.post("/people", {"name": "王秀英"}).json["id"]
    assert code_of(admin.post(f"/people/{without}/phone")) == (409, "person_has_no_phone")
    assert journal(world.app, "phone_revealed") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "王秀英", "phone": "123"},
        {"name": "王秀英", "member_kind": "retired"},
    ],
)
def test_a_malformed_registration_is_refused(world: World, body: dict) -> None:
    assert code_of(world.community_admin().post("/people", body)) == (422, "malformed")


# --- made by commands ---------------------------------------------------------------------------------------------


def test_a_command_finds_or_registers_a_neighbour_and_binds_the_wechat_account(
    world: World, phones: Phones
) -> None:
    account = WechatAccount(STANDIN_APPID, "openid-li", None)

    def make() -> int:
        return actions.find_or_register(
            system(now()),
            name="李明",
            phone="13812341234",
            area_code=BAOJIA,
            account=account,
            demo=True,
        ).id

    person_id = run(world.app, make)
    assert run(world.app, make) == person_id
    person, login = phones.log_in("openid-li")
    assert person.id == person_id
    assert (login["person"]["name"], login["person"]["home"]["code"]) == ("李明", BAOJIA)
    assert len(journal(world.app, "person_registered")) == 1
