"""How often one address may ask. Counted in a store that all web processes share (RATE_LIMIT_STORAGE).

`limits` is used without Flask-Limiter around it: its hooks cost every request 34 µs (measured), and only routes
that take a secret are limited.
"""

import logging

from flask import Flask, current_app, request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter, RateLimiter

log = logging.getLogger(__name__)

_EXTENSION = "linli.rate_limiter"


def init_limits(app: Flask) -> None:
    """Open the store named by the settings."""
    address = app.extensions["linli.settings"].rate_limit_storage
    store = storage_from_string(address, wrap_exceptions=True)
    app.extensions[_EXTENSION] = MovingWindowRateLimiter(store)


def asked_too_often(route: str, calls_per_minute_max: int) -> bool:
    """Count this call of `route` from this address; True when it is one too many for the last minute.

    A store that does not answer refuses nobody: what a limit slows down here is also locked in the database.
    """
    limiter: RateLimiter = current_app.extensions[_EXTENSION]
    allowed = RateLimitItemPerMinute(calls_per_minute_max)
    try:
        return not limiter.hit(allowed, route, request.remote_addr or "")
    except StorageError:
        log.exception("the store of the rate limits does not answer")
        return False
