"""What a person sees of the own points."""

from datetime import datetime

from app.core.clock import CHINA
from app.points import actions
from app.points.terms import TransferKind
from app.policies.terms import POINTS_DAILY_MAX, POINTS_MONTHS_TO_EXPIRY
from tests.support.books import breaches
from tests.support.points_world import act, earn, lines, set_policy, standing
from tests.support.world import World

NOBODYS = {"available": 0, "held": 0, "total": 0, "pockets": []}


def test_nobody_sees_points_without_logging_in(world: World) -> None:
    assert world.anonymous.get("/me/points").status_code == 401
    assert world.anonymous.get("/me/points/transfers").status_code == 401


def test_somebody_who_never_earned_has_nothing(world: World) -> None:
    person = world.person()
    assert standing(person) == NOBODYS
    assert person.get("/me/points/transfers").json == {"items": [], "next_cursor": None}


def test_points_rest_in_the_pocket_of_their_month_and_say_their_last_day(world: World) -> None:
    person = world.person()
    earned = earn(world, person, 30, at=datetime(2090, 2, 28, 12, tzinfo=CHINA))
    assert (earned.points, earned.expires_month) == (30, 209102)
    earn(world, person, 20, at=datetime(2090, 12, 31, 23, 59, tzinfo=CHINA))
    earn(world, person, 5, at=datetime(2091, 1, 1, 0, 0, tzinfo=CHINA))
    assert [(p["month"], p["expires_on"], p["points"]) for p in standing(person)["pockets"]] == [
        (209102, "2091-02-28", 30),
        (209112, "2091-12-31", 20),
        (209201, "2092-01-31", 5),
    ]
    assert standing(person)["available"] == 55
    assert breaches(world) == []


def test_points_that_never_expire_come_last_and_say_no_day(world: World) -> None:
    person = world.person()
    earn(world, person, 7)
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 0)
    earn(world, person, 3)
    assert [(p["expires_on"] is None, p["points"]) for p in standing(person)["pockets"]] == [
        (False, 7),
        (True, 3),
    ]


def test_held_points_are_counted_but_not_available(world: World) -> None:
    person = world.person()
    earn(world, person, 50)
    area_id = world.area_id("330205001015")
    act(
        world,
        lambda actor: actions.hold(
            actor,
            person_id=person.id,
            area_id=area_id,
            amount=20,
            cause_id=1,
            expires_at=datetime(2100, 1, 1, tzinfo=CHINA),
        ),
    )
    shown = standing(person)
    assert (shown["available"], shown["held"], shown["total"]) == (30, 20, 50)
    assert shown["pockets"][0]["points"] == 50
    assert shown["pockets"][0]["held"] == 20


def test_the_daily_cap_pays_what_is_left_and_then_nothing(world: World) -> None:
    person = world.person()
    set_policy(world, POINTS_DAILY_MAX, 50)
    evening = datetime(2090, 11, 20, 23, 30, tzinfo=CHINA)
    assert earn(world, person, 30, at=evening).points == 30
    assert earn(world, person, 30, at=evening).points == 20
    nothing = earn(world, person, 30, at=evening)
    assert (nothing.points, nothing.transfer_id, nothing.expires_month) == (0, None, None)
    after_midnight = datetime(2090, 11, 21, 0, 30, tzinfo=CHINA)
    assert earn(world, person, 80, at=after_midnight).points == 50
    assert standing(person)["total"] == 100
    assert breaches(world) == []


def test_a_service_that_earns_nothing_leaves_no_line(world: World) -> None:
    person = world.person()
    assert earn(world, person, 0).points == 0
    assert lines(person) == []


def test_a_statement_runs_from_the_newest_line_to_the_first_across_pages(world: World) -> None:
    person, other = world.person(), world.person()
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    for points in (10, 20, 30, 40, 50):
        earn(world, person, points)
        earn(world, other, 1)
    wish = earn(world, person, 6, kind=TransferKind.WISH, cause_id=77)
    statement = lines(person)
    assert [line["points"] for line in statement] == [6, 50, 40, 30, 20, 10]
    assert [line["balance_after"] for line in statement] == [156, 150, 100, 60, 30, 10]
    newest = statement[0]
    assert newest["id"] == wish.transfer_id
    assert (newest["kind"], newest["title"]) == ("wish", "达成微心愿")
    assert newest["cause"] == {"kind": "wish", "id": 77}
    assert newest["reason"] is None
    assert newest["at"].endswith("+08:00")


def test_a_cursor_of_somebody_else_or_of_nobody_is_no_key_to_their_statement(world: World) -> None:
    person, other = world.person(), world.person()
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    for _ in range(3):
        earn(world, other, 10)
    cursor = other.get("/me/points/transfers?limit=1").json["next_cursor"]
    assert person.get(f"/me/points/transfers?cursor={cursor}").json["items"] == []
    refused = person.get("/me/points/transfers?cursor=bm90LWEtY3Vyc29y")
    assert refused.status_code == 422
    assert refused.json["error"]["code"] == "cursor_invalid"
