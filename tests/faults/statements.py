"""A fault at every statement of every main flow: the same question again completes it, and it is done once.

Each flow is struck at its first statement, its second and so on, until there is no statement left to strike: once by an
error of our own, once by a lost connection; then in COMMIT, before and after it took effect.
"""

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, event, text

from app.core.clock import now
from app.core.db import Model, db, in_transaction
from tests.support import redemption_world, reporting_in_world, volunteer_world
from tests.support.books import breaches
from tests.support.micro_wish_world import Road
from tests.support.points_world import earn
from tests.support.sites_world import member_pass
from tests.support.world import Caller, World

STATEMENTS_MAX = 60
TRIES_MAX = 3


class Struck(Exception):
    """The fault that a statement was struck by."""


@dataclass(frozen=True, slots=True)
class Step:
    """The one request that is struck, its scene being set."""

    who: Caller
    path: str
    body: dict[str, Any] | None = None
    status: int = 200


class _Scenes:
    """Sets a fresh scene for every case."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._admin = world.community_admin()
        self._station = volunteer_world.station(world)
        self._reward_id = redemption_world.reward(
            world, self._station.site_id, admin=self._admin, quantity=5_000
        )
        self._opportunity = volunteer_world.publish(
            self._admin, self._station.site_id, volunteer_world.hours(-2, 1, 5_000)
        )

    def report_in_accept(self) -> Step:
        report_in_id = reporting_in_world.submitted(self._world, self._world.person())
        return Step(self._admin, f"/report-ins/{report_in_id}/accept")

    def claim(self) -> Step:
        shift = {"shift_id": self._opportunity["shifts"][0]["id"]}
        path = f"/opportunities/{self._opportunity['id']}/claims"
        return Step(self._world.person(), path, shift, 201)

    def scan_in(self) -> Step:
        person = self._world.person()
        volunteer_world.claim(person, self._opportunity)
        return self._scan(person, "in")

    def scan_out(self) -> Step:
        person = self._world.person()
        volunteer_world.claim(person, self._opportunity)
        came_at = now() - timedelta(minutes=110)
        volunteer_world.ok(self._station.scan_pass(person, came_at, direction="in"))
        return self._scan(person, "out")

    def redeem(self) -> Step:
        return self._order(self._with_points(), 201)

    def redeem_refused(self) -> Step:
        return self._order(self._world.person(), 409)

    def collect(self) -> Step:
        order = self._ordered(self._with_points())
        return Step(self._station.staff, "/redemptions/collect", {"code": order["code"]})

    def cancel(self) -> Step:
        person = self._with_points()
        return Step(person, f"/redemptions/{self._ordered(person)['id']}/cancel")

    def wish_confirm(self) -> Step:
        road = Road(self._world).go("delivered")
        return Step(road.wisher, f"/wishes/{road.id}/confirm", {"rating": 5})

    def grant(self) -> Step:
        body = {"person_id": self._world.person().id, "points": 20, "reason": "纸质积分卡结余"}
        return Step(self._admin, "/points/grants", body, 201)

    def _scan(self, person: Caller, direction: str) -> Step:
        code = member_pass(self._world, person.id)
        body = {"code": code, "site_id": self._station.site_id, "direction": direction}
        return Step(self._station.staff, "/scans/pass", body)

    def _with_points(self) -> Caller:
        person = self._world.person()
        earn(self._world, person, 30)
        return person

    def _order(self, person: Caller, status: int) -> Step:
        body = {"reward_id": self._reward_id, "site_id": self._station.site_id, "quantity": 2}
        return Step(person, "/redemptions", body, status)

    def _ordered(self, person: Caller) -> dict[str, Any]:
        made = redemption_world.redeem(person, self._reward_id, self._station.site_id)
        return volunteer_world.ok(made, 201)


FLOWS = (
    "report_in_accept",
    "claim",
    "scan_in",
    "scan_out",
    "redeem",
    "collect",
    "cancel",
    "wish_confirm",
    "grant",
    "redeem_refused",
)


IN_COMMIT = ("commit_done", "commit_not_done")


def run(
    world: World,
    *,
    disconnect_every: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Strike every flow at every statement, by a lost connection at each `disconnect_every`-th.

    The books and the rows of every table tell what was done.
    """
    logging.getLogger(world.app.logger.name).setLevel(logging.CRITICAL)
    scenes = _Scenes(world)
    statements: dict[str, int] = {}
    named: dict[str, list[str]] = {"lost": [], "doubled": [], "violations": []}
    cases = 0
    for name in FLOWS:
        scene: Callable[[], Step] = getattr(scenes, name)
        _Case(world, scene(), _Fault("none"))  # what is made only once is there from now on
        clean = _Case(world, scene(), _Fault("none"))
        assert clean.statuses == [clean.step.status], (name, clean.statuses)
        statements[name] = clean.fault.seen
        for case in _struck_everywhere(world, scene, disconnect_every):
            cases += 1
            where = f"{name} {case.fault.kind} at {case.fault.at}"
            for what, found in case.compared(clean):
                named[what].append(f"{where}: {found}")
        named["violations"] += [f"{name}: {breach}" for breach in breaches(world)]
        progress(f"{name}: {statements[name]} statements")
    with world.app.app_context():
        engine = db.engine.dialect.name
    return {
        "engine": engine,
        "statements": statements,
        "cases": cases,
        **{what: len(found) for what, found in named.items()},
        "named": [each for found in named.values() for each in found][:20],
    }


