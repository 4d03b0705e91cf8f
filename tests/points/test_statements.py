"""The own statement: filters, running balance, months, what each line hangs on, and as a document."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from app.core.clock import CHINA
from app.points import actions, queries
from app.points.terms import TransferKind
from tests.support.family_world import family
from tests.support.micro_wish_world import Road
from tests.support.points_world import act, earn, lines, standing
from tests.support.redemption_world import collect, redeem, reward
from tests.support.volunteer_world import ok, station
from tests.support.world import BAOJIA, Caller, World

PERIOD = "from=2090-01-01&to=2090-12-31"


def china(*when: int) -> datetime:
    return datetime(*when, tzinfo=CHINA)


def hold_and_post(world: World, person: Caller, points: int, cause_id: int, at: datetime) -> None:
    area_id = world.area_id("330205001015")

    def work(actor: Any) -> None:
        actions.hold(
            actor,
            person_id=person.id,
            area_id=area_id,
            amount=points,
            cause_id=cause_id,
            expires_at=at + timedelta(days=7),
        )
        actions.post_hold(actor, cause_id)

    act(world, work, at=at)


@pytest.fixture
def busy(world: World) -> Caller:
    """Somebody with a year behind: 30 and 20 by service, 15 by a wish, 40 spent."""
    person = world.person(name="欧阳春晓")
    earn(world, person, 30, at=china(2090, 1, 31, 23, 59))
    earn(world, person, 20, at=china(2090, 2, 1, 0, 0))
    earn(world, person, 15, at=china(2090, 2, 10, 9), kind=TransferKind.WISH)
    hold_and_post(world, person, 40, 9_000_001, china(2090, 4, 5, 10))
    return person


def got(person: Caller, filters: str) -> list[tuple[int, int]]:
    """(points, balance after) of each line, newest first, two to a page."""
    found, cursor = [], ""
    while True:
        page = ok(person.get(f"/me/points/transfers?limit=2&{filters}{cursor}"))
        found += [(line["points"], line["balance_after"]) for line in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_nobody_reads_statements_without_logging_in(world: World) -> None:
    for path in ("months", "transfers/1", f"statement.pdf?{PERIOD}", f"statement.xlsx?{PERIOD}"):
        assert world.anonymous.get(f"/me/points/{path}").status_code == 401, path


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("", "all"),
        ("kind=service", [(5, 30), (20, 50), (30, 30)]),
        ("kind=wish", [(15, 65)]),
        ("kind=grant", []),
        ("from=2090-02-01", [(15, 65), (20, 50)]),
        ("to=2090-01-31", [(30, 30)]),
        ("from=2090-02-01&to=2090-02-01", [(20, 50)]),
        ("kind=service&from=2090-02-01", [(5, 30), (20, 50)]),
    ],
)
def test_a_filtered_line_still_says_what_the_whole_wallet_had(
    world: World, busy: Caller, filters: str, expected: Any
) -> None:
    earn(world, busy, 5, at=china(2090, 5, 1))
    every = got(busy, "")
    newest, *spent = every[: len(every) - 3]
    assert newest == (5, 30)
    assert (sum(points for points, _ in spent), spent[0][1]) == (-40, 25)
    assert every[-3:] == [(15, 65), (20, 50), (30, 30)]
    if expected == "all":
        expected = every
    elif filters == "from=2090-02-01":
        expected = [newest, *spent, *expected]
    assert got(busy, filters) == expected


@pytest.mark.parametrize(
    "filters",
    ["kind=gold", "from=yesterday", "to=9999-12-31", "from=1999-12-31", "since=2090-01-01"],
)
def test_a_filter_that_means_nothing_is_refused(world: World, filters: str) -> None:
    assert world.person().get(f"/me/points/transfers?{filters}").status_code == 422


def test_months_add_up_from_opening_to_closing(world: World, busy: Caller) -> None:
    def months(actor: Any) -> Any:
        whose = type(actor)(person_id=busy.id, now=actor.now)
        return queries.months(whose, count=4).items

    found = act(world, months, at=china(2090, 4, 30, 23, 59))
    assert [(m.month, m.opening, m.came, m.went, m.closing) for m in found] == [
        (209004, 65, 0, 40, 25),
        (209003, 65, 0, 0, 65),
        (209002, 30, 35, 0, 65),
        (209001, 0, 30, 0, 30),
    ]
    assert [(kind.kind, kind.points) for kind in found[2].kinds] == [("service", 20), ("wish", 15)]
    # Fewer months: what lies before them is the opening.
    later = act(
        world,
        lambda actor: queries.months(type(actor)(person_id=busy.id, now=actor.now), count=1).items,
        at=china(2090, 2, 1),
    )
    assert [(m.month, m.opening) for m in later] == [(209002, 30)]


def test_the_months_of_somebody_without_points_are_empty(world: World) -> None:
    found = ok(world.person().get("/me/points/months?count=3"))["items"]
    assert [(m["opening"], m["came"], m["went"], m["closing"]) for m in found] == [(0, 0, 0, 0)] * 3
    assert world.person().get("/me/points/months?count=61").status_code == 422


# --- what a line hangs on -----------------------------------------------------------------------------------------


def newest(person: Caller) -> dict[str, Any]:
    """The newest line with all there is to know about it."""
    shown: dict[str, Any] = ok(person.get(f"/me/points/transfers/{lines(person)[0]['id']}"))
    return shown


def texts(shown: dict[str, Any]) -> dict[str, str]:
    return {fact["name"]: fact["text"] for fact in shown["cause"]["facts"]}


def test_a_payment_for_service_leads_to_its_scans(world: World) -> None:
    here = station(world)
    person = here.claimed(
        begin=-1, end=0.01, title="周六清洁家园", points_rule="fixed", points_fixed=8
    )
    ok(here.scan_pass(person, datetime.now(CHINA) - timedelta(minutes=58)))
    record = ok(here.scan_site(person))["record"]
    shown = newest(person)
    assert shown["line"]["points"] == 8
    assert shown["line"]["cause"] == {"kind": "service_record", "id": record["id"]}
    assert shown["cause"]["title"] == "周六清洁家园"
    said = texts(shown)
    assert "签到：工作人员扫个人码" in said["evidence"]
    assert "签退：本人扫服务点动态码" in said["evidence"]
    assert said["site"] == "包家社区党群服务中心"
    assert said["explanation"].endswith("本次计 8 分。")
    assert {"service_record", "attendance", "opportunity", "site"} == {
        ref["kind"] for ref in shown["cause"]["refs"]
    }


def test_a_payment_for_a_wish_leads_to_the_wish(world: World) -> None:
    road = Road(world).go("confirmed")
    shown = newest(road.claimer)
    assert shown["cause"]["title"] == "想修好漏水的水龙头"
    assert shown["cause"]["refs"] == [{"kind": "wish", "id": road.id}]


def test_a_spend_leads_to_its_order(world: World) -> None:
    person, site_id = world.person(), world.site()
    staff = world.station_staff(site_id)
    earn(world, person, 50)
    reward_id = reward(world, site_id, title="毛巾", points=20)
    order = ok(redeem(person, reward_id, site_id), 201)
    ok(collect(staff, order))
    shown = newest(person)
    assert shown["line"]["points"] == -20
    assert shown["cause"]["title"] == "毛巾"
    assert texts(shown)["state"] == "已领取"
    assert shown["cause"]["refs"][0] == {"kind": "redemption", "id": order["id"]}


def test_a_grant_says_why_and_who_and_its_reversal_leads_back(world: World) -> None:
    person, admin = world.person(), world.community_admin()
    ok(
        admin.post("/points/grants", {"person_id": person.id, "points": 5, "reason": "台风值守"}),
        201,
    )
    granted = newest(person)
    assert texts(granted)["reason"] == "台风值守"
    assert texts(granted)["granted_by"].startswith("测")
    transfer_id = granted["line"]["id"]
    ok(admin.post(f"/points/transfers/{transfer_id}/reverse", {"reason": "重复发放"}))
    reversal = newest(person)
    assert texts(reversal)["reason"] == "重复发放"
    assert reversal["cause"]["refs"] == [{"kind": "transfer", "id": transfer_id}]
    again = ok(person.get(f"/me/points/transfers/{transfer_id}"))
    assert again["reversed_by"] == [reversal["line"]["id"]]
    assert standing(person)["available"] == 0


def test_an_expiry_says_until_when_the_points_could_be_used(world: World) -> None:
    person = world.person()
    earn(world, person, 9, at=china(2030, 5, 5))
    pocket = act(world, lambda _: queries.pockets_past(203201, 0))
    act(world, lambda actor: actions.expire(actor, pocket[0]), at=china(2031, 6, 1, 1))
    assert texts(newest(person)) == {"expired_on": "2031-05-31"}


def test_a_donation_says_to_whom_and_from_whom(world: World) -> None:
    giver, receiver = family(world)
    earn(world, giver, 20)
    to_kin = {"to_person_id": receiver.id, "points": 4, "note": "买菜"}
    ok(giver.post("/me/points/donations", to_kin), 201)
    said = texts(newest(giver))
    assert said == {"other": "王*", "note": "买菜"}
    assert texts(newest(receiver)) == {"other": "测*", "note": "买菜"}
    ok(giver.post("/me/points/donations", {"fund": BAOJIA, "points": 3}), 201)
    assert texts(newest(giver)) == {"other": "包家社区爱心基金"}


def test_a_line_of_somebody_else_does_not_exist(world: World) -> None:
    person = world.person()
    earned = earn(world, person, 3)
    assert world.person().get(f"/me/points/transfers/{earned.transfer_id}").status_code == 404
    assert (
        world.community_admin().get(f"/me/points/transfers/{earned.transfer_id}").status_code == 404
    )


# --- as a document ------------------------------------------------------------------------------------------------


def test_the_printed_statement_says_all_of_it(world: World, busy: Caller) -> None:
    answer = busy.get(f"/me/points/statement.pdf?{PERIOD}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=UTF-8''%E7%88%B1")
    assert answer.headers["Cache-Control"] == "no-store"
    said = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
    for part in (
        "爱心积分对账单",
        "欧阳春晓",
        "2090-01-01 至 2090-12-31",
        "期初余额",
        "0 分",
        "25 分",
    ):
        assert part in said, part
    assert "+30" in said
    assert "第 1 页，共 1 页" in said


def test_a_statement_begins_with_what_was_there_before(world: World, busy: Caller) -> None:
    def statement(actor: Any) -> queries.PeriodStatement:
        whose = type(actor)(person_id=busy.id, now=actor.now)
        return queries.period_statement(
            whose, since=china(2090, 2, 1).date(), until=china(2090, 2, 28).date()
        )

    found = act(world, statement)
    assert (found.opening, found.came, found.went, found.closing) == (30, 35, 0, 65)
    assert [line.balance_after for line in found.lines] == [50, 65]


@pytest.mark.parametrize(
    "period",
    ["", "from=2090-01-01", "from=2090-02-01&to=2090-01-31", "from=2090-01-01&to=2091-01-02"],
)
def test_a_statement_spans_at_most_a_year_and_ends_after_it_begins(
    world: World, period: str
) -> None:
    for ending in ("pdf", "xlsx"):
        assert world.person().get(f"/me/points/statement.{ending}?{period}").status_code == 422


def test_a_statement_too_long_for_a_document_is_refused(
    world: World, busy: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "STATEMENT_LINES_MAX", 3)
    answer = busy.get(f"/me/points/statement.pdf?{PERIOD}")
    assert answer.json["error"]["code"] == "statement_too_long"


def test_somebody_who_never_earned_gets_an_empty_statement(world: World) -> None:
    person = world.person(home=None)
    assert person.get(f"/me/points/statement.pdf?{PERIOD}").status_code == 200
    sheet = person.get(f"/me/points/statement.xlsx?{PERIOD}")
    assert sheet.data.startswith(b"PK")
    assert "spreadsheetml" in sheet.headers["Content-Type"]
