"""Books written before holds were posted in part, and reversals made in parts, stand as they were."""

import flask_migrate
import pytest

from app.config import ROOT
from app.core.db import db
from app.points.models import Hold, PointsReversal, ReversalTally, Transfer
from tests.support.books import breaches
from tests.support.points_world import earn, lines, standing
from tests.support.redemption_world import collect, redeem, reward
from tests.support.volunteer_world import rows
from tests.support.world import BAOJIA, World

MIGRATIONS = str(ROOT / "migrations")


def _down_and_up(world: World) -> None:
    with world.app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision="0001")
        flask_migrate.upgrade(directory=MIGRATIONS)
        db.engine.dispose()


def test_what_the_older_books_say_stands_after_the_migration(world: World) -> None:
    person, admin, site_id = world.person(), world.community_admin(), world.site()
    wrong = earn(world, person, 30)
    earn(world, person, 40)
    order = redeem(person, reward(world, site_id, points=20), site_id).json
    collect(world.station_staff(site_id), order)
    admin.post(f"/points/transfers/{wrong.transfer_id}/reverse", {"reason": "签到登记有误"})
    before = lines(person)
    _down_and_up(world)
    assert lines(person) == before
    assert standing(person)["total"] == 20
    (hold,) = rows(world, Hold)
    assert (hold.state, hold.posted) == ("posted", 20)
    (reversal,) = rows(world, PointsReversal)
    assert (reversal.part, reversal.points, reversal.reason) == (0, 30, "签到登记有误")
    (tally,) = rows(world, ReversalTally)
    assert (tally.amount, tally.points, tally.times) == (30, 30, 1)
    refused = admin.post(f"/points/transfers/{wrong.transfer_id}/reverse", {"reason": "再冲正一次"})
    assert refused.json["error"]["code"] == "already_reversed"
    assert len(rows(world, Transfer)) == 4
    assert breaches(world) == []


def test_books_with_donations_are_not_taken_back_to_a_shape_that_has_none(world: World) -> None:
    person = world.person()
    earn(world, person, 30)
    assert person.post("/me/points/donations", {"fund": BAOJIA, "points": 5}).status_code == 201
    with world.app.app_context(), pytest.raises(SystemExit):
        flask_migrate.downgrade(directory=MIGRATIONS, revision="0001")
    with world.app.app_context():
        flask_migrate.upgrade(directory=MIGRATIONS)
        db.engine.dispose()
    assert breaches(world) == []
