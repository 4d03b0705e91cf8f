"""Passwords: argon2id, compared and hashed outside every transaction, because that is made to be slow.

Source of the parameters: OWASP Password Storage Cheat Sheet (argon2id, 19 MiB, 2 passes, 1 lane), the cheapest
in memory of its equal choices: many logins at once must not exhaust a small server.
"""

from functools import cache, partial
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.core.actor import Actor
from app.core.ids import new_token
from app.identity import queries, rules
from app.identity.errors import PasswordLoginMissing, PasswordWeak
from app.identity.terms import KnownPassword, PasswordChange, PasswordCheck
from app.web.kernel import Read

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str, username: str) -> str:
    """The hash to store. Raises: PasswordWeak."""
    if weakness := rules.password_weakness(password, username):
        raise PasswordWeak(reason=weakness)
    return _hasher.hash(password)


def compare(_actor: Actor, body: dict[str, Any], read: Read) -> PasswordCheck:
    """Compare the password of a login; an unknown username costs the same work and the same time."""
    username = body["username"].lower()
    known = read(partial(queries.password_under, username))
    return _compared(username, known, body["password"])


def prepare_change(actor: Actor, body: dict[str, Any], read: Read) -> PasswordChange:
    """Compare the old password and hash the new one. Raises: PasswordLoginMissing, PasswordWeak."""
    known = read(partial(queries.password_of, actor.person_id))
    if known is None:
        raise PasswordLoginMissing
    new_hash = hashed(body["new_password"], known.username)
    return PasswordChange(_compared(known.username, known, body["password"]), new_hash)


def _compared(username: str, known: KnownPassword | None, password: str) -> PasswordCheck:
    password_hash = _nobodys_hash() if known is None else known.password_hash
    try:
        _hasher.verify(password_hash, password)
        right = known is not None
    except VerifyMismatchError:
        right = False
    person_id = None if known is None else known.person_id
    return PasswordCheck(username, person_id, password_hash, right)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(new_token())
