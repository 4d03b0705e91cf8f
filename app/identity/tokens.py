"""Access tokens: PyJWT, one fixed algorithm, explicit type (RFC 8725, RFC 9068), at most fifteen minutes.

A token says who and which login session; roles are read from the database at every request, so that a role
taken away or an account disabled is gone at once.
"""

from datetime import datetime, timedelta
from functools import lru_cache

import jwt
from flask import Request

from app.config import settings
from app.core.actor import Actor, RoleHeld
from app.core.errors import Unauthenticated
from app.core.permissions import Role
from app.identity import queries

ALGORITHM = "HS256"
ISSUER = "linli"
AUDIENCE = "linli-api"
TYPE = "at+jwt"
ACCESS_MINUTES = 15
LEEWAY_SECONDS = 30


def access_token(person_id: int, session_id: int, at: datetime) -> str:
    """A fresh access token for one login session of one person."""
    kid, key = next(iter(settings().token_keys.items()))
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(person_id),
        "sid": session_id,
        "iat": at,
        "exp": at + timedelta(minutes=ACCESS_MINUTES),
        "jti": f"{session_id}-{int(at.timestamp() * 1000)}",
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})


def authenticate(request: Request, at: datetime, request_id: str, /) -> Actor:
    """The actor behind the bearer token. One statement. Raises: Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise Unauthenticated
    person_id, session_id = _verified(token)
    rows = queries.standing_of(person_id, session_id)
    if not rows:
        raise Unauthenticated  # disabled, deleted, logged out, or never there
    held = tuple(
        RoleHeld(Role(role), area_path=path, unit_id=unit_id, site_id=site_id)
        for role, path, unit_id, site_id in rows
        if role is not None
    )
    return Actor(
        person_id=person_id,
        now=at,
        roles=(RoleHeld(Role.RESIDENT), *held),
        session_id=session_id,
        request_id=request_id,
    )


def _verified(token: str) -> tuple[int, int]:
    try:
        key = settings().token_keys.get(_kid_of(token.partition(".")[0]))
        if key is None:
            raise Unauthenticated
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
        )
        return int(claims["sub"]), int(claims["sid"])
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as fault:
        raise Unauthenticated from fault


@lru_cache(maxsize=64)
def _kid_of(header: str) -> str:
    """Which key a token's header names. All tokens of a key have the same header, so it is read once.

    Raises: jwt.PyJWTError, Unauthenticated.
    """
    # PyJWT reads a header off a whole token only; it looks at neither the claims nor the signature here.
    claimed = jwt.get_unverified_header(f"{header}.e30.")
    if claimed.get("typ") != TYPE:
        raise Unauthenticated
    return str(claimed.get("kid"))
