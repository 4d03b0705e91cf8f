"""Points in a test world: earned as a service earns them, seen as their owner sees them."""

import itertools
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from app.community import queries as communities
from app.core.actor import Actor, system
from app.core.clock import now
from app.core.db import db, in_transaction
from app.points import actions
from app.points.terms import Earned, TransferKind
from app.policies.models import PolicyRow
from app.policies.terms import PolicyKey
from tests.support.world import BAOJIA, Caller, World

T = TypeVar("T")

_causes = itertools.count(1_000_000)


def act(world: World, work: Callable[[Actor], T], *, at: datetime | None = None) -> T:
    """What `work` returns when the system does it at `at` (now), in a transaction of its own."""
    with world.app.app_context():
        return in_transaction(lambda: work(system(at or now())), write=True)


def earn(
    world: World,
    person: Caller,
    points: int,
    *,
    at: datetime | None = None,
    area: str = BAOJIA,
    kind: TransferKind = TransferKind.SERVICE,
    cause_id: int | None = None,
    served_at: datetime | None = None,
) -> Earned:
    """Pay a person at `at` (now) for a service that ended then or at `served_at`, as volunteering does."""

    def work(actor: Actor) -> Earned:
        place = communities.area_by_code(area)
        return actions.earn(
            actor,
            person_id=person.id,
            area_id=place.id,
            area_path=place.path,
            amount=points,
            kind=kind,
            cause_id=next(_causes) if cause_id is None else cause_id,
            at=served_at,
        )

    return act(world, work, at=at)


def set_policy(world: World, key: PolicyKey[Any], value: Any, *, area: str = BAOJIA) -> None:
    """A policy row in force for as long as anybody remembers."""
    text = str(value).lower() if isinstance(value, bool) else str(value)

    def work(actor: Actor) -> None:
        db.session.add(
            PolicyRow(
                area_id=communities.area_by_code(area).id,
                key=key.name,
                value=text,
                effective_from=date(2020, 1, 1),
                set_at=actor.now,
                reason="测试",
            )
        )

    act(world, work)


def standing(person: Caller) -> dict[str, Any]:
    """Available, held and total as one tuple would be unreadable: the answer of GET /me/points."""
    answer = person.get("/me/points")
    assert answer.status_code == 200, answer.json
    shown: dict[str, Any] = answer.json
    return shown


def lines(person: Caller) -> list[dict[str, Any]]:
    """The whole statement, newest first, page after page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = person.get(f"/me/points/transfers?limit=3{cursor}").json
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
