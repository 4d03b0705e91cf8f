"""Clearing away what logins leave behind."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.core.actor import Actor
from app.core.db import db, in_transaction
from app.core.jobs import job
from app.identity.models import LoginAttempts, LoginSession, RebindingCode, RefreshToken
from app.identity.terms import DOUBLE_TAP_SECONDS

BATCH_SIZE = 500
"""So few that on SQLite nobody waits long for the next turn to write."""

LEFT_ALONE = timedelta(days=1)
"""Far longer than a lock, than an access token, and than the idle time of a staff login."""


@job("identity.purge_logins", every_seconds=3600)
def purge_logins(system_at: Callable[[], Actor]) -> dict[str, Any]:
    """Remove refresh tokens that expired, logins without any, old failure counts and stale codes."""
    at = system_at().now
    successors = partial(_forget_successors, at - timedelta(seconds=DOUBLE_TAP_SECONDS))
    in_transaction(successors, write=True)
    return {
        "refresh_tokens": _purge(RefreshToken.digest, RefreshToken.expires_at < at),
        "logins": _purge(
            LoginSession.id,
            (LoginSession.created_at < at - LEFT_ALONE)
            & ~exists().where(RefreshToken.session_id == LoginSession.id),
        ),
        "attempts": _purge(LoginAttempts.username_index, LoginAttempts.last_at < at - LEFT_ALONE),
        "codes": _purge(RebindingCode.person_id, RebindingCode.expires_at < at),
    }


def _forget_successors(before: Any) -> None:
    db.session.execute(
        update(RefreshToken)
        .where(RefreshToken.successor_sealed.is_not(None), RefreshToken.used_at < before)
        .values(successor_sealed=None)
    )


def _purge(key: InstrumentedAttribute[Any], stale: ColumnElement[bool]) -> int:
    """Delete the stale rows of the class whose key this is, a batch at a time; how many there were."""
    total = 0
    while removed := in_transaction(partial(_purge_batch, key, stale), write=True):
        total += removed
    return total


def _purge_batch(key: InstrumentedAttribute[Any], stale: ColumnElement[bool]) -> int:
    batch = select(key).where(stale).limit(BATCH_SIZE)
    return len(db.session.scalars(delete(key.class_).where(key.in_(batch)).returning(key)).all())
