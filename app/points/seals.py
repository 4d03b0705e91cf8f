"""Tamper evidence: rows that never change are sealed in blocks, off the write path, and proved against their seals.

Each block is a Merkle tree over at most `BLOCK_ROWS_MAX` rows; its header names the one before it and is signed. A
*book* is what is sealed of a table: every column of an append-only one, of others the columns that never change
(what does change is recounted by `reconciler`). Ids may commit out of order, so sealing trails behind, and whatever
still turns up below the head is sealed with the next block and reported.
"""

import json
import struct
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, Table, select, text

from app.core.actor import Actor
from app.core.db import Model, db, in_transaction
from app.core.errors import NotFound
from app.core.plain import plain_columns, plain_list
from app.core.sealing import is_signed, public_keys, sign
from app.core.upsert import insert_or_ignore
from app.points.errors import TransferNotSealed
from app.points.merkle import (
    NOTHING,
    Step,
    chain_hash,
    header_text,
    leaf_hash,
    leaf_text,
    path_to_root,
    root_of,
)
from app.points.models import SEAL, TRANSFER, WALLET, Seal
from app.points.terms import Breach

BLOCK_ROWS_MAX = 1000
TRAIL = timedelta(seconds=30)
"""Ids below one seen so long ago are committed or given up: statements time out after 5 s, sessions after 10."""
LATE_BLOCKS = 10
"""How far behind the head the job looks for ids that committed late; `verify` looks at all of them."""
VERIFY_BATCH = 50

_ENTRY = struct.Struct(">q32s")


@dataclass(frozen=True, slots=True)
class Book:
    """What is sealed of one table."""

    name: str
    but: frozenset[str] = frozenset()
    """Columns that change in the course of things."""
    id_sql: str = ""
    """What numbers the rows, where that is not their own `id`; it must only ever grow."""
    join: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The sealed columns, in alphabetical order."""
        return plain_columns(self._table, but=self.but)

    def select(self) -> str:
        """The ids and plain columns of the rows in `(:after, :upto]`, by id."""
        id_sql = self.id_sql or f"{self.name}.id"
        return (
            f"SELECT {id_sql}, {plain_list(self._table, self.columns)}"  # noqa: S608 - tables of ours
            f" FROM {self.name} {self.join}"
            f" WHERE {id_sql} > :after AND {id_sql} <= :upto ORDER BY {id_sql}"
        )

    def select_ids(self) -> str:
        """The ids in `(:after, :upto]`."""
        id_sql = self.id_sql or f"{self.name}.id"
        return (
            f"SELECT {id_sql} FROM {self.name} {self.join}"  # noqa: S608 - tables of ours
            f" WHERE {id_sql} > :after AND {id_sql} <= :upto ORDER BY {id_sql}"
        )

    def select_id_max(self) -> str:
        """The highest id."""
        return f"SELECT MAX({self.id_sql or f'{self.name}.id'}) FROM {self.name} {self.join}"  # noqa: S608

    @property
    def _table(self) -> Table:
        return Model.metadata.tables[self.name]


_books: dict[str, Book] = {}


def seal_book(name: str, *, but: Collection[str] = (), id_sql: str = "", join: str = "") -> None:
    """Have the rows of table `name` sealed, all columns `but` those that change. Their ids must only ever grow."""
    _books[name] = Book(name, frozenset(but), id_sql, join)


def books() -> tuple[Book, ...]:
    """Every sealed book, by name."""
    return tuple(_books[name] for name in sorted(_books))


seal_book("account", but=("closed_at",))
seal_book("donation")
seal_book(
    "grant_review",
    but=("state", "decided_by", "decided_at", "reason"),
    id_sql="grant_review.grant_id",
)
seal_book("journal")
seal_book("points_grant")
# A reversal may come years after its transfer, so it is numbered by the transfer that answers.
seal_book(
    "points_reversal",
    id_sql="answer.id",
    join="JOIN transfer AS answer ON answer.reverses_id = points_reversal.transfer_id"
    " AND answer.part = points_reversal.part",
)
seal_book("policy")
seal_book("transfer")
seal_book("wallet")


# --- sealing --------------------------------------------------------------------------------------------------

Marks = Mapping[str, int]
"""For each book, an id up to which everything is committed or given up."""


class Trail:
    """Remembers which ids there were, so that only those of half a minute ago are sealed."""

    def __init__(self, length: timedelta = TRAIL) -> None:
        self._length = length
        self._seen: deque[tuple[datetime, Marks]] = deque()
        self._ripe: Marks = {}

    def ripe(self, at: datetime, present: Marks) -> Marks:
        """What was there one trail's length before `at`; `present` is there now."""
        self._seen.append((at, present))
        while self._seen[0][0] <= at - self._length:
            self._ripe = self._seen.popleft()[1]
            if not self._seen:
                break
        return self._ripe


