"""Points end with their month, at night, pocket by pocket."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.core.actor import system
from app.core.clock import CHINA, now
from app.core.db import db, in_transaction
from app.points import actions, jobs, queries
from app.points.models import Account
from app.policies.terms import POINTS_MONTHS_TO_EXPIRY
from tests.support.books import breaches
from tests.support.points_world import act, earn, lines, set_policy, standing
from tests.support.races import at_once
from tests.support.world import BAOJIA, Caller, World

EARNED = datetime(2026, 1, 15, 12, tzinfo=CHINA)
LAST_NIGHT = datetime(2026, 2, 28, 23, 59, 59, tzinfo=CHINA)
FIRST_NIGHT = datetime(2026, 3, 1, 0, 20, tzinfo=CHINA)


def sweep(world: World, at: datetime = FIRST_NIGHT) -> dict[str, Any]:
    with world.app.app_context():
        return jobs.expire(lambda: system(at))


def earned_by_somebody(world: World, points: int = 30) -> Caller:
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 1)
    person = world.person()
    earn(world, person, points, at=EARNED)
    return person


def hold(world: World, person: Caller, points: int, cause_id: int = 1) -> None:
    area_id = world.area_id(BAOJIA)
    act(
        world,
        lambda actor: actions.hold(
            actor,
            person_id=person.id,
            area_id=area_id,
            amount=points,
            cause_id=cause_id,
            expires_at=EARNED + timedelta(days=90),
        ),
        at=EARNED,
    )


def transfers(person: Caller, kind: str) -> list[int]:
    return [line["points"] for line in lines(person) if line["kind"] == kind]


def the_books(world: World) -> list[str]:
    """Breaches of the points bank; these holds belong to no order, which is another room's complaint."""
    found = breaches(world, FIRST_NIGHT)
    return [f"{breach}" for breach in found if breach.detail != "a hold without its order"]


def test_points_live_to_the_last_second_of_their_month(world: World) -> None:
    person = earned_by_somebody(world)
    assert sweep(world, LAST_NIGHT) == {"pockets": 0, "points": 0}
    assert transfers(person, "expire") == []
    assert sweep(world) == {"pockets": 1, "points": 30}
    line = lines(person)[0]
    assert (line["kind"], line["points"], line["balance_after"]) == ("expire", -30, 0)
    assert line["title"] == "积分到期"
    assert line["cause"] == {"kind": "expiry_run", "id": 20260301}
    assert breaches(world) == []


def test_points_past_their_month_are_not_usable_before_the_sweep_either(world: World) -> None:
    person = earned_by_somebody(world)
    with world.app.app_context():
        found = in_transaction(lambda: queries.lock_spendable(person.id, 202603), write=True)
    assert found == (0, [])
    assert standing(person)["available"] == 0


def test_the_sweep_run_twice_takes_once(world: World) -> None:
    person = earned_by_somebody(world)
    assert sweep(world)["points"] == 30
    assert sweep(world) == {"pockets": 0, "points": 0}
    assert sweep(world, FIRST_NIGHT + timedelta(days=1)) == {"pockets": 0, "points": 0}
    assert transfers(person, "expire") == [-30]


def test_two_schedulers_at_once_take_once(world: World) -> None:
    people = [earned_by_somebody(world, points) for points in (10, 20, 30)]
    results = at_once([lambda: sweep(world)["points"]] * 4)
    assert sum(results) == 60
    assert [transfers(person, "expire") for person in people] == [[-10], [-20], [-30]]
    assert breaches(world) == []


def test_points_that_never_expire_are_left_alone(world: World) -> None:
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 0)
    person = world.person()
    earn(world, person, 30, at=EARNED)
    assert sweep(world, datetime(2099, 1, 1, tzinfo=CHINA)) == {"pockets": 0, "points": 0}
    assert standing(person)["available"] == 30


