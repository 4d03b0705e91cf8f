"""What each room holds about a person, asked of the rooms that stand higher than this one.

A higher room contributes when it is imported: its part of `GET /me/export`, and, if it has any, its objection to
deleting the account. Source of both duties: PIPL 45 and 47.
"""

from collections.abc import Callable, Mapping
from typing import Any

Part = Callable[[int], Any]
Objection = Callable[[int], None]

_parts: dict[str, Part] = {}
_objections: list[Objection] = []


def contribute(name: str, part: Part) -> None:
    """Add a room's part: `part(person_id)` answers what JSON can say, and something empty when it holds nothing.

    An account of which every part is empty may give way to another when a WeChat account is rebound.
    """
    if name in _parts:
        raise ValueError(f"two rooms contribute {name} to a person's export")
    _parts[name] = part


def object_to_deletion(objection: Objection) -> None:
    """Add a check that raises a Refusal while the person holds something open in a room."""
    _objections.append(objection)


def collect(person_id: int) -> Mapping[str, Any]:
    """Every contributed part, by name."""
    return {name: part(person_id) for name, part in _parts.items()}


def holds_nothing(person_id: int) -> bool:
    """Whether no room holds anything of this person."""
    return not any(collect(person_id).values())


def refuse_if_open(person_id: int) -> None:
    """Let every room object. Raises: the refusal of the first that does."""
    for objection in _objections:
        objection(person_id)
