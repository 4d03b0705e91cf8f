"""Two people become family, and cease to be: asked by one and accepted by the other, ended by either."""

from sqlalchemy import insert, update

from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.identity import queries
from app.identity.errors import (
    FamilyAlreadyLinked,
    FamilyFull,
    FamilyLinkClosed,
    FamilyUnknown,
    FamilyWithSelf,
)
from app.identity.events import FamilyAsked, FamilyEnded, FamilyJoined, FamilyRegistered
from app.identity.models import FamilyLink
from app.identity.terms import FAMILY_MAX, FamilyShown, FamilyState


def ask_family(actor: Actor, *, name: str, phone: str) -> FamilyShown:
    """Ask somebody, named and numbered as only family would know, to be family.

    Raises: FamilyUnknown, FamilyWithSelf, FamilyAlreadyLinked, FamilyFull.
    """
    other = queries.person_of_phone(phone)
    if other is None or other.name != name:
        raise FamilyUnknown
    link_id = _link(actor, actor.person_id, other.id, FamilyState.ASKED, asked_by=actor.person_id)
    announce(
        actor,
        FamilyAsked(
            subject_id=link_id, area_id=None, person_id=other.id, other_person_id=actor.person_id
        ),
    )
    return queries.family_link(actor, link_id)


def register_family(
    actor: Actor, person_id: int, *, other_person_id: int, consent_note: str
) -> FamilyShown:
    """Note at the counter that two people of the actor's area are family, and how both agreed.

    Raises: NotFound, FamilyWithSelf, FamilyAlreadyLinked, FamilyFull.
    """
    person = queries.person_within(actor, Permission.PERSON_HELP, person_id)
    other = queries.person_within(actor, Permission.PERSON_HELP, other_person_id)
    link_id = _link(
        actor,
        person.id,
        other.id,
        FamilyState.ACTIVE,
        registered_by=actor.person_id,
        consent_note=consent_note,
        since=actor.now,
    )
    announce(
        actor,
        FamilyRegistered(
            subject_id=link_id,
            area_id=person.home_area_id,
            person_id=person.id,
            other_person_id=other.id,
        ),
        _joined(link_id, person.id, other.id),
        _joined(link_id, other.id, person.id),
    )
    return queries.family_of(person.id, link_id)


def accept_family(actor: Actor, link_id: int) -> FamilyShown:
    """Say yes to whoever asked. Raises: NotFound, FamilyLinkClosed, also for what oneself asked."""
    link = queries.own_family_link(actor, link_id)
    accepted = db.session.execute(
        update(FamilyLink)
        .where(
            FamilyLink.id == link_id,
            FamilyLink.state == FamilyState.ASKED,
            FamilyLink.asked_by != actor.person_id,
        )
        .values(state=FamilyState.ACTIVE, since=actor.now)
        .returning(FamilyLink.id)
    ).first()
    if accepted is None:
        raise FamilyLinkClosed
    announce(actor, _joined(link_id, link.other_than(actor.person_id), actor.person_id))
    return queries.family_link(actor, link_id)


def end_family(actor: Actor, link_id: int) -> None:
    """End a link: decline it, withdraw it, or be family no more. Raises: NotFound, FamilyLinkClosed."""
    link = queries.own_family_link(actor, link_id)
    was_active = link.state == FamilyState.ACTIVE
    ended = db.session.execute(
        update(FamilyLink)
        .where(FamilyLink.id == link_id, FamilyLink.state != FamilyState.ENDED)
        .values(state=FamilyState.ENDED, ended_at=actor.now)
        .returning(FamilyLink.id)
    ).first()
    if ended is None:
        raise FamilyLinkClosed
    if was_active:
        other_id = link.other_than(actor.person_id)
        announce(
            actor,
            FamilyEnded(
                subject_id=link_id,
                area_id=None,
                person_id=other_id,
                other_person_id=actor.person_id,
            ),
        )


def _link(actor: Actor, person_id: int, other_id: int, state: FamilyState, **values: object) -> int:
    if person_id == other_id:
        raise FamilyWithSelf
    first_id, second_id = sorted((person_id, other_id))
    # Both rows, by ascending id: how many links each has is counted under their locks.
    for each in (first_id, second_id):
        queries.lock_person(each)
    links = {each: queries.open_family_of(each) for each in (first_id, second_id)}
    if any(link.other_than(first_id) == second_id for link in links[first_id]):
        raise FamilyAlreadyLinked
    if any(len(open_links) >= FAMILY_MAX for open_links in links.values()):
        raise FamilyFull(family_max=FAMILY_MAX)
    link_id: int = db.session.scalars(
        insert(FamilyLink).returning(FamilyLink.id),
        {
            "first_id": first_id,
            "second_id": second_id,
            "state": state,
            "asked_at": actor.now,
            **values,
        },
    ).one()
    return link_id


def _joined(link_id: int, person_id: int, other_id: int) -> FamilyJoined:
    return FamilyJoined(
        subject_id=link_id, area_id=None, person_id=person_id, other_person_id=other_id
    )
