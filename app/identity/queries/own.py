"""What people are told about themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.actor import Actor
from app.core.clock import CHINA
from app.core.db import db
from app.core.permissions import GRANTS, Role
from app.identity import exports
from app.identity.models import FamilyLink, LoginSession, RoleHolding
from app.identity.queries.family import has_member
from app.identity.queries.logins import credential_of, wechat_identities
from app.identity.queries.people import person_by_id
from app.identity.queries.places import areas_by_id
from app.identity.queries.roles import held_roles, roles_of
from app.identity.terms import Me, MemberKind, MyData


def me(person_id: int) -> Me:
    """What a person is told about themselves. Raises: NotFound for a deleted account."""
    person = person_by_id(person_id)
    credential = credential_of(person_id)
    roles = roles_of(person_id)
    granted = GRANTS[Role.RESIDENT].union(*(GRANTS[held.role] for held in roles))
    return Me(
        id=person.id,
        name=person.name,
        phone=person.phone,
        home=areas_by_id([person.home_area_id]).get(person.home_area_id),
        member_kind=None if person.member_kind is None else MemberKind(person.member_kind),
        roles=tuple(roles),
        permissions=tuple(sorted(granted)),
        username=None if credential is None else credential.username,
        totp_on=credential is not None and credential.totp_sealed is not None,
        wechat_bound=bool(wechat_identities(person_id)),
        created_at=person.created_at,
    )


def my_data(actor: Actor) -> MyData:
    """Everything every room holds about the person."""
    parts = {"identity": _export_of(actor.person_id), **exports.collect(actor.person_id)}
    return MyData(actor.now, actor.person_id, parts)


def _export_of(person_id: int) -> dict[str, Any]:
    person = me(person_id)
    logins = db.session.scalars(
        select(LoginSession).where(LoginSession.person_id == person_id).order_by(LoginSession.id)
    )
    return {
        "name": person.name,
        "phone": person.phone,
        "home_area": None if person.home is None else person.home.code,
        "member_kind": person.member_kind,
        "registered_at": _iso(person.created_at),
        "username": person.username,
        "wechat_accounts": [
            {"app_id": known.app_id, "openid": known.openid, "bound_at": _iso(known.bound_at)}
            for known in wechat_identities(person_id)
        ],
        "roles": [
            {
                "role": held.role,
                "area": held.area.code,
                "unit": None if held.unit is None else held.unit.name,
                "site": None if held.site is None else held.site.name,
                "since": _iso(held.since),
                "until": _iso(held.until),
            }
            for held in held_roles(RoleHolding.person_id == person_id)
        ],
        "family": [
            {
                "state": link.state,
                "asked_by_me": link.asked_by == person_id,
                "asked_at": _iso(link.asked_at),
                "since": _iso(link.since),
                "ended_at": _iso(link.ended_at),
            }
            for link in db.session.scalars(
                select(FamilyLink).where(has_member(person_id)).order_by(FamilyLink.id)
            )
        ],
        "logins": [
            {
                "way": login.way,
                "began_at": _iso(login.created_at),
                "ended_at": _iso(login.revoked_at),
            }
            for login in logins
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(CHINA).isoformat(timespec="seconds")
