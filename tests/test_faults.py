"""The attacks of tests/faults in brief: nothing lost, nothing doubled, the books in order."""

from typing import Any

import pytest

from tests.faults import bank, crash, power, statements
from tests.faults.bed import ENGINES
from tests.support.world import World

KILLS = 20
BANK_SECONDS = 4.0
CUTS = 100

# Seconds each on a machine of their own, minutes beside everything else on a busy one.
pytestmark = pytest.mark.timeout(600)


def clean(result: dict[str, Any]) -> bool:
    """Whether nothing is wrong; what is wrong, and the seed to have it again, is shown."""
    assert (result["lost"], result["doubled"], result["violations"]) == (0, 0, 0), result
    return True


@pytest.mark.parametrize("engine", ENGINES)
def test_no_kill_loses_or_doubles_what_was_acknowledged(engine: str) -> None:
    result = crash.run(engine, kills=KILLS, seed=20)
    assert clean(result)
    assert result["kills"] == KILLS
    assert result["acknowledged"] > KILLS
    assert result["asked_again"] > 0, "every kill came when nobody was waiting for an answer"


def test_a_fault_at_every_statement_is_healed_by_asking_again(world: World) -> None:
    result = statements.run(world, disconnect_every=3)
    assert clean(result)
    assert min(result["statements"].values()) >= 8
    assert result["cases"] > sum(result["statements"].values())


@pytest.mark.parametrize("engine", ENGINES)
def test_the_total_is_the_same_whenever_eight_processes_look(engine: str) -> None:
    result = bank.run(engine, seconds=BANK_SECONDS, seed=8)
    assert clean(result)
    assert result["acknowledged"] > 0
    assert result["reads"] > 0


def test_a_power_cut_loses_nothing_acknowledged_and_would_without_full_syncs() -> None:
    result = power.run(cuts=CUTS, seed=100)
    assert clean(result)
    assert result["lost_with_normal"] > 0, "these cuts are too gentle to prove anything"
