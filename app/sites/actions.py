"""What is done with stations and their codes."""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from app.community import queries as community
from app.config import settings
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.sealing import signature
from app.core.upsert import insert_or_ignore
from app.integrations import qr
from app.policies.terms import CODE_STEP_SECONDS, CODE_STEPS_TOLERATED
from app.sites import queries, rules
from app.sites.errors import CodeExpired, CodeInvalid, CodeReplayed, CodeWrongKind
from app.sites.events import SiteOpened
from app.sites.models import CodeUsed, Site
from app.sites.queries import SiteShown
from app.sites.rules import ReadCode
from app.sites.terms import (
    CODE_NAMES_ZH,
    CODE_PAGE_PREFIX,
    MAC_BYTES,
    PASS_STEP_SECONDS,
    CodeKind,
    CodeUse,
    Direction,
    Distance,
    Place,
    RotatingCode,
    ScanSite,
)


def open_site(actor: Actor, body: dict[str, Any]) -> SiteShown:
    """Open a station in an area the actor manages. Raises: UnknownArea."""
    area = community.managed_area(actor, Permission.SITE_MANAGE, body["area"])
    place: Place | None = body["place"]
    site = Site(
        area_id=area.id,
        kind=body["kind"],
        name=body["name"],
        address=body["address"],
        phone=body["phone"],
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        created_at=actor.now,
    )
    db.session.add(site)
    db.session.flush()  # the journal names it by id
    announce(actor, SiteOpened(subject_id=site.id, area_id=area.id))
    return SiteShown(site, area)


def site_code(actor: Actor, site_id: int) -> RotatingCode:
    """The code a station shows now, for its staff. Raises: NotFound, SiteClosed."""
    site = queries.scan_site_for(actor, Permission.SITE_SHOW_CODE, site_id, actor.now)
    return _code(CodeKind.SITE, site.id, site.rules[CODE_STEP_SECONDS], actor.now)


def own_pass(actor: Actor) -> RotatingCode:
    """The actor's own pass, for staff to scan. It asks the database nothing."""
    return _code(CodeKind.PASS, actor.person_id, PASS_STEP_SECONDS, actor.now)


def read_site_code(actor: Actor, code: str, *, at: datetime) -> ScanSite:
    """The open station whose code was on show at `at`, the moment of the scan by the scanner's clock.

    Raises: CodeInvalid, CodeOfAnotherPlace, CodeWrongKind, CodeNotYetValid, CodeExpired, SiteClosed.
    """
    parts = _verified(code, CodeKind.SITE)
    try:
        site = queries.scan_site(parts.subject_id, at)
    except NotFound as fault:  # signed by us, for a site of another database
        raise CodeInvalid from fault
    rules.check_fresh(
        parts.step,
        site.rules[CODE_STEP_SECONDS],
        site.rules[CODE_STEPS_TOLERATED],
        at=at,
        now=actor.now,
    )
    return site


def read_pass(actor: Actor, code: str, *, at: datetime, site: ScanSite) -> int:
    """The id of the person whose pass was scanned at `site`.

    Good when it was on show at `at`, when staff say the person came, or is on show now, when staff enter a
    presence late with the person before them.

    Raises: CodeInvalid, CodeOfAnotherPlace, CodeWrongKind, CodeNotYetValid, CodeExpired.
    """
    parts = _verified(code, CodeKind.PASS)
    tolerated = site.rules[CODE_STEPS_TOLERATED]
    try:
        rules.check_fresh(parts.step, PASS_STEP_SECONDS, tolerated, at=actor.now, now=actor.now)
    except CodeExpired:
        rules.check_fresh(parts.step, PASS_STEP_SECONDS, tolerated, at=at, now=actor.now)
    return parts.subject_id


def use_code(
    actor: Actor, code: str, *, person_id: int, direction: Direction, site_id: int
) -> CodeUse:
    """Use up an already read code for one person and direction, in the transaction of what it is used for.

    Raises: CodeReplayed when it was used at another site.
    """
    parts = _parts(code)
    first = insert_or_ignore(
        CodeUsed,
        {
            "kind": parts.kind,
            "subject_id": parts.subject_id,
            "step": parts.step,
            "person_id": person_id,
            "direction": direction,
            "site_id": site_id,
            "used_at": actor.now,
        },
    )
    if not first and queries.site_of_use(parts, person_id, direction) != site_id:
        raise CodeReplayed
    return CodeUse(parts.step, first)


def distance_from(site: ScanSite, place: Place | None) -> Distance | None:
    """How far from the site a phone says it is; None where either is not known. The point itself is not kept."""
    if site.place is None or place is None:
        return None
    return rules.distance(site.place, place)


def _code(kind: CodeKind, subject_id: int, step_seconds: int, at: datetime) -> RotatingCode:
    step = rules.step_at(at, step_seconds)
    kid = next(iter(settings().code_keys))
    signed = rules.signed_part(kind, kid, subject_id, step)
    code = f"{signed}.{_mac(kind, kid, signed)}"
    link = f"{settings().public_url}{CODE_PAGE_PREFIX}{code}"
    return RotatingCode(
        code=code,
        link=link,
        image=qr.png_data_url(link),
        step_seconds=step_seconds,
        expires_at=datetime.fromtimestamp(step, UTC) + timedelta(seconds=step_seconds),
    )


def _parts(code: str) -> ReadCode:
    return rules.read(rules.code_in(code, settings().public_url))


def _verified(code: str, expected: CodeKind) -> ReadCode:
    parts = _parts(code)
    mac = _mac(parts.kind, parts.kid, parts.signed)
    if mac is None or not hmac.compare_digest(mac, parts.mac):
        raise CodeInvalid
    if parts.kind is not expected:
        raise CodeWrongKind(found=CODE_NAMES_ZH[parts.kind], expected=CODE_NAMES_ZH[expected])
    return parts


def _mac(kind: CodeKind, kid: str, signed: str) -> str | None:
    # The subject is part of the signed text, not of the key's name: derived keys are remembered, and a forger
    # may name as many subjects as there are numbers.
    return signature(settings().code_keys, kid, f"code.{kind}", signed, MAC_BYTES)
