"""Roles are given and ended somewhere, by those who stand above."""

import pytest

from app.core.permissions import Role
from tests.support.identity_world import code_of, journal
from tests.support.races import at_once
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI, World

JIANGBEI = "330205000000"


def give(giver, person, role, **place):
    return giver.post("/roles", {"person_id": person.id, "role": role, **place})


def test_only_admins_assign_roles(world: World) -> None:
    person = world.person()
    for path, body in (
        ("/roles", {"person_id": 1, "role": "area_admin", "area": BAOJIA}),
        ("/roles/1/end", None),
    ):
        assert code_of(world.anonymous.post(path, body)) == (401, "unauthenticated")
        assert code_of(person.post(path, body)) == (403, "forbidden")
        assert code_of(world.station_staff(world.site()).post(path, body)) == (403, "forbidden")
    assert code_of(person.get("/roles")) == (403, "forbidden")


def test_a_community_admin_appoints_station_staff(world: World) -> None:
    admin, person = world.community_admin(), world.person(name="周敏", home=YILI)
    site_id = world.site()
    answer = give(admin, person, Role.STATION_STAFF, site_id=site_id)
    assert answer.status_code == 201
    assert answer.json["person_name"] == "周*"
    assert answer.json["site"] == {"id": site_id, "name": "包家社区党群服务中心"}
    assert answer.json["area"]["code"] == BAOJIA
    assert answer.json["until"] is None
    assert "scan:member" in person.get("/me").json["permissions"]
    (entry,) = journal(world.app, "role_given")
    assert (entry.subject_id, entry.area_id, entry.actor_id) == (
        answer.json["id"],
        world.area_id(BAOJIA),
        admin.id,
    )


def test_an_area_admin_appoints_below(world: World) -> None:
    street, city = world.area_admin(), world.area_admin(NINGBO)
    unit_id = world.unit(area_code=WAITAN_STREET)
    assert give(street, world.person(), Role.COMMUNITY_ADMIN, area=BAOJIA).status_code == 201
    unit_admin = world.person()
    answer = give(street, unit_admin, Role.UNIT_ADMIN, unit_id=unit_id)
    assert answer.json["unit"]["id"] == unit_id
    assert "unit:report_read" in unit_admin.get("/me").json["permissions"]
    assert give(city, world.person(), Role.AREA_ADMIN, area=JIANGBEI).status_code == 201


@pytest.mark.parametrize(
    ("role", "area"),
    [
        (Role.COMMUNITY_ADMIN, BAOJIA),
        (Role.RESIDENT, BAOJIA),
    ],
)
def test_a_community_admin_makes_no_equals(world: World, role: Role, area: str) -> None:
    answer = give(world.community_admin(), world.person(), role, area=area)
    assert code_of(answer) == (403, "role_not_yours_to_give")


def test_an_area_admin_gives_nothing_beside_or_above(world: World) -> None:
    street = world.area_admin()
    person = world.person()
    beside = give(street, person, Role.AREA_ADMIN, area=WAITAN_STREET)
    assert code_of(beside) == (403, "role_not_yours_to_give")
    assert code_of(give(street, person, Role.AREA_ADMIN, area=JIANGBEI)) == (404, "not_found")
    assert code_of(give(street, person, Role.COMMUNITY_ADMIN, area=YILI)) == (404, "not_found")
    assert code_of(give(street, person, Role.AREA_ADMIN, area="1")) == (404, "unknown_area")
    elsewhere = world.unit(area_code=NINGBO)
    assert code_of(give(street, person, Role.UNIT_ADMIN, unit_id=elsewhere)) == (404, "not_found")
    station = give(street, person, Role.STATION_STAFF, site_id=world.site())
    assert code_of(station) == (403, "role_not_yours_to_give")
    assert journal(world.app, "role_given") == []


def test_a_site_of_another_community_does_not_exist(world: World) -> None:
    answer = give(
        world.community_admin(), world.person(), Role.STATION_STAFF, site_id=world.site(HUXI)
    )
    assert code_of(answer) == (404, "not_found")
    answer = give(world.community_admin(), world.person(), Role.STATION_STAFF, site_id=999999)
    assert code_of(answer) == (404, "not_found")


def test_a_role_is_held_only_at_its_kind_of_place(world: World) -> None:
    admin, street = world.community_admin(), world.area_admin()
    answer = give(admin, world.person(), Role.STATION_STAFF, area=BAOJIA)
    assert code_of(answer) == (409, "role_place_wrong")
    answer = give(street, world.person(), Role.AREA_ADMIN, area=BAOJIA)
    assert code_of(answer) == (409, "role_place_wrong")
    answer = give(street, world.person(), Role.COMMUNITY_ADMIN, site_id=world.site())
    assert code_of(answer) == (409, "role_place_wrong")


