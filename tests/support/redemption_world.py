"""Rewards and orders in a test world, made over HTTP as admins, residents and staff make them."""

from typing import Any

from werkzeug.test import TestResponse

from tests.support.world import BAOJIA, Caller, World


def reward(
    world: World,
    site_id: int | None = None,
    *,
    points: int = 10,
    quantity: int = 5,
    area: str = BAOJIA,
    admin: Caller | None = None,
    **body: Any,
) -> int:
    """A reward on the shelf of an area, with `quantity` pieces at a station (none without a station)."""
    admin = admin or world.community_admin(area)
    made = admin.post("/rewards", {"area": area, "title": "大米一袋", "points": points} | body)
    assert made.status_code == 201, made.json
    reward_id: int = made.json["id"]
    if site_id is not None:
        received = admin.post(
            f"/rewards/{reward_id}/stock", {"site_id": site_id, "quantity": quantity}
        )
        assert received.status_code == 200, received.json
    return reward_id


def redeem(
    person: Caller, reward_id: int, site_id: int, quantity: int = 1, *, key: str | None = None
) -> TestResponse:
    """An order."""
    return person.post(
        "/redemptions",
        {"reward_id": reward_id, "site_id": site_id, "quantity": quantity},
        key=key,
    )


def collect(staff: Caller, order: dict[str, Any], **body: Any) -> TestResponse:
    """Staff scan the code of an order."""
    return staff.post("/redemptions/collect", {"code": order["link"]} | body)


def stock(world: World, reward_id: int, area: str = BAOJIA) -> dict[int, int]:
    """Free pieces by station, as the shelf shows them."""
    shelf = world.anonymous.get(f"/rewards?area={area}").json["items"]
    (shown,) = [item for item in shelf if item["id"] == reward_id]
    return {there["site_id"]: there["available"] for there in shown["stock"]}
