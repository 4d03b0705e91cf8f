"""The bank against its model of a hundred lines: whatever happens in whatever order, they agree after each step.

LINLI_MODEL_EXAMPLES and LINLI_MODEL_STEPS ask for more than the default suite has time for.
"""

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.actor import system
from app.core.clock import CHINA, china_date, china_midnight, now
from app.core.db import db, in_transaction
from app.core.errors import Refusal
from app.factory import create_app
from app.identity.models import FamilyLink
from app.identity.tokens import access_token
from app.points import actions
from app.points import jobs as points_jobs
from app.policies.terms import POINTS_DAILY_MAX, POINTS_MONTHS_TO_EXPIRY, REDEMPTION_PICKUP_DAYS
from app.redemption import jobs as redemption_jobs
from tests.conftest import ENGINES
from tests.conftest import test_settings as settings_of_tests
from tests.support import bank_model
from tests.support.bank_model import BankModel, Moved, Refused
from tests.support.books import breaches
from tests.support.points_world import act, earn, set_policy, standing
from tests.support.postgresql import cluster
from tests.support.redemption_world import reward
from tests.support.world import BAOJIA, Caller, World

EXAMPLES = int(os.environ.get("LINLI_MODEL_EXAMPLES", "12"))
STEPS = int(os.environ.get("LINLI_MODEL_STEPS", "30"))
BEGIN = datetime(2030, 1, 20, 12, tzinfo=CHINA)
PRICE = 7
PICKUP_DAYS = 40
HOLD_DAYS = 35
"""Longer than a month, so that holds outlive the month of what they hold."""

people = st.integers(0, 2)
services = st.integers(10, 70)
amounts = st.integers(1, 25)
FIRST_CAUSE = 50_000_000
"""Causes above it are ours; those below are orders."""