def _struck_everywhere(
    world: World, scene: Callable[[], Step], disconnect_every: int
) -> Iterator["_Case"]:
    for kind, every in (("error", 1), ("disconnected", disconnect_every)):
        for at in itertools.count(1, every):
            case = _Case(world, scene(), _Fault(kind, at))
            if not case.fault.struck:
                break
            assert at < STATEMENTS_MAX, "a flow without an end"
            yield case
    for kind in IN_COMMIT:
        case = _Case(world, scene(), _Fault(kind))
        assert case.fault.struck
        yield case


class _Fault:
    """What befalls a request: `kind` at its statement `at`, or in its COMMIT. Strikes once."""

    def __init__(self, kind: str, at: int = 0) -> None:
        self.kind, self.at = kind, at
        self.seen = 0
        self.struck = False

    @contextmanager
    def lurking(self, world: World) -> Iterator[None]:
        with world.app.app_context():
            engine = db.engine
        really_commit = engine.dialect.do_commit
        event.listen(engine, "before_cursor_execute", self._statement)
        engine.dialect.do_commit = lambda connection: self._commit(really_commit, connection)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", self._statement)
            del engine.dialect.do_commit

    def _statement(self, connection: Connection, *_: Any) -> None:
        self.seen += 1
        if self.seen != self.at or self.struck:
            return
        self.struck = True
        if self.kind == "error":
            raise Struck
        # The driver notices when it sends the statement, as it does when a server has gone.
        connection.connection.dbapi_connection.close()

    def _commit(self, really_commit: Callable[[Any], None], connection: Any) -> None:
        if self.struck or self.kind not in IN_COMMIT:
            really_commit(connection)
            return
        self.struck = True
        if self.kind == "commit_done":
            really_commit(connection)
        connection.dbapi_connection.close()
        really_commit(connection)  # raises what the driver says of a lost connection


class _Case:
    """One flow, one fault: what was answered until it was decided, and which rows are there that were not."""

    def __init__(self, world: World, step: Step, fault: _Fault) -> None:
        self.step, self.fault = step, fault
        self._key = f"case-{next(_numbers)}"
        before = _rows(world)
        with fault.lurking(world):
            answers = [self._ask()]
        while answers[-1][0] >= 500 and len(answers) < TRIES_MAX:
            answers.append(self._ask())
        self.statuses = [status for status, *_ in answers]
        self._answer, self._again = answers[-1], self._ask()
        self.rows = {name: count - before[name] for name, count in _rows(world).items()}

    def compared(self, clean: "_Case") -> Iterator[tuple[str, str]]:
        """What is not as in the clean run."""
        # A lost connection is the server's business: the client hears nothing of it.
        expected = [500, self.step.status] if self.fault.kind == "error" else [self.step.status]
        if self.statuses != expected:
            yield "violations", f"answered {self.statuses}"
        if self._again != (*self._answer[:2], True):
            yield "violations", f"answered {self._answer}, then {self._again}"
        for name, count in self.rows.items():
            if count != clean.rows[name]:
                what = "lost" if count < clean.rows[name] else "doubled"
                yield what, f"{count} new rows in {name}, not {clean.rows[name]}"

    def _ask(self) -> tuple[int, str, bool]:
        try:
            answer = self.step.who.post(self.step.path, self.step.body, key=self._key)
        except Struck:  # under test the application lets its errors out
            return 500, "", False
        replayed = answer.headers.get("Idempotency-Replayed") == "true"
        return answer.status_code, answer.get_data(as_text=True), replayed


_numbers = itertools.count(1)


def _rows(world: World) -> dict[str, int]:
    """How many rows each table has."""
    counts = " UNION ALL ".join(
        f"SELECT '{name}', COUNT(*) FROM {name}" for name in Model.metadata.tables if name != "area"
    )
    with world.app.app_context():
        found = in_transaction(lambda: db.session.execute(text(counts)).all(), write=False)
    return {row[0]: row[1] for row in found}
