"""Opportunities: made, published, listed, closed and called off."""

from datetime import timedelta

import pytest

from app.core.clock import now
from app.sites.models import Site
from app.volunteer.models import Opportunity, Shift
from tests.support.volunteer_world import (
    claim,
    hours,
    move_shift,
    ok,
    opportunity_form,
    places_are_right,
    publish,
    refusal,
    rows,
    station,
    try_claim,
)
from tests.support.world import BAOJIA, HUXI, NINGBO, WAITAN_STREET, YILI


def test_nobody_makes_opportunities_anonymously(world):
    assert world.anonymous.post("/opportunities", opportunity_form(1)).status_code == 401


def test_an_admin_publishes_and_everybody_sees_shifts_and_places(world):
    here = station(world)
    form = opportunity_form(
        here.site_id,
        hours(5, 6, 2),
        hours(1, 3, 20),
        kind="activity",
        category="health",
        title="社区义诊",
        description="量血压、测血糖\n请带水杯",
        open_to="residents",
        needs_approval=True,
        points_rule="fixed",
        points_fixed=15,
    )
    made = ok(here.admin.post("/opportunities", form), 201)

    assert made["state"] == "published"
    assert made["area"] == {"code": BAOJIA, "name": "包家社区", "level": "community"}
    assert made["site"]["name"] == "包家社区党群服务中心"
    assert [(s["capacity"], s["places_left"]) for s in made["shifts"]] == [(20, 20), (2, 2)]
    for field in ("kind", "category", "title", "description", "open_to", "points_fixed"):
        assert made[field] == form[field]
    assert ok(world.anonymous.get(f"/opportunities/{made['id']}")) == made
    assert ok(world.anonymous.get("/opportunities"))["items"] == [made]


def test_the_three_kinds_are_found_by_area_and_kind(world):
    baojia, yili = station(world), station(world, YILI)
    made = {
        kind: publish(baojia.admin, baojia.site_id, kind=kind)["id"]
        for kind in ("micro_project", "micro_post", "activity")
    }
    far = publish(yili.admin, yili.site_id, area=YILI)["id"]

    def listed(query):
        found = ok(world.anonymous.get(f"/opportunities?{query}"))["items"]
        return [each["id"] for each in found]

    assert listed("") == [far, *reversed(made.values())]
    assert listed(f"area={NINGBO}") == [*reversed(made.values())]
    assert listed(f"area={WAITAN_STREET}&kind=activity") == [made["activity"]]
    assert listed(f"area={HUXI}") == []
    assert refusal(world.anonymous.get("/opportunities?area=000")) == "unknown_area"
    assert refusal(world.anonymous.get("/opportunities?kind=party")) == "malformed"
    page = ok(world.anonymous.get("/opportunities?limit=3"))
    rest = ok(world.anonymous.get(f"/opportunities?cursor={page['next_cursor']}"))
    assert (len(page["items"]), len(rest["items"])) == (3, 1)


def test_a_draft_is_seen_by_its_admins_only_until_it_is_published(world):
    here, elsewhere = station(world), world.community_admin(HUXI)
    draft = publish(here.admin, here.site_id, publish=False)
    path = f"/opportunities/{draft['id']}"

    assert draft["state"] == "draft"
    assert ok(here.admin.get(path)) == draft
    for stranger in (world.anonymous, world.person(), elsewhere):
        assert refusal(stranger.get(path)) == "not_found"
        assert ok(stranger.get("/opportunities?state=draft"))["items"] == []
    assert ok(here.admin.get("/opportunities?state=draft"))["items"] == [draft]
    assert ok(world.anonymous.get("/opportunities"))["items"] == []
    assert refusal(try_claim(world.person(), draft)) == "not_found"

    assert refusal(elsewhere.post(f"{path}/publish")) == "not_found"
    assert ok(here.admin.post(f"{path}/publish"))["state"] == "published"
    assert refusal(here.admin.post(f"{path}/publish")) == "opportunity_not_draft"
    assert len(ok(world.anonymous.get("/opportunities"))["items"]) == 1


def test_a_shift_that_is_over_is_not_offered_and_one_that_runs_is(world):
    here = station(world)
    past = opportunity_form(here.site_id, hours(-2, -0.01))
    assert refusal(here.admin.post("/opportunities", past)) == "shift_past"
    assert rows(world, Opportunity) == []
    running = publish(here.admin, here.site_id, hours(-2, 0.5))
    assert claim(world.person(), running)["state"] == "approved"

    draft = publish(here.admin, here.site_id, publish=False)
    move_shift(world, draft["shifts"][0]["id"], -3, -1)
    assert refusal(here.admin.post(f"/opportunities/{draft['id']}/publish")) == "shift_past"


