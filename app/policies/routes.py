"""Policies over HTTP."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.policies import actions, queries
from app.policies.models import PolicyRow
from app.policies.schemas import (
    NewPolicySchema,
    PolicyHistoryQuery,
    PolicyRowSchema,
    PolicySheetQuery,
    PolicySheetSchema,
)
from app.web import Room, page_of

room = Room("policies", "规则")


@room.get(
    "/policies", needs=Permission.POLICY_READ, query=PolicySheetQuery, gives=PolicySheetSchema
)
def show(actor: Actor, query: dict[str, Any]) -> queries.PolicySheet:
    """Every rule in force at an area on a day, and which row applied."""
    return queries.policy_sheet(actor, **query)


@room.get(
    "/policies/history",
    needs=Permission.POLICY_READ,
    query=PolicyHistoryQuery,
    gives=page_of(PolicyRowSchema),
)
def history(actor: Actor, query: dict[str, Any]) -> Page[PolicyRow]:  # noqa: ARG001 - the same for all
    """All rows ever entered for an area or one above it, the last entered first."""
    return queries.history(**query)


@room.post(
    "/policies",
    needs=Permission.POLICY_SET,
    takes=NewPolicySchema,
    gives=PolicyRowSchema,
    status=201,
)
def set_policy(actor: Actor, body: dict[str, Any]) -> PolicyRow:
    """Set a rule for an area from a day on; what was in force before stays explainable."""
    return actions.set_policy(actor, body)
