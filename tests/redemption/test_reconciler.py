"""Whatever is changed behind the books' back, the reconciler names it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.clock import now
from app.core.db import db, in_snapshot
from app.policies.terms import POINTS_MONTHS_TO_EXPIRY
from tests.support.books import breaches
from tests.support.points_world import act, earn, lines, set_policy
from tests.support.redemption_world import collect, redeem, reward
from tests.support.world import World

APPEND_ONLY = ("transfer", "stock_move", "stock_count_line", "points_grant", "points_reversal")


@pytest.fixture
def story(world: World) -> World:
    """One of everything: earned in two pockets, granted, reversed, held, spent, cancelled."""
    person, other, site_id = world.person(), world.person(), world.site()
    admin, staff = world.community_admin(), world.station_staff(site_id)
    earn(world, person, 40)
    wrong = earn(world, person, 5)
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 3)
    earn(world, person, 30)
    earn(world, other, 20)
    admin.post("/points/grants", {"person_id": person.id, "points": 9, "reason": "表彰"})
    admin.post(f"/points/transfers/{wrong.transfer_id}/reverse", {"reason": "重复登记"})
    reward_id = reward(world, site_id, points=10, quantity=20)
    collect(staff, redeem(person, reward_id, site_id, 4).json)
    person.post(f"/redemptions/{redeem(person, reward_id, site_id).json['id']}/cancel")
    redeem(person, reward_id, site_id)
    shelf = f"/rewards/{reward_id}/stock"
    hall = world.site(name="驿站")
    admin.post(f"{shelf}/transfer", {"from_site_id": site_id, "to_site_id": hall, "quantity": 5})
    admin.post(f"{shelf}/write-off", {"site_id": site_id, "quantity": 1, "reason": "受潮"})
    for there, counted in ((site_id, 9), (hall, 7)):
        count = admin.post(f"/sites/{there}/stock-counts").json
        found = [{"reward_id": reward_id, "counted": counted}]
        closing = f"/stock-counts/{count['id']}/close"
        assert admin.post(closing, {"reason": "盘点", "lines": found}).status_code == 200
    assert len(lines(person)) == 7
    assert breaches(world) == []
    return world


def tamper(world: World, statement: str, **values: Any) -> None:
    """Change a row as only somebody with the database's keys can."""
    postgresql = world.app.config["SQLALCHEMY_DATABASE_URI"].get_backend_name() == "postgresql"

    def work(_: Any) -> None:
        if postgresql:
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            db.session.execute(text("PRAGMA defer_foreign_keys = ON"))
            for table in APPEND_ONLY:
                for verb in ("update", "delete"):
                    db.session.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        changed = db.session.execute(text(statement), values)
        assert changed.rowcount > 0, statement

    act(world, work)


LAST_WALLET = "(SELECT MAX(id) FROM wallet)"
ONE = "(SELECT MIN(id) FROM transfer WHERE kind = '{}')"


