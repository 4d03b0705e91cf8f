"""A changed WeChat account is brought to its old person with staff help."""

from datetime import UTC, datetime

import pytest
import time_machine

from app.core.permissions import Role
from app.identity import exports
from tests.support.identity_world import Phones, caller, code_of, journal, rows
from tests.support.races import at_once
from tests.support.world import BAOJIA, HUXI, Caller, World

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def old(phones: Phones) -> Caller:
    """A person of 包家社区, logged in with a phone that is about to be lost."""
    person, _ = phones.log_in("openid-old")
    person.put("/me", {"name": "王秀英", "home_area": BAOJIA})
    return person


def spoken_code(staff: Caller, person: Caller) -> str:
    answer = staff.post(f"/people/{person.id}/wechat-rebinding")
    assert answer.status_code == 201, answer.json
    return answer.json["code"]


def test_the_new_wechat_takes_the_place_of_the_old_one(
    world: World, phones: Phones, old: Caller
) -> None:
    staff = world.station_staff(world.site())
    code = spoken_code(staff, old)
    newcomer, _ = phones.log_in("openid-new")
    answer = newcomer.post("/me/rebind", {"code": code.lower()})
    assert answer.status_code == 200
    assert caller(world.app, answer.json).get("/me").json["name"] == "王秀英"
    for before in (old, newcomer):
        assert code_of(before.get("/me")) == (401, "unauthenticated"), "earlier logins have ended"
    assert phones.log_in("openid-new")[0].id == old.id
    assert phones.log_in("openid-old")[0].id not in {old.id, newcomer.id}, (
        "the lost one is nobody's"
    )
    (entry,) = journal(world.app, "wechat_rebound")
    assert (entry.subject_id, entry.area_id) == (old.id, world.area_id(BAOJIA))
    assert [entry.actor_id for entry in journal(world.app, "rebinding_code_given")] == [staff.id]
    assert [entry.subject_id for entry in journal(world.app, "account_deleted")] == [newcomer.id]


def test_an_elder_registered_by_staff_comes_with_a_first_phone(
    world: World, phones: Phones
) -> None:
    staff = world.station_staff(world.site())
    elder = staff.post("/people", {"name": "王秀英"}).json["id"]
    code = staff.post(f"/people/{elder}/wechat-rebinding").json["code"]
    newcomer, _ = phones.log_in("openid-new")
    assert newcomer.post("/me/rebind", {"code": code}).json["person"]["id"] == elder


def test_a_code_works_once_for_a_quarter_of_an_hour(
    world: World, phones: Phones, old: Caller
) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        staff = world.station_staff(world.site())
        old = phones.log_in("openid-old")[0]
        code = spoken_code(staff, old)
        clock.shift(15 * 60)
        newcomer, _ = phones.log_in("openid-new")
        assert code_of(newcomer.post("/me/rebind", {"code": code}))[1] == "rebinding_code_invalid"
        staff = world.station_staff(world.site())
        code = spoken_code(staff, old)
        assert newcomer.post("/me/rebind", {"code": code}).status_code == 200
        third, _ = phones.log_in("openid-third")
        assert code_of(third.post("/me/rebind", {"code": code})) == (409, "rebinding_code_invalid")


def test_a_second_code_replaces_the_first(world: World, phones: Phones, old: Caller) -> None:
    staff = world.station_staff(world.site())
    first, second = spoken_code(staff, old), spoken_code(staff, old)
    newcomer, _ = phones.log_in("openid-new")
    assert code_of(newcomer.post("/me/rebind", {"code": first}))[1] == "rebinding_code_invalid"
    assert newcomer.post("/me/rebind", {"code": second}).status_code == 200


