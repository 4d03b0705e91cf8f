"""Whoever changes a cell of the books behind our back is found, whichever cell it is."""

import pytest

from tests.support.tampering import TABLES, busy_books, tamper
from tests.support.world import World


@pytest.mark.timeout(300)
def test_every_one_of_a_hundred_random_edits_is_found(world: World) -> None:
    busy_books(world)
    outcome = tamper(world.app, edits=100, seed=20261120)
    assert outcome.missed == []
    assert (outcome.edits, outcome.found) == (100, 100)
    # The rest are edits of a key: the row is then missing under one name and a stranger under another.
    assert outcome.named >= 95
    assert len(outcome.by_table) > len(TABLES) / 2
