"""Points given by hand: by one person up to the community's limit, by two above it or out of the fund."""

from sqlalchemy import insert, update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.identity import queries as people
from app.points import queries
from app.points.actions import budgets
from app.points.actions.donations import give_from_fund
from app.points.actions.issuing import issue, place_for
from app.points.errors import BudgetExhausted, GrantDecided
from app.points.events import GrantAsked, GrantDeclined, GrantWithdrawn, PointsGranted
from app.points.models import GRANT_REVIEW, POINTS_GRANT
from app.points.rules import check_decider, check_recipient, expiry_month, takes_two, year_of
from app.points.terms import GrantShown, GrantState, TransferKind
from app.policies.queries import rules_at
from app.policies.terms import POINTS_EXPIRY_KIND, POINTS_GRANT_MAX, POINTS_MONTHS_TO_EXPIRY


def grant(
    actor: Actor, *, person_id: int, points: int, reason: str, from_fund: bool = False
) -> GrantShown:
    """Give points by hand to somebody who lives where the actor grants. The daily cap does not count.

    Above the policy's limit, and always out of the community's fund, it waits for a second person.
    Raises: NotFound, GrantToSelf, BudgetExhausted.
    """
    person = people.person_within(actor, Permission.POINTS_GRANT, person_id)
    check_recipient(actor.person_id, person_id)
    home_id = person.home_area_id
    assert home_id is not None  # noqa: S101 - tells the type checker: whoever is within an area has a home
    area = communities.community_of(communities.area_by_id(home_id))
    points_max = rules_at(area.path, actor.now)[POINTS_GRANT_MAX]
    grant_id = db.session.scalars(
        insert(POINTS_GRANT).returning(POINTS_GRANT.c.id),
        {
            "person_id": person_id,
            "area_id": area.id,
            "points": points,
            "reason": reason,
            "granted_by": actor.person_id,
            "granted_at": actor.now,
        },
    ).one()
    if takes_two(points, points_max, from_fund=from_fund):
        db.session.execute(
            insert(GRANT_REVIEW),
            {
                "grant_id": grant_id,
                "area_id": area.id,
                "person_id": person_id,
                "asked_by": actor.person_id,
                "from_fund": from_fund,
                "state": GrantState.PENDING,
            },
        )
        announce(
            actor,
            GrantAsked(subject_id=grant_id, area_id=area.id, person_id=person_id, points=points),
        )
    else:
        _issue_grant(
            actor, grant_id, person_id=person_id, points=points, area_id=area.id, path=area.path
        )
    return queries.grant_shown(grant_id)


def approve_grant(actor: Actor, grant_id: int) -> GrantShown:
    """Be the second person: the points move now.

    Raises: NotFound, GrantNeedsAnotherPerson, GrantToSelf, GrantDecided, BudgetExhausted, FundInsufficient.
    """
    asked = queries.grant_within(actor, grant_id)
    check_decider(actor.person_id, asked_by=asked.asked_by, person_id=asked.person_id)
    _decide(actor, grant_id, GrantState.GRANTED)
    if asked.from_fund:
        transfer_id, month = give_from_fund(
            actor,
            area_id=asked.area_id,
            to_person_id=asked.person_id,
            points=asked.points,
            grant_id=grant_id,
        )
        announce(
            actor,
            PointsGranted(
                subject_id=transfer_id,
                area_id=asked.area_id,
                person_id=asked.person_id,
                points=asked.points,
                grant_id=grant_id,
                expires_month=month,
            ),
        )
    else:
        area = communities.area_by_id(asked.area_id)
        _issue_grant(
            actor,
            grant_id,
            person_id=asked.person_id,
            points=asked.points,
            area_id=area.id,
            path=area.path,
        )
    return queries.grant_shown(grant_id)


def decline_grant(actor: Actor, grant_id: int, *, reason: str) -> GrantShown:
    """Be the second person and say no, with the reason.

    Raises: NotFound, GrantNeedsAnotherPerson, GrantToSelf, GrantDecided.
    """
    asked = queries.grant_within(actor, grant_id)
    check_decider(actor.person_id, asked_by=asked.asked_by, person_id=asked.person_id)
    _decide(actor, grant_id, GrantState.DECLINED, reason)
    announce(
        actor,
        GrantDeclined(subject_id=grant_id, area_id=asked.area_id, person_id=asked.person_id),
    )
    return queries.grant_shown(grant_id)


def withdraw_grant(actor: Actor, grant_id: int) -> GrantShown:
    """Take back what one asked for oneself. Raises: NotFound, also for what another asked; GrantDecided."""
    asked = queries.grant_within(actor, grant_id, asked_by=actor.person_id)
    _decide(actor, grant_id, GrantState.WITHDRAWN)
    announce(
        actor,
        GrantWithdrawn(subject_id=grant_id, area_id=asked.area_id, person_id=asked.person_id),
    )
    return queries.grant_shown(grant_id)


def _decide(actor: Actor, grant_id: int, after: GrantState, reason: str | None = None) -> None:
    decided = db.session.execute(
        update(GRANT_REVIEW)
        .where(GRANT_REVIEW.c.grant_id == grant_id, GRANT_REVIEW.c.state == GrantState.PENDING)
        .values(state=after, decided_by=actor.person_id, decided_at=actor.now, reason=reason)
        .returning(GRANT_REVIEW.c.grant_id)
    ).first()
    if decided is None:
        raise GrantDecided


def _issue_grant(
    actor: Actor, grant_id: int, *, person_id: int, points: int, area_id: int, path: str
) -> None:
    day = china_date(actor.now)
    rules = rules_at(path, actor.now)
    month = expiry_month(day, rules[POINTS_MONTHS_TO_EXPIRY], rules[POINTS_EXPIRY_KIND])
    place = place_for(actor, person_id, month=month, area_id=area_id, area_path=path, day=day)
    if place.budget_area_id is not None and not budgets.draw(
        place.budget_area_id, year_of(actor.now), points, grant_id
    ):
        raise BudgetExhausted
    transfer_id = issue(
        actor,
        place,
        area_id=area_id,
        month=month,
        amount=points,
        kind=TransferKind.GRANT,
        cause_id=grant_id,
        at=actor.now,
    )
    announce(
        actor,
        PointsGranted(
            subject_id=transfer_id,
            area_id=area_id,
            person_id=person_id,
            points=points,
            grant_id=grant_id,
            expires_month=month,
        ),
    )