def marks() -> Marks:
    """The highest id of each book."""
    return {book.name: db.session.scalar(text(book.select_id_max())) or 0 for book in books()}


def settled_marks() -> Marks:
    """The highest id of each book once everybody who is writing now has finished. Call it in a write transaction."""
    if db.engine.dialect.name == "postgresql":
        for book in books():
            db.session.execute(text(f"LOCK TABLE {book.name} IN SHARE MODE"))
    return marks()


@dataclass(frozen=True, slots=True)
class _Leaf:
    book: str
    id: int
    text: str
    points: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one call of `seal` did."""

    blocks: int
    rows: int
    late: tuple[tuple[str, int], ...]
    """(book, id) of rows that turned up below the head."""


def seal(actor: Actor, upto: Marks) -> Sealed:
    """Seal what is not sealed yet up to these ids, a block at a time. Call it outside a transaction.

    Reading and hashing hold no lock; only the finished block is written in a turn of its own. Two that seal at once
    do no harm: the second finds its number taken and looks again.
    """
    blocks = rows = 0
    late = in_transaction(_late, write=False)
    reported = tuple((leaf.book, leaf.id) for leaf in late)
    while True:
        block = in_transaction(partial(_next_block, actor.now, upto, late), write=False)
        if block is None:
            return Sealed(blocks, rows, reported)
        if in_transaction(partial(insert_or_ignore, Seal, block), write=True):
            blocks += 1
            rows += len(block["leaves"]) // _ENTRY.size
            late = []
        else:
            late = in_transaction(_late, write=False)


def _next_block(at: datetime, upto: Marks, late: Iterable[_Leaf]) -> dict[str, Any] | None:
    head = db.session.execute(select(SEAL).order_by(SEAL.c.n.desc()).limit(1)).first()
    before = json.loads(head.header)["books"] if head else {}
    sealed_upto = {book.name: before.get(book.name, (0, 0))[1] for book in books()}
    leaves = list(late)
    for book in books():
        room = BLOCK_ROWS_MAX - len(leaves)
        if room > 0 and upto.get(book.name, 0) > sealed_upto[book.name]:
            leaves += _leaves(book, sealed_upto[book.name], upto[book.name], room)
    if not leaves:
        return None
    leaves.sort(key=lambda leaf: (leaf.book, leaf.id))
    hashes = [leaf_hash(leaf.text) for leaf in leaves]
    counts: dict[str, int] = dict.fromkeys(sealed_upto, 0)
    for leaf in leaves:
        counts[leaf.book] += 1
        sealed_upto[leaf.book] = max(sealed_upto[leaf.book], leaf.id)
    n = head.n + 1 if head else 1
    header = header_text(
        n=n,
        previous=chain_hash(head.header) if head else NOTHING,
        root=root_of(hashes),
        count=len(leaves),
        points=sum(leaf.points for leaf in leaves),
        books={name: (counts[name], sealed_upto[name]) for name in counts},
        sealed_at=at.isoformat(),
    )
    public_key, signature = sign(header)
    return {
        "n": n,
        "header": header,
        "leaves": b"".join(
            _ENTRY.pack(leaf.id, hash_) for leaf, hash_ in zip(leaves, hashes, strict=True)
        ),
        "transfer_id_max": sealed_upto["transfer"],
        "public_key": public_key,
        "signature": signature,
    }


def _leaves(book: Book, after: int, upto: int, rows_max: int | None = None) -> list[_Leaf]:
    columns = book.columns
    amount = columns.index("amount") + 1 if book.name == "transfer" else None
    asked = book.select() + ("" if rows_max is None else f" LIMIT {rows_max}")
    return [
        _Leaf(
            book.name,
            row[0],
            leaf_text(book.name, columns, row[1:]),
            0 if amount is None else row[amount],
        )
        for row in db.session.execute(text(asked), {"after": after, "upto": upto})
    ]


def _late() -> list[_Leaf]:
    """Rows below the head that no recent block holds: they committed after their neighbours were sealed."""
    recent = db.session.execute(
        select(SEAL.c.header, SEAL.c.leaves).order_by(SEAL.c.n.desc()).limit(LATE_BLOCKS + 1)
    ).all()
    if not recent:
        return []
    head = json.loads(recent[0].header)["books"]
    # Where there are fewer blocks than that, the window reaches back to the beginning.
    start = json.loads(recent[-1].header)["books"] if len(recent) > LATE_BLOCKS else {}
    known = {
        (name, id_)
        for seal_ in recent
        for name, id_, _ in _entries(json.loads(seal_.header)["books"], seal_.leaves)
    }
    found: list[_Leaf] = []
    for book in books():
        if book.name not in head:
            continue
        after, upto = start.get(book.name, (0, 0))[1], head[book.name][1]
        ids = db.session.scalars(text(book.select_ids()), {"after": after, "upto": upto})
        for id_ in [id_ for id_ in ids if (book.name, id_) not in known][:BLOCK_ROWS_MAX]:
            found += _leaves(book, id_ - 1, id_)
    return found[:BLOCK_ROWS_MAX]


def _entries(
    counts: Mapping[str, tuple[int, int]], leaves: bytes
) -> Iterator[tuple[str, int, bytes]]:
    """(book, id, leaf hash) of each row in a block, in the order of the tree."""
    names = (name for name in sorted(counts) for _ in range(counts[name][0]))
    for name, (id_, hash_) in zip(names, _ENTRY.iter_unpack(leaves), strict=True):
        yield name, id_, hash_


# --- proving --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """What proving has learnt on its way from the first block to the head."""

    n: int = 0
    previous: bytes = NOTHING
    upto: dict[str, int] | None = field(default_factory=dict)
    """How far each book is sealed; None after a block that cannot tell."""
    strays: set[tuple[str, int]] = field(default_factory=set)
    """Rows met below the head that no block so far holds."""
    breaches: list[Breach] = field(default_factory=list)

    def breach(self, subject: str, subject_id: int, detail: str) -> None:
        """Write down what is wrong."""
        self.breaches.append(Breach("R11", subject, subject_id, detail))


def verify(expected_head: Mapping[str, str] | None = None) -> list[Breach]:
    """Every sealed row that is not as it was sealed, and every block that is not as it was signed.

    `expected_head`: a head exported earlier; the chain must still contain it. Call it in one snapshot.
    """
    walk = _Walk()
    trusted = frozenset(public_keys())
    wanted = expected_head["header"] if expected_head else None
    after = -(2**63)  # also below 1, where no block ever was
    while batch := db.session.execute(
        select(SEAL).where(SEAL.c.n > after).order_by(SEAL.c.n).limit(VERIFY_BATCH)
    ).all():
        for seal_ in batch:
            if seal_.header == wanted:
                wanted = None
            _prove(walk, seal_, trusted)
        after = walk.n
    for name, id_ in sorted(walk.strays):
        walk.breach(name, id_, "stands below the head and was never sealed")
    if wanted is not None:
        walk.breach("seal", json.loads(wanted)["n"], "the chain does not contain this head")
    return walk.breaches


def _prove(walk: _Walk, seal_: Row[Any], trusted: frozenset[str]) -> None:
    if seal_.n != walk.n + 1:
        walk.breach("seal", walk.n + 1, "the block is missing")
        walk.upto = None
    walk.n = seal_.n
    if seal_.public_key not in trusted:
        walk.breach("seal", seal_.n, "the block is signed by a key that is not ours")
    elif not is_signed(seal_.header, seal_.public_key, seal_.signature):
        walk.breach("seal", seal_.n, "the header is not what was signed")
    try:
        header = json.loads(seal_.header)
        counts = {str(name): (int(c), int(upto)) for name, (c, upto) in header["books"].items()}
        entries = list(_entries(counts, seal_.leaves))
        _prove_header(walk, seal_, header, counts)
    except (ValueError, KeyError, TypeError, AttributeError, struct.error):
        walk.breach("seal", seal_.n, "the block cannot be read")
        walk.previous = chain_hash(seal_.header)
        # Which rows it held is unknown, so where the next block begins is too.
        walk.upto = None
        return
    walk.previous = chain_hash(seal_.header)
    present = _present(walk, counts, entries)
    root_now = _root_of_present(entries, present)
    changed = [
        (name, id_, "was changed after it was sealed" if (name, id_) in present else "is gone")
        for name, id_, hash_ in entries
        if present.get((name, id_)) != hash_
    ]
    if changed and root_now == header["root"]:
        walk.breach("seal", seal_.n, "the list of rows is not what was signed")
    else:
        for name, id_, detail in changed:
            walk.breach(name, id_, f"{detail} in block {seal_.n}")
        if not changed and root_now != header["root"]:
            walk.breach("seal", seal_.n, "the list of rows is not what was signed")


def _prove_header(
    walk: _Walk,
    seal_: Row[Any],
    header: Mapping[str, Any],
    counts: Mapping[str, tuple[int, int]],
) -> None:
    if header["n"] != seal_.n or header["count"] != sum(count for count, _ in counts.values()):
        walk.breach("seal", seal_.n, "the block and its header do not go together")
    if header["previous"] != walk.previous.hex():
        walk.breach("seal", seal_.n, "the block does not follow the one before it")
    if seal_.transfer_id_max != counts["transfer"][1]:
        walk.breach("seal", seal_.n, "the block is filed under another transfer")


def _present(
    walk: _Walk, counts: Mapping[str, tuple[int, int]], entries: list[tuple[str, int, bytes]]
) -> dict[tuple[str, int], bytes]:
    """Leaf hashes of what stands in the books now where this block says it does; what is between goes to strays."""
    sealed = {(name, id_) for name, id_, _ in entries}
    present: dict[tuple[str, int], bytes] = {}
    before, walk.upto = walk.upto, {name: upto for name, (_, upto) in counts.items()}
    for book in books():
        if book.name not in counts:
            continue
        count, upto = counts[book.name]
        lowest = min((id_ for name, id_, _ in entries if name == book.name), default=upto + 1)
        after = lowest - 1 if before is None else before.get(book.name, 0)
        if count == 0:
            continue
        wanted = [_leaves(book, after, upto)]
        # Late rows stand below the block's own stretch, one by one.
        wanted += [
            _leaves(book, id_ - 1, id_)
            for name, id_, _ in entries
            if name == book.name and id_ <= after
        ]
        for leaf in (leaf for leaves in wanted for leaf in leaves):
            if (leaf.book, leaf.id) in sealed:
                present[leaf.book, leaf.id] = leaf_hash(leaf.text)
                walk.strays.discard((leaf.book, leaf.id))
            else:
                walk.strays.add((leaf.book, leaf.id))
    return present


def _root_of_present(
    entries: Iterable[tuple[str, int, bytes]], present: Mapping[tuple[str, int], bytes]
) -> str:
    return root_of([present.get((name, id_), NOTHING) for name, id_, _ in entries]).hex()


# --- what is shown --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """A signed header: the whole chain up to it hangs on it, so print it and keep it elsewhere."""

    header: str
    signature: str
    public_key: str


def head() -> Head | None:
    """The newest block's; None before the first."""
    row = db.session.execute(
        select(SEAL.c.header, SEAL.c.signature, SEAL.c.public_key)
        .order_by(SEAL.c.n.desc())
        .limit(1)
    ).first()
    return None if row is None else Head(*row)


