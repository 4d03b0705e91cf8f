"""Verbs that change the work units."""

from collections.abc import Mapping
from typing import Any

from app.community.queries import managed_area
from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.units import rules
from app.units.errors import CreditCodeInvalid
from app.units.events import UnitAdded
from app.units.models import Unit


def add(actor: Actor, wanted: Mapping[str, Any]) -> Unit:
    """Enter a work unit that has its seat in the actor's part of the tree.

    Raises: UnknownArea, CreditCodeInvalid; by constraint UnitKnown.
    """
    area = managed_area(actor, Permission.UNIT_MANAGE, wanted["area"])
    credit_code = wanted["credit_code"].upper()
    if not rules.is_credit_code(credit_code):
        raise CreditCodeInvalid
    unit = Unit(credit_code=credit_code, name=wanted["name"], area=area, created_at=actor.now)
    db.session.add(unit)
    db.session.flush()  # the journal names the row by its id
    announce(actor, UnitAdded(subject_id=unit.id, area_id=area.id))
    return unit
