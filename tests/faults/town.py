"""A small town under load: who lives there, what they do all day, and what they must have in the end."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask

from app.core.clock import now
from app.policies.terms import ATTENDANCE_SHARE_PERCENT_MIN, POINTS_DAILY_MAX
from app.sites import actions as codes
from app.sites import rules as code_rules
from app.sites.terms import PASS_STEP_SECONDS, CodeKind
from tests.faults.device import Device, Intention, Sender
from tests.support import redemption_world, volunteer_world
from tests.support.micro_wish_world import form as wish_form
from tests.support.points_world import set_policy
from tests.support.world import Caller, World

PRICE = 10
VISIT_MINUTES = 100
PLACES_PER_SHIFT = 10_000
PIECES = 10_000


class Surprise(AssertionError):
    """The product said something that cannot be true."""


@dataclass(slots=True)
class Wallet:
    """A person and what they must have, by the answers they were given. One device acts for them."""

    person: Sender
    available: int = 0
    held: int = 0
    orders: dict[int, str] = field(default_factory=dict)
    """Orders that wait for collection: their id and code."""


class Town:
    """Made once, over HTTP and by factories, before anything is attacked."""

    def __init__(self, app: Flask, *, devices: int, visitors: int) -> None:
        self.app = app
        self._world = world = World(app)
        set_policy(world, POINTS_DAILY_MAX, 10_000)
        set_policy(world, ATTENDANCE_SHARE_PERCENT_MIN, 0)
        self.site_id = world.site()
        admin = world.community_admin()
        self.reward_id = redemption_world.reward(world, admin=admin, points=PRICE)
        received = admin.post(
            f"/rewards/{self.reward_id}/stock", {"site_id": self.site_id, "quantity": PIECES}
        )
        assert received.status_code == 200, received.json

        self._opportunity = volunteer_world.publish(
            admin, self.site_id, volunteer_world.hours(-2, 21, PLACES_PER_SHIFT)
        )
        self.admins = [self.sender(world.community_admin()) for _ in range(devices)]
        self.staff = [self.sender(world.station_staff(self.site_id)) for _ in range(devices)]
        self.wallets = [
            [Wallet(self.sender(world.person())) for _ in range(3)] for _ in range(devices)
        ]
        per_device = -(-visitors // devices)
        self.visitors = [
            iter([Wallet(self.sender(world.person())) for _ in range(per_device)])
            for _ in range(devices)
        ]
        self.visited: list[Wallet] = []

    def sender(self, caller: Caller) -> Sender:
        return Sender(self.app, caller)

    def everybody(self) -> Iterator[Wallet]:
        """Every wallet somebody has touched."""
        for wallets in self.wallets:
            yield from wallets
        yield from self.visited

    def day(self, device: Device, number: int, over: Callable[[], bool]) -> None:
        """What device `number` does until it is `over`: one story after the other."""
        resident = Resident(self, device, number)
        while not over():
            resident.story()

    def pass_of(self, person_id: int) -> str:
        """The code on the person's phone now; the picture of it is not drawn."""
        step = code_rules.step_at(now(), PASS_STEP_SECONDS)
        with self.app.app_context():
            signed = code_rules.signed_part(CodeKind.PASS, "1", person_id, step)
            return f"{signed}.{codes._mac(CodeKind.PASS, '1', signed)}"

    @property
    def shift(self) -> tuple[int, int]:
        """Opportunity and shift that take place now."""
        return self._opportunity["id"], self._opportunity["shifts"][0]["id"]