def test_twenty_phones_with_one_code_move_one_account(
    world: World, phones: Phones, old: Caller
) -> None:
    code = spoken_code(world.station_staff(world.site()), old)
    newcomers = [phones.log_in(f"openid-{number}")[0] for number in range(20)]
    answers = at_once([lambda one=one: one.post("/me/rebind", {"code": code}) for one in newcomers])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert len(journal(world.app, "wechat_rebound")) == 1
    owned = rows(world.app, "SELECT openid FROM wechat_identity WHERE person_id = :id", id=old.id)
    assert len(owned) == 1


def test_staff_elsewhere_do_not_see_the_person(world: World, old: Caller) -> None:
    staff = world.station_staff(world.site(HUXI))
    answer = staff.post(f"/people/{old.id}/wechat-rebinding")
    assert code_of(answer) == (404, "not_found")


def test_a_station_cannot_take_over_its_admin_but_whoever_gives_the_role_can(
    world: World, phones: Phones
) -> None:
    station = world.station_staff(site_id := world.site())
    admin, colleague = world.community_admin(), world.station_staff(site_id)
    for person in (admin, colleague):
        answer = station.post(f"/people/{person.id}/wechat-rebinding")
        assert code_of(answer) == (403, "rebinding_not_yours")
    assert code_of(admin.post(f"/people/{admin.id}/wechat-rebinding"))[1] == "rebinding_not_yours"
    code = spoken_code(admin, colleague)
    newcomer, _ = phones.log_in("openid-new")
    roles = newcomer.post("/me/rebind", {"code": code}).json["person"]["roles"]
    assert [role["role"] for role in roles] == ["station_staff"]


def test_an_account_that_holds_something_is_not_swallowed(
    world: World, phones: Phones, old: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = world.station_staff(world.site())
    code = spoken_code(staff, old)
    newcomer, _ = phones.log_in("openid-new")
    monkeypatch.setattr(exports, "_parts", {"shelf": lambda _: ["a book"]})
    assert code_of(newcomer.post("/me/rebind", {"code": code})) == (409, "account_not_empty")
    monkeypatch.setattr(exports, "_parts", {"shelf": lambda _: []})
    assert newcomer.post("/me/rebind", {"code": code}).status_code == 200, "the code is still good"


def test_an_account_with_a_role_is_not_swallowed(world: World, phones: Phones, old: Caller) -> None:
    code = spoken_code(world.station_staff(world.site()), old)
    newcomer, _ = phones.log_in("openid-new")
    giver = world.community_admin()
    given = {"person_id": newcomer.id, "role": Role.STATION_STAFF, "site_id": world.site()}
    assert giver.post("/roles", given).status_code == 201
    assert code_of(newcomer.post("/me/rebind", {"code": code})) == (409, "account_not_empty")


def test_the_code_is_entered_with_the_new_wechat(world: World, old: Caller) -> None:
    code = spoken_code(world.station_staff(world.site()), old)
    assert code_of(old.post("/me/rebind", {"code": code})) == (409, "rebinding_to_self")
    without_wechat = world.person()
    refused = without_wechat.post("/me/rebind", {"code": code})
    assert code_of(refused) == (409, "rebinding_needs_wechat")


def test_a_wrong_code_is_refused(world: World) -> None:
    person = world.person()
    assert code_of(person.post("/me/rebind", {"code": "ABCD3456"}))[1] == "rebinding_code_invalid"
    assert code_of(person.post("/me/rebind", {"code": ""})) == (422, "malformed")
    assert code_of(world.anonymous.post("/me/rebind", {"code": "A"})) == (401, "unauthenticated")


def test_the_code_is_not_stored_in_the_clear(world: World, old: Caller) -> None:
    staff = world.station_staff(world.site())
    answer = staff.post(f"/people/{old.id}/wechat-rebinding", key="rebind-1")
    stored = str(
        rows(world.app, "SELECT * FROM rebinding_code")
        + rows(world.app, "SELECT * FROM idempotency")
        + journal(world.app, "rebinding_code_given")
    )
    assert answer.json["code"] not in stored
