"""Selects on people."""

from collections.abc import Iterable

from sqlalchemy import Select, select

from app.community.queries import ids_within
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import Permission
from app.identity import rules
from app.identity.models import Person, name_index, phone_index, phone_tail_index
from app.identity.queries.places import areas_by_id, paths_of
from app.identity.terms import HelpedPerson, PlacedArea


def person_by_id(person_id: int) -> Person:
    """The person. Raises: NotFound, also for a deleted account."""
    return _person(select(Person).where(Person.id == person_id))


def lock_person(person_id: int) -> Person:
    """The person, row locked (`FOR NO KEY UPDATE`). Raises: NotFound, also for a deleted account."""
    return _person(
        select(Person).where(Person.id == person_id).with_for_update(key_share=True),
    )


def person_within(actor: Actor, permission: Permission, person_id: int) -> Person:
    """The person, if at home where the actor holds `permission`. Raises: NotFound."""
    return _person(
        select(Person).where(
            Person.id == person_id,
            Person.home_area_id.in_(ids_within(paths_of(actor, permission))),
        )
    )


def person_of_phone(phone: str) -> Person | None:
    """Who registered this number, if anybody."""
    return db.session.scalars(
        select(Person).where(Person.phone_index == phone_index(phone))
    ).one_or_none()


def has_demo_people() -> bool:
    """Whether anybody of the demo is here, who must not be outside demo mode."""
    return db.session.scalar(select(Person.id).where(Person.demo).limit(1)) is not None


def masked_names(person_ids: Iterable[int]) -> dict[int, str]:
    """Names fit for a list, by person."""
    rows = db.session.scalars(select(Person).where(Person.id.in_(set(person_ids))))
    return {person.id: masked_name(person) for person in rows}


def find_people(
    actor: Actor,
    *,
    phone_tail: str | None = None,
    name: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[HelpedPerson]:
    """People at home where the actor helps, by the last four digits of the phone, the whole name, or both."""
    statement = select(Person).where(
        Person.deleted_at.is_(None),
        Person.home_area_id.in_(ids_within(paths_of(actor, Permission.PERSON_HELP))),
    )
    if phone_tail is not None:
        statement = statement.where(Person.phone_tail_index == phone_tail_index(phone_tail))
    if name is not None:
        statement = statement.where(Person.name_index == name_index(name))
    page = paginate(statement, [Person.id], limit=limit, cursor=cursor)
    homes = areas_by_id(person.home_area_id for person in page.items)
    return Page([_helped(person, homes) for person in page.items], page.next_cursor)


def helped_person(person: Person) -> HelpedPerson:
    """As little of `person` as staff need to recognise them."""
    return _helped(person, areas_by_id([person.home_area_id]))


def _person(statement: Select[tuple[Person]]) -> Person:
    found = db.session.scalars(
        statement.where(Person.deleted_at.is_(None)).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _helped(person: Person, homes: dict[int | None, PlacedArea]) -> HelpedPerson:
    return HelpedPerson(
        id=person.id,
        name=masked_name(person),
        phone=None if person.phone is None else rules.masked_phone(person.phone),
        home=homes.get(person.home_area_id),
    )


def masked_name(person: Person) -> str:
    """The name fit for a list; of a deleted account, that it is one."""
    return rules.NAME_DELETED if person.deleted_at is not None else rules.masked_name(person.name)
