"""How a scanned text is read and how long a code is good, decided on paper."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from urllib.parse import urlsplit

from app.sites.errors import CodeExpired, CodeInvalid, CodeNotYetValid, CodeOfAnotherPlace
from app.sites.terms import (
    CLOCK_SECONDS_TOLERATED,
    CODE_GUIDES_ZH,
    CODE_LENGTH_MAX,
    CODE_PAGE_PREFIX,
    COLLECTION_GUIDE_ZH,
    COLLECTION_PREFIX,
    LETTERS,
    CodeKind,
    Distance,
    Guide,
    Place,
)

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_CODE = re.compile(r"([a-z])([0-9A-Za-z])\.([0-9a-z]{1,7})\.([0-9a-z]{1,7})\.([0-9A-Za-z_-]{14})")
_KINDS = {letter: kind for kind, letter in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class ReadCode:
    """The parts of a code, before anybody has looked at its signature."""

    kind: CodeKind
    kid: str
    subject_id: int
    step: int
    signed: str
    """The text that `mac` signs."""
    mac: str


def step_at(moment: datetime, step_seconds: int) -> int:
    """The first second of the step in which `moment` lies, as Unix time."""
    seconds = int(moment.timestamp())
    return seconds - seconds % step_seconds


def signed_part(kind: CodeKind, kid: str, subject_id: int, step: int) -> str:
    """Everything of a code but its signature."""
    return f"{LETTERS[kind]}{kid}.{_base36(subject_id)}.{_base36(step)}"


def code_in(scanned: str, public_url: str) -> str:
    """The code in a scanned text: the text itself, or the last part of a link of ours.

    Whether the link came as http or https does not matter: a proxy may change it, and the signature decides.

    Raises: CodeOfAnotherPlace for a link elsewhere; CodeInvalid for one of ours that holds no code.
    """
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", scanned):
        return scanned
    try:
        link, ours = urlsplit(scanned), urlsplit(public_url)
        same_place = (link.hostname, link.port) == (ours.hostname, ours.port)
    except ValueError as fault:  # not even a link
        raise CodeInvalid from fault
    if not same_place:
        raise CodeOfAnotherPlace
    before_code = ours.path + CODE_PAGE_PREFIX
    if not link.path.startswith(before_code):
        raise CodeInvalid
    return link.path.removeprefix(before_code)


def read(code: str) -> ReadCode:
    """The parts of a code. Raises: CodeInvalid."""
    found = _CODE.fullmatch(code) if len(code) <= CODE_LENGTH_MAX else None
    if found is None or found[1] not in _KINDS:
        raise CodeInvalid
    letter, kid, subject, step, mac = found.groups()
    return ReadCode(_KINDS[letter], kid, int(subject, 36), int(step, 36), code[: found.end(4)], mac)


def guide_to(code: str) -> Guide:
    """What the page behind a code says. It promises nothing, so it looks at the shape alone."""
    if code.startswith(COLLECTION_PREFIX):
        return COLLECTION_GUIDE_ZH
    return CODE_GUIDES_ZH[kind_of(code)]


def kind_of(code: str) -> CodeKind | None:
    """What a code says it is, for a page that promises nothing; None for what is none of these."""
    try:
        return read(code).kind
    except CodeInvalid:
        return None


def check_fresh(
    step: int, step_seconds: int, steps_tolerated: int, *, at: datetime, now: datetime
) -> None:
    """Refuse a code that was not on show at `at`, a device's word; `now` is the server's own.

    We make the codes, so one from after `now` is nobody's; against a device's clock we allow that it is slow.

    Raises: CodeNotYetValid, CodeExpired.
    """
    made_at = datetime.fromtimestamp(step, UTC)
    if made_at > now or made_at > at + timedelta(seconds=CLOCK_SECONDS_TOLERATED):
        raise CodeNotYetValid
    if at >= made_at + timedelta(seconds=step_seconds * (1 + steps_tolerated)):
        raise CodeExpired


EARTH_RADIUS_METRES = 6_371_000
_BUCKETS = ((100, Distance.WITHIN_100), (300, Distance.WITHIN_300), (1000, Distance.WITHIN_1000))


def distance(one: Place, other: Place) -> Distance:
    """How far apart two points are, as a bucket (haversine formula)."""
    lat_one, lat_other = radians(one.latitude), radians(other.latitude)
    lat_half = sin((lat_other - lat_one) / 2)
    long_half = sin(radians(other.longitude - one.longitude) / 2)
    chord = lat_half**2 + cos(lat_one) * cos(lat_other) * long_half**2
    metres = 2 * EARTH_RADIUS_METRES * asin(min(1.0, sqrt(chord)))
    return next((bucket for limit, bucket in _BUCKETS if metres <= limit), Distance.BEYOND)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits or "0"
