"""Facts of the policies."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet(Event):
    """A policy row was added for an area."""

    name: ClassVar[str] = "policy_set"
    subject: ClassVar[str] = "policy"
    audit_only: ClassVar[bool] = True

    key: str
    value: str
    effective_from: str
