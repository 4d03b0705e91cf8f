"""The one verb about policies: set a value from a day on."""

from collections.abc import Mapping
from typing import Any

from app.community.queries import managed_area
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.policies import queries, rules
from app.policies.errors import PolicyBackdated, PolicyContradiction, PolicyValueInvalid
from app.policies.events import PolicySet
from app.policies.models import PolicyRow
from app.policies.terms import CODE_LIFE_SECONDS_MAX, KEYS


def set_policy(actor: Actor, wanted: Mapping[str, Any]) -> PolicyRow:
    """Enter a value of one key for an area of the actor's from today or a later day on.

    Areas below that have a row of their own keep it. The area is locked, so that two contradicting rows cannot
    pass each other. Raises: UnknownArea, PolicyValueInvalid, PolicyBackdated, PolicyContradiction.
    """
    area = managed_area(actor, Permission.POLICY_SET, wanted["area"])
    key = KEYS[wanted["key"]]
    if not key.check(wanted["value"]):
        raise PolicyValueInvalid(title=key.title_zh, expected=key.expected_zh)
    if wanted["effective_from"] < china_date(actor.now):
        raise PolicyBackdated
    row = PolicyRow(
        area=area,
        key=key.name,
        value=rules.text_of(wanted["value"]),
        effective_from=wanted["effective_from"],
        set_by=actor.person_id or None,
        set_at=actor.now,
        reason=wanted["reason"],
    )
    db.session.add(row)
    db.session.flush()  # the row takes part in what is judged next
    for then in queries.rules_from(area.path, row.effective_from):
        if rules.code_lives_too_long(then):
            raise PolicyContradiction(
                code_life_seconds=rules.code_life_seconds(then),
                code_life_seconds_max=CODE_LIFE_SECONDS_MAX,
            )
    announce(
        actor,
        PolicySet(
            subject_id=row.id,
            area_id=area.id,
            key=row.key,
            value=row.value,
            effective_from=row.effective_from.isoformat(),
        ),
    )
    return row
