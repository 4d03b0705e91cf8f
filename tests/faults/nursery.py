"""Starts web processes in a tenth of a second, so that a thousand kills fit into minutes.

Everything a server imports is imported here once. For each line on standard input, a port, a child is forked that
becomes the real granian in a process group of its own; its id is the answer. When the input ends, all are killed.
"""

import os
import signal
import sys
from contextlib import suppress

import granian.cli

import app.cli  # noqa: F401 - imported for the children
from app.factory import ROOMS, _import_rooms

BLOCKING_THREADS = 16


def main() -> None:
    _import_rooms((*ROOMS, "demo"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    started: list[int] = []
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(int(line))
        started.append(child)
        print(child, flush=True)
    for pid in started:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _serve(port: int) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.environ["PORT"] = str(port)
    sys.argv = [
        "granian",
        *("--interface", "wsgi", "wsgi:app", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", str(BLOCKING_THREADS)),
        *("--no-ws", "--http", "1", "--log-level", "error"),
    ]
    granian.cli.entrypoint()


if __name__ == "__main__":
    main()
