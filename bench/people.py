"""People with valid books, made in bulk by the database itself: INSERT … SELECT, the same on both engines.

Person n has wallet n, login session n and two pockets; every transfer is a grant with its row. Everybody is checked
in to a shift of the community that began an hour ago, so that everybody can be scanned out once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CTE, ColumnElement, Table, func, insert, literal, null, select, text

from app.community.models import Area
from app.community.terms import Level
from app.core.clock import china_date
from app.core.db import Model, UtcDateTime, bulk_connection, db
from app.identity.models import LoginSession, Person
from app.points.models import Account, Balance, PointsGrant, Transfer, Wallet
from app.points.rules import expiry_month
from app.points.terms import AccountKind, TransferKind
from app.policies.terms import POINTS_MONTHS_TO_EXPIRY
from app.redemption.models import Reward, Stock, StockMove
from app.redemption.terms import MoveKind
from app.sites.models import Site
from app.volunteer.models import Attendance, Claim, Opportunity, Shift
from app.volunteer.terms import (
    Category,
    ClaimState,
    OpenTo,
    OpportunityKind,
    OpportunityState,
    PointsRule,
)

PEOPLE_PER_COMMUNITY = 1000
POINTS_PER_TRANSFER = 10
POCKETS = 2
BATCH_ROWS = 250_000
ABOVE = (Level.PROVINCE, Level.CITY, Level.DISTRICT, Level.STREET)
STOCK_PIECES = 1_000_000_000
SERVED_MINUTES = 65
OVER_MINUTES = 10
"""How much longer the shift goes on: near enough its end that the service is paid."""


@dataclass(frozen=True, slots=True)
class Population:
    """How many there are; ids are 1, 2, 3 … in every table."""

    people: int
    transfers_each: int

    @property
    def transfers(self) -> int:
        """How many transfers were made."""
        return self.people * self.transfers_each

    @property
    def communities(self) -> int:
        """How many communities the people live in."""
        return -(-self.people // PEOPLE_PER_COMMUNITY)

    def community_of(self, person_id: int) -> int:
        """Number of the community; its site, reward, opportunity and shift have the same."""
        return (person_id - 1) % self.communities + 1


Progress = Callable[[str], None]


def settle_people(population: Population, at: datetime, progress: Progress) -> None:
    """Fill an empty, migrated database with everything but the transfers."""
    _places(population, at)
    for model, columns in _belongings(population, at):
        _fill(model, columns, population.people, progress)
    for pocket in range(POCKETS):
        _fill(Account, _pocket(population, pocket, at), population.people, progress)
        _fill(Balance, _balance(population, pocket), population.people, progress)


def book_transfers(population: Population, at: datetime, progress: Progress) -> None:
    """Give everybody their transfers, round after round, so that one person's lie far apart as in life."""
    for turn in range(population.transfers_each):
        _fill(Transfer, _transfer(population, turn, at), population.people, progress, turn)
    _set_sequences()


def book_grants(population: Population, at: datetime, progress: Progress) -> None:
    """What the transfers hang on."""
    for turn in range(population.transfers_each):
        _fill(PointsGrant, _grant(population, turn, at), population.people, progress, turn)


Columns = Callable[[ColumnElement[int]], dict[str, Any]]