def test_nobody_appoints_themselves_or_the_unknown(world: World) -> None:
    admin = world.community_admin()
    site_id = world.site()
    answer = give(admin, admin, Role.STATION_STAFF, site_id=site_id)
    assert code_of(answer) == (403, "role_not_for_yourself")
    gone = world.person()
    gone.delete("/me")
    assert code_of(give(admin, gone, Role.STATION_STAFF, site_id=site_id)) == (404, "not_found")


def test_a_role_is_held_once_at_a_place_whatever_races(world: World) -> None:
    admin, person, site_id = world.community_admin(), world.person(), world.site()
    answers = at_once([lambda: give(admin, person, Role.STATION_STAFF, site_id=site_id)] * 20)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {code_of(answer) for answer in answers if answer.status_code == 409} == {
        (409, "role_already_held")
    }
    assert len(journal(world.app, "role_given")) == 1
    assert give(admin, person, Role.STATION_STAFF, site_id=world.site()).status_code == 201


def test_an_ended_role_is_gone_at_once_and_may_be_given_again(world: World) -> None:
    admin, person, site_id = world.community_admin(), world.person(), world.site()
    role_id = give(admin, person, Role.STATION_STAFF, site_id=site_id).json["id"]
    assert person.get("/people?name=王芳").status_code == 200
    ended = admin.post(f"/roles/{role_id}/end")
    assert ended.status_code == 200
    assert ended.json["until"] is not None
    assert code_of(person.get("/people?name=王芳")) == (403, "forbidden")
    assert code_of(admin.post(f"/roles/{role_id}/end")) == (409, "role_already_ended")
    assert len(journal(world.app, "role_ended")) == 1
    assert give(admin, person, Role.STATION_STAFF, site_id=site_id).status_code == 201


def test_a_role_is_ended_by_those_who_could_give_it(world: World) -> None:
    street, city = world.area_admin(), world.area_admin(NINGBO)
    community = world.community_admin()
    role_id = community.get("/roles").json["items"][0]["id"]
    assert code_of(community.post(f"/roles/{role_id}/end")) == (403, "role_not_yours_to_give")
    elsewhere = world.community_admin(HUXI)
    assert code_of(elsewhere.post(f"/roles/{role_id}/end")) == (404, "not_found")
    (street_role,) = [
        held["id"] for held in city.get("/roles").json["items"] if held["person_id"] == street.id
    ]
    assert code_of(community.post(f"/roles/{street_role}/end")) == (404, "not_found")
    assert street.post(f"/roles/{role_id}/end").status_code == 200
    assert city.post(f"/roles/{street_role}/end").status_code == 200


def test_each_admin_lists_the_roles_of_the_own_subtree(world: World) -> None:
    site_id, unit_id = world.site(), world.unit(area_code=WAITAN_STREET)
    staff = world.station_staff(site_id)
    unit_admin = world.person(roles=[(Role.UNIT_ADMIN, unit_id)])
    baojia, huxi, yili = (world.community_admin(code) for code in (BAOJIA, HUXI, YILI))
    street, city = world.area_admin(), world.area_admin(NINGBO)

    def seen(caller, query=""):
        return {held["person_id"] for held in caller.get(f"/roles{query}").json["items"]}

    assert seen(baojia) == {staff.id, baojia.id}
    assert seen(street) == {staff.id, unit_admin.id, baojia.id, huxi.id, street.id}
    assert seen(city) == seen(street) | {city.id}
    assert seen(city, f"?area={HUXI}") == {huxi.id}
    assert seen(yili) == {yili.id}
    assert code_of(baojia.get(f"/roles?area={HUXI}")) == (404, "not_found")
    assert code_of(baojia.get(f"/roles?area={WAITAN_STREET}")) == (404, "not_found")
    assert code_of(baojia.get("/roles?area=1")) == (404, "unknown_area")


def test_roles_come_in_pages_newest_first(world: World) -> None:
    admin, site_id = world.community_admin(), world.site()
    for _ in range(4):
        world.station_staff(site_id)
    first = admin.get("/roles?limit=3").json
    second = admin.get(f"/roles?limit=3&cursor={first['next_cursor']}").json
    ids = [held["id"] for held in first["items"] + second["items"]]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    "change",
    [
        {"area": None},
        {"site_id": 1},
        {"area": BAOJIA, "unit_id": 1, "site_id": 1},
        {"role": "emperor"},
        {"role": None},
        {"person_id": 0},
        {"person_id": "1"},
        {"person_id": 2**63},
        {"until": "2026-11-20T09:00:00+08:00"},
    ],
)
def test_a_malformed_role_is_refused(world: World, change: dict) -> None:
    body = {"person_id": 1, "role": "station_staff", "area": BAOJIA, **change}
    assert code_of(world.community_admin().post("/roles", body)) == (422, "malformed")


def test_a_place_must_be_named(world: World) -> None:
    answer = world.community_admin().post("/roles", {"person_id": 1, "role": "station_staff"})
    assert code_of(answer) == (422, "malformed")
