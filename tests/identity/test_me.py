"""One's own account: seeing it, changing it, taking it along, deleting it."""

import pytest

from app.core.errors import Refusal
from app.core.permissions import Role
from app.identity import actions, exports, queries
from app.identity.terms import MemberKind
from tests.support.identity_world import Phones, code_of, journal, rows, run
from tests.support.races import at_once
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI, World


def test_without_a_token_there_is_no_account(world: World) -> None:
    for answer in (
        world.anonymous.get("/me"),
        world.anonymous.put("/me", {"name": "张三"}),
        world.anonymous.delete("/me"),
        world.anonymous.get("/me/export"),
    ):
        assert code_of(answer) == (401, "unauthenticated")


def test_people_see_their_own_data_whole(world: World) -> None:
    site_id = world.site()
    person = world.person(
        name="欧阳震华", phone="13812341234", roles=[(Role.STATION_STAFF, site_id)]
    )
    me = person.get("/me").json
    assert (me["name"], me["phone"]) == ("欧阳震华", "13812341234")
    assert me["home"] == {"code": BAOJIA, "name": "包家社区", "level": "community"}
    (role,) = me["roles"]
    assert (role["role"], role["site"]["id"], role["area"]["code"]) == (
        "station_staff",
        site_id,
        BAOJIA,
    )
    assert role["unit"] is None
    assert "scan:member" in me["permissions"]


def test_name_phone_and_home_are_changed_where_given(world: World) -> None:
    person = world.person(home=None)
    changed = person.put("/me", {"name": "李明", "phone": "13812341234", "home_area": BAOJIA})
    assert changed.status_code == 200
    assert changed.json == person.get("/me").json
    assert (changed.json["name"], changed.json["home"]["code"]) == ("李明", BAOJIA)
    person.put("/me", {"phone": None})
    me = person.put("/me", {}).json
    assert (me["name"], me["phone"]) == ("李明", None)


def test_a_home_may_be_a_compound_and_not_a_street(world: World) -> None:
    compound = world.area_admin().post(
        "/areas", {"parent": BAOJIA, "level": "compound", "name": "外滩一号小区"}
    )
    assert compound.status_code == 201, compound.json
    person = world.person()
    answer = person.put("/me", {"home_area": compound.json["code"]})
    assert answer.json["home"]["level"] == "compound"
    assert code_of(person.put("/me", {"home_area": WAITAN_STREET})) == (409, "home_too_wide")
    assert code_of(person.put("/me", {"home_area": "000000000000"})) == (404, "unknown_area")


def test_a_member_who_reported_in_moves_by_a_transfer(world: World) -> None:
    from app.core.actor import system  # noqa: PLC0415 - only here
    from app.core.clock import now  # noqa: PLC0415

    person = world.person(home=HUXI)
    area_id = world.area_id(BAOJIA)
    run(
        world.app,
        lambda: actions.settle(system(now()), person.id, area_id, MemberKind.RETIRED),
    )
    me = person.get("/me").json
    assert (me["member_kind"], me["home"]["code"]) == ("retired", BAOJIA)
    assert person.put("/me", {"home_area": BAOJIA}).status_code == 200
    refused = person.put("/me", {"home_area": HUXI})
    assert code_of(refused) == (409, "home_settled_by_report_in")
    run(world.app, lambda: actions.settle(system(now()), person.id, None, None))
    me = person.get("/me").json
    assert (me["member_kind"], me["home"]["code"]) == (None, BAOJIA), "the home is kept"


def test_a_phone_number_belongs_to_one_account_and_whose_is_not_said(world: World) -> None:
    world.person(phone="13812341234", name="王秀英")
    other = world.person()
    refused = other.put("/me", {"phone": "13812341234", "name": "李明"})
    assert code_of(refused) == (409, "phone_taken")
    assert refused.json["error"]["details"] == {}
    assert "王" not in refused.text
    assert other.get("/me").json["name"] != "李明", "nothing of the request was done"


def test_twenty_people_who_claim_one_number_at_once_leave_it_with_one(world: World) -> None:
    people = [world.person() for _ in range(20)]
    claim = {"phone": "13812341234"}
    answers = at_once([lambda person=person: person.put("/me", claim) for person in people])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert {code_of(answer) for answer in answers if answer.status_code != 200} == {
        (409, "phone_taken")
    }


@pytest.mark.parametrize(
    "body",
    [
        {"phone": "12812341234"},
        {"phone": "1381234123"},
        {"phone": 13812341234},
        {"phone": ""},
        {"name": ""},
        {"name": None},
        {"name": "张" * 41},
        {"name": "张\n三"},
        {"home_area": None},
        {"home_area": "3" * 31},
        {"member_kind": "retired"},
        {"id": 1},
        [],
        "张三",
    ],
)
def test_a_malformed_change_is_refused(world: World, body: object) -> None:
    assert code_of(world.person().put("/me", body)) == (422, "malformed")


def test_name_and_number_are_sealed_everywhere_in_the_database(world: World) -> None:
    person = world.person()
    person.put("/me", {"name": "欧阳震华", "phone": "13812341234"}, key="mine-1")
    replayed = person.put("/me", {"name": "欧阳震华", "phone": "13812341234"}, key="mine-1")
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json["name"] == "欧阳震华"
    tables = [
        table
        for table in ("person", "idempotency", "journal", "login_session", "refresh_token")
        for _ in rows(world.app, f"SELECT 1 FROM {table} LIMIT 1")
    ]
    assert {"person", "idempotency"} <= set(tables)
    stored = str([rows(world.app, f"SELECT * FROM {table}") for table in tables])
    assert "欧阳" not in stored
    assert "13812341234" not in stored


