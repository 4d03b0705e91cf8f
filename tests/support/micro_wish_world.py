"""Wishes to test with, brought to whatever state a test begins in."""

from typing import Any

from tests.support.world import Caller, World

SECRET = "独居，包家路 9 弄 3 号 502 室，腿脚不便"


def form(**overrides: Any) -> dict[str, Any]:
    """A wish that fits."""
    return {
        "title": "想修好漏水的水龙头",
        "public_text": "家里厨房水龙头漏水，希望有人上门修理。",
        "private_text": SECRET,
        "category": "repair",
        **overrides,
    }


def made(wisher: Caller, **overrides: Any) -> int:
    """The id of a wish that waits for the community."""
    answer = wisher.post("/wishes", form(**overrides))
    assert answer.status_code == 201, answer.json
    return int(answer.json["id"])


class Road:
    """One wish with its wisher, claimer and community admin, taken step by step along the road."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wisher = world.person(name="张桂芳")
        self.claimer = world.person(name="李建军")
        self.admin = world.community_admin()
        self.id = 0

    def go(self, state: str, **publish: Any) -> "Road":
        """Bring the wish to `state`, one of those on the straight road."""
        steps = {
            "made": lambda: None,
            "published": lambda: self.post(self.admin, "publish", publish),
            "claimed": lambda: self.post(self.claimer, "claim"),
            "approved": lambda: self.post(self.admin, "approve"),
            "delivered": lambda: self.post(self.claimer, "deliver", {"note": "已更换水龙头"}),
            "confirmed": lambda: self.post(self.wisher, "confirm", {"rating": 5}),
        }
        self.id = made(self.wisher)
        for name, step in steps.items():
            step()
            if name == state:
                break
        else:
            raise ValueError(state)
        return self

    def post(self, caller: Caller, step: str, body: dict[str, Any] | None = None) -> Any:
        """One step, which must be allowed."""
        answer = caller.post(f"/wishes/{self.id}/{step}", body)
        assert answer.status_code == 200, answer.json
        return answer.json
