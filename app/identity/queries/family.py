"""Selects on who has accepted whom as family."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.identity.models import FamilyLink
from app.identity.queries.people import masked_names
from app.identity.terms import FamilyShown, FamilyState


def are_family(person_id: int, other_id: int) -> bool:
    """Whether the two have accepted each other as family, and both accounts are there."""
    first_id, second_id = sorted((person_id, other_id))
    found = db.session.scalar(
        select(FamilyLink.id).where(
            FamilyLink.first_id == first_id,
            FamilyLink.second_id == second_id,
            FamilyLink.state == FamilyState.ACTIVE,
        )
    )
    return found is not None


def open_family_of(person_id: int) -> Sequence[FamilyLink]:
    """The links of a person that are not ended, oldest first."""
    return db.session.scalars(
        select(FamilyLink)
        .where(has_member(person_id), FamilyLink.state != FamilyState.ENDED)
        .order_by(FamilyLink.id)
        .execution_options(populate_existing=True)
    ).all()


def own_family_link(actor: Actor, link_id: int) -> FamilyLink:
    """A link of the actor's, ended or not. Raises: NotFound."""
    found = db.session.scalars(
        select(FamilyLink)
        .where(FamilyLink.id == link_id, has_member(actor.person_id))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def family_link(actor: Actor, link_id: int) -> FamilyShown:
    """A link as the actor sees it. Raises: NotFound."""
    return _families_shown(actor.person_id, [own_family_link(actor, link_id)])[0]


def family_of(person_id: int, link_id: int) -> FamilyShown:
    """A link that is known to be there, as this one of the two sees it."""
    return _families_shown(person_id, [db.session.get_one(FamilyLink, link_id)])[0]


def list_family(
    actor: Actor, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[FamilyShown]:
    """The actor's family and whoever waits for an answer, the latest first. Raises: CursorInvalid."""
    statement = select(FamilyLink).where(
        has_member(actor.person_id), FamilyLink.state != FamilyState.ENDED
    )
    page = paginate(statement, [FamilyLink.id], limit=limit, cursor=cursor)
    return Page(_families_shown(actor.person_id, page.items), page.next_cursor)


def has_member(person_id: int) -> ColumnElement[bool]:
    """Whether a link is one of this person's."""
    return or_(FamilyLink.first_id == person_id, FamilyLink.second_id == person_id)


def _families_shown(person_id: int, links: Sequence[FamilyLink]) -> list[FamilyShown]:
    names = masked_names(link.other_than(person_id) for link in links)
    return [
        FamilyShown(
            id=link.id,
            person_id=link.other_than(person_id),
            name=names[link.other_than(person_id)],
            state=FamilyState(link.state),
            asked_by_me=link.asked_by == person_id,
            asked_at=link.asked_at,
            since=link.since,
        )
        for link in links
    ]
