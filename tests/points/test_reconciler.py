"""The recount of everything: what it finds freezes whom it concerns and is seen until somebody lifts it."""

import json
from datetime import timedelta
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import text

from app.config import ROOT
from app.core import jobs
from app.core.actor import system
from app.core.clock import now
from app.core.db import db, in_snapshot, in_transaction
from app.points import actions, reconciler
from app.points.errors import AccountFrozen
from tests.support.commands import commands
from tests.support.points_world import act, earn, standing
from tests.support.redemption_world import collect, redeem, reward
from tests.support.tampering import alert, busy_books, long_ago
from tests.support.volunteer_world import ok, refusal
from tests.support.world import BAOJIA, HUXI, NINGBO, Caller, World


def change(world: World, statement: str, **values: Any) -> None:
    """As an administrator with the database in hand would, where neither trigger nor check speaks."""
    with world.app.app_context():
        in_transaction(lambda: db.session.execute(text(statement), values), write=True)


def reconcile(world: World) -> reconciler.Reconciled:
    with world.app.app_context():
        return reconciler.reconcile(system(now()))


def grant(world: World, person: Caller, points: int = 50) -> None:
    body = {"person_id": person.id, "points": points, "reason": "社区值守"}
    ok(world.community_admin().post("/points/grants", body), 201)


def wrong_balance(world: World, person: Caller) -> None:
    change(
        world,
        "UPDATE balance SET posted = posted + 1 WHERE account_id IN (SELECT a.id FROM account a"
        " JOIN wallet w ON w.id = a.wallet_id WHERE w.person_id = :person)",
        person=person.id,
    )