@dataclass(frozen=True, slots=True)
class Proof:
    """That one transfer stands in a signed block as it is told here."""

    leaf: str
    path: tuple[Step, ...]
    header: str
    signature: str
    public_key: str


def proof_of(actor: Actor, transfer_id: int) -> Proof:
    """The proof of one of the actor's own transfers. Raises: NotFound, TransferNotSealed."""
    own = select(TRANSFER.c.id).join(WALLET, WALLET.c.id == TRANSFER.c.wallet_id)
    if not db.session.scalar(
        own.where(TRANSFER.c.id == transfer_id, WALLET.c.person_id == actor.person_id)
    ):
        raise NotFound
    # It is in the first block that reaches so far, or, when it committed late, in one of the next.
    reaching = (
        select(SEAL)
        .where(SEAL.c.transfer_id_max >= transfer_id)
        .order_by(SEAL.c.n)
        .limit(LATE_BLOCKS * 10)
    )
    for seal_ in db.session.execute(reaching):
        entries = list(_entries(json.loads(seal_.header)["books"], seal_.leaves))
        for position, (name, id_, _) in enumerate(entries):
            if (name, id_) == ("transfer", transfer_id):
                (leaf,) = _leaves(_books["transfer"], transfer_id - 1, transfer_id)
                return Proof(
                    leaf=leaf.text,
                    path=path_to_root([hash_ for *_, hash_ in entries], position),
                    header=seal_.header,
                    signature=seal_.signature,
                    public_key=seal_.public_key,
                )
    raise TransferNotSealed
