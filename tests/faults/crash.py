"""Kill -9 under load: the web processes, PostgreSQL's backends, the whole server. Then the same questions again."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.faults.bed import Database, Nursery, prepared
from tests.faults.device import Device, run_all
from tests.faults.history import judge
from tests.faults.town import Town

DEVICES = 6
KILL_AFTER_SECONDS = (0.005, 0.3)
SETTLE_SECONDS_MAX = 120
RECOVERED_SECONDS_MAX = 5


class _Front:
    """The web processes: one or two at work, one being started to follow them."""

    def __init__(self, database: Database) -> None:
        self._nursery = Nursery(database)
        self.at_work = [self._nursery.start()]
        self.at_work[0].wait_until_ready()
        self._next = self._nursery.start()

    def ports(self) -> list[int]:
        return [web.port for web in self.at_work]

    def overlap(self) -> None:
        """From now on two processes write to one database, and only one of them will be killed."""
        self._next.wait_until_ready()
        self.at_work = [*self.at_work, self._next]

    def kill(self) -> None:
        """Kill the older process; another takes over, which may have been at work already."""
        self.at_work[0].kill()
        self._next.wait_until_ready()
        self.at_work = [self._next]
        self._next = self._nursery.start()

    def close(self) -> None:
        for web in {*self.at_work, self._next}:
            web.kill()
        self._nursery.close()


def run(
    engine: str, *, kills: int, seed: int, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """`kills` kills at random moments; every answer ever given compared with the books afterwards."""
    started = time.monotonic()
    chance = random.Random(seed)
    with prepared(engine) as (database, app):
        town = Town(app, devices=DEVICES, visitors=min(4 * kills, 5_000))
        front = _Front(database)
        over = threading.Event()
        devices = [
            Device(f"device{number}", front.ports, random.Random(f"{seed}-{number}"))
            for number in range(DEVICES)
        ]
        threads, trouble = run_all(
            [
                partial(town.day, device, number, over.is_set)
                for number, device in enumerate(devices)
            ]
        )
        attacked_at = time.monotonic()
        done: Counter[str] = Counter()
        try:
            while sum(done.values()) < kills and not trouble:
                _wait_for_work(devices)
                done[_strike(database, front, chance)] += 1
                count = sum(done.values())
                if count % 50 == 0:
                    acknowledged = sum(len(device.history) for device in devices)
                    rate = count / (time.monotonic() - attacked_at)
                    progress(f"{count} kills, {acknowledged} answers, {rate:.2f} kills/s")
            over.set()
            for thread in threads:
                thread.join(SETTLE_SECONDS_MAX)
                if thread.is_alive():
                    trouble.append(TimeoutError("a device still waits for its answer"))
        finally:
            over.set()
            front.close()
            for device in devices:
                device.hang_up()
        history = [one for device in devices for one in device.history if one.status]
        verdict = judge(app, history, town.everybody())
        verdict.violations.extend(map(repr, trouble))
        undecided = Counter(status for one in history for status in one.seen)
        if undecided[500]:
            verdict.violations.append(f"{undecided[500]} answers were an error of ours")
        return {
            "engine": engine,
            "seed": seed,
            "kills": sum(done.values()),
            **{f"kills_{name}": count for name, count in sorted(done.items())},
            "acknowledged": sum(one.done for one in history),
            "refused": sum(not one.done for one in history),
            "asked_again": sum(one.tries > 1 for one in history),
            "undecided": {str(status): count for status, count in sorted(undecided.items())},
            "lost": len(verdict.lost),
            "doubled": len(verdict.doubled),
            "violations": len(verdict.violations),
            "named": [*verdict.lost, *verdict.doubled, *verdict.violations][:20],
            "seconds": round(time.monotonic() - started, 1),
        }


def _wait_for_work(devices: list[Device]) -> None:
    """Returns when the town is on its feet again, so that every kill meets work; not for ever, it may be stuck."""
    answered = sum(len(device.history) for device in devices)
    give_up_at = time.monotonic() + RECOVERED_SECONDS_MAX
    while time.monotonic() < give_up_at:
        if sum(len(device.history) for device in devices) >= answered + DEVICES:
            return
        time.sleep(0.002)


def _strike(database: Database, front: _Front, chance: random.Random) -> str:
    """One kill after a random moment of work. Returns what was killed."""
    while True:
        target = chance.choice((*["web"] * 4, *database.attacks()))
        if target == "web" and chance.random() < 0.5:
            front.overlap()
        time.sleep(chance.uniform(*KILL_AFTER_SECONDS))
        if target == "web":
            front.kill()
            return target
        if database.attack(target, chance):
            return target
