"""What a transfer hangs on, asked of the rooms that stand higher than this one.

A room whose work moves points contributes when it is imported: how one of its causes is shown to the owner of the
points, what several are called on a statement, and, if it has classes, into which one each falls.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select

from app.points.terms import CauseKind


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know about a cause: a name for programs, a title and a text for people."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that a cause rests on, by what it is and its id."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class CauseShown:
    """A cause as the owner of the points may see it."""

    title: str
    facts: Sequence[Fact]
    refs: Sequence[Ref] = ()


@dataclass(frozen=True, slots=True)
class Classes:
    """Into which class each cause falls: a select of (cause_id, class_name), and what the classes are called."""

    statement: Select[tuple[int, str]]
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A room's answers about one kind of cause. They are asked only about causes that moved the asker's points."""

    show: Callable[[int], CauseShown]
    titles: Callable[[Sequence[int]], Mapping[int, str]]
    classes: Classes | None = None


_sources: dict[CauseKind, Source] = {}


def contribute(kind: CauseKind, source: Source) -> None:
    """Add a room's answers about its kind of cause."""
    if kind in _sources:
        raise ValueError(f"two rooms contribute {kind}")
    _sources[kind] = source


def source_of(kind: CauseKind) -> Source | None:
    """Who answers for this kind of cause; None where this room knows all there is to know."""
    return _sources.get(kind)


def classified() -> Sequence[tuple[CauseKind, Classes]]:
    """The kinds of cause that fall into classes."""
    return [(kind, source.classes) for kind, source in _sources.items() if source.classes]
