"""Two people who are family, in a test world."""

import itertools
from typing import Any

from tests.support.world import Caller, World

_numbers = itertools.count(1)


def relative(world: World, **fields: Any) -> tuple[Caller, dict[str, str]]:
    """A person, and what only family would know of them: the whole name and the phone number."""
    known = {"name": "王秀英", "phone": f"138{next(_numbers):08d}"}
    return world.person(**known, **fields), known


def family(world: World, **fields: Any) -> tuple[Caller, Caller]:
    """Two people who have accepted each other as family."""
    first = world.person(**fields)
    second, known = relative(world, **fields)
    asked = first.post("/me/family", known)
    assert asked.status_code == 201, asked.json
    accepted = second.post(f"/me/family/{asked.json['id']}/accept")
    assert accepted.status_code == 200, accepted.json
    return first, second
