"""Every bound of the counter refuses by name, changes nothing, and says the same again to who asks again."""

import base64
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.core.clock import now
from app.core.db import db
from app.points.models import Hold
from app.redemption.models import Redemption
from tests.support.books import breaches
from tests.support.points_world import act, earn, standing
from tests.support.redemption_world import collect, redeem, reward, stock
from tests.support.world import Caller, World


class Scene:
    """A shelf with two stations, and somebody with points and an order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.admin = world.community_admin()
        self.here, self.there = world.site(), world.site(name="驿站")
        self.staff, self.other_staff = (world.station_staff(s) for s in (self.here, self.there))
        self.reward_id = reward(world, self.here, admin=self.admin, points=10, quantity=3)
        self.person, self.other = world.person(), world.person()
        for somebody in (self.person, self.other):
            earn(world, somebody, 100)
        self.order = redeem(self.person, self.reward_id, self.here).json

    def scan(self, staff: Caller, key: str) -> TestResponse:
        return staff.post("/redemptions/collect", {"code": self.order["code"]}, key=key)

    def cancel(self, person: Caller, key: str) -> TestResponse:
        return person.post(f"/redemptions/{self.order['id']}/cancel", key=key)

    def limited(self, **limits: Any) -> int:
        return reward(self.world, self.here, admin=self.admin, points=1, quantity=9, **limits)

    def at_the_deadline(self) -> None:
        """The last moment has passed a minute ago, and the clock has not come by yet."""
        late = now() - timedelta(minutes=1)

        def work(_: Any) -> None:
            which = Redemption.id == self.order["id"]
            db.session.execute(update(Redemption).where(which).values(pickup_by=late))
            held = update(Hold).where(Hold.cause_id == self.order["id"])
            db.session.execute(held.values(expires_at=late))

        act(self.world, work)

    def state(self) -> Any:
        """Everything that a refusal must leave alone."""
        return (
            standing(self.person),
            standing(self.other),
            stock(self.world, self.reward_id),
            self.person.get("/me/redemptions").json["items"],
        )


Ask = Callable[[str], TestResponse]
"""The same request under a key, as often as one likes."""


def used(scene: Scene) -> Ask:
    collect(scene.staff, scene.order)
    return lambda key: scene.scan(scene.staff, key)


def late(scene: Scene) -> Ask:
    scene.at_the_deadline()
    return lambda key: scene.scan(scene.staff, key)


def given_back(scene: Scene) -> Ask:
    scene.person.post(f"/redemptions/{scene.order['id']}/cancel")
    return lambda key: scene.scan(scene.staff, key)


def too_dear(scene: Scene) -> Ask:
    dear = reward(scene.world, scene.here, admin=scene.admin, points=91)
    return lambda key: redeem(scene.person, dear, scene.here, key=key)


def limited(*, quantity: int, before: int = 0, **limits: Any) -> Callable[[Scene], Ask]:
    def prepare(scene: Scene) -> Ask:
        reward_id = scene.limited(**limits)
        if before:
            assert redeem(scene.person, reward_id, scene.here, before).status_code == 201
        return lambda key: redeem(scene.person, reward_id, scene.here, quantity, key=key)

    return prepare


REFUSALS: dict[str, Callable[[Scene], Ask]] = {
    "already_collected": used,
    "collection_elsewhere": lambda scene: lambda key: scene.scan(scene.other_staff, key),
    "collection_too_late": late,
    "already_cancelled": given_back,
    "not_found": lambda scene: lambda key: scene.cancel(scene.other, key),
    "collection_code_unknown": lambda scene: (
        lambda key: scene.staff.post("/redemptions/collect", {"code": "AAAAAAAAAA"}, key=key)
    ),
    "out_of_stock": lambda scene: (
        lambda key: redeem(scene.other, scene.reward_id, scene.here, 3, key=key)
    ),
    "insufficient_points": too_dear,
    "reward_not_at_site": lambda scene: (
        lambda key: redeem(scene.other, scene.reward_id, scene.there, key=key)
    ),
    "order_limit_reached": limited(quantity=2, per_order_max=1),
    "person_limit_reached": limited(quantity=1, before=2, per_person_max=2),
    "period_limit_reached": limited(quantity=1, before=2, per_period_max=2, period="year"),
    "reward_not_yet_open": limited(quantity=1, open_from="2099-01-01"),
    "reward_no_longer_open": limited(quantity=1, open_until="2020-01-01"),
    "stock_too_low": lambda scene: (
        lambda key: scene.admin.post(
            f"/rewards/{scene.reward_id}/stock/write-off",
            {"site_id": scene.here, "quantity": 3, "reason": "受潮"},
            key=key,
        )
    ),
}


UNKNOWN = {"not_found", "collection_code_unknown"}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_named_changes_nothing_and_is_the_same_again(
    world: World, refusal: str
) -> None:
    scene = Scene(world)
    ask = REFUSALS[refusal](scene)
    before = scene.state()
    first = ask("tap")
    assert first.json["error"]["code"] == refusal
    assert first.status_code == (404 if refusal in UNKNOWN else 409)
    assert scene.state() == before
    # What stood in the way may be gone meanwhile; the answer that went out stands.
    more = {"site_id": scene.here, "quantity": 50}
    assert scene.admin.post(f"/rewards/{scene.reward_id}/stock", more).status_code == 200
    again = ask("tap")
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert breaches(world) == []


def test_the_picture_of_a_code_reads_back_as_its_link_and_the_link_explains_itself(
    world: World,
) -> None:
    scene = Scene(world)
    shown = scene.person.get(f"/me/redemptions/{scene.order['id']}/code").json
    png = base64.b64decode(shown["image"].removeprefix("data:image/png;base64,"))
    (read,) = zxingcpp.read_barcodes(Image.open(BytesIO(png)))
    assert read.text == shown["link"] == scene.order["link"]
    assert read.format == zxingcpp.BarcodeFormat.QRCode
    page = world.app.test_client().get(read.text.removeprefix("http://linli.test"))
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert "礼品领取码" in text
    assert "只能领取一次" in text
    assert page.headers["Cache-Control"] == "no-store"
    assert scene.staff.post("/redemptions/collect", {"code": read.text}).status_code == 200
    assert breaches(world) == []


@pytest.mark.parametrize(
    ("code", "title"),
    [("r1.34AB9XYQKM", "礼品领取码"), ("r1.x", "礼品领取码"), ("r2.34AB9XYQKM", "邻里二维码")],
)
def test_the_page_of_a_code_goes_by_its_shape_alone(world: World, code: str, title: str) -> None:
    page = world.app.test_client().get(f"/q/{code}")
    assert f"<h1>{title}</h1>" in page.get_data(as_text=True)
