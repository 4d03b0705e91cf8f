"""Rewards and orders in a test world, made over HTTP as admins, residents and staff make them."""

import secrets
from io import BytesIO
from typing import Any

from PIL import Image
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


def photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40), colour: str = "red") -> bytes:
    """A small picture that says where it was taken."""
    picture = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "31.23N 121.47E"
    Image.new("RGB", size, colour).save(picture, kind, exif=exif)
    return picture.getvalue()


def form(content: bytes, *, field: str = "file", name: str = "a.jpg") -> dict[str, Any]:
    """A form with a file in it and a boundary of its own, as `wx.uploadFile` writes it."""
    boundary = f"----{secrets.token_hex(8)}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="user"\r\n\r\n7\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return {
        "data": head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        "content_type": f"multipart/form-data; boundary={boundary}",
    }
