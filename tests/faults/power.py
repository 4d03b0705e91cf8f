"""Power loss on SQLite: what was not synced is gone, kept or torn, at random; what was acknowledged must be there.

The product answers real requests while its statements are noted. They are sent once more to a SQLite whose disk is
ours, a VFS that notes every write and sync. Then the power is cut at a random moment, again and again: the disk keeps
what was synced and of the rest what chance leaves, the file is opened by the product's own driver, and its books are
read. With `synchronous=NORMAL` the very same cuts lose acknowledged work, which shows that they are cuts in earnest.
"""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
from flask import Flask
from sqlalchemy import Connection, event

from app.config import load_settings
from app.core.db import _set_up_sqlite, db, sqlite_driver
from app.factory import create_app
from tests.faults.bed import environment, prepared
from tests.support import redemption_world
from tests.support.books import breaches
from tests.support.world import World

ROUNDS = 12
SECTOR_BYTES = 512
VFS_NAME = "linli-power"

# Every transaction changes at least one of these, so their sizes say how many transactions are on the disk.
_SIGNATURE = (
    "SELECT (SELECT COUNT(*) FROM idempotency), (SELECT COUNT(*) FROM journal),"
    " (SELECT COUNT(*) FROM transfer), (SELECT COUNT(*) FROM redemption),"
    " (SELECT SUM(posted) FROM balance), (SELECT SUM(held) FROM balance)"
)

Statement = tuple[str, Any, bool]
Files = dict[str, bytearray]