def alerts(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(caller.get(f"/alerts{query}"))["items"]
    return found


def test_nobody_sees_alerts_without_logging_in_or_as_a_resident(world: World) -> None:
    assert world.anonymous.get("/alerts").status_code == 401
    assert world.person().get("/alerts").status_code == 403


def test_busy_books_are_in_order(world: World) -> None:
    busy_books(world)
    done = reconcile(world)
    assert (done.breaches, done.alerts_raised) == ([], 0)
    assert done.transfers > 10
    with world.app.app_context():
        assert in_snapshot(lambda: reconciler.prove(now())) == []


def test_points_given_to_a_fund_and_out_of_it_are_in_order(world: World) -> None:
    giver, receiver = world.person(), world.person()
    grant(world, giver, 80)
    ok(giver.post("/me/points/donations", {"points": 60, "fund": BAOJIA}), 201)
    asked = {"person_id": receiver.id, "points": 45, "reason": "困难帮扶", "from_fund": True}
    grant_id = ok(world.community_admin().post("/points/grants", asked), 201)["id"]
    assert reconcile(world).breaches == []
    ok(world.community_admin().post(f"/points/grants/{grant_id}/approve"))
    assert standing(receiver)["total"] == 45
    assert reconcile(world).breaches == []
    change(world, "UPDATE grant_review SET from_fund = :no", no=False)
    assert ("R9", "grant", grant_id) in {
        (one.invariant, one.subject, one.subject_id) for one in reconcile(world).breaches
    }


def test_a_hold_posted_in_part_is_in_order(world: World) -> None:
    person = world.person()
    grant(world, person)
    area_id = world.area_id(BAOJIA)

    def hold(actor: Any) -> None:
        later = actor.now + timedelta(days=1)
        actions.hold(
            actor, person_id=person.id, area_id=area_id, amount=9, cause_id=78, expires_at=later
        )
        actions.post_hold(actor, 78, 4)

    act(world, hold)
    assert standing(person)["total"] == 46
    # No order stands behind this hold, and that is all there is to say about it.
    assert {one.detail for one in reconcile(world).breaches} == {"a hold without its order"}


def test_a_breach_raises_one_alert_however_often_it_is_found(world: World) -> None:
    person = world.person()
    grant(world, person)
    wrong_balance(world, person)
    first = reconcile(world)
    assert {one.invariant for one in first.breaches} == {"R1", "R3", "R7"}
    assert first.alerts_raised == len(first.breaches)
    again = reconcile(world)
    assert (len(again.breaches), again.alerts_raised) == (len(first.breaches), 0)
    raised = [
        line
        for line in ok(world.community_admin().get("/journal"))["items"]
        if line["name"] == "ledger_breach"
    ]
    assert {line["payload"]["code"] for line in raised} == {"R3", "R7"}


def test_a_frozen_wallet_neither_earns_nor_spends_nor_gives(world: World) -> None:
    person, site_id, admin = world.person(), world.site(), world.community_admin()
    grant(world, person)
    shelf = reward(world, site_id, admin=admin)
    order = ok(redeem(person, shelf, site_id), 201)
    wrong_balance(world, person)
    reconcile(world)
    body = {"person_id": person.id, "points": 5, "reason": "社区值守"}
    assert refusal(admin.post("/points/grants", body)) == "account_frozen"
    assert refusal(redeem(person, shelf, site_id)) == "account_frozen"
    assert refusal(collect(world.station_staff(site_id), order)) == "account_frozen"
    give = {"points": 5, "fund": BAOJIA}
    assert refusal(person.post("/me/points/donations", give)) == "account_frozen"
    with pytest.raises(AccountFrozen):
        earn(world, person, 5)
    # What was promised can still be given back, and others go on as before.
    assert ok(person.post(f"/redemptions/{order['id']}/cancel"))["state"] == "cancelled"
    other = world.person()
    grant(world, other)
    assert redeem(other, shelf, site_id).status_code == 201


def test_a_frozen_wallet_can_be_repaired_and_then_lifted(world: World) -> None:
    person = world.person()
    grant(world, person)
    wrong_balance(world, person)
    reconcile(world)
    change(world, "UPDATE balance SET posted = posted - 1")
    assert reconcile(world).breaches == []
    street = world.area_admin(NINGBO)
    for one in alerts(street):
        lifted = ok(street.post(f"/alerts/{one['id']}/lift", {"reason": "余额已按流水更正"}))
        assert lifted["reason"] == "余额已按流水更正"
        again = street.post(f"/alerts/{one['id']}/lift", {"reason": "再解除一次"})
        assert refusal(again) == "alert_already_lifted"
    assert alerts(street) == []
    past = alerts(street, "?open_only=false")
    assert {one["lifted_by"] for one in past} == {street.id}
    earn(world, person, 5)
    assert standing(person)["total"] == 55


def test_what_is_still_wrong_freezes_again(world: World) -> None:
    person = world.person()
    grant(world, person)
    wrong_balance(world, person)
    first = reconcile(world)
    street = world.area_admin(NINGBO)
    for one in alerts(street):
        ok(street.post(f"/alerts/{one['id']}/lift", {"reason": "先解除看看"}))
    assert reconcile(world).alerts_raised == first.alerts_raised


def test_alerts_are_seen_where_the_points_are(world: World) -> None:
    person = world.person()
    transfer_id = earn(world, person, 5).transfer_id
    alert_id = alert(world, "transfer", transfer_id)
    here, there = world.community_admin(BAOJIA), world.community_admin(HUXI)
    (shown,) = alerts(here)
    assert (shown["id"], shown["invariant"], shown["subject_id"]) == (alert_id, "R4", transfer_id)
    assert alerts(there) == []
    why = {"reason": "查无问题"}
    assert here.post(f"/alerts/{alert_id}/lift", why).status_code == 403
    assert world.area_admin(HUXI).post(f"/alerts/{alert_id}/lift", why).status_code == 404
    assert world.area_admin(NINGBO).post(f"/alerts/{alert_id}/lift", why).status_code == 200


def test_the_nightly_job_does_it(world: World) -> None:
    person = world.person()
    grant(world, person)
    wrong_balance(world, person)
    (job,) = [one for one in jobs.all_jobs() if one.key == "points.reconcile"]
    with world.app.app_context():
        outcome = job.work(lambda: system(now()))
    assert outcome["breaches"] == outcome["alerts"] > 0
    assert outcome["transfers"] == 1


@pytest.mark.parametrize(
    ("invariant", "statement"),
    [
        ("R3", "UPDATE balance SET posted = posted + 1"),
        ("R4", "UPDATE balance SET version = version + 1"),
        ("R6", "UPDATE balance SET held = 1"),
        ("R7", "UPDATE account SET closed_at = '2026-01-01 00:00:00.000000' WHERE kind = 'pocket'"),
        ("R10", "UPDATE points_day SET points = points + 1"),
        ("R10", "UPDATE points_day SET day = '2020-01-01'"),
        ("R12", "UPDATE idempotency SET status = NULL"),
    ],
)
def test_each_invariant_is_recounted(world: World, invariant: str, statement: str) -> None:
    earn(world, world.person(), 5)
    person = world.person()
    ok(
        world.community_admin().post(
            "/points/grants",
            {"person_id": person.id, "points": 5, "reason": "社区值守"},
            key="a-key",
        ),
        201,
    )
    change(world, statement)
    assert invariant in {one.invariant for one in reconcile(world).breaches}


def test_a_service_that_no_record_stands_for_is_found(world: World) -> None:
    transfer_id = earn(world, world.person(), 5).transfer_id
    found = reconcile(world).breaches
    assert [(one.invariant, one.subject, one.subject_id) for one in found] == [
        ("R12", "transfer", transfer_id)
    ]


def test_the_command_says_so_and_exits_with_one(world: World) -> None:
    runner = commands(world.app)
    person = world.person()
    grant(world, person)
    sound = runner.invoke(args=["ledger", "reconcile", "--json"])
    assert sound.exit_code == 0, sound.output
    assert json.loads(sound.stdout)["breaches"] == []
    assert runner.invoke(args=["ledger", "verify"]).output == "the books are in order\n"
    wrong_balance(world, person)
    told = runner.invoke(args=["ledger", "verify"])
    assert told.exit_code == 1
    assert "R3 account" in told.output
    done = runner.invoke(args=["ledger", "reconcile", "--json"])
    assert done.exit_code == 1
    outcome = json.loads(done.stdout)
    assert outcome["alerts_raised"] == len(outcome["breaches"]) == 3
    assert runner.invoke(args=["ledger", "reconcile"]).exit_code == 1


def test_giving_back_lapsed_holds_is_not_stopped_by_a_freeze(world: World) -> None:
    person = world.person()
    grant(world, person)
    area_id = world.area_id(BAOJIA)

    def hold(actor: Any) -> None:
        actions.hold(
            actor, person_id=person.id, area_id=area_id, amount=5, cause_id=77, expires_at=actor.now
        )

    act(world, hold)
    wrong_balance(world, person)
    reconcile(world)
    act(world, lambda actor: actions.void_hold(actor, 77, lapsed=True))


def test_pockets_closed_in_older_books_are_closed_as_of_their_month(world: World) -> None:
    long_ago(world)
    change(
        world,
        "UPDATE account SET closed_at = '2026-01-01 00:20:07.000000' WHERE closed_at IS NOT NULL",
    )
    assert {one.invariant for one in reconcile(world).breaches} == {"R7"}
    migrations = str(ROOT / "migrations")
    with world.app.app_context():
        flask_migrate.downgrade(directory=migrations, revision="0004")
        flask_migrate.upgrade(directory=migrations)
        db.engine.dispose()
    assert reconcile(world).breaches == []
