"""Many at once at the same shelf, wallet, code or key: exact on both engines, and the books stay in order."""

from collections import Counter
from datetime import timedelta
from typing import Any

from app.core.actor import system
from app.core.clock import now
from app.redemption import jobs
from tests.support.books import breaches
from tests.support.points_world import earn, standing
from tests.support.races import at_once
from tests.support.redemption_world import collect, redeem, reward, stock
from tests.support.world import Caller, World


def with_points(world: World, points: int = 100) -> Caller:
    person = world.person()
    earn(world, person, points)
    return person


def outcomes(answers: list[Any]) -> Counter[Any]:
    """How often each refusal code, or status of success, came."""
    return Counter(
        answer.status_code if answer.status_code < 400 else answer.json["error"]["code"]
        for answer in answers
    )


def test_the_last_reward_goes_to_one_of_twenty(world: World) -> None:
    site_id = world.site()
    reward_id = reward(world, site_id, points=10, quantity=1)
    people = [with_points(world) for _ in range(20)]
    answers = at_once(
        [lambda person=person: redeem(person, reward_id, site_id) for person in people]
    )
    assert outcomes(answers) == {201: 1, "out_of_stock": 19}
    assert stock(world, reward_id) == {site_id: 0}
    assert sum(standing(person)["held"] for person in people) == 10
    assert breaches(world) == []


def test_a_hundred_points_pay_exactly_ten_of_fifty_orders(world: World) -> None:
    person, site_id = with_points(world, 100), world.site()
    reward_id = reward(world, site_id, points=10, quantity=100)
    answers = at_once([lambda: redeem(person, reward_id, site_id)] * 50)
    assert outcomes(answers) == {201: 10, "insufficient_points": 40}
    shown = standing(person)
    assert (shown["available"], shown["held"]) == (0, 100)
    assert stock(world, reward_id) == {site_id: 90}
    assert breaches(world) == []


def test_the_same_key_twenty_times_at_once_is_one_order_and_twenty_equal_answers(
    world: World,
) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id)
    answers = at_once([lambda: redeem(person, reward_id, site_id, key="one-tap")] * 20)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert Counter(replayed) == {None: 1, "true": 19}
    assert standing(person)["held"] == 10
    assert stock(world, reward_id) == {site_id: 4}
    assert breaches(world) == []


def test_a_code_at_twenty_scanners_at_once_hands_out_once(world: World) -> None:
    person, site_id = with_points(world), world.site()
    order = redeem(person, reward(world, site_id), site_id).json
    counters = [world.station_staff(site_id) for _ in range(20)]
    answers = at_once([lambda staff=staff: collect(staff, order) for staff in counters])
    assert outcomes(answers) == {200: 1, "already_collected": 19}
    assert standing(person)["total"] == 90
    assert breaches(world) == []


def test_collecting_cancelling_and_lapsing_at_once_have_one_winner(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, quantity=10)
    staff = world.station_staff(site_id)

    def lapse(_: Any) -> bool:
        with world.app.app_context():
            done = jobs.lapse(lambda: system(now() + timedelta(days=30)))
        return done["lapsed"] == 1

    total, available = 100, 10
    for _ in range(8):
        order = redeem(person, reward_id, site_id).json
        collected, cancelled, lapsed = at_once(
            [
                lambda order=order: collect(staff, order).status_code == 200,
                lambda order=order: (
                    person.post(f"/redemptions/{order['id']}/cancel").status_code == 200
                ),
                lambda order=order: lapse(order),
            ]
        )
        assert [collected, cancelled, lapsed].count(True) == 1
        if collected:
            total, available = total - 10, available - 1
        shown = standing(person)
        assert (shown["total"], shown["held"]) == (total, 0)
        assert stock(world, reward_id) == {site_id: available}
    assert breaches(world) == []


def test_two_schedulers_at_once_give_back_once(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=5, quantity=10)
    for _ in range(6):
        redeem(person, reward_id, site_id)

    def lapse() -> int:
        with world.app.app_context():
            return jobs.lapse(lambda: system(now() + timedelta(days=30)))["lapsed"]

    assert sum(at_once([lapse] * 4)) == 6
    assert standing(person)["available"] == 100
    assert stock(world, reward_id) == {site_id: 10}
    assert breaches(world) == []


def test_a_limit_for_each_person_holds_against_orders_at_once(world: World) -> None:
    person, site_id = with_points(world), world.site()
    reward_id = reward(world, site_id, points=1, quantity=50, per_person_max=3)
    answers = at_once([lambda: redeem(person, reward_id, site_id)] * 12)
    assert outcomes(answers) == {201: 3, "person_limit_reached": 9}
    assert standing(person)["held"] == 3
    assert breaches(world) == []


def test_orders_for_two_rewards_at_two_stations_cross_without_a_deadlock(world: World) -> None:
    one, two = world.site(), world.site(name="驿站")
    rice, oil = reward(world, one, quantity=99), reward(world, two, quantity=99)
    people = [with_points(world) for _ in range(8)]

    def order_both(person: Caller, first: tuple[int, int], second: tuple[int, int]) -> list[int]:
        return [redeem(person, *first).status_code, redeem(person, *second).status_code]

    answers = at_once(
        [
            lambda person=person, n=n: order_both(
                person, *((rice, one), (oil, two))[:: 1 if n % 2 else -1]
            )
            for n, person in enumerate(people)
        ]
    )
    assert answers == [[201, 201]] * 8
    assert (stock(world, rice), stock(world, oil)) == ({one: 91}, {two: 91})
    assert breaches(world) == []
