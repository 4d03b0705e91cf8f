"""A small world to test in: people with roles, sites, and HTTP as any of them."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.community.models import Area
from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.permissions import ROLE_HELD_AT, HeldAt, Role
from app.core.sealing import blind_index
from app.identity.models import LoginSession, Person, RoleHolding
from app.identity.tokens import access_token
from app.sites.models import Site
from app.sites.terms import SiteKind
from app.units.models import Unit

BAOJIA = "330205001015"
HUXI = "330205001016"
WAITAN_STREET = "330205001000"
NINGBO = "330200000000"
YILI = "350902500009"


@dataclass
class Caller:
    """Somebody with a token (or without), and an HTTP client."""

    app: Flask
    id: int
    token: str | None

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self._call("GET", path, **kwargs)

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, **kwargs: Any
    ) -> TestResponse:
        return self._call("POST", path, body, key=key, **kwargs)

    def put(
        self, path: str, body: Any = None, *, key: str | None = None, **kwargs: Any
    ) -> TestResponse:
        return self._call("PUT", path, body, key=key, **kwargs)

    def delete(self, path: str, *, key: str | None = None, **kwargs: Any) -> TestResponse:
        return self._call("DELETE", path, key=key, **kwargs)

    def _call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **kwargs: Any
    ) -> TestResponse:
        headers = dict(kwargs.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            kwargs["json"] = body
        return self.app.test_client().open(
            f"/api/v1{path}", method=method, headers=headers, **kwargs
        )


class World:
    """Factories with keyword overrides. Everything is committed, as the product would."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._numbers = itertools.count(1)
        self.anonymous = Caller(app, 0, None)

    def area_id(self, code: str) -> int:
        """The id of the area in force with this code."""
        with self.app.app_context():
            return in_transaction(
                lambda: db.session.scalars(
                    select(Area.id).where(Area.code == code, Area.valid_to.is_(None))
                ).one(),
                write=False,
            )

    def person(
        self,
        *,
        name: str | None = None,
        phone: str | None = None,
        home: str | None = BAOJIA,
        roles: Iterable[tuple[Role, Any]] = (),
    ) -> Caller:
        """A logged-in person. `roles` pairs a role with an area code, a unit id or a site id."""
        number = next(self._numbers)
        phone = phone or f"139{number:08d}"
        home_id = None if home is None else self.area_id(home)
        placed = [(role, self._place(role, place)) for role, place in roles]

        def make() -> tuple[int, str]:
            at = now()
            person = Person(
                home_area_id=home_id,
                created_at=at,
                phone_index=blind_index(phone, "person.phone"),
                phone_tail_index=blind_index(phone[-4:], "person.phone_tail"),
            )
            person.name = name or f"测试{number}"
            person.name_index = blind_index(person.name, "person.name")
            person.phone = phone
            db.session.add(person)
            db.session.flush()
            session = LoginSession(person_id=person.id, created_at=at)
            db.session.add(session)
            db.session.add_all(
                RoleHolding(person_id=person.id, role=role, since=at, **place)
                for role, place in placed
            )
            db.session.flush()
            return person.id, access_token(person.id, session.id, at)

        with self.app.app_context():
            person_id, token = in_transaction(make, write=True)
        return Caller(self.app, person_id, token)

    def community_admin(self, area_code: str = BAOJIA) -> Caller:
        """An admin of one community."""
        return self.person(roles=[(Role.COMMUNITY_ADMIN, area_code)])

    def area_admin(self, area_code: str = WAITAN_STREET) -> Caller:
        """An admin of a street, district or city."""
        return self.person(roles=[(Role.AREA_ADMIN, area_code)])

    def station_staff(self, site_id: int) -> Caller:
        """Staff of one station."""
        return self.person(roles=[(Role.STATION_STAFF, site_id)])

    def partner_staff(self, site_id: int) -> Caller:
        """Staff of one partner shop."""
        return self.person(roles=[(Role.PARTNER_STAFF, site_id)])

    def site(
        self,
        area_code: str = BAOJIA,
        *,
        name: str = "包家社区党群服务中心",
        kind: SiteKind = SiteKind.STATION,
    ) -> int:
        """A station, or a partner shop."""
        area_id = self.area_id(area_code)

        def make() -> int:
            site = Site(
                area_id=area_id, kind=kind, name=name, address="包家路 1 号", created_at=now()
            )
            db.session.add(site)
            db.session.flush()
            return site.id

        with self.app.app_context():
            return in_transaction(make, write=True)

    def unit(self, *, name: str = "宁波市江北区教育局", area_code: str = NINGBO) -> int:
        """A work unit."""
        area_id = self.area_id(area_code)
        number = next(self._numbers)

        def make() -> int:
            unit = Unit(
                credit_code=f"1133020500{number:08d}", name=name, area_id=area_id, created_at=now()
            )
            db.session.add(unit)
            db.session.flush()
            return unit.id

        with self.app.app_context():
            return in_transaction(make, write=True)

    def deliver_journal(self) -> int:
        """Let all waiting reactions run now, as the scheduler would."""
        from app.core.actor import system  # noqa: PLC0415 - only here
        from app.core.journal import deliver  # noqa: PLC0415

        with self.app.app_context():
            return deliver(lambda: system(now()))

    def _place(self, role: Role, place: Any) -> dict[str, int]:
        match ROLE_HELD_AT[role]:
            case HeldAt.AREA:
                return {"area_id": self.area_id(place)}
            case HeldAt.UNIT:
                return {"unit_id": place}
            case _:
                return {"site_id": place}