def test_what_is_held_over_the_end_of_the_month_stays_until_it_comes_free(world: World) -> None:
    person = earned_by_somebody(world)
    hold(world, person, 12)
    assert sweep(world) == {"pockets": 1, "points": 18}
    shown = standing(person)
    assert (shown["available"], shown["held"]) == (0, 12)
    assert sweep(world) == {"pockets": 1, "points": 0}
    act(world, lambda actor: actions.void_hold(actor, 1), at=FIRST_NIGHT)
    assert standing(person)["total"] == 0
    # The same day's run has been at this pocket; the next one takes what came free.
    assert sweep(world) == {"pockets": 1, "points": 0}
    assert sweep(world, FIRST_NIGHT + timedelta(days=1)) == {"pockets": 1, "points": 12}
    assert sweep(world, FIRST_NIGHT + timedelta(days=2)) == {"pockets": 0, "points": 0}
    assert transfers(person, "expire") == [-12, -18]
    assert the_books(world) == []


def test_what_is_held_over_the_end_of_the_month_can_still_be_spent(world: World) -> None:
    person = earned_by_somebody(world)
    hold(world, person, 30)
    assert sweep(world) == {"pockets": 1, "points": 0}
    act(world, lambda actor: actions.post_hold(actor, 1), at=FIRST_NIGHT)
    assert transfers(person, "spend") == [-30]
    assert sweep(world) == {"pockets": 1, "points": 0}
    assert sweep(world) == {"pockets": 0, "points": 0}
    assert the_books(world) == []


def test_a_refund_into_a_swept_pocket_expires_with_the_next_sweep(world: World) -> None:
    person, admin = earned_by_somebody(world), world.community_admin()
    hold(world, person, 30)
    act(world, lambda actor: actions.post_hold(actor, 1), at=EARNED)
    assert sweep(world) == {"pockets": 1, "points": 0}
    spend = lines(person)[0]
    refund = admin.post(f"/points/transfers/{spend['id']}/reverse", {"reason": "礼品有损坏"})
    assert refund.status_code == 200, refund.json
    assert standing(person)["total"] == 0
    assert sweep(world, FIRST_NIGHT + timedelta(days=1)) == {"pockets": 1, "points": 30}
    assert the_books(world) == []


def test_a_service_confirmed_months_later_pays_points_that_still_live(world: World) -> None:
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 1)
    person = world.person()
    earned = earn(world, person, 30, served_at=EARNED)
    assert standing(person)["available"] == 30
    assert lines(person)[0]["at"] == EARNED.isoformat()
    assert (earned.expires_month or 0) > 202602
    assert earn(world, person, 100, served_at=EARNED).points == 70
    assert earn(world, person, 100).points == 100
    assert breaches(world) == []


def test_an_expiry_is_not_reversed(world: World) -> None:
    person = earned_by_somebody(world)
    sweep(world)
    refused = world.community_admin().post(
        f"/points/transfers/{lines(person)[0]['id']}/reverse", {"reason": "居民来电"}
    )
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "not_reversible")


def test_the_sweep_works_through_more_pockets_than_one_batch(
    world: World, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queries, "SWEEP_BATCH", 2)
    people = [earned_by_somebody(world, points) for points in (1, 2, 3, 4, 5)]
    assert sweep(world) == {"pockets": 5, "points": 15}
    assert [transfers(person, "expire") for person in people] == [[-1], [-2], [-3], [-4], [-5]]


def test_the_reconciler_finds_a_pocket_the_sweep_forgot(world: World) -> None:
    earned_by_somebody(world)
    assert breaches(world, datetime(2026, 3, 2, 12, tzinfo=CHINA)) == []
    (found,) = breaches(world, datetime(2026, 3, 3, 12, tzinfo=CHINA))
    assert (found.invariant, found.subject, found.detail) == (
        "R7",
        "account",
        "month 202602 keeps 30",
    )


def test_a_sweep_of_a_pocket_still_in_its_month_takes_nothing(world: World) -> None:
    person = world.person()
    earn(world, person, 30)
    with world.app.app_context():
        pocket_id = in_transaction(
            lambda: db.session.scalars(select(Account.id).where(Account.kind == "pocket")).one(),
            write=False,
        )
    assert act(world, lambda actor: actions.expire(actor, pocket_id), at=now()) == 0
    assert standing(person)["available"] == 30
