"""Points set aside: out of which pockets, and who may end it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.core.actor import Actor
from app.core.clock import CHINA, now
from app.core.db import db
from app.core.errors import Refusal
from app.points import actions
from app.points.actions import books
from app.points.errors import HoldClosed, InsufficientPoints, MoreThanHeld
from app.points.models import Balance, Wallet
from app.policies.terms import POINTS_DAILY_MAX, POINTS_MONTHS_TO_EXPIRY
from tests.support.books import breaches
from tests.support.points_world import act, earn, lines, set_policy, standing
from tests.support.races import at_once
from tests.support.world import BAOJIA, Caller, World

SOON = timedelta(days=7)


def hold(
    world: World, person: Caller, points: int, cause_id: int = 1, *, at: datetime | None = None
) -> None:
    area_id = world.area_id(BAOJIA)
    moment = at or now()
    act(
        world,
        lambda actor: actions.hold(
            actor,
            person_id=person.id,
            area_id=area_id,
            amount=points,
            cause_id=cause_id,
            expires_at=moment + SOON,
        ),
        at=moment,
    )


def in_three_pockets(world: World) -> Caller:
    """10 points that expire soon, 20 that expire later, 30 that never do."""
    person = world.person()
    earn(world, person, 20, at=datetime(2090, 12, 3, tzinfo=CHINA))
    earn(world, person, 10, at=datetime(2090, 11, 20, tzinfo=CHINA))
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 0)
    earn(world, person, 30, at=datetime(2090, 11, 20, tzinfo=CHINA))
    return person


def free_by_month(person: Caller) -> list[int]:
    return [pocket["points"] - pocket["held"] for pocket in standing(person)["pockets"]]


def the_books(world: World) -> list[str]:
    return [f"{b}" for b in breaches(world) if b.detail != "a hold without its order"]


def test_a_hold_takes_from_the_soonest_to_expire_and_gives_back_the_same(world: World) -> None:
    person = in_three_pockets(world)
    hold(world, person, 35)
    assert free_by_month(person) == [0, 0, 25]
    act(world, lambda actor: actions.void_hold(actor, 1))
    assert free_by_month(person) == [10, 20, 30]
    assert the_books(world) == []


def test_a_posted_hold_is_one_spend_for_each_pocket(world: World) -> None:
    person = in_three_pockets(world)
    hold(world, person, 35, cause_id=8)
    act(world, lambda actor: actions.post_hold(actor, 8))
    spends = lines(person)[:3]
    assert sorted(line["points"] for line in spends) == [-20, -10, -5]
    assert {(line["kind"], line["cause"]["id"]) for line in spends} == {("spend", 8)}
    assert lines(person)[0]["balance_after"] == 25
    assert standing(person)["total"] == 25
    assert the_books(world) == []


def test_a_hold_posted_in_part_frees_the_rest(world: World) -> None:
    person = in_three_pockets(world)
    hold(world, person, 35, cause_id=8)
    act(world, lambda actor: actions.post_hold(actor, 8, points=12))
    assert sorted(line["points"] for line in lines(person)[:2]) == [-10, -2]
    assert free_by_month(person) == [18, 30]
    assert standing(person)["held"] == 0
    with pytest.raises(HoldClosed):
        _end(world, "void", 8)
    assert the_books(world) == []


def test_a_hold_posted_for_nothing_is_given_back(world: World) -> None:
    person = in_three_pockets(world)
    hold(world, person, 35, cause_id=8)
    act(world, lambda actor: actions.post_hold(actor, 8, points=0))
    assert free_by_month(person) == [10, 20, 30]
    assert the_books(world) == []


def test_no_more_is_posted_than_is_held_and_the_hold_stays_open(world: World) -> None:
    person = in_three_pockets(world)
    hold(world, person, 35, cause_id=8)
    with pytest.raises(MoreThanHeld):
        act(world, lambda actor: actions.post_hold(actor, 8, points=36))
    assert standing(person)["held"] == 35
    _end(world, "post", 8)
    assert the_books(world) == []


def test_more_than_the_wallet_has_is_refused_and_nothing_is_held(world: World) -> None:
    person = in_three_pockets(world)
    with pytest.raises(InsufficientPoints) as refused:
        hold(world, person, 61)
    assert refused.value.details == {"available": 60, "needed": 61}
    with pytest.raises(InsufficientPoints):
        hold(world, world.person(), 1)
    assert standing(person)["held"] == 0
    assert the_books(world) == []


@pytest.mark.parametrize("first", ["post", "part", "void", "lapse"])
@pytest.mark.parametrize("second", ["post", "part", "void", "lapse"])
def test_a_hold_ends_once(world: World, first: str, second: str) -> None:
    person = world.person()
    earn(world, person, 10)
    hold(world, person, 10)
    _end(world, first)
    with pytest.raises(HoldClosed):
        _end(world, second)
    assert standing(person)["total"] == {"post": 0, "part": 8}.get(first, 10)
    assert the_books(world) == []


def test_a_hold_is_posted_before_its_time_and_lapses_after_it(world: World) -> None:
    person = world.person()
    earn(world, person, 10)
    hold(world, person, 10, at=now() - SOON)
    with pytest.raises(HoldClosed):
        act(world, lambda actor: actions.post_hold(actor, 1), at=now() + SOON)
    with pytest.raises(HoldClosed):
        act(world, lambda actor: actions.void_hold(actor, 1, lapsed=True), at=now() - SOON)
    assert standing(person)["held"] == 10


def test_of_post_void_and_lapse_at_once_one_wins(world: World) -> None:
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    person = in_three_pockets(world)
    total = 60
    for cause_id in range(1, 9):
        hold(world, person, 6 if cause_id < 5 else 3, cause_id)
        ended = at_once(
            [
                lambda how=how, cause_id=cause_id: _ends(world, how, cause_id)
                for how in ("post", "part", "void", "lapse", "post", "void")
            ]
        )
        assert sum(ended) == 1
        held = 6 if cause_id < 5 else 3
        total -= held if ended[0] or ended[4] else 2 if ended[1] else 0
        assert standing(person)["total"] == total
        assert standing(person)["held"] == 0
    assert the_books(world) == []


def test_two_holds_at_once_over_several_pockets_never_deadlock_and_never_overdraw(
    world: World,
) -> None:
    person = in_three_pockets(world)

    def try_to_hold(cause_id: int) -> bool:
        try:
            hold(world, person, 25, cause_id)
        except InsufficientPoints:
            return False
        return True

    held = at_once([lambda cause_id=cause_id: try_to_hold(cause_id) for cause_id in range(1, 9)])
    assert sum(held) == 2
    assert standing(person)["available"] == 10
    assert the_books(world) == []


def test_earning_into_a_pocket_while_it_is_spent_loses_nothing(world: World) -> None:
    set_policy(world, POINTS_DAILY_MAX, 10_000)
    person = world.person()
    earn(world, person, 100)

    def hold_and_post(cause_id: int) -> int:
        hold(world, person, 10, cause_id)
        act(world, lambda actor: actions.post_hold(actor, cause_id))
        return -10

    moved = at_once(
        [
            *(lambda cause_id=cause_id: hold_and_post(cause_id) for cause_id in range(1, 7)),
            *(lambda: earn(world, person, 7).points for _ in range(6)),
        ]
    )
    assert standing(person)["total"] == 100 + sum(moved) == 82
    assert the_books(world) == []


def test_first_earnings_at_once_open_one_wallet_and_one_pocket(world: World) -> None:
    set_policy(world, POINTS_DAILY_MAX, 50)
    person = world.person()
    earned = at_once([lambda: earn(world, person, 8).points] * 8)
    assert sorted(earned) == [0, 2, 8, 8, 8, 8, 8, 8]
    assert [pocket["points"] for pocket in standing(person)["pockets"]] == [50]
    assert breaches(world) == []


def test_a_balance_that_would_fall_below_what_is_held_does_not_move(world: World) -> None:
    person = world.person()
    earn(world, person, 10)
    hold(world, person, 6)

    def overdraw(_: Actor) -> None:
        account_id = db.session.scalars(select(Balance.account_id)).one()
        books.shift(account_id, posted=-5)

    with pytest.raises(actions.BalanceRefused):
        act(world, overdraw)
    assert standing(person)["total"] == 10


def _end(world: World, how: str, cause_id: int = 1) -> None:
    match how:
        case "post":
            act(world, lambda actor: actions.post_hold(actor, cause_id))
        case "part":
            act(world, lambda actor: actions.post_hold(actor, cause_id, points=2))
        case "void":
            act(world, lambda actor: actions.void_hold(actor, cause_id))
        case "lapse":
            act(
                world,
                lambda actor: actions.void_hold(actor, cause_id, lapsed=True),
                at=now() + 2 * SOON,
            )


def _ends(world: World, how: str, cause_id: int) -> bool:
    try:
        _end(world, how, cause_id)
    except Refusal:
        return False
    return True


def test_an_earning_that_did_not_see_the_pocket_another_one_opened_uses_it(world: World) -> None:
    person = world.person()
    first = earn(world, person, 10)
    area_id = world.area_id(BAOJIA)

    def open_again(_: Actor) -> tuple[int, int]:
        wallet_id = db.session.scalars(select(Wallet.id)).one()
        there = db.session.scalars(select(Balance.account_id)).one()
        return there, books.pocket(wallet_id, first.expires_month or 0, area_id)

    there, opened = act(world, open_again)
    assert there == opened
    assert [pocket["points"] for pocket in standing(person)["pockets"]] == [10]
    assert breaches(world) == []
