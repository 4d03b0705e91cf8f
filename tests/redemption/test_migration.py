"""The shelf of a running community survives the way down and up again."""

import flask_migrate

from app.config import ROOT
from app.core.db import db
from app.sites.terms import SiteKind
from tests.support.identity_world import rows
from tests.support.redemption_world import reward
from tests.support.world import World

MIGRATIONS = str(ROOT / "migrations")
SUMS = """
    SELECT site_id, SUM(CASE WHEN kind IN ('received', 'transferred_in', 'counted_more')
                             THEN quantity ELSE -quantity END) AS moved
      FROM stock_move GROUP BY site_id ORDER BY site_id
"""


def test_what_came_stays_come_and_what_left_stays_left(world: World) -> None:
    admin, site_id, hall = world.community_admin(), world.site(), world.site(name="驿站")
    world.partner_staff(world.site(name="老王粮油店", kind=SiteKind.SHOP))
    reward_id = reward(world, site_id, admin=admin, quantity=20, kind="service")
    shelf = f"/rewards/{reward_id}/stock"
    admin.post(f"{shelf}/transfer", {"from_site_id": site_id, "to_site_id": hall, "quantity": 5})
    admin.post(f"{shelf}/write-off", {"site_id": site_id, "quantity": 1, "reason": "受潮"})
    count = admin.post(f"/sites/{hall}/stock-counts").json
    lines = [{"reward_id": reward_id, "counted": 7}]
    admin.post(f"/stock-counts/{count['id']}/close", {"reason": "盘点", "lines": lines})
    before = [tuple(row) for row in rows(world.app, SUMS)]
    assert before == [(site_id, 14), (hall, 7)]
    with world.app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision="0003")
        db.engine.dispose()
    assert [tuple(row) for row in rows(world.app, SUMS)] == before
    assert rows(world.app, "SELECT id FROM role_holding WHERE role = 'partner_staff'") == []
    assert len(rows(world.app, "SELECT id FROM role_holding")) > 0
    with world.app.app_context():
        flask_migrate.upgrade(directory=MIGRATIONS)
        db.engine.dispose()
    assert [tuple(row) for row in rows(world.app, SUMS)] == before
    told = rows(world.app, "SELECT DISTINCT kind, reason FROM stock_move ORDER BY kind")
    assert [tuple(row) for row in told] == [("received", None), ("written_off", "未注明")]