# --- export -------------------------------------------------------------------------------------------------------


def test_the_export_holds_everything_every_room_knows(
    world: World, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_parts", {})
    exports.contribute("shelf", lambda person_id: {"books": [person_id]})
    person, _ = phones.log_in("openid-li")
    person.put("/me", {"name": "李明", "phone": "13812341234", "home_area": BAOJIA})
    answer = person.get("/me/export")
    assert answer.status_code == 200
    assert answer.json["person_id"] == person.id
    assert answer.json["parts"]["shelf"] == {"books": [person.id]}
    identity = answer.json["parts"]["identity"]
    assert (identity["name"], identity["phone"], identity["home_area"]) == (
        "李明",
        "13812341234",
        BAOJIA,
    )
    assert identity["wechat_accounts"][0]["openid"] == "openid-li"
    assert len(identity["logins"]) == 1


def test_two_rooms_cannot_contribute_under_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_parts", {})
    exports.contribute("shelf", lambda _: None)
    with pytest.raises(ValueError, match="shelf"):
        exports.contribute("shelf", lambda _: None)


# --- deletion -----------------------------------------------------------------------------------------------------


def test_a_deleted_account_leaves_a_number_without_a_name(world: World, phones: Phones) -> None:
    person, login = phones.log_in("openid-li")
    person.put("/me", {"name": "李明", "phone": "13812341234", "home_area": BAOJIA}, key="mine-1")
    assert person.delete("/me").status_code == 204
    assert code_of(person.get("/me")) == (401, "unauthenticated")
    refresh = world.anonymous.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
    assert code_of(refresh) == (401, "refresh_refused")
    ((*kept, deleted_at),) = rows(
        world.app,
        "SELECT name_sealed, name_index, phone_sealed, phone_index, phone_tail_index, home_area_id,"
        " member_kind, deleted_at FROM person WHERE id = :id",
        id=person.id,
    )
    assert kept == [None] * 7
    assert deleted_at is not None
    assert rows(world.app, "SELECT * FROM wechat_identity") == []
    assert rows(world.app, "SELECT * FROM idempotency") == []
    (entry,) = journal(world.app, "account_deleted")
    assert (entry.subject_id, entry.area_id, entry.actor_id) == (
        person.id,
        world.area_id(BAOJIA),
        person.id,
    )
    with world.app.app_context():
        assert run(world.app, lambda: queries.masked_names([person.id])) == {person.id: "已注销"}


def test_whoever_deleted_the_account_and_comes_back_is_a_new_person(
    world: World, phones: Phones
) -> None:
    person, _ = phones.log_in("openid-li")
    person.put("/me", {"phone": "13812341234"})
    person.delete("/me")
    newcomer, login = phones.log_in("openid-li")
    assert newcomer.id != person.id
    assert login["person"]["phone"] is None
    assert newcomer.put("/me", {"phone": "13812341234"}).status_code == 200, "the number is free"


def test_roles_end_with_the_account(world: World) -> None:
    admin = world.community_admin()
    admin.delete("/me")
    assert rows(world.app, "SELECT count(*) FROM role_holding WHERE until IS NULL")[0][0] == 0
    assert [entry.area_id for entry in journal(world.app, "role_ended")] == [world.area_id(BAOJIA)]


def test_a_room_may_object_while_something_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ShelfNotReturned(Refusal):
        message = "您还有未归还的图书，归还后才能注销账号。"

    def object_(person_id: int) -> None:
        raise ShelfNotReturned

    monkeypatch.setattr(exports, "_objections", [])
    exports.object_to_deletion(object_)
    person = world.person(name="李明")
    assert person.delete("/me").status_code == 409
    assert person.get("/me").json["name"] == "李明"


# --- what other rooms use -----------------------------------------------------------------------------------------


def test_masked_names_are_asked_for_together(world: World) -> None:
    first, second = world.person(name="张三丰"), world.person(name="欧阳修")
    names = run(world.app, lambda: queries.masked_names([first.id, second.id, first.id, 999999]))
    assert names == {first.id: "张*", second.id: "欧阳**"}


def test_a_person_elsewhere_is_not_within(world: World) -> None:
    from app.core.actor import Actor, RoleHeld  # noqa: PLC0415 - only here
    from app.core.clock import now  # noqa: PLC0415
    from app.core.errors import NotFound  # noqa: PLC0415
    from app.core.permissions import Permission  # noqa: PLC0415

    here, there = world.person(home=BAOJIA), world.person(home=YILI)
    ((path,),) = rows(
        world.app, "SELECT path FROM area WHERE code = :code AND valid_to IS NULL", code=BAOJIA
    )
    admin = Actor(7, now(), (RoleHeld(Role.COMMUNITY_ADMIN, area_path=path),))

    def within(person_id: int) -> int:
        return queries.person_within(admin, Permission.WISH_REVIEW, person_id).id

    assert run(world.app, lambda: within(here.id)) == here.id
    with pytest.raises(NotFound):
        run(world.app, lambda: within(there.id))
