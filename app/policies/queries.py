"""Every select on policies. Policies are public to whoever is logged in: a rule must be explainable to all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from app.community.queries import area_by_code
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.prepared import Prepared
from app.policies.models import PolicyRow
from app.policies.rules import Row, Rules, in_force
from app.policies.terms import KEYS, PolicyKey

if TYPE_CHECKING:
    from sqlalchemy import Table

    from app.community.models import Area


def rules_at(area_path: str, at: datetime) -> Rules:
    """The rules in force at the area with this path, on the day in China of `at`. One statement."""
    return rules_on(area_path, china_date(at))


def rules_on(area_path: str, on: date) -> Rules:
    """The rules in force at the area with this path on a day. One statement."""
    return in_force(_rows(area_path, until=on), _line(area_path), on)


def rules_from(area_path: str, since: date) -> Sequence[Rules]:
    """The rules on day `since` and on each later day on which a row already entered takes over."""
    rows = _rows(area_path)
    days = {since, *(row.effective_from for row in rows if row.effective_from > since)}
    line = _line(area_path)
    return [in_force(rows, line, day) for day in sorted(days)]


@dataclass(frozen=True, slots=True)
class ValueInForce:
    """One key's value at an area on a day, and the row it comes from (None: the product's default)."""

    key: PolicyKey[Any]
    value: Any
    row: PolicyRow | None

    @property
    def choices(self) -> list[dict[str, str]]:
        """What may be chosen, each with its meaning in Chinese, in their order."""
        return [{"value": value, "title": title} for value, title in self.key.choices.items()]


@dataclass(frozen=True, slots=True)
class PolicySheet:
    """Every key's value at an area on a day."""

    area: "Area"
    on: date
    items: Sequence[ValueInForce]


def policy_sheet(actor: Actor, *, area: str, on: date | None = None) -> PolicySheet:
    """What is in force at an area on a day (today in China unless said), and why. Raises: UnknownArea."""
    place = area_by_code(area)
    day = on or china_date(actor.now)
    return PolicySheet(place, day, explained(rules_on(place.path, day), KEYS.values()))


def explained(rules: Rules, keys: Iterable[PolicyKey[Any]]) -> list[ValueInForce]:
    """What these rules say about some keys, and why."""
    applied = [(key, rules.why(key)) for key in keys]
    rows = {
        row.id: row
        for row in db.session.scalars(
            select(PolicyRow)
            .where(PolicyRow.id.in_([why.row.id for _, why in applied if why.row is not None]))
            .options(joinedload(PolicyRow.area))
        )
    }
    return [
        ValueInForce(key, why.value, None if why.row is None else rows[why.row.id])
        for key, why in applied
    ]


def history(
    *, area: str, key: str | None = None, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[PolicyRow]:
    """All rows ever entered for an area or one above it, the last entered first.

    Raises: UnknownArea, CursorInvalid.
    """
    line = area_by_code(area).ancestor_ids
    statement = (
        select(PolicyRow).where(PolicyRow.area_id.in_(line)).options(joinedload(PolicyRow.area))
    )
    if key is not None:
        statement = statement.where(PolicyRow.key == key)
    return paginate(statement, [PolicyRow.id], limit=limit, cursor=cursor)


def _line(area_path: str) -> list[int]:
    return [int(part) for part in area_path.strip("/").split("/")]


# Put together once, of the table and not of the class: every scan and every order asks it.
_policy = cast("Table", PolicyRow.__table__)
_ALL_ROWS = select(
    _policy.c.id, _policy.c.area_id, _policy.c.key, _policy.c.value, _policy.c.effective_from
).where(_policy.c.area_id.in_(bindparam("line", expanding=True)))
_ROWS = Prepared(_ALL_ROWS)
_ROWS_UNTIL = Prepared(_ALL_ROWS.where(_policy.c.effective_from <= bindparam("until")))


def _rows(area_path: str, until: date | None = None) -> list[Row]:
    line = {"line": _line(area_path)}
    rows = _ROWS.all(line) if until is None else _ROWS_UNTIL.all(line | {"until": until})
    return [Row(*row) for row in rows]
