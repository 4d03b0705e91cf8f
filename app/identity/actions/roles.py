"""Giving and ending roles, and making the accounts of those who log in with a password."""

from collections.abc import Iterable

from sqlalchemy import update

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.journal import announce
from app.core.permissions import ROLE_NAMES_ZH, Permission, Role
from app.identity import passwords, queries, rules
from app.identity.errors import (
    PhoneInvalid,
    PhoneTaken,
    RoleAlreadyEnded,
    RoleNotForYourself,
    RoleNotYoursToGive,
    RolePlaceWrong,
    UsernameInvalid,
    UsernameTaken,
)
from app.identity.events import RoleEnded, RoleGiven, StaffCreated
from app.identity.models import Person, RoleHolding, StaffCredential
from app.identity.terms import HeldRole


def give_role(
    actor: Actor,
    *,
    person_id: int,
    role: Role,
    area_code: str | None = None,
    unit_id: int | None = None,
    site_id: int | None = None,
) -> HeldRole:
    """Give a person a role at a place within the actor's areas, if it is the actor's to give.

    Raises: NotFound, UnknownArea, RoleNotForYourself, RoleNotYoursToGive, RolePlaceWrong; by constraint
    RoleAlreadyHeld.
    """
    area_path = queries.place(area_code=area_code, unit_id=unit_id, site_id=site_id).area_path
    if not area_path.startswith(actor.area_paths(Permission.ROLE_ASSIGN)):
        raise NotFound
    if person_id == actor.person_id:
        raise RoleNotForYourself
    _refuse_unless_ours(actor, role, area_path)
    return appoint(
        actor,
        person_id=person_id,
        role=role,
        area_code=area_code,
        unit_id=unit_id,
        site_id=site_id,
    )


def end_role(actor: Actor, role_id: int) -> HeldRole:
    """End a role at a place within the actor's areas, if it would be the actor's to give.

    Raises: NotFound, RoleNotYoursToGive, RoleAlreadyEnded.
    """
    held = queries.role_within(actor, Permission.ROLE_ASSIGN, role_id)
    _refuse_unless_ours(actor, held.role, held.area.path)
    if not end(actor, held):
        raise RoleAlreadyEnded
    return queries.held_role(role_id)


def appoint(
    actor: Actor,
    *,
    person_id: int,
    role: Role,
    area_code: str | None = None,
    unit_id: int | None = None,
    site_id: int | None = None,
) -> HeldRole:
    """Give a role without asking whose it is to give: for commands, where the operator answers for it.

    Raises: NotFound, UnknownArea, RolePlaceWrong; by constraint RoleAlreadyHeld.
    """
    place = queries.place(area_code=area_code, unit_id=unit_id, site_id=site_id)
    if not rules.fits_place(role, place.held_at, place.level):
        raise RolePlaceWrong(role_name=ROLE_NAMES_ZH[role])
    person = queries.person_by_id(person_id)
    holding = RoleHolding(
        person_id=person.id,
        role=role,
        area_id=None if unit_id or site_id else place.area_id,
        unit_id=unit_id,
        site_id=site_id,
        since=actor.now,
        given_by=actor.person_id or None,
    )
    db.session.add(holding)
    db.session.flush()  # the journal names the role by its id
    announce(
        actor,
        RoleGiven(
            subject_id=holding.id,
            area_id=place.area_id,
            person_id=person.id,
            role=role,
            unit_id=unit_id,
            site_id=site_id,
        ),
    )
    return queries.held_role(holding.id)


def end(actor: Actor, held: HeldRole) -> bool:
    """End a role that was looked up; False when it had ended already."""
    ended = db.session.scalar(
        update(RoleHolding)
        .where(RoleHolding.id == held.id, RoleHolding.until.is_(None))
        .values(until=actor.now)
        .returning(RoleHolding.id)
    )
    if ended is None:
        return False
    announce(
        actor,
        RoleEnded(
            subject_id=held.id,
            area_id=held.area.id,
            person_id=held.person_id,
            role=held.role,
            unit_id=None if held.unit is None else held.unit.id,
            site_id=None if held.site is None else held.site.id,
        ),
    )
    return True


def may_give_all(actor: Actor, held: Iterable[HeldRole]) -> bool:
    """Whether each of these roles would be the actor's to give."""
    return all(_is_ours(actor, one.role, one.area.path) for one in held)


def create_staff(
    actor: Actor,
    *,
    username: str,
    password: str,
    name: str,
    role: Role,
    phone: str | None = None,
    area_code: str | None = None,
    unit_id: int | None = None,
    site_id: int | None = None,
    demo: bool = False,
) -> Person:
    """Make a person who logs in with a password and holds a role: for commands.

    Raises: UsernameInvalid, UsernameTaken, PasswordWeak, PhoneInvalid, PhoneTaken, and what `appoint` raises.
    """
    if not rules.is_username(username):
        raise UsernameInvalid
    if queries.password_under(username) is not None:
        raise UsernameTaken
    if phone is not None and not rules.is_phone(phone):
        raise PhoneInvalid
    if phone is not None and queries.person_of_phone(phone) is not None:
        raise PhoneTaken
    password_hash = passwords.hashed(password, username)
    person = Person(created_at=actor.now, demo=demo)
    person.name, person.phone = name, phone
    db.session.add(person)
    db.session.flush()  # credential, role and journal name the person by id
    db.session.add(
        StaffCredential(person_id=person.id, username=username, password_hash=password_hash)
    )
    held = appoint(
        actor,
        person_id=person.id,
        role=role,
        area_code=area_code,
        unit_id=unit_id,
        site_id=site_id,
    )
    announce(actor, StaffCreated(subject_id=person.id, area_id=held.area.id, person_id=person.id))
    return person


def _refuse_unless_ours(actor: Actor, role: Role, area_path: str) -> None:
    if not _is_ours(actor, role, area_path):
        raise RoleNotYoursToGive(role_name=ROLE_NAMES_ZH[role])


def _is_ours(actor: Actor, role: Role, area_path: str) -> bool:
    held = [(own.role, own.area_path) for own in actor.roles if own.area_path is not None]
    return rules.may_give(role, area_path, held)
