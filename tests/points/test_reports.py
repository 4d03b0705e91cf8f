"""What a community sees of its points: issued, spent, expired, owed, by class; and as documents."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from app.core.clock import CHINA, china_date, now
from app.core.permissions import Role
from app.points import actions, queries
from tests.support.micro_wish_world import Road
from tests.support.points_world import act, earn
from tests.support.volunteer_world import ok, station
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI, Caller, World

TODAY = china_date(now())
PERIOD = f"from={TODAY.replace(month=1, day=1)}&to={TODAY + timedelta(days=1)}"


def report(caller: Caller, area: str = BAOJIA, period: str = PERIOD) -> dict[str, Any]:
    found: dict[str, Any] = ok(caller.get(f"/points/report?area={area}&{period}"))
    return found


def china(*when: int) -> datetime:
    return datetime(*when, tzinfo=CHINA)


def spend(world: World, person: Caller, points: int, cause_id: int) -> None:
    area_id = world.area_id(BAOJIA)

    def work(actor: Any) -> None:
        actions.hold(
            actor,
            person_id=person.id,
            area_id=area_id,
            amount=points,
            cause_id=cause_id,
            expires_at=actor.now + timedelta(days=1),
        )
        actions.post_hold(actor, cause_id)

    act(world, work)


@pytest.mark.parametrize("ending", ["", ".pdf", ".xlsx"])
def test_a_report_is_for_the_admins_of_the_area_and_above(world: World, ending: str) -> None:
    path = f"/points/report{ending}?area={BAOJIA}&{PERIOD}"
    assert world.anonymous.get(path).status_code == 401
    assert world.person().get(path).status_code == 403
    assert world.community_admin(BAOJIA).get(path).status_code == 200
    assert world.area_admin(WAITAN_STREET).get(path).status_code == 200
    assert world.community_admin(HUXI).get(path).status_code == 404
    assert world.community_admin(YILI).get(path).status_code == 404


def test_what_was_issued_spent_reversed_and_is_owed(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    earn(world, person, 30)
    wrong = earn(world, person, 20)
    ok(admin.post(f"/points/transfers/{wrong.transfer_id}/reverse", {"reason": "记错"}))
    ok(admin.post("/points/grants", {"person_id": person.id, "points": 5, "reason": "值守"}), 201)
    spend(world, person, 12, 9_100_001)
    earn(world, world.person(home=HUXI), 7, area=HUXI)
    found = report(admin)
    assert {
        name: found[name] for name in ("issued", "taken_back", "spent", "refunded", "expired")
    } == {
        "issued": 55,
        "taken_back": 20,
        "spent": 12,
        "refunded": 0,
        "expired": 0,
    }
    assert found["outstanding"] == 23
    assert [(month["points"], month["wallets"]) for month in found["months"]] == [(23, 1)]
    assert {kind["kind"]: (kind["count"], kind["points"]) for kind in found["kinds"]} == {
        "service": (2, 50),
        "grant": (1, 5),
        "spend": (1, -12),
        "reversal": (1, -20),
    }
    above = report(world.area_admin(WAITAN_STREET), WAITAN_STREET)
    assert (above["issued"], above["outstanding"]) == (62, 30)
    assert above["area"]["code"] == WAITAN_STREET


def test_what_is_owed_is_that_of_the_last_day_even_when_more_moved_since(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    earn(world, person, 30, at=china(2030, 3, 31, 23, 59))
    earn(world, person, 20, at=china(2030, 4, 1, 0, 0))
    pocket = act(world, lambda _: queries.pockets_past(203104, 0))
    act(world, lambda actor: actions.expire(actor, pocket[0]), at=china(2031, 4, 1, 1))
    march = report(admin, period="from=2030-03-01&to=2030-03-31")
    assert (march["issued"], march["expired"], march["outstanding"]) == (30, 0, 30)
    assert [month["expires_on"] for month in march["months"]] == ["2031-03-31"]
    april = report(admin, period="from=2030-04-01&to=2030-04-30")
    assert (april["issued"], april["outstanding"]) == (20, 50)
    year_later = report(admin, period="from=2031-04-01&to=2031-04-01")
    assert (year_later["expired"], year_later["outstanding"]) == (30, 20)


def test_services_and_wishes_are_told_apart_by_class(world: World) -> None:
    here = station(world)
    person = here.claimed(begin=-1, end=0.01, category="care", points_rule="fixed", points_fixed=8)
    ok(here.scan_pass(person, datetime.now(CHINA) - timedelta(minutes=58)))
    ok(here.scan_pass(person))
    Road(world).go("confirmed")
    classes = report(here.admin)["classes"]
    assert [(each["kind"], each["name"], each["title"], each["count"]) for each in classes] == [
        ("service_record", "care", "助困扶残与就业援助", 1),
        ("wish", "repair", "上门维修", 1),
    ]
    assert classes[0]["points"] == 8


def test_an_area_that_nobody_knows_is_refused(world: World) -> None:
    admin = world.community_admin()
    assert admin.get(f"/points/report?area=999999999999&{PERIOD}").status_code == 404
    assert admin.get(f"/points/report?area={BAOJIA}").status_code == 422


def test_the_printed_report_and_the_spreadsheet_say_the_same(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    earn(world, person, 77)
    path = f"/points/report.{{}}?area={BAOJIA}&{PERIOD}"
    printed = admin.get(path.format("pdf"))
    said = "\n".join(page.extract_text() for page in PdfReader(BytesIO(printed.data)).pages)
    sheets = admin.get(path.format("xlsx"))
    with ZipFile(BytesIO(sheets.data)) as book:
        texts = [
            "".join(each.itertext()) for each in ET.fromstring(book.read("xl/sharedStrings.xml"))
        ]
    for part in ("爱心积分运行报表", "包家社区", "期末未用积分", "77 分", "志愿服务"):
        assert part in said, part
        assert part in texts, part


def test_an_area_admin_reads_reports_but_grants_nothing(world: World) -> None:
    street = world.person(roles=[(Role.AREA_ADMIN, WAITAN_STREET)])
    assert report(street, HUXI)["issued"] == 0
    grant = {"person_id": world.person().id, "points": 5, "reason": "值守"}
    assert street.post("/points/grants", grant).status_code == 403
