"""Two people become family: one asks, the other accepts, either ends it; or staff note both's consent."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.db import db, in_transaction
from app.identity.terms import FAMILY_MAX
from tests.support.family_world import family, relative
from tests.support.identity_world import code_of, journal
from tests.support.races import at_once
from tests.support.world import HUXI, Caller, World


def ask(person: Caller, known: dict[str, str], **kwargs: Any) -> Any:
    return person.post("/me/family", known, **kwargs)


def links(person: Caller) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = person.get("/me/family").json["items"]
    return items


def test_nobody_has_a_family_here_without_logging_in(world: World) -> None:
    assert code_of(world.anonymous.get("/me/family")) == (401, "unauthenticated")
    assert code_of(ask(world.anonymous, {})) == (401, "unauthenticated")


def test_one_asks_and_the_other_accepts(world: World) -> None:
    son = world.person(name="李明")
    mother, known = relative(world)
    asked = ask(son, known)
    assert asked.status_code == 201, asked.json
    assert (asked.json["name"], asked.json["state"], asked.json["asked_by_me"]) == (
        "王*",
        "asked",
        True,
    )
    (waiting,) = links(mother)
    assert (waiting["person_id"], waiting["name"], waiting["asked_by_me"]) == (son.id, "李*", False)
    accepted = mother.post(f"/me/family/{waiting['id']}/accept")
    assert (accepted.status_code, accepted.json["state_name"]) == (200, "已互认")
    assert links(son)[0]["since"] == accepted.json["since"] is not None
    world.deliver_journal()
    assert "与您互认为家人" in mother.get("/inbox").json["items"][0]["body"]
    assert son.get("/inbox").json["items"][0]["title"] == "已互认为家人"


def test_who_asked_cannot_answer_and_an_answer_counts_once(world: World) -> None:
    son = world.person()
    mother, known = relative(world)
    link_id = ask(son, known).json["id"]
    path = f"/me/family/{link_id}/accept"
    assert code_of(son.post(path)) == (409, "family_link_closed")
    assert code_of(world.person().post(path)) == (404, "not_found")
    assert mother.post(path).status_code == 200
    assert code_of(mother.post(path)) == (409, "family_link_closed")


@pytest.mark.parametrize("who", [0, 1])
def test_either_ends_it_and_it_can_begin_anew(world: World, who: int) -> None:
    pair = family(world)
    (link,) = links(pair[who])
    path = f"/me/family/{link['id']}/end"
    assert code_of(world.person().post(path)) == (404, "not_found")
    assert pair[who].post(path).status_code == 204
    assert links(pair[0]) == links(pair[1]) == []
    assert code_of(pair[who].post(path)) == (409, "family_link_closed")
    assert code_of(pair[who].post(f"/me/family/{link['id']}/accept")) == (409, "family_link_closed")
    world.deliver_journal()
    assert pair[1 - who].get("/inbox").json["items"][0]["title"] == "家人关系已解除"
    phone = pair[1].get("/me").json
    again = ask(pair[0], {"name": phone["name"], "phone": phone["phone"]})
    assert again.status_code == 201


def test_a_declined_request_tells_nobody(world: World) -> None:
    son = world.person()
    mother, known = relative(world)
    link_id = ask(son, known).json["id"]
    assert mother.post(f"/me/family/{link_id}/end").status_code == 204
    world.deliver_journal()
    assert son.get("/inbox").json["items"] == []


@pytest.mark.parametrize("wrong", [{"name": "王秀"}, {"phone": "13811112222"}])
def test_a_stranger_learns_nothing_from_a_wrong_name_or_number(
    world: World, wrong: dict[str, str]
) -> None:
    _, known = relative(world)
    refused = ask(world.person(), known | wrong)
    assert code_of(refused) == (409, "family_unknown")
    assert refused.json["error"]["details"] == {}


def test_nobody_is_family_with_themselves_or_twice_with_somebody(world: World) -> None:
    first, second = family(world)
    me = second.get("/me").json
    known = {"name": me["name"], "phone": me["phone"]}
    assert code_of(ask(second, known)) == (409, "family_with_self")
    assert code_of(ask(first, known)) == (409, "family_already_linked")


def test_a_family_is_a_household(world: World) -> None:
    person = world.person()
    for _ in range(FAMILY_MAX):
        _, known = relative(world)
        link_id = ask(person, known).json["id"]
    other, known = relative(world)
    refused = ask(person, known)
    assert code_of(refused) == (409, "family_full")
    me = person.get("/me").json
    assert code_of(ask(other, {"name": me["name"], "phone": me["phone"]})) == (409, "family_full")
    person.post(f"/me/family/{link_id}/end")
    assert ask(person, known).status_code == 201


def test_staff_register_two_people_with_their_consent(world: World) -> None:
    staff = world.station_staff(world.site())
    mother, son, elsewhere = world.person(), world.person(), world.person(home=HUXI)
    path = f"/people/{mother.id}/family"
    body = {"person_id": son.id, "consent_note": "双方到场，出示户口本"}
    assert code_of(mother.post(path, body)) == (403, "forbidden")
    answer = staff.post(path, body)
    assert answer.status_code == 201, answer.json
    assert (answer.json["person_id"], answer.json["state"]) == (son.id, "active")
    assert [link["person_id"] for link in links(son)] == [mother.id]
    assert code_of(staff.post(path, body)) == (409, "family_already_linked")
    assert code_of(staff.post(path, body | {"person_id": mother.id})) == (409, "family_with_self")
    assert code_of(staff.post(path, body | {"person_id": elsewhere.id})) == (404, "not_found")
    assert code_of(staff.post(path, {"person_id": son.id})) == (422, "malformed")
    (entry,) = journal(world.app, "family_registered")
    assert (entry.subject_id, entry.actor_id) == (answer.json["id"], staff.id)


def test_the_family_stands_in_the_export_and_ends_with_the_account(world: World) -> None:
    first, second = family(world)
    (told,) = first.get("/me/export").json["parts"]["identity"]["family"]
    assert (told["state"], told["asked_by_me"], told["ended_at"]) == ("active", True, None)
    assert second.delete("/me").status_code == 204
    assert links(first) == []
    assert first.get("/me/export").json["parts"]["identity"]["family"][0]["state"] == "ended"


def test_both_asking_at_once_makes_one_link(world: World) -> None:
    for _ in range(4):
        (first, of_first), (second, of_second) = relative(world), relative(world)
        answers = at_once(
            [lambda: ask(first, of_second), lambda: ask(second, of_first)]  # noqa: B023
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert len(links(first)) == len(links(second)) == 1


def test_the_database_itself_keeps_one_open_link_per_pair(world: World) -> None:
    family(world)

    def again() -> None:
        db.session.execute(
            text(
                "INSERT INTO family_link (first_id, second_id, asked_by, state, asked_at)"
                " SELECT first_id, second_id, asked_by, 'asked', asked_at FROM family_link"
            )
        )

    with world.app.app_context(), pytest.raises(IntegrityError):
        in_transaction(again, write=True)