def test_what_is_over_is_no_longer_listed_but_still_there(world):
    here = station(world)
    made = publish(here.admin, here.site_id)
    move_shift(world, made["shifts"][0]["id"], -3, -1)
    assert ok(world.anonymous.get("/opportunities"))["items"] == []
    assert ok(world.anonymous.get(f"/opportunities/{made['id']}"))["id"] == made["id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "party"},
        {"title": ""},
        {"title": "题" * 61},
        {"title": 7},
        {"description": "字" * 2001},
        {"open_to": "friends"},
        {"points_rule": "fixed"},
        {"points_rule": "by_hour", "points_fixed": 5},
        {"points_rule": "fixed", "points_fixed": 0},
        {"points_rule": "fixed", "points_fixed": 1001},
        {"shifts": []},
        {"shifts": "morning"},
        {"shifts": [hours(1, 2)] * 61},
        {"shifts": [hours(1, 2, 0)]},
        {"shifts": [hours(1, 2, -1)]},
        {"shifts": [hours(1, 2, 10_001)]},
        {"shifts": [hours(2, 1)]},
        {"shifts": [hours(1, 1)]},
        {"shifts": [hours(1, 26)]},
        {"shifts": [{"starts_at": "2026-11-20T09:00:00", "ends_at": "x", "capacity": 1}]},
        {"site_id": 0},
        {"site_id": "1"},
        {"state": "published"},
        {"created_by": 1},
    ],
)
def test_an_opportunity_of_the_wrong_shape_is_malformed(world, wrong):
    here = station(world)
    answer = here.admin.post("/opportunities", opportunity_form(here.site_id) | wrong)
    assert refusal(answer) == "malformed"
    assert rows(world, Opportunity) == []


def test_an_admin_offers_only_in_the_own_area_and_at_the_own_stations(world):
    here, there = station(world), station(world, HUXI)

    def tried(**fields):
        return refusal(here.admin.post("/opportunities", opportunity_form(here.site_id) | fields))

    assert tried(area=HUXI) == "unknown_area"
    assert tried(area="123") == "unknown_area"
    assert tried(site_id=there.site_id) == "not_found"
    assert tried(site_id=999) == "not_found"
    assert refusal(world.person().post("/opportunities", opportunity_form(here.site_id))) == (
        "forbidden"
    )
    assert refusal(here.staff.post("/opportunities", opportunity_form(here.site_id))) == (
        "forbidden"
    )
    (site, _) = rows(world, Site)
    assert site.closed_at is None


def test_a_closed_one_takes_no_more_claims_and_keeps_those_it_has(world):
    here = station(world)
    made = publish(here.admin, here.site_id)
    mine = claim(person := world.person(), made)
    path = f"/opportunities/{made['id']}/close"

    assert refusal(world.community_admin(HUXI).post(path)) == "not_found"
    assert ok(here.admin.post(path))["state"] == "closed"
    assert refusal(here.admin.post(path)) == "opportunity_closed"
    assert refusal(try_claim(world.person(), made)) == "opportunity_closed"
    assert ok(person.get("/me/claims"))["items"][0]["state"] == mine["state"] == "approved"


def test_cancelling_ends_every_claim_and_gives_the_places_back(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(1, 2, 2), hours(3, 4, 1))
    people = [world.person() for _ in range(4)]
    for person in people[:3]:
        claim(person, made)
    claim(people[3], made, shift=1)
    path = f"/opportunities/{made['id']}/cancel"

    assert refusal(world.community_admin(HUXI).post(path)) == "not_found"
    cancelled = ok(here.admin.post(path))

    assert cancelled["state"] == "cancelled"
    assert [shift["places_left"] for shift in cancelled["shifts"]] == [2, 1]
    for person in people:
        assert ok(person.get("/me/claims"))["items"][0]["state"] == "cancelled"
    assert refusal(here.admin.post(path)) == "opportunity_closed"
    assert refusal(try_claim(world.person(), made)) == "opportunity_closed"
    assert places_are_right(world)


def test_cancelling_leaves_the_service_that_was_done(world):
    here = station(world)
    made = publish(here.admin, here.site_id, hours(-1, 0.5), hours(1, 2))
    came, absent, later = (world.person() for _ in range(3))
    claim(came, made)
    claim(absent, made)
    claim(later, made, shift=1)
    ok(here.scan_pass(came, now() - timedelta(minutes=50), direction="in"))

    path = f"/opportunities/{made['id']}/cancel"
    assert refusal(here.admin.post(path)) == "opportunity_in_progress"
    ok(here.scan_pass(came, direction="out"))
    ok(here.admin.post(path))

    states = [ok(each.get("/me/claims"))["items"][0]["state"] for each in (came, absent, later)]
    assert states == ["approved", "cancelled", "cancelled"]
    assert ok(came.get("/me/service-records"))["items"][0]["minutes"] == 50
    assert [shift.taken for shift in rows(world, Shift)] == [1, 0]
    assert places_are_right(world)