def run(
    *, cuts: int, seed: int, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Cut the power `cuts` times under FULL, and as often under NORMAL for comparison."""
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="linli-power-") as name,
        prepared("sqlite") as (_, app),
    ):
        directory = Path(name)
        before = directory / "before.db"
        transactions = list(_noted(app, before))
        progress(f"{len(transactions)} transactions noted")
        full = _Disk(before, directory, transactions, "FULL")
        normal = _Disk(before, directory, transactions, "NORMAL")
        lost = [full.lost_by_cut(chance) for _ in range(cuts)]
        progress(f"FULL: {sum(lost)} lost in {cuts} cuts")
        lost_by_normal = [normal.lost_by_cut(chance) for _ in range(cuts)]
        progress(f"NORMAL: {sum(lost_by_normal)} lost in {cuts} cuts")
        return {
            "engine": "sqlite",
            "seed": seed,
            "cuts": cuts,
            "transactions": len(transactions),
            "acknowledged": full.acknowledged_at_cuts,
            "lost": sum(lost),
            "doubled": full.doubled,
            "violations": len(full.violations) + len(normal.violations),
            "named": [*full.violations, *normal.violations][:20],
            "lost_with_normal": sum(lost_by_normal),
            "cuts_that_lost_with_normal": sum(count > 0 for count in lost_by_normal),
        }


def _noted(app: Flask, before: Path) -> Iterator[list[Statement]]:
    """The committed transactions of an hour at the counter; `before` becomes the database before it."""
    world = World(app)
    site_id = world.site()
    admin, staff = world.community_admin(), world.station_staff(site_id)
    people = [world.person() for _ in range(4)]
    reward_id = redemption_world.reward(world, site_id, admin=admin, quantity=500)
    with app.app_context():
        engine = db.engine
        engine.dispose()  # the last one out writes the WAL back
    shutil.copyfile(str(engine.url.database), before)

    committed: list[list[Statement]] = []
    open_one: list[Statement] = []

    def note(connection: Connection, _: Any, sql: str, values: Any, __: Any, many: bool) -> None:
        if connection.get_execution_options().get("write") and not sql.startswith("PRAGMA"):
            open_one.append((sql, values, many))

    def commit(_: Connection) -> None:
        committed.append(list(open_one))
        open_one.clear()

    def rollback(_: Connection) -> None:
        open_one.clear()

    listeners = {"before_cursor_execute": note, "commit": commit, "rollback": rollback}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    for number in range(ROUNDS):
        for person in people:
            key = f"{person.id}-{number}"
            body = {"person_id": person.id, "points": 25, "reason": "纸质积分卡结余"}
            granted = admin.post("/points/grants", body, key=key)
            assert granted.status_code == 201, granted.json
            order = redemption_world.redeem(person, reward_id, site_id, 2, key=key)
            assert order.status_code == 201, order.json
            if number % 3:
                ended = redemption_world.collect(staff, order.json)
            else:
                ended = person.post(f"/redemptions/{order.json['id']}/cancel", key=f"{key}c")
            assert ended.status_code == 200, ended.json
    for name, listener in listeners.items():
        event.remove(engine, name, listener)
    yield from committed


class _Disk:
    """What one SQLite wrote and synced during the transactions, and what a cut would leave of it."""

    def __init__(
        self, before: Path, directory: Path, transactions: list[list[Statement]], synchronous: str
    ) -> None:
        self._before = before
        self._path = directory / f"{synchronous}.db"
        self._log: list[tuple[Any, ...]] = []
        self._signatures: list[tuple[Any, ...]] = []
        self._survivor = directory / f"{synchronous}-survivor.db"
        self._app = create_app(load_settings(environment(f"sqlite:///{self._survivor}")))
        self.violations: list[str] = []
        self.acknowledged_at_cuts = self.doubled = 0
        self._replay(transactions, synchronous)

    def lost_by_cut(self, chance: random.Random) -> int:
        """How many acknowledged transactions are not there after a cut at a random moment."""
        at = chance.randrange(len(self._log) + 1)
        acknowledged = sum(1 for what, *_ in self._log[:at] if what == "committed")
        self.acknowledged_at_cuts += acknowledged
        self._put(self._left_by_cut(at, chance))
        with closing(sqlite_driver().connect(str(self._survivor))) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
            if sound != "ok":
                self.violations.append(f"cut at {at}: {sound}")
                return 0
            found = connection.execute(_SIGNATURE).fetchone()
        if found not in self._signatures:
            self.violations.append(f"cut at {at}: a state that never was: {found}")
            return 0
        there = self._signatures.index(found)
        if there > acknowledged + 1:
            self.doubled += 1
        self.violations.extend(f"cut at {at}: {breach}" for breach in self._breaches())
        return max(0, acknowledged - there)

    def _replay(self, transactions: list[list[Statement]], synchronous: str) -> None:
        shutil.copyfile(self._before, self._path)
        with _vfs(self._log):
            connection = _Connection(str(self._path), vfs=VFS_NAME)
            # The wal-index lives in memory, as no second process is there; what reaches the disk is the same.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE").close()
            _set_up_sqlite(connection, None)
            connection.execute(f"PRAGMA synchronous={synchronous}").close()
            self._signatures.append(connection.execute(_SIGNATURE).fetchone())
            self._log.clear()
            self._start = {
                path.name: bytearray(path.read_bytes())
                for path in self._path.parent.glob(f"{self._path.name}*")
            }
            for transaction in transactions:
                for sql, values, many in transaction:
                    for each in values if many else [values]:
                        connection.execute(sql, each).fetchall()
                connection.execute("COMMIT").close()
                self._log.append(("committed",))
                self._signatures.append(connection.execute(_SIGNATURE).fetchone())
            connection.close()

    def _left_by_cut(self, at: int, chance: random.Random) -> Files:
        """Each file as synced, plus of every later write all, nothing, or some sectors."""
        durable = {name: bytearray(content) for name, content in self._start.items()}
        pending: dict[str, list[tuple[Any, ...]]] = {}
        for what, *details in self._log[:at]:
            if what == "committed":
                continue
            name = details[0]
            if what == "sync":
                for change in pending.pop(name, []):
                    _apply(durable.setdefault(name, bytearray()), *change)
            else:
                pending.setdefault(name, []).append((what, *details[1:]))
        for name, changes in pending.items():
            for what, *details in changes:
                fate = chance.random()
                if fate < 0.4:
                    continue
                content = durable.setdefault(name, bytearray())
                if what == "truncate" or fate < 0.7:
                    _apply(content, what, *details)
                else:
                    _apply_torn(content, *details, chance)
        return durable

    def _put(self, files: Files) -> None:
        with self._app.app_context():
            db.engine.dispose()
        for leftover in self._survivor.parent.glob(f"{self._survivor.name}*"):
            leftover.unlink()
        for name, content in files.items():
            suffix = name.removeprefix(self._path.name)
            self._survivor.with_name(self._survivor.name + suffix).write_bytes(content)

    def _breaches(self) -> list[str]:
        found = [str(breach) for breach in breaches(World(self._app))]
        with self._app.app_context():
            db.engine.dispose()
        return found


def _apply(content: bytearray, what: str, *details: Any) -> None:
    if what == "truncate":
        (size,) = details
        del content[size:]
        return
    offset, data = details
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _apply_torn(content: bytearray, offset: int, data: bytes, chance: random.Random) -> None:
    for begin in range(0, len(data), SECTOR_BYTES):
        if chance.random() < 0.5:
            _apply(content, "write", offset + begin, data[begin : begin + SECTOR_BYTES])


class _Connection(apsw.Connection):
    """Takes the product's own settings: they are written for the standard driver."""

    isolation_level: str | None = None


@contextmanager
def _vfs(log: list[tuple[Any, ...]]) -> Iterator[None]:
    """While it lasts, whoever opens a database by VFS_NAME writes to `log`, too."""

    class File(apsw.VFSFile):
        def __init__(self, name: Any, flags: list[int]) -> None:
            path = name if isinstance(name, str) or name is None else name.filename()
            self.name = Path(path or "").name
            super().__init__("", name, flags)

        def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
            log.append(("write", self.name, offset, bytes(data)))
            super().xWrite(data, offset)

        def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
            log.append(("sync", self.name))
            super().xSync(flags)

        def xTruncate(self, size: int) -> None:  # noqa: N802 - SQLite's name
            log.append(("truncate", self.name, size))
            super().xTruncate(size)

    class Vfs(apsw.VFS):
        def xOpen(self, name: Any, flags: list[int]) -> File:  # noqa: N802 - SQLite's name
            return File(name, flags)

    vfs = Vfs(VFS_NAME, "")
    try:
        yield
    finally:
        vfs.unregister()