@pytest.mark.parametrize(
    ("statement", "invariants"),
    [
        ("UPDATE balance SET posted = posted + 1", {"R1", "R3"}),
        ("UPDATE balance SET held = held + 1 WHERE posted - held > 0", {"R6"}),
        ("UPDATE balance SET version = version + 1", {"R4"}),
        (f"UPDATE transfer SET amount = amount + 1 WHERE id = {ONE.format('service')}", {"R3"}),
        (f"UPDATE transfer SET amount = amount + 1 WHERE id = {ONE.format('spend')}", {"R9"}),
        (f"UPDATE transfer SET amount = amount + 1 WHERE id = {ONE.format('grant')}", {"R9"}),
        (f"UPDATE transfer SET amount = amount + 1 WHERE id = {ONE.format('reversal')}", {"R9"}),
        (f"UPDATE transfer SET kind = 'wish' WHERE id = {ONE.format('grant')}", {"R9", "R10"}),
        (f"UPDATE transfer SET kind = 'expire' WHERE id = {ONE.format('spend')}", {"R2", "R9"}),
        (f"UPDATE transfer SET cause_id = 99 WHERE id = {ONE.format('spend')}", {"R9"}),
        (f"UPDATE transfer SET cause_id = 99 WHERE id = {ONE.format('grant')}", {"R9"}),
        (f"UPDATE transfer SET cause_id = 99 WHERE id = {ONE.format('reversal')}", {"R9"}),
        (f"UPDATE transfer SET credit_after = 1 WHERE id = {ONE.format('service')}", {"R4"}),
        (f"UPDATE transfer SET credit_version = 77 WHERE id = {ONE.format('service')}", {"R4"}),
        (
            f"UPDATE transfer SET wallet_id = (SELECT MAX(id) FROM wallet) WHERE id = {ONE.format('service')}",
            {"R2", "R10"},
        ),
        (f"UPDATE transfer SET area_id = 1 WHERE id = {ONE.format('service')}", {"R2"}),
        (f"DELETE FROM transfer WHERE id = {ONE.format('spend')}", {"R1", "R3", "R4", "R9"}),
        (f"DELETE FROM transfer WHERE id = {ONE.format('grant')}", {"R1", "R3", "R4", "R9"}),
        (f"DELETE FROM transfer WHERE id = {ONE.format('reversal')}", {"R9", "R10"}),
        ("DELETE FROM balance WHERE account_id = (SELECT MAX(account_id) FROM balance)", {"R3"}),
        ("DELETE FROM points_reversal", {"R9"}),
        ("DELETE FROM points_grant", {"R9"}),
        ("UPDATE points_grant SET person_id = person_id + 1", {"R9"}),
        ("UPDATE points_day SET points = points - 1", {"R10"}),
        ("UPDATE hold SET amount = amount + 1 WHERE state = 'open'", {"R6", "R9"}),
        ("UPDATE hold SET state = 'void' WHERE state = 'open'", {"R6", "R9"}),
        ("UPDATE hold SET state = 'void', posted = NULL WHERE state = 'posted'", {"R9"}),
        ("UPDATE hold SET posted = posted - 1 WHERE posted > 1", {"R9"}),
        (f"UPDATE hold SET wallet_id = {LAST_WALLET}", {"R6"}),
        ("DELETE FROM hold WHERE state = 'posted'", {"R9"}),
        ("UPDATE hold SET cause_id = 99 WHERE state = 'void'", {"R9"}),
        ("UPDATE account SET kind = 'expired' WHERE kind = 'issuer'", {"R2"}),
        (
            "UPDATE account SET closed_at = '2026-01-01 00:00:00' WHERE wallet_id = (SELECT MIN(id) FROM wallet)",
            {"R7"},
        ),
        (
            "UPDATE account SET expires_month = 202001 + id % 12 WHERE wallet_id = (SELECT MIN(id) FROM wallet)",
            {"R7"},
        ),
        ("UPDATE stock SET available = available + 1", {"R8"}),
        ("UPDATE stock SET held = held + 1", {"R8"}),
        ("UPDATE stock_move SET quantity = quantity + 1 WHERE kind = 'received'", {"R8"}),
        ("UPDATE stock_move SET quantity = quantity + 1 WHERE kind = 'handed_out'", {"R8", "R9"}),
        ("DELETE FROM stock_move WHERE kind = 'handed_out'", {"R8", "R9"}),
        ("UPDATE stock_move SET quantity = quantity + 1 WHERE kind = 'written_off'", {"R8"}),
        ("UPDATE stock_move SET quantity = quantity + 1 WHERE kind LIKE 'transferred%'", {"R8"}),
        ("DELETE FROM stock_move WHERE kind = 'transferred_in'", {"R8"}),
        ("DELETE FROM stock_move WHERE kind = 'counted_less'", {"R8"}),
        ("UPDATE stock_move SET kind = 'counted_less' WHERE kind = 'counted_more'", {"R8"}),
        ("UPDATE stock_count_line SET counted = counted + 1", {"R8"}),
        ("DELETE FROM stock_count_line", {"R8"}),
        (
            "UPDATE stock_count SET closed_at = NULL, closed_by = NULL, reason = NULL",
            {"R8"},
        ),
        ("UPDATE redemption SET points = points + 1", {"R9"}),
        ("UPDATE redemption SET quantity = quantity + 1 WHERE state = 'held'", {"R8"}),
        (
            "UPDATE redemption SET state = 'lapsed', closed_at = made_at WHERE state = 'held'",
            {"R8", "R9"},
        ),
    ],
)
def test_a_changed_row_is_found(story: World, statement: str, invariants: set[str]) -> None:
    tamper(story, statement)
    found = breaches(story)
    assert invariants <= {breach.invariant for breach in found}, found
    assert all(breach.detail for breach in found)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM stock_move WHERE kind = 'transferred_in'", "arrived 0"),
        (
            "UPDATE stock_move SET quantity = quantity - 1 WHERE kind = 'transferred_in'",
            "arrived 4",
        ),
        (
            "UPDATE stock_move SET out_move_id = 1 WHERE kind = 'transferred_in'",
            "came from nowhere",
        ),
        (
            "UPDATE stock_count_line SET counted = counted + 1 WHERE counted = 9",
            "counted 10 for 10, booked -1",
        ),
        (
            "UPDATE stock_count SET closed_at = NULL, closed_by = NULL, reason = NULL",
            "counted 7 for 5, booked 2",
        ),
        ("DELETE FROM stock_count_line WHERE counted = 7", "was booked and not counted"),
    ],
)
def test_what_went_wrong_between_stations_is_said(story: World, statement: str, said: str) -> None:
    tamper(story, statement)
    assert [breach for breach in breaches(story) if said in breach.detail], breaches(story)


def test_a_hold_and_an_order_forgotten_past_their_time_are_found(story: World) -> None:
    found = breaches(story, now() + timedelta(days=9))
    assert {(breach.invariant, breach.subject) for breach in found} == {
        ("R6", "hold"),
        ("R9", "redemption"),
    }


def test_the_books_are_read_at_one_moment_while_others_write(story: World) -> None:
    person = story.person()

    def count() -> int:
        return db.session.scalars(text("SELECT COUNT(*) FROM transfer")).one()

    def look_twice() -> tuple[int, int]:
        before = count()
        with ThreadPoolExecutor(1) as other:
            other.submit(earn, story, person, 10).result()
        return before, count()

    with story.app.app_context():
        before, after = in_snapshot(look_twice)
        assert before == after
        assert in_snapshot(count) == before + 1