class Bank(RuleBasedStateMachine):
    """Three neighbours, two of them a family; a station; a clock that jumps; a server that is restarted."""

    earned = Bundle("earned")
    spent = Bundle("spent")
    holds = Bundle("holds")
    orders = Bundle("orders")

    def __init__(self, fresh: Callable[[], Flask]) -> None:
        super().__init__()
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.traveller = self.clock.start()
        self.world = world = World(fresh())
        self.model = BankModel()
        self.count = 0
        self.asked: list[tuple[Caller, str, Any, str, int, str]] = []
        set_policy(world, POINTS_DAILY_MAX, bank_model.DAILY_MAX)
        set_policy(world, POINTS_MONTHS_TO_EXPIRY, bank_model.MONTHS_TO_EXPIRY)
        set_policy(world, REDEMPTION_PICKUP_DAYS, PICKUP_DAYS)
        self.people = [world.person() for _ in range(3)]
        self.admin = world.community_admin()
        self.site_id = world.site()
        self.staff = world.station_staff(self.site_id)
        self.reward_id = reward(world, self.site_id, points=PRICE, quantity=500, admin=self.admin)
        self.area_id = world.area_id(BAOJIA)
        first, second = sorted(person.id for person in self.people[:2])
        act(world, lambda actor: db.session.add(_family(first, second, actor.now)))

    def teardown(self) -> None:
        try:
            # The scheduler catches up: now nothing is late any more.
            self.traveller.shift(timedelta(days=1))
            self.lapse_everything()
            self.expire()
            assert self._in_order(breaches(self.world))
        finally:
            with self.world.app.app_context():
                db.engine.dispose()
            self.clock.stop()

    # --- what people do ------------------------------------------------------------------------------------

    @initialize(target=earned, points=services)
    def begin(self, points: int) -> Any:
        """Nobody begins with nothing: the poor can do little that could go wrong."""
        return multiple(*(self.earn(who, points) for who in range(3)))

    @rule(target=earned, who=people, points=services)
    def earn(self, who: int, points: int) -> Any:
        person, cause = self.people[who], self._next()
        credited = self.model.earn(person.id, points, self._today())
        paid = earn(self.world, person, points, cause_id=cause)
        assert paid.points == credited
        if paid.transfer_id is None:
            return multiple()
        month = bank_model.expiry_month(self._today())
        self.model.moved[paid.transfer_id] = Moved(person.id, month, credited, self._today())
        return cause, who, paid.transfer_id

    @rule(again=earned, points=amounts)
    def earn_twice(self, again: tuple[int, int, int], points: int) -> None:
        """A cause pays once; where the cap leaves nothing, there is nothing to refuse."""
        cause, who, _ = again
        person = self.people[who]
        room = bank_model.DAILY_MAX - self.model._earned[person.id, self._today()]
        if room:
            with pytest.raises(IntegrityError):  # the refusal CauseAlreadyPosted claims it
                earn(self.world, person, points, cause_id=cause)

    @rule(target=holds, who=people, points=amounts)
    def hold(self, who: int, points: int) -> Any:
        person, cause = self.people[who], self._next()
        until = now() + timedelta(days=HOLD_DAYS)
        work = partial(
            actions.hold,
            person_id=person.id,
            area_id=self.area_id,
            amount=points,
            cause_id=cause,
            expires_at=until,
        )
        agreed = self._agree(
            lambda: self.model.hold(cause, person.id, points, self._today(), until), work
        )
        return cause if agreed else multiple()

    @rule(
        target=spent,
        cause=holds,
        how=st.sampled_from(("post", "post", "post", "void", "lapse")),
        share=st.none() | amounts,
    )
    def end_hold(self, cause: int, how: str, share: int | None) -> Any:
        if how == "post":
            return self.post(cause, share)
        getattr(self, how)(cause)
        return multiple()

    def post(self, cause: int, share: int | None) -> Any:
        if share is not None:
            share = min(share, sum(self.model.holds[cause].parts.values()))
        parts: dict[int, int] = {}
        work = partial(actions.post_hold, cause_id=cause, points=share)
        self._agree(lambda: parts.update(self.model.post(cause, now(), share)), work)
        return self._note_spends(cause, parts)

    def void(self, cause: int) -> None:
        self._agree(lambda: self.model.void(cause), partial(actions.void_hold, cause_id=cause))

    def lapse(self, cause: int) -> None:
        work = partial(actions.void_hold, cause_id=cause, lapsed=True)
        self._agree(lambda: self.model.lapse(cause, now()), work)

    @rule(target=orders, who=people, pieces=st.integers(1, 3))
    def redeem(self, who: int, pieces: int) -> Any:
        body = {"reward_id": self.reward_id, "site_id": self.site_id, "quantity": pieces}
        person = self.people[who]
        until = china_midnight(self._today() + timedelta(days=PICKUP_DAYS + 1))
        answer = self._ask(person, "/redemptions", body)
        cause = answer.json.get("id", -1)
        refusal = self._said(
            lambda: self.model.hold(cause, person.id, pieces * PRICE, self._today(), until)
        )
        assert answer.json.get("error", {}).get("code") == refusal, answer.json
        return multiple() if refusal else (cause, who, answer.json["code"])

    @rule(target=spent, order=orders, how=st.sampled_from(("collect", "collect", "cancel")))
    def end_order(self, order: tuple[int, int, str], how: str) -> Any:
        return getattr(self, how)(order)

    def collect(self, order: tuple[int, int, str]) -> Any:
        cause, _, code = order
        answer = self._ask(self.staff, "/redemptions/collect", {"code": code})
        parts: dict[int, int] = {}
        refusal = self._said(lambda: parts.update(self.model.post(cause, now())))
        assert (answer.status_code == 200) is (refusal is None), (answer.json, refusal)
        return self._note_spends(cause, parts)

    def cancel(self, order: tuple[int, int, str]) -> Any:
        cause, who, _ = order
        answer = self._ask(self.people[who], f"/redemptions/{cause}/cancel")
        refusal = self._said(lambda: self.model.void(cause))
        assert (answer.status_code == 200) is (refusal is None), (answer.json, refusal)
        return multiple()

    @rule(giver=st.integers(0, 1), to_fund=st.booleans(), points=amounts)
    def donate(self, giver: int, to_fund: bool, points: int) -> None:
        one, other = self.people[giver], self.people[1 - giver]
        body = {"fund": BAOJIA} if to_fund else {"to_person_id": other.id}
        answer = self._ask(one, "/me/points/donations", body | {"points": points})
        receiver = None if to_fund else other.id
        refusal = self._said(lambda: self.model.donate(one.id, receiver, points, self._today()))
        assert answer.json.get("error", {}).get("code") == refusal, answer.json

    @rule(transfer=earned, points=st.none() | amounts)
    def reverse_earned(self, transfer: tuple[int, int, int], points: int | None) -> None:
        self._reverse(transfer[-1], points)

    @rule(transfer=spent, points=st.none() | amounts)
    def reverse_spent(self, transfer: int, points: int | None) -> None:
        self._reverse(transfer, points)

    @precondition(lambda self: self.asked)
    @rule(chosen=st.randoms(use_true_random=False))
    def ask_again(self, chosen: Any) -> None:
        """An old question under its old key: the same answer, and nothing happens."""
        person, path, body, key, status, said = chosen.choice(self.asked)
        answer = self._speak(person).post(path, body, key=key)
        assert (answer.status_code, answer.get_data(as_text=True)) == (status, said)
        assert answer.headers["Idempotency-Replayed"] == "true"

    # --- what befalls the bank --------------------------------------------------------------------------------

    @rule(
        days=st.integers(1, 25),
        then=st.sets(st.sampled_from(("expire", "lapse_everything", "restart"))),
    )
    def jump(self, days: int, then: set[str]) -> None:
        """Time goes by; the scheduler may have slept, the server may have been replaced."""
        self.traveller.shift(timedelta(days=days))
        for what in sorted(then):
            getattr(self, what)()

    def expire(self) -> None:
        gone = self.model.expire(self._today())
        report = self._run(points_jobs.expire)
        # The fund's points expire, too, and are nobody's in the model.
        assert report["points"] >= gone

    def lapse_everything(self) -> None:
        self._run(redemption_jobs.lapse)
        for cause, hold in self.model.holds.items():
            if hold.open and hold.expires_at <= now():
                self.model.lapse(cause, now())
                if cause >= FIRST_CAUSE:
                    act(self.world, partial(actions.void_hold, cause_id=cause, lapsed=True))

    def restart(self) -> None:
        """A new process: nothing that matters was kept in the old one."""
        old = self.world.app
        with old.app_context():
            db.engine.dispose()
        self.world.app = create_app(old.extensions["linli.settings"])
        self.world.app.config["TESTING"] = True

    # --- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def wallets_agree(self) -> None:
        for person in self.people:
            shown = standing(self._speak(person))
            expected = self.model.standing(person.id, self._today())
            assert (shown["available"], shown["held"]) == expected

    @invariant()
    def books_are_in_order(self) -> None:
        # Seen from the first day nothing is late: how late the scheduler may be is not what is asked here.
        assert self._in_order(breaches(self.world, BEGIN))

    # --- tools ---------------------------------------------------------------------------------------------------

    def _in_order(self, found: list[Any]) -> bool:
        mine = [breach for breach in found if breach.detail != "a hold without its order"]
        assert mine == []
        return True

    def _today(self) -> Any:
        return china_date(now())

    def _next(self) -> int:
        self.count += 1
        return FIRST_CAUSE + self.count

    def _said(self, work: Callable[[], Any]) -> str | None:
        """The code of the model's refusal, if it refuses."""
        try:
            work()
        except Refused as refused:
            return str(refused)
        return None

    def _agree(self, expected: Callable[[], Any], work: Callable[..., Any]) -> bool:
        """Do both; they refuse both or neither, and for the same reason. Whether it was done."""
        refusal = self._said(expected)
        if refusal is None:
            act(self.world, work)
        else:
            with pytest.raises(Refusal) as caught:
                act(self.world, work)
            assert caught.value.code == refusal
        return refusal is None

    def _reverse(self, transfer: int, points: int | None) -> None:
        body = {"reason": "登记有误"} | ({} if points is None else {"points": points})
        answer = self._ask(self.admin, f"/points/transfers/{transfer}/reverse", body)
        gained: list[int] = []
        refusal = self._said(lambda: gained.append(self.model.reverse(transfer, points)))
        assert answer.json.get("error", {}).get("code") == refusal, answer.json
        if refusal is None:
            assert answer.json["points"] == gained[0]

    def _note_spends(self, cause: int, parts: dict[int, int]) -> Any:
        """The transfers of what was spent, which must be of the very pockets that the model took it from."""
        if not parts:
            return multiple()
        statement = text(
            "SELECT t.id, a.expires_month, t.amount FROM transfer t"
            " JOIN account a ON a.id = t.debit_account_id"
            " WHERE t.kind = 'spend' AND t.cause_id = :cause"
        )
        with self.world.app.app_context():
            found = in_transaction(
                lambda: db.session.execute(statement, {"cause": cause}).all(), write=False
            )
        assert {month: points for _, month, points in found} == parts
        person = self.model.holds[cause].person
        for transfer, month, points in found:
            self.model.moved[transfer] = Moved(person, month, points, None)
        return multiple(*(transfer for transfer, *_ in found))

    def _ask(self, person: Caller, path: str, body: Any = None) -> Any:
        key = f"key-{self._next()}"
        answer = self._speak(person).post(path, body, key=key)
        assert answer.status_code in {200, 201, 409}, answer.json
        said = answer.get_data(as_text=True)
        self.asked.append((person, path, body, key, answer.status_code, said))
        return answer

    def _speak(self, person: Caller) -> Caller:
        """The person with a token of today."""
        claims = jwt.decode(str(person.token), options={"verify_signature": False})
        with self.world.app.app_context():
            token = access_token(person.id, int(claims["sid"]), now())
        return Caller(self.world.app, person.id, token)

    def _run(self, job: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        with self.world.app.app_context():
            return job(lambda: system(now()))


def _family(first: int, second: int, at: datetime) -> FamilyLink:
    return FamilyLink(
        first_id=first, second_id=second, asked_by=first, state="active", asked_at=at, since=at
    )


@pytest.fixture(params=ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Flask]:
    """Makes the application on a database that is as new, as often as it is asked."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = tmp_path / "linli.db"
        url = f"sqlite:///{path}"

        def renew() -> None:
            for leftover in path.parent.glob("linli.db-*"):
                leftover.unlink()
            shutil.copyfile(template, path)

    else:
        renew = request.getfixturevalue("postgresql_renewal")
        url = cluster().url("linli_test")
    app: list[Flask] = []

    def make() -> Flask:
        renew()
        if not app:
            app.append(create_app(settings_of_tests(url)))
            app[0].config["TESTING"] = True
        return app[0]

    return make


@pytest.mark.timeout(600)
def test_the_bank_agrees_with_its_model(fresh: Callable[[], Flask]) -> None:
    run_state_machine_as_test(
        lambda: Bank(fresh),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
