"""Whether the books are in order: every invariant of points and redemption, recounted."""

from datetime import datetime

from app.core.clock import now
from app.core.db import in_snapshot
from app.points import reconciler as points
from app.points.terms import Breach
from app.redemption import reconciler as redemption
from tests.support.world import World


def breaches(world: World, at: datetime | None = None) -> list[Breach]:
    """Everything that is not as it must be."""
    moment = at or now()
    with world.app.app_context():
        return in_snapshot(lambda: [*points.verify(moment), *redemption.verify(moment)])
