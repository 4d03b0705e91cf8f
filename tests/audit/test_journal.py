"""Who did what, read by those who answer for the place, and by nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.actor import system
from app.core.clock import now
from app.core.db import in_transaction
from app.micro_wish import actions
from tests.support.micro_wish_world import Road
from tests.support.reporting_in_world import submitted
from tests.support.volunteer_world import ok
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI, Caller, World


def names(reader: Caller, query: str = "") -> list[str]:
    return [line["name"] for line in ok(reader.get(f"/journal{query}"))["items"]]


def test_nobody_reads_without_logging_in(world: World) -> None:
    assert world.anonymous.get("/journal").status_code == 401


def test_residents_and_station_staff_do_not_read_it(world: World) -> None:
    staff = world.station_staff(world.site())
    for caller in (world.person(), staff):
        assert caller.get("/journal").status_code == 403


def test_a_line_says_who_did_what_when_and_where(world: World) -> None:
    road = Road(world).go("published")
    answer = road.admin.post(
        f"/wishes/{road.id}/withdraw", {"reason": "重复"}, headers={"X-Request-Id": "request-77"}
    )
    assert answer.status_code == 200, answer.json
    line = ok(road.admin.get("/journal"))["items"][0]
    expected: dict[str, Any] = {
        "name": "wish_withdrawn",
        "sentence": "撤回了微心愿",
        "subject": "wish",
        "subject_id": road.id,
        "actor_id": road.admin.id,
        "area_name": "包家社区",
        "request_id": "request-77",
        "payload": {"person_id": road.wisher.id, "by_reviewer": True},
    }
    assert {name: line[name] for name in expected} == expected
    assert line["actor_name"].endswith("*")
    assert line["at"].endswith("+08:00")


def test_the_newest_comes_first_page_by_page(world: World) -> None:
    road = Road(world).go("approved")
    first = ok(road.admin.get("/journal?limit=3"))
    second = ok(road.admin.get(f"/journal?limit=3&cursor={first['next_cursor']}"))
    seen = [line["name"] for line in first["items"] + second["items"]]
    assert seen[:4] == ["wish_claim_approved", "wish_claimed", "wish_published", "wish_made"]
    ids = [line["id"] for line in first["items"] + second["items"]]
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.parametrize(
    ("reader_area", "sees"),
    [(BAOJIA, True), (WAITAN_STREET, True), (NINGBO, True), (HUXI, False), (YILI, False)],
)
def test_everybody_reads_the_own_subtree_only(world: World, reader_area: str, sees: bool) -> None:
    submitted(world, world.person())
    community = reader_area in {BAOJIA, HUXI, YILI}
    reader = world.community_admin(reader_area) if community else world.area_admin(reader_area)
    assert ("report_in_submitted" in names(reader)) is sees
    # Asking for a place outside the subtree by name shows nothing either.
    assert ("report_in_submitted" in names(reader, f"?area={BAOJIA}")) is sees


def test_facts_of_no_area_are_shown_to_nobody(world: World) -> None:
    assert "areas_imported" not in names(world.area_admin("330000000000"))


def test_it_can_be_searched(world: World) -> None:
    road = Road(world).go("claimed")
    member = world.person()
    report_in_id = submitted(world, member)
    admin = road.admin
    assert names(admin, f"?person_id={member.id}") == ["report_in_submitted"]
    assert names(admin, "?name=wish_published") == ["wish_published"]
    assert names(admin, f"?subject=wish&subject_id={road.id}") == [
        "wish_claimed",
        "wish_published",
        "wish_made",
    ]
    assert names(admin, f"?subject=report_in&subject_id={report_in_id}") == ["report_in_submitted"]
    assert names(admin, "?name=no_such_event") == []
    street = world.area_admin(WAITAN_STREET)
    assert "wish_made" in names(street, f"?area={BAOJIA}")
    assert "wish_made" not in names(street, f"?area={HUXI}")


def test_an_unknown_area_and_a_misspelt_filter_are_refused(world: World) -> None:
    admin = world.community_admin()
    assert admin.get("/journal?area=999999999999").status_code == 404
    assert admin.get("/journal?persn_id=1").status_code == 422


def test_what_the_system_did_bears_its_name(world: World) -> None:
    road = Road(world).go("approved")
    later = now() + timedelta(days=400)
    claim_id = ok(road.admin.get("/journal?name=wish_claim_approved"))["items"][0]["payload"][
        "claim_id"
    ]
    with world.app.app_context():
        assert in_transaction(lambda: actions.lapse(system(later), claim_id), write=True)
    line = ok(road.admin.get("/journal?name=wish_claim_lapsed"))["items"][0]
    assert (line["actor_id"], line["actor_name"]) == (None, "系统")
