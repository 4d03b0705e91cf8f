"""Sealing on paper: leaves, trees and paths of RFC 6962, and the header that chains one block to the next.

docs/verify_transfer.py does the same in thirty lines of its own, so that nobody has to trust this file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

NOTHING = bytes(32)
"""What the first block names as the one before it."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def leaf_text(book: str, columns: Sequence[str], values: Sequence[Any]) -> str:
    """A row as canonical JSON: its book first, then its columns as given, which is in alphabetical order."""
    return _encode({"book": book, **dict(zip(columns, values, strict=True))})


def leaf_hash(leaf: str) -> bytes:
    """The hash of a leaf; its prefix keeps it from ever passing for a node."""
    return sha256(b"\x00" + leaf.encode()).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over at least one leaf."""
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


@dataclass(frozen=True, slots=True)
class Step:
    """One neighbour on the way from a leaf to the root."""

    side: str
    """Where the neighbour stands: `left` or `right`."""
    hash: str


def path_to_root(hashes: Sequence[bytes], position: int) -> tuple[Step, ...]:
    """The neighbours that lead from the leaf at `position` to the root."""
    steps: list[Step] = []
    level = list(hashes)
    while len(level) > 1:
        neighbour = position ^ 1
        if neighbour < len(level):
            side = "left" if neighbour < position else "right"
            steps.append(Step(side, level[neighbour].hex()))
        level = _above(level)
        position //= 2
    return tuple(steps)


def header_text(
    *,
    n: int,
    previous: bytes,
    root: bytes,
    count: int,
    points: int,
    books: Mapping[str, Sequence[int]],
    sealed_at: str,
) -> str:
    """What is signed: the block's number, the one before it, its root, how many rows and how many points moved.

    `books`: for each, how many of its rows stand in this block and up to which id it is sealed by now.
    """
    said = {
        "n": n,
        "previous": previous.hex(),
        "root": root.hex(),
        "count": count,
        "points": points,
        "books": {name: list(books[name]) for name in sorted(books)},
        "sealed_at": sealed_at,
    }
    return _encode(said)


def chain_hash(header: str) -> bytes:
    """What the next block names as the one before it."""
    return sha256(b"\x02" + header.encode()).digest()


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    # RFC 6962 splits at the largest power of two; from below that is: the odd one moves up as it is.
    return pairs if len(level) % 2 == 0 else [*pairs, level[-1]]
