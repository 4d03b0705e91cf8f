"""The crowd: processes with a few kept-alive connections each, every one asking again when it has its answer."""

import math
import multiprocessing
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

READ_BYTES = 65536
STUCK_SECONDS_MAX = 30


@dataclass(frozen=True, slots=True)
class Timing:
    """How long each good answer took, and how long all of it."""

    seconds: float
    latencies_ms: list[float]

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return len(self.latencies_ms) / self.seconds


class NotServed(RuntimeError):
    """An answer that was not 2xx: what was measured would not be the work."""


def request_bytes(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if body:
        headers = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drive(
    port: int, requests: Sequence[bytes], *, connections: int, processes: int, seconds: float
) -> Timing:
    """Send the requests, each once, for at most so long. Raises: NotServed."""
    context = multiprocessing.get_context("fork")  # the requests need not be copied
    crowd: list[tuple[Any, Connection]] = []
    for number in range(processes):
        here, there = context.Pipe()
        share = requests[number::processes]
        child = context.Process(
            target=_child, args=(there, port, share, connections // processes, seconds)
        )
        child.start()
        crowd.append((child, here))
    answers = [here.recv() for _, here in crowd]
    for child, _ in crowd:
        child.join()
    for answer in answers:
        if isinstance(answer, str):
            raise NotServed(answer)
    began = min(answer[0] for answer in answers)
    ended = max(answer[1] for answer in answers)
    return Timing(ended - began, [one for answer in answers for one in answer[2]])


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _child(
    parent: Connection, port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> None:
    try:
        parent.send(_ask(port, requests, connections, seconds))
    except (OSError, NotServed) as fault:
        parent.send(str(fault) or repr(fault))


def _ask(
    port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> tuple[float, float, list[float]]:
    waiting = iter(requests)
    latencies_ms: list[float] = []
    selector = selectors.DefaultSelector()
    for _ in range(min(connections, len(requests))):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(line, selectors.EVENT_READ, [0.0, b""])
    clock = time.monotonic
    began = ended = clock()
    until = began + seconds
    busy = 0
    for key in list(selector.get_map().values()):
        busy += _send(key, waiting, clock())
    while busy:
        ready = selector.select(STUCK_SECONDS_MAX)
        if not ready:
            raise NotServed("no answer came")
        for key, _ in ready:
            part = key.fileobj.recv(READ_BYTES)  # type: ignore[union-attr]
            ended = clock()
            if not part:
                raise NotServed("the connection was closed")
            key.data[1] += part
            if not _complete(key.data[1]):
                continue
            latencies_ms.append((ended - key.data[0]) * 1000)
            busy -= 1
            if ended < until:
                busy += _send(key, waiting, ended)
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return began, ended, latencies_ms


def _send(key: selectors.SelectorKey, waiting: Any, at: float) -> int:
    request = next(waiting, None)
    if request is None:
        return 0
    key.data[:] = [at, b""]
    key.fileobj.sendall(request)  # type: ignore[union-attr]
    return 1


def _complete(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    lowered = answer[:head].lower()
    start = lowered.index(b"content-length:") + 15
    stop = lowered.find(b"\r", start)
    length = int(lowered[start : stop if stop > 0 else None])
    if len(answer) < head + 4 + length:
        return False
    if answer[9:10] != b"2":
        raise NotServed(answer.decode(errors="replace")[:2000])
    return True