def _places(population: Population, at: datetime) -> None:
    day = china_date(at)
    above = [
        {
            "id": number,
            "code": f"99{number:010d}",
            "parent_id": number - 1 or None,
            "name": f"区域{number}",
            "pinyin": "quyu qy",
            "level": level,
            "path": "/" + "".join(f"{up}/" for up in range(1, number + 1)),
            "valid_from": day,
        }
        for number, level in enumerate(ABOVE, 1)
    ]
    street = above[-1]
    numbers = range(1, population.communities + 1)
    with bulk_connection() as connection:

        def fill(model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
            connection.execute(insert(model), rows)

        fill(Area, above)
        fill(
            Area,
            [
                {
                    "id": len(above) + number,
                    "code": f"98{number:010d}",
                    "parent_id": street["id"],
                    "name": f"社区{number}",
                    "pinyin": "shequ sq",
                    "level": Level.COMMUNITY,
                    "path": f"{street['path']}{len(above) + number}/",
                    "valid_from": day,
                }
                for number in numbers
            ],
        )
        # Somebody must have opened it all; the others follow.
        fill(Person, [{"id": 1, "home_area_id": len(above) + 1, "created_at": at}])
        here = [{"id": number, "area_id": len(above) + number} for number in numbers]
        fill(Site, [row | {"name": "驿站", "address": "路 1 号", "created_at": at} for row in here])
        opened = {
            "kind": OpportunityKind.MICRO_POST,
            "category": next(iter(Category)),
            "title": "文明劝导岗",
            "description": "",
            "open_to": OpenTo.EVERYONE,
            "needs_approval": False,
            "points_rule": PointsRule.BY_HOUR,
            "state": OpportunityState.PUBLISHED,
            "created_by": 1,
            "created_at": at,
            "published_at": at,
        }
        fill(Opportunity, [row | opened | {"site_id": row["id"]} for row in here])
        hours = {"starts_at": _began(at), "ends_at": at + timedelta(minutes=OVER_MINUTES)}
        places = {"capacity": PEOPLE_PER_COMMUNITY, "taken": PEOPLE_PER_COMMUNITY}
        fill(Shift, [{"id": n, "opportunity_id": n, **hours, **places} for n in numbers])
        shown = {"title": "大米一袋", "description": "", "points": 1, "offered_at": at}
        fill(Reward, [row | shown for row in here])
        stock = [{"reward_id": number, "site_id": number} for number in numbers]
        fill(Stock, [row | {"available": STOCK_PIECES, "held": 0} for row in stock])
        received = {"kind": MoveKind.RECEIVED, "quantity": STOCK_PIECES, "actor_id": 1, "at": at}
        fill(StockMove, [row | received for row in stock])
        issuer = {"kind": AccountKind.ISSUER}
        fill(Account, [row | issuer for row in here])


def _began(at: datetime) -> datetime:
    return at - timedelta(minutes=SERVED_MINUTES)


def _belongings(population: Population, at: datetime) -> list[tuple[type[Model], Columns]]:
    now, began = literal(at, UtcDateTime()), literal(_began(at), UtcDateTime())

    def community(n: ColumnElement[int]) -> ColumnElement[int]:
        return (n - 1) % population.communities + 1

    def served(n: ColumnElement[int]) -> dict[str, Any]:
        number = community(n)
        return {"id": n, "shift_id": number, "opportunity_id": number, "person_id": n}

    return [
        (
            Person,
            lambda n: {"id": n, "home_area_id": len(ABOVE) + community(n), "created_at": now},
        ),
        (LoginSession, lambda n: {"id": n, "person_id": n, "created_at": now}),
        (Wallet, lambda n: {"id": n, "person_id": n}),
        (
            Claim,
            lambda n: {
                **served(n),
                "area_id": len(ABOVE) + community(n),
                "state": literal(ClaimState.APPROVED.value),
                "created_at": began,
            },
        ),
        (
            Attendance,
            lambda n: {
                **served(n),
                "claim_id": n,
                "site_id": community(n),
                "checked_in_at": began,
            },
        ),
    ]


def _account_of(population: Population, n: ColumnElement[int], pocket: int) -> ColumnElement[int]:
    return population.communities + population.people * pocket + n


def _pocket(population: Population, pocket: int, at: datetime) -> Columns:
    months = POINTS_MONTHS_TO_EXPIRY.default - 6 * pocket
    return lambda n: {
        "id": _account_of(population, n, pocket),
        "kind": literal(AccountKind.POCKET.value),
        "area_id": len(ABOVE) + (n - 1) % population.communities + 1,
        "wallet_id": n,
        "expires_month": literal(expiry_month(china_date(at), months)),
    }


def _balance(population: Population, pocket: int) -> Columns:
    turns = len(range(pocket, population.transfers_each, POCKETS))
    return lambda n: {
        "account_id": _account_of(population, n, pocket),
        "posted": literal(turns * POINTS_PER_TRANSFER),
        "version": literal(turns),
    }


def _transfer(population: Population, turn: int, at: datetime) -> Columns:
    version = turn // POCKETS + 1
    moment = literal(_turned(population, turn, at), UtcDateTime())
    return lambda n: {
        "id": turn * population.people + n,
        "kind": literal(TransferKind.GRANT.value),
        "cause_id": turn * population.people + n,
        "part": literal(0),
        "debit_account_id": (n - 1) % population.communities + 1,
        "credit_account_id": _account_of(population, n, turn % POCKETS),
        "amount": literal(POINTS_PER_TRANSFER),
        "wallet_id": n,
        "actor_id": literal(1),
        "area_id": len(ABOVE) + (n - 1) % population.communities + 1,
        "at": moment,
        "recorded_at": moment,
        "reverses_id": null(),
        "credit_version": literal(version),
        "credit_after": literal(version * POINTS_PER_TRANSFER),
    }


def _grant(population: Population, turn: int, at: datetime) -> Columns:
    return lambda n: {
        "id": turn * population.people + n,
        "person_id": n,
        "area_id": len(ABOVE) + (n - 1) % population.communities + 1,
        "points": literal(POINTS_PER_TRANSFER),
        "reason": literal("节日慰问"),
        "granted_by": literal(1),
        "granted_at": literal(_turned(population, turn, at), UtcDateTime()),
    }


def _turned(population: Population, turn: int, at: datetime) -> datetime:
    """A month lies between one turn and the next; the last one was a day ago."""
    return at - timedelta(days=1 + 30 * (population.transfers_each - 1 - turn))


def _fill(
    model: type[Model], columns: Columns, people: int, progress: Progress, turn: int = 0
) -> None:
    table = cast("Table", model.__table__)
    # Person 1 opened the places and is there already.
    begin = 2 if model is Person else 1
    for first in range(begin, people + 1, BATCH_ROWS):
        last = min(first + BATCH_ROWS - 1, people)
        n = _numbers(first, last)
        values = columns(n.c.n)
        with bulk_connection() as connection:
            if connection.dialect.name == "postgresql":
                # As pg_restore loads: what the rows point to is there, and need not be looked up.
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            chosen = select(*(value.label(name) for name, value in values.items()))
            connection.execute(insert(table).from_select(list(values), chosen.select_from(n)))
        progress(f"{table.name}: {turn * people + last} rows")


def _numbers(first: int, last: int) -> CTE:
    numbers = select(literal(first).label("n")).cte("numbers", recursive=True)
    return numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < last))


def _set_sequences() -> None:
    if db.engine.dialect.name != "postgresql":
        return  # SQLite takes the largest id there is
    with bulk_connection() as connection:
        for table in db.metadata.tables.values():
            if "id" not in table.c or not table.c.id.primary_key:
                continue
            sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
            if sequence is not None:
                connection.execute(
                    text(f"SELECT setval('{sequence}', (SELECT MAX(id) FROM {table.name}))")
                )
