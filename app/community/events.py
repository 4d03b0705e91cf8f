"""Facts of the area tree."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AreasImported(Event):
    """A list of areas was loaded and changed the tree. Concerns no single area: `subject_id` is 0."""

    name: ClassVar[str] = "areas_imported"
    subject: ClassVar[str] = "area"
    audit_only: ClassVar[bool] = True

    rows: int
    added: int
    changed: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaAdded(Event):
    """A compound or grid was put under a community."""

    name: ClassVar[str] = "area_added"
    subject: ClassVar[str] = "area"
    audit_only: ClassVar[bool] = True

    code: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaEnded(Event):
    """An area is no longer in force; what it was is found at its successor, if it has one."""

    name: ClassVar[str] = "area_ended"
    subject: ClassVar[str] = "area"
    audit_only: ClassVar[bool] = True

    code: str
    successor_id: int | None
    ended_on: str
