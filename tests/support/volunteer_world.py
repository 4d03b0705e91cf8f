"""Opportunities, claims and scans in a test world, made over HTTP as admins, members and staff make them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.core.clock import now
from app.core.db import db, in_transaction
from app.identity.models import Person
from app.volunteer.models import Claim, ServiceRecord, Shift
from tests.support.sites_world import member_pass, site_code
from tests.support.world import BAOJIA, Caller, World


def hours(begin: float, end: float, capacity: int = 10, *, base: datetime | None = None) -> dict:
    """A shift from `begin` to `end` hours from now."""
    base = base or now()
    return {
        "starts_at": (base + timedelta(hours=begin)).isoformat(),
        "ends_at": (base + timedelta(hours=end)).isoformat(),
        "capacity": capacity,
    }


def opportunity_form(site_id: int, *shifts: dict, **fields: Any) -> dict[str, Any]:
    """What an admin of 包家社区 sends, open to all and without approval unless told otherwise."""
    return {
        "area": BAOJIA,
        "site_id": site_id,
        "kind": "micro_post",
        "title": "文明劝导岗",
        "needs_approval": False,
        "shifts": list(shifts) or [hours(1, 3)],
        **fields,
    }


def publish(admin: Caller, site_id: int, *shifts: dict, **fields: Any) -> dict[str, Any]:
    """A published opportunity."""
    answer = admin.post("/opportunities", opportunity_form(site_id, *shifts, **fields))
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def try_claim(person: Caller, opportunity: dict, shift: int = 0) -> TestResponse:
    """Claim one of its shifts."""
    shift_id = opportunity["shifts"][shift]["id"]
    return person.post(f"/opportunities/{opportunity['id']}/claims", {"shift_id": shift_id})


def claim(person: Caller, opportunity: dict, shift: int = 0) -> dict[str, Any]:
    """A claim that was made."""
    answer = try_claim(person, opportunity, shift)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


@dataclass
class Station:
    """A site with its staff, one admin, and what people do there."""

    world: World
    site_id: int
    admin: Caller
    staff: Caller

    def scan_site(self, person: Caller, at: datetime | None = None, **body: Any) -> TestResponse:
        """The person scans the code on show at `at`; given `at`, the scan is sent late."""
        sent = {} if at is None else {"at": at.isoformat()}
        code = site_code(self.world, self.site_id, at)
        return person.post("/scans", {"code": code} | sent | body)

    def scan_pass(
        self, person: Caller, at: datetime | None = None, *, by: Caller | None = None, **body: Any
    ) -> TestResponse:
        """Staff scan the pass that the person shows now; given `at`, that is when the person came."""
        sent = {} if at is None else {"at": at.isoformat()}
        code = member_pass(self.world, person.id)
        return (by or self.staff).post(
            "/scans/pass", {"code": code, "site_id": self.site_id} | sent | body
        )

    def claimed(self, *, begin: float = -2, end: float = 1, **fields: Any) -> Caller:
        """A new person with an approved claim of a shift here from `begin` to `end` hours from now."""
        person = self.world.person()
        claim(person, publish(self.admin, self.site_id, hours(begin, end), **fields))
        return person


def station(world: World, area_code: str = BAOJIA) -> Station:
    """A station of a community, with people to run it."""
    site_id = world.site(area_code)
    return Station(world, site_id, world.community_admin(area_code), world.station_staff(site_id))


def ok(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    """The body of a good answer."""
    assert answer.status_code == status, answer.json
    body: dict[str, Any] = answer.json
    return body


def refusal(answer: TestResponse) -> str:
    """The code of a refusal by a rule, a scope or a shape."""
    assert answer.status_code in {403, 404, 409, 422}, (answer.status_code, answer.json)
    code: str = answer.json["error"]["code"]
    return code


def make_member(world: World, person: Caller) -> Caller:
    """A person whose report-in was accepted."""

    def work() -> None:
        db.session.execute(
            update(Person).where(Person.id == person.id).values(member_kind="in_service")
        )

    with world.app.app_context():
        in_transaction(work, write=True)
    return person


def move_shift(world: World, shift_id: int, begin: float, end: float) -> None:
    """Let time pass: the shift now lies from `begin` to `end` hours from now."""

    def work() -> None:
        db.session.execute(
            update(Shift)
            .where(Shift.id == shift_id)
            .values(starts_at=now() + timedelta(hours=begin), ends_at=now() + timedelta(hours=end))
        )

    with world.app.app_context():
        in_transaction(work, write=True)


def rows(world: World, model: type, **equal: Any) -> list[Any]:
    """The rows of a table, by id, to look at what is really there."""
    statement = select(model).filter_by(**equal).order_by(*model.__mapper__.primary_key)

    def work() -> list[Any]:
        found = list(db.session.scalars(statement))
        db.session.expunge_all()  # to be looked at after the transaction
        return found

    with world.app.app_context():
        return in_transaction(work, write=False)


def places_are_right(world: World) -> bool:
    """Whether every shift's `taken` counts exactly the claims that hold a place of it."""
    holding = [claim_.shift_id for claim_ in rows(world, Claim) if claim_.holds_place]
    return all(
        shift.taken == holding.count(shift.id) <= shift.capacity for shift in rows(world, Shift)
    )


def paid(world: World) -> list[tuple[int, int]]:
    """(minutes, points) of every service record."""
    return [(record.minutes, record.points) for record in rows(world, ServiceRecord)]
