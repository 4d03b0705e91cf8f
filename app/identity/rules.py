"""Decisions on people, logins and roles that could be made on paper."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from hmac import compare_digest
from math import ceil

from pyotp import TOTP

from app.community.terms import BELOW_COMMUNITY, Level
from app.core.permissions import ROLE_HELD_AT, HeldAt, Role
from app.identity.terms import (
    COMPOUND_SURNAMES,
    DOUBLE_TAP_SECONDS,
    FAILURES_MAX,
    LOCK_MINUTES,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    PASSWORDS_WELL_KNOWN,
    PHONE_PATTERN,
    TOTP_STEP_SECONDS,
    TOTP_STEPS_TOLERATED,
)

# --- masks ------------------------------------------------------------------------------------------------------

NAME_UNKNOWN = "未填姓名"
NAME_DELETED = "已注销"


def masked_name(name: str | None) -> str:
    """A name fit for a list: "张*", "欧阳**". How long the given name is does not show."""
    if not name:
        return NAME_UNKNOWN
    if len(name) > 2 and name[:2] in COMPOUND_SURNAMES:  # noqa: PLR2004 - surname and something after it
        return f"{name[:2]}**"
    return f"{name[0]}*" if len(name) > 1 else "*"


def masked_phone(phone: str) -> str:
    """A phone number fit for a list: "138****1234"."""
    return f"{phone[:3]}****{phone[-4:]}"


# --- roles --------------------------------------------------------------------------------------------------------

_GIVES: dict[Role, frozenset[Role]] = {
    Role.COMMUNITY_ADMIN: frozenset({Role.STATION_STAFF, Role.PARTNER_STAFF}),
    Role.AREA_ADMIN: frozenset({Role.COMMUNITY_ADMIN, Role.AREA_ADMIN, Role.UNIT_ADMIN}),
}


def may_give(role: Role, place_path: str, held: Iterable[tuple[Role, str]]) -> bool:
    """Whether somebody who holds `held` (role, area path) may give or end `role` at a place in that area.

    Everything at or below the own place, but an area admin only strictly below: nobody makes an equal.
    """
    return any(
        role in _GIVES.get(own, frozenset())
        and place_path.startswith(path)
        and (role is not Role.AREA_ADMIN or place_path != path)
        for own, path in held
    )


def fits_place(role: Role, held_at: HeldAt, level: Level) -> bool:
    """Whether `role` can be held at this kind of place; `level` is that of the place's area."""
    if ROLE_HELD_AT[role] is not held_at:
        return False
    if role is Role.COMMUNITY_ADMIN:
        return level is Level.COMMUNITY
    if role is Role.AREA_ADMIN:
        return level is not Level.COMMUNITY and level not in BELOW_COMMUNITY
    return True


def is_home(level: Level) -> bool:
    """Whether somebody can be said to live in an area of this level."""
    return level is Level.COMMUNITY or level in BELOW_COMMUNITY


# --- logins -------------------------------------------------------------------------------------------------------

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,39}")

_DISGUISE = str.maketrans("@4031$5!7", "aaoelssit")
_LEFT_MIN = 3
"""Fewer letters than these between digits and signs ("Aa123456") make no password."""


def is_username(text: str) -> bool:
    """Whether `text` may be a username: lower-case, so that it is typed the same everywhere."""
    return _USERNAME.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether `text` is a mobile number of mainland China."""
    return re.fullmatch(PHONE_PATTERN, text) is not None


def password_weakness(password: str, username: str) -> str | None:
    """Why a password is too weak, as a Chinese clause; None when it will do.

    At least 8 characters with 3 of 4 classes (GB/T 22239), none of the well-known ones, not the username.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        return f"长度应为 {PASSWORD_LENGTH_MIN} 到 {PASSWORD_LENGTH_MAX} 位"
    classes = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    if sum(any(is_in(sign) for sign in password) for is_in in classes) < 3:  # noqa: PLR2004 - of the four above
        return "大写字母、小写字母、数字、符号应至少含三种"
    if username in password.lower():
        return "不能包含用户名"
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password.lower())
    plain = re.sub(r"[\W\d_]+", "", core.translate(_DISGUISE))
    if len(core) < _LEFT_MIN or {core, plain, re.sub(r"[\W\d_]+", "", core)} & PASSWORDS_WELL_KNOWN:
        return "这是常见密码，很容易被猜到"
    return None


def after_failure(
    failures: int, locked_until: datetime | None, at: datetime
) -> tuple[int, datetime | None]:
    """Failures in a row and the end of the lock after one more; a lock that has ended starts a new count."""
    counted = 1 if locked_until is not None else failures + 1
    return counted, at + timedelta(minutes=LOCK_MINUTES) if counted >= FAILURES_MAX else None


def minutes_left(until: datetime, at: datetime) -> int:
    """Whole minutes from `at` until `until`, rounded up."""
    return ceil((until - at).total_seconds() / 60)


def totp_step(secret: str, code: str, at: datetime) -> int | None:
    """The 30-second step whose code this is, the present one or a neighbour; None when it is none of them.

    Source: RFC 6238, 5.2: one step either way covers the phone's clock and the typing.
    """
    totp = TOTP(secret, interval=TOTP_STEP_SECONDS)
    present = int(at.timestamp()) // TOTP_STEP_SECONDS
    steps = range(present - TOTP_STEPS_TOLERATED, present + TOTP_STEPS_TOLERATED + 1)
    return next((step for step in steps if compare_digest(totp.generate_otp(step), code)), None)


def is_double_tap(used_at: datetime, at: datetime) -> bool:
    """Whether a used refresh token comes again so soon that its answer was lost on the way."""
    return at - used_at <= timedelta(seconds=DOUBLE_TAP_SECONDS)