class Resident:
    """Tells stories on one device and keeps count of what everybody in them must have."""

    def __init__(self, town: Town, device: Device, number: int) -> None:
        self.town = town
        self.device = device
        self.admin = town.admins[number]
        self.staff = town.staff[number]
        self.wallets = town.wallets[number]
        self.visitors = town.visitors[number]

    def story(self) -> None:
        """Something that happens in a community, from its beginning to its end."""
        stories = {
            self.grant: 25,
            self.redeem: 25,
            self.collect: 14,
            self.cancel: 10,
            self.look: 10,
            self.wish: 6,
            self.visit: 5,
            self.repeat: 5,
        }
        chance = self.device.chance
        chance.choices(list(stories), list(stories.values()))[0]()

    def grant(self) -> None:
        wallet, points = self._somebody(), self.device.chance.randint(1, 40)
        body = {"person_id": wallet.person.id, "points": points, "reason": self._next_key()}
        if self._write(self.admin, "grant", "/points/grants", body).done:
            wallet.available += points

    def redeem(self) -> None:
        wallet, pieces = self._somebody(), self.device.chance.randint(1, 2)
        body = {"reward_id": self.town.reward_id, "site_id": self.town.site_id, "quantity": pieces}
        order = self._write(wallet.person, "redeem", "/redemptions", body, refusals=(409,))
        affordable = wallet.available >= pieces * PRICE
        if order.done != affordable and order.answer.get("error", {}).get("code") != "out_of_stock":
            raise Surprise(f"{order} with {wallet.available} points")
        if order.done:
            wallet.available -= pieces * PRICE
            wallet.held += pieces * PRICE
            wallet.orders[order.answer["id"]] = order.answer["code"]

    def collect(self) -> None:
        if (wallet := self._with_order()) is None:
            return
        order_id, code = wallet.orders.popitem()
        body = {"code": code, "site_id": self.town.site_id}
        handover = self._write(self.staff, "collect", "/redemptions/collect", body)
        wallet.held -= handover.answer["points"]
        if self.device.chance.random() < 0.1:
            again = f"/redemptions/{order_id}/cancel"
            self._write(wallet.person, "cancel", again, refusals=(409,), done=False)

    def cancel(self) -> None:
        if (wallet := self._with_order()) is None:
            return
        order_id, code = wallet.orders.popitem()
        points = self._write(wallet.person, "cancel", f"/redemptions/{order_id}/cancel").answer[
            "points"
        ]
        wallet.held -= points
        wallet.available += points
        if self.device.chance.random() < 0.1:
            again = {"code": code, "site_id": self.town.site_id}
            self._write(
                self.staff, "collect", "/redemptions/collect", again, refusals=(409,), done=False
            )

    def look(self) -> None:
        """Nobody else moves this wallet: what it shows is exactly what was answered before."""
        wallet = self._somebody()
        shown = self.device.read(wallet.person, "/me/points")
        if (shown["available"], shown["held"]) != (wallet.available, wallet.held):
            raise Surprise(f"person {wallet.person.id} has {shown}, expected {wallet}")
        page = self.device.read(wallet.person, "/me/points/transfers?limit=20")["items"]
        if page and page[0]["balance_after"] != wallet.available + wallet.held:
            raise Surprise(f"person {wallet.person.id}: {page[0]}, expected {wallet}")
        for later, earlier in itertools.pairwise(page):
            if later["balance_after"] - later["points"] != earlier["balance_after"]:
                raise Surprise(f"person {wallet.person.id}: {earlier} then {later}")

    def wish(self) -> None:
        wisher, claimer = self.device.chance.sample(self.wallets, 2)
        made = self._write(wisher.person, "wish", "/wishes", wish_form(title=self._next_key()))
        steps = (
            (self.admin, "publish", {}),
            (claimer.person, "claim", None),
            (self.admin, "approve", None),
            (claimer.person, "deliver", {"note": "已更换水龙头"}),
            (wisher.person, "confirm", {"rating": 5}),
        )
        for person, step, body in steps:
            path = f"/wishes/{made.answer['id']}/{step}"
            last = self._write(person, f"wish_{step}", path, body)
        claimer.available += last.answer["claim"]["points_earned"]

    def visit(self) -> None:
        """Somebody comes who was never here before, serves, and goes with points."""
        wallet = next(self.visitors, None)
        if wallet is None:
            return
        self.town.visited.append(wallet)
        opportunity_id, shift_id = self.town.shift
        path = f"/opportunities/{opportunity_id}/claims"
        self._write(wallet.person, "claim", path, {"shift_id": shift_id})
        came_at = now() - timedelta(minutes=VISIT_MINUTES)
        self._scan(wallet, "in", at=came_at.isoformat())
        gone = self._scan(wallet, "out")
        if gone.done:
            wallet.available += gone.answer["points"]

    def repeat(self) -> None:
        """An old question once more: the very same answer, and nothing happens."""
        old = self.device.chance.choice(self.device.history or [None])
        if old is None:
            return
        again = Intention(old.kind, old.actor_id, old.key, old.path, old.body)
        self.device.ask(self._senders()[old.actor_id], again)
        if (again.status, again.text, again.replayed) != (old.status, old.text, True):
            raise Surprise(f"asked again: {again}, first: {old}")

    def _scan(self, wallet: Wallet, direction: str, **late: str) -> Intention:
        # A pass lives a minute. When the town was down for longer, the phone shows a new one.
        for _ in range(5):
            body = {"code": self.town.pass_of(wallet.person.id), "site_id": self.town.site_id}
            scan = self._write(
                self.staff,
                f"scan_{direction}",
                "/scans/pass",
                {**body, "direction": direction, **late},
                refusals=(409,),
            )
            if scan.done or scan.answer["error"]["code"] != "code_expired":
                break
        if not scan.done:
            raise Surprise(f"{scan}")
        return scan

    def _write(
        self,
        person: Sender,
        kind: str,
        path: str,
        body: dict | None = None,
        *,
        refusals: tuple[int, ...] = (),
        done: bool | None = None,
    ) -> Intention:
        wanted = self.device.write(person, kind, path, body)
        if not wanted.done and wanted.status not in refusals:
            raise Surprise(f"{wanted}")
        if done is not None and wanted.done is not done:
            raise Surprise(f"{wanted}")
        return wanted

    def _senders(self) -> dict[int, Sender]:
        known = {wallet.person.id: wallet.person for wallet in self.wallets}
        known |= {wallet.person.id: wallet.person for wallet in self.town.visited}
        return known | {self.admin.id: self.admin, self.staff.id: self.staff}

    def _somebody(self) -> Wallet:
        return self.device.chance.choice(self.wallets)

    def _with_order(self) -> Wallet | None:
        waiting = [wallet for wallet in self.wallets if wallet.orders]
        return self.device.chance.choice(waiting) if waiting else None

    def _next_key(self) -> str:
        return f"{self.device.name}-{len(self.device.history)}"
