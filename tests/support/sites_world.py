"""Codes as a station or a phone showed them at any moment, also at one long past."""

from datetime import datetime

from app.core.clock import now
from app.sites import actions
from app.sites.terms import PASS_STEP_SECONDS, CodeKind
from tests.support.world import World

SITE_STEP_SECONDS = 30


def site_code(world: World, site_id: int, at: datetime | None = None) -> str:
    """What the station's screen showed at `at` (now)."""
    with world.app.app_context():
        return actions._code(CodeKind.SITE, site_id, SITE_STEP_SECONDS, at or now()).code


def member_pass(world: World, person_id: int, at: datetime | None = None) -> str:
    """What the person's phone showed at `at` (now)."""
    with world.app.app_context():
        return actions._code(CodeKind.PASS, person_id, PASS_STEP_SECONDS, at or now()).code
