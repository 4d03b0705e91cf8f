"""Facts of the work units."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAdded(Event):
    """A work unit was entered."""

    name: ClassVar[str] = "unit_added"
    subject: ClassVar[str] = "unit"
    audit_only: ClassVar[bool] = True
