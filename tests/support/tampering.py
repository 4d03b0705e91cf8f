"""Somebody with the database in hand changes one cell of the books. Is it found, and is the row named?

Each edit is made in a transaction that looks at itself through `reconciler.prove` and is rolled back, so a thousand
of them need no repair. Triggers, foreign keys and, on SQLite, checks are out of the way, as they would be for an
administrator; what the database refuses even so (a key twice, a check of PostgreSQL's) is no edit and does not count.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Boolean, Column, Row, Table, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.core.actor import Actor, RoleHeld, system
from app.core.append_only import append_only_tables
from app.core.clock import now
from app.core.db import Model, db, in_transaction
from app.core.permissions import Role
from app.points import actions, reconciler, seals
from app.points.alerts import raise_alerts
from app.points.models import LedgerAlert
from app.points.rules import month_of
from app.points.terms import Breach
from app.policies.terms import (
    POINTS_GRANT_MAX,
    POINTS_MONTHS_TO_EXPIRY,
    SERVICE_RECORDS_NEED_REVIEW,
)
from tests.support.points_world import act, set_policy
from tests.support.redemption_world import collect, redeem, reward
from tests.support.volunteer_world import ok, station
from tests.support.world import BAOJIA, World

TABLES = (
    "account",
    "balance",
    "budget_slice",
    "donation",
    "grant_review",
    "hold",
    "journal",
    "points_budget",
    "points_day",
    "points_grant",
    "points_reversal",
    "policy",
    "redemption",
    "reversal_tally",
    "seal",
    "stock",
    "stock_move",
    "transfer",
    "wallet",
)
NOT_PROVED = {("grant_review", "reason")}
"""Why somebody declined a grant: words about points that never moved."""

# What a row of these tables is called in a breach.
SUBJECTS = {
    "balance": {"account"},
    "budget_slice": {"budget"},
    "grant_review": {"grant", "grant_review"},
    "hold": {"hold", "redemption"},
    "points_budget": {"budget"},
    "points_day": {"wallet"},
    "points_grant": {"grant", "points_grant"},
    "points_reversal": {"transfer", "points_reversal"},
    "reversal_tally": {"transfer"},
    "stock": {"reward"},
}


@dataclass
class Outcome:
    """What became of the edits."""

    edits: int = 0
    found: int = 0
    named: int = 0
    """Found, and a breach names the row itself."""
    missed: list[str] = field(default_factory=list)
    by_table: dict[str, int] = field(default_factory=dict)


class _Undo(Exception):
    """Ends the transaction of an edit."""


def tamper(
    app: Flask, edits: int, seed: int, progress: Callable[[Outcome], None] = print
) -> Outcome:
    """Make so many single-cell edits to the sealed books of `app`, one at a time, and look for each."""
    dice = random.Random(seed)
    outcome = Outcome()
    with app.app_context():
        assert in_transaction(lambda: reconciler.prove(now()), write=False) == []
        filled = [table for table in map(_table, TABLES) if _count(table)]
        assert len(filled) == len(TABLES), set(TABLES) - {table.name for table in filled}
        while outcome.edits < edits:
            _one(dice, dice.choice(filled), outcome)
            if outcome.edits % 100 == 0:
                progress(outcome)
        assert in_transaction(lambda: reconciler.prove(now()), write=False) == []
    return outcome


def _one(dice: random.Random, table: Table, outcome: Outcome) -> None:
    cells = [column for column in table.columns if (table.name, column.name) not in NOT_PROVED]
    column = dice.choice(cells)
    done: list[Any] = []

    def edit() -> None:
        row = _any_row(dice, table)
        value = _other(dice, column, row._mapping[column])
        if value == row._mapping[column] or not _written(table, row, column, value):
            raise _Undo
        found = reconciler.prove(now())
        done.append((row, value, found))
        raise _Undo

    try:
        in_transaction(edit, write=True)
    except _Undo:
        pass
    finally:
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
    if not done:
        return
    ((row, value, found),) = done
    outcome.edits += 1
    outcome.by_table[table.name] = outcome.by_table.get(table.name, 0) + 1
    outcome.found += bool(found)
    key = next(iter(table.primary_key.columns))
    wanted = SUBJECTS.get(table.name, {table.name})
    ids = (row._mapping[key], value)
    outcome.named += any(one.subject in wanted and one.subject_id in ids for one in found)
    if not found:
        outcome.missed.append(
            f"{table.name}.{column.name} of {dict(row._mapping)}: {value!r}"[:400]
        )


def _table(name: str) -> Table:
    return Model.metadata.tables[name]


def _count(table: Table) -> int:
    return in_transaction(
        lambda: db.session.scalar(select(func.count()).select_from(table)) or 0, write=False
    )


def _any_row(dice: random.Random, table: Table) -> Row[Any]:
    count = db.session.scalar(select(func.count()).select_from(table)) or 0
    return db.session.execute(
        select(table).order_by(*table.primary_key.columns).offset(dice.randrange(count)).limit(1)
    ).one()


def _written(table: Table, row: Row[Any], column: Column[Any], value: Any) -> bool:
    _out_of_the_way(table)
    here = [key == row._mapping[key] for key in table.primary_key.columns]
    try:
        with db.session.begin_nested():
            db.session.execute(update(table).where(*here).values({column.name: value}))
    except DBAPIError:
        return False
    return True


def _out_of_the_way(table: Table) -> None:
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    db.session.execute(text("PRAGMA defer_foreign_keys = ON"))
    db.session.execute(text("PRAGMA ignore_check_constraints = ON"))
    if table.name in append_only_tables():
        db.session.execute(text(f"DROP TRIGGER {table.name}_no_update"))


def _other(dice: random.Random, column: Column[Any], value: Any) -> Any:
    """Another value that could stand in this cell."""
    if value is not None and column.nullable and dice.random() < 0.25:
        return None
    kind = column.type.python_type
    if isinstance(column.type, Boolean):
        return not value
    if kind is int:
        return (value or 0) + dice.choice([-100, -7, -1, 1, 1, 2, 10, 1000])
    if kind is bytes:
        place = dice.randrange(len(value))
        return value[:place] + bytes([value[place] ^ 1 << dice.randrange(8)]) + value[place + 1 :]
    if kind is datetime:
        return (value or now()) + timedelta(seconds=dice.choice([-86400, -1, 1, 3600, 10**6]))
    if kind is date:
        return (value or now().date()) + timedelta(days=dice.choice([-30, -1, 1, 365]))
    if kind is dict:
        return value | {dice.choice([*value, "more"]): dice.randrange(10**6)}
    if not value:
        return "x"
    seen = db.session.scalars(select(column).where(column.is_not(None)).distinct().limit(20)).all()
    swapped = value[:-1] + chr(ord(value[-1]) ^ 1)
    return dice.choice([*seen, swapped, value + "x"])


# --- books worth tampering with -------------------------------------------------------------------------------


def busy_books(world: World) -> None:
    """Every kind of transfer, hold and order there is, made as people make them, then sealed."""
    set_policy(world, POINTS_MONTHS_TO_EXPIRY, 12)
    set_policy(world, POINTS_GRANT_MAX, 500)
    set_policy(world, SERVICE_RECORDS_NEED_REVIEW, False)
    post = station(world)
    site = post.site_id
    admin, second = post.admin, world.community_admin()
    budget = {"area": BAOJIA, "year": now().year, "points": 100_000}
    long_ago(world)
    for _ in range(2):
        person = post.claimed(begin=-1.8, end=0.1)
        ok(post.scan_pass(person, at=now() - timedelta(minutes=100), direction="in"))
        left = ok(post.scan_pass(person, direction="out"))
        assert left["points"] > 0, left
    ok(world.area_admin().post("/points/budgets", budget), 201)
    people = [world.person() for _ in range(4)]
    for points, person in zip((300, 200, 120, 80), people, strict=True):
        ok(admin.post("/points/grants", _grant(person, points)), 201)
    for answer in ("approve", "decline"):
        asked = ok(admin.post("/points/grants", _grant(people[0], 600)), 201)
        body = {"reason": "名额已满"} if answer == "decline" else None
        ok(second.post(f"/points/grants/{asked['id']}/{answer}", body))
    ok(admin.post("/points/grants", _grant(people[1], 700)), 201)
    shelf = reward(world, site, admin=admin, quantity=20)
    orders = [ok(redeem(people[n % 2], shelf, site), 201) for n in range(4)]
    ok(collect(world.station_staff(site), orders[0]))
    ok(collect(world.station_staff(site), orders[1]))
    ok(people[0].post(f"/redemptions/{orders[2]['id']}/cancel"))
    for transfer in ok(people[2].get("/me/points/transfers"))["items"]:
        for points in (20, 30):
            body = {"reason": "重复发放", "points": points}
            ok(admin.post(f"/points/transfers/{transfer['id']}/reverse", body))
    ok(people[3].post("/me/points/donations", {"points": 15, "fund": BAOJIA}), 201)
    seal_all(world.app)


def _grant(person: Any, points: int) -> dict[str, Any]:
    return {"person_id": person.id, "points": points, "reason": "社区值守"}


def long_ago(world: World) -> None:
    """Points granted three years ago whose month is over, swept and closed."""
    from app.community import queries as communities  # noqa: PLC0415

    person, admin = world.person(), world.community_admin()

    def grant(_: Actor) -> Any:
        held = RoleHeld(Role.COMMUNITY_ADMIN, area_path=communities.area_by_code(BAOJIA).path)
        past = Actor(admin.id, now() - timedelta(days=1000), roles=(held,))
        return actions.grant(past, person_id=person.id, points=40, reason="早年值守")

    act(world, grant)

    def swept(actor: Actor) -> None:
        account = _table("account")
        passed = select(account.c.id).where(account.c.expires_month < month_of(actor.now.date()))
        for account_id in db.session.scalars(passed.where(account.c.wallet_id.is_not(None))).all():
            assert actions.expire(actor, account_id) == 40

    act(world, swept)


def seal_all(app: Flask) -> seals.Sealed:
    """Seal everything up to now."""
    with app.app_context():
        upto = in_transaction(seals.settled_marks, write=True)
        return seals.seal(system(now()), upto)


def alert(world: World, subject: str, subject_id: int, invariant: str = "R4") -> int:
    """The id of an alert about a row, raised as the recount raises it."""
    with world.app.app_context():
        raise_alerts(system(now()), [Breach(invariant, subject, subject_id, "试验")])
        asked = select(LedgerAlert.id).where(LedgerAlert.subject_id == subject_id)
        return in_transaction(
            lambda: db.session.scalars(asked.order_by(LedgerAlert.id.desc())).first(), write=False
        )
