"""Report-ins to test with."""

from datetime import date
from typing import Any

from sqlalchemy import select

from app.community.models import Area
from app.community.terms import Level
from app.core.db import db, in_transaction
from tests.support.world import BAOJIA, Caller, World


def form(unit_id: int | None, **overrides: Any) -> dict[str, Any]:
    """A report-in form that fits."""
    return {
        "area": BAOJIA,
        "unit_id": unit_id,
        "member_kind": "in_service",
        "specialities": ["law", "repair"],
        "free_times": ["weekend"],
        "emergency_ready": True,
        "note": "腰不好，不便搬重物",
        "consent": True,
        **overrides,
    }


def submitted(world: World, member: Caller, **overrides: Any) -> int:
    """The id of a report-in that waits."""
    answer = member.post("/report-ins", form(world.unit(), **overrides))
    assert answer.status_code == 201, answer.json
    return int(answer.json["id"])


def accepted(world: World, member: Caller, admin: Caller, **overrides: Any) -> int:
    """The id of a report-in that the community has accepted."""
    report_in_id = submitted(world, member, **overrides)
    answer = admin.post(f"/report-ins/{report_in_id}/accept")
    assert answer.status_code == 200, answer.json
    return report_in_id


def compound(world: World, name: str = "外滩一号小区", *, below: str = BAOJIA) -> str:
    """The code of a new compound of a community."""

    def make() -> str:
        parent = db.session.scalars(
            select(Area).where(Area.code == below, Area.valid_to.is_(None))
        ).one()
        area = Area(
            code=f"{below}-1",
            parent_id=parent.id,
            name=name,
            pinyin="",
            level=Level.COMPOUND,
            path="",
            valid_from=date(2024, 1, 1),
        )
        db.session.add(area)
        db.session.flush()
        area.path = f"{parent.path}{area.id}/"
        return area.code

    with world.app.app_context():
        return in_transaction(make, write=True)
