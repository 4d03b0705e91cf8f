"""Walks the whole main road over HTTP, as the phones and desks would, and stops at the first wrong step.

Two fresh phones (a Party member and a resident) and the demo's own admin and station staff of 包家社区. It can be
walked again and again on one server: every walk brings new people and new things. Its hour of service is what a
station really has: staff scan somebody in who came an hour ago, within the policy's tolerance; nobody touches the
server's clock.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2

from app.core.clock import now

TIMEOUT_SECONDS = 15
ANSWER_CHARACTERS_SHOWN = 300
INBOX_SECONDS_MAX = 20
HOUR_AND_A_BIT = timedelta(minutes=61)

COMMUNITY = "330205001015"
OTHER_COMMUNITY = "350902500009"
ADMIN, STAFF = "wuzhiqiang", "zhoumin"
OTHER_ADMIN = "linfang"

Show = Callable[[dict[str, Any]], None]


class WrongTurn(Exception):
    """A step's answer was not as it should be."""


def walk(url: str, show: Show) -> bool:
    """Walk the road at `url`, showing each step. True when everything was as it should be."""
    walker = _Walker(url.rstrip("/"), show)
    try:
        walker.walk()
    except WrongTurn:
        return False
    except httpx2.HTTPError as fault:
        show({"title": f"no answer from {url}: {fault}", "ok": False, "expected": "an answer"})
        return False
    finally:
        walker.close()
    return True


@dataclass(slots=True)
class _Person:
    """Somebody on the road, with the token of the own device."""

    name: str
    token: str = ""
    id: int = 0
    keys: int = field(default=0)


class _Walker:
    def __init__(self, url: str, show: Show) -> None:
        self._client = httpx2.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT_SECONDS)
        self._show = show
        self._walk_id = secrets.token_hex(4)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def walk(self) -> None:
        """The seven stretches of the road."""
        admin, staff = self._at_desk(ADMIN), self._at_desk(STAFF)
        member, resident = self._on_phone("member"), self._on_phone("resident")
        site = self._site()
        self._report_in(member, admin)
        self._step("the resident settles in", resident, "PUT", "/me", {"home_area": COMMUNITY})
        shifts = self._publish(admin, site)
        self._claim(shifts, member, resident, admin)
        self._serve(site, member, resident, staff)
        self._bank(member)
        self._redeem(site, member, admin, staff)
        self._wish(member, resident, admin)
        self._traces(member, admin)

    # --- the stretches --------------------------------------------------------------------------------------

    def _report_in(self, member: _Person, admin: _Person) -> None:
        unit = self._step(
            "the member finds the own unit", member, "GET", "/units?q=教育局", check=_has_items
        )["items"][0]
        form = {
            "area": COMMUNITY,
            "unit_id": unit["id"],
            "member_kind": "in_service",
            "specialities": ["computing", "teaching"],
            "free_times": ["weekend"],
            "emergency_ready": True,
            "consent": True,
        }
        first = self._step("reports in", member, "POST", "/report-ins", form, status=201)
        self._step(
            "the admin returns it with a reason",
            admin,
            "POST",
            f"/report-ins/{first['id']}/return",
            {"reason": "请核对所在小区"},
            check=_state("returned"),
        )
        second = self._step("reports in again", member, "POST", "/report-ins", form, status=201)
        self._refused(
            "a third time is refused", member, "POST", "/report-ins", "already_reported_in", form
        )
        self._step(
            "the admin accepts and a receipt is given",
            admin,
            "POST",
            f"/report-ins/{second['id']}/accept",
            check=lambda body: _state("accepted")(body) and bool(body["receipt_number"]),
        )

    def _publish(self, admin: _Person, site: dict[str, Any]) -> dict[str, dict[str, Any]]:
        begun = now() - HOUR_AND_A_BIT
        common = {"area": COMMUNITY, "site_id": site["id"], "open_to": "everyone"}
        forms: dict[str, dict[str, Any]] = {
            "micro_project": {
                "title": f"清洁家园 {self._walk_id}",
                "needs_approval": True,
                "shifts": [_shift(begun, hours=1.25, capacity=1)],
            },
            "micro_post": {
                "title": f"楼道巡查 {self._walk_id}",
                "needs_approval": False,
                "shifts": [_shift(begun, hours=1.5, capacity=5)],
            },
            "activity": {
                "title": f"手机课堂 {self._walk_id}",
                "needs_approval": False,
                "points_rule": "fixed",
                "points_fixed": 15,
                "shifts": [_shift(now() + timedelta(days=2), hours=2, capacity=1)],
            },
        }
        return {
            kind: self._step(
                f"the admin publishes a {kind.replace('_', '-')}",
                admin,
                "POST",
                "/opportunities",
                {"kind": kind, "category": "governance", **common, **form},
                status=201,
            )
            for kind, form in forms.items()
        }

    def _claim(
        self,
        made: dict[str, dict[str, Any]],
        member: _Person,
        resident: _Person,
        admin: _Person,
    ) -> None:
        project, post, activity = (
            made[kind] for kind in ("micro_project", "micro_post", "activity")
        )
        claim = self._claimed("the member claims the micro-project", member, project, "pending")
        self._step(
            "the admin approves",
            admin,
            "POST",
            f"/claims/{claim['id']}/approve",
            check=_state("approved"),
        )
        self._refused(
            "the member cannot be in two places at once",
            member,
            "POST",
            f"/opportunities/{post['id']}/claims",
            "shift_overlaps",
            {"shift_id": post["shifts"][0]["id"]},
        )
        self._claimed("the resident claims the micro-post", resident, post, "approved")
        place = self._claimed(
            "the member takes the activity's last place", member, activity, "approved"
        )
        waiting = self._claimed(
            "the resident waits in line for it", resident, activity, "waitlisted"
        )
        self._step(
            "the member gives the place back",
            member,
            "POST",
            f"/claims/{place['id']}/cancel",
            check=_state("cancelled"),
        )
        self._step(
            "the resident has moved up",
            resident,
            "GET",
            "/me/claims",
            check=lambda body: any(
                one["id"] == waiting["id"] and one["state"] == "approved" for one in body["items"]
            ),
        )

    def _serve(
        self, site: dict[str, Any], member: _Person, resident: _Person, staff: _Person
    ) -> None:
        came_at = (now() - HOUR_AND_A_BIT + timedelta(seconds=30)).isoformat()
        shown = self._step(
            "the member shows the pass", member, "GET", "/me/pass", check=_has("code")
        )
        self._step(
            "staff scan it and note the arrival an hour ago",
            staff,
            "POST",
            "/scans/pass",
            {"code": shown["link"], "site_id": site["id"], "direction": "in", "at": came_at},
            check=lambda body: body["direction"] == "in",
        )
        code = self._step(
            "the station shows its rotating code",
            staff,
            "GET",
            f"/sites/{site['id']}/code",
            check=_has("code"),
        )
        out = self._step(
            "the member scans out",
            member,
            "POST",
            "/scans",
            {"code": code["link"], "direction": "out"},
            check=lambda body: body["minutes"] >= 60 and body["points"] > 0,  # noqa: PLR2004 - an hour
        )
        again = self._step(
            "the same scan again is answered the same",
            member,
            "POST",
            "/scans",
            {"code": code["link"], "direction": "out"},
        )
        if again["record"] != out["record"]:
            self._wrong("the same scan again is answered the same", "the first record")
        self._step(
            "the resident scans in with the station's code",
            resident,
            "POST",
            "/scans",
            {"code": code["code"]},
            check=lambda body: body["direction"] == "in",
        )
        self._refused(
            "a forged code is refused",
            resident,
            "POST",
            "/scans",
            "code_invalid",
            {"code": code["code"][:-1] + ("A" if code["code"][-1] != "A" else "B")},
        )
        passed = self._step("the resident shows the pass", resident, "GET", "/me/pass")
        self._step(
            "staff scan the resident out: too short for points, and it says why",
            staff,
            "POST",
            "/scans/pass",
            {"code": passed["code"], "site_id": site["id"], "direction": "out"},
            check=lambda body: body["points"] == 0 and "不计积分" in body["explanation"],
        )

    def _bank(self, member: _Person) -> None:
        self._step(
            "the member's balance, with the pockets' expiry",
            member,
            "GET",
            "/me/points",
            check=lambda body: body["available"] > 0 and bool(body["pockets"][0]["expires_on"]),
        )
        self._step(
            "the statement leads to the service record",
            member,
            "GET",
            "/me/points/transfers",
            check=lambda body: body["items"][0]["cause"]["kind"] == "service_record",
        )

    def _redeem(
        self, site: dict[str, Any], member: _Person, admin: _Person, staff: _Person
    ) -> None:
        reward = self._step(
            "the admin puts a reward on the shelf",
            admin,
            "POST",
            "/rewards",
            {"area": COMMUNITY, "title": f"洗手液 {self._walk_id}", "points": 5},
            status=201,
        )
        self._step(
            "and takes two pieces into the station's stock",
            admin,
            "POST",
            f"/rewards/{reward['id']}/stock",
            {"site_id": site["id"], "quantity": 2},
        )
        order = {"reward_id": reward["id"], "site_id": site["id"]}
        before = self._points(member)
        dropped = self._step(
            "the member redeems one", member, "POST", "/redemptions", order, status=201
        )
        self._step(
            "points are held", member, "GET", "/me/points", check=_points(before - 5, held=5)
        )
        self._step(
            "cancels",
            member,
            "POST",
            f"/redemptions/{dropped['id']}/cancel",
            check=_state("cancelled"),
        )
        self._step("points are back", member, "GET", "/me/points", check=_points(before, held=0))
        kept = self._step("redeems again", member, "POST", "/redemptions", order, status=201)
        self._step(
            "staff scan the collection code and hand it over",
            staff,
            "POST",
            "/redemptions/collect",
            {"code": kept["link"], "site_id": site["id"]},
        )
        self._refused(
            "a second time the code is refused",
            staff,
            "POST",
            "/redemptions/collect",
            "already_collected",
            {"code": kept["code"], "site_id": site["id"]},
        )
        self._step(
            "points are spent", member, "GET", "/me/points", check=_points(before - 5, held=0)
        )

    def _wish(self, member: _Person, resident: _Person, admin: _Person) -> None:
        secret = f"3 幢 402 {self._walk_id}"
        wish = self._step(
            "the resident makes a wish",
            resident,
            "POST",
            "/wishes",
            {
                "title": "想有人帮忙修水龙头",
                "public_text": "厨房水龙头滴水。",
                "private_text": secret,
                "category": "repair",
            },
            status=201,
        )
        path = f"/wishes/{wish['id']}"
        self._step("the admin verifies and publishes it", admin, "POST", f"{path}/publish", {})
        self._step(
            "on the wall nobody reads the address",
            member,
            "GET",
            path,
            check=lambda body: body["state"] == "published" and secret not in str(body),
        )
        self._step("the member claims it", member, "POST", f"{path}/claim", check=_state("claimed"))
        self._step("the admin approves", admin, "POST", f"{path}/approve", check=_state("approved"))
        self._step(
            "now the member reads where to go",
            member,
            "GET",
            path,
            check=lambda body: body["private_text"] == secret,
        )
        self._step("and fulfils it", member, "POST", f"{path}/deliver", {"note": "换了新的阀芯。"})
        before = self._points(member)
        confirmed = self._step(
            "the wisher confirms",
            resident,
            "POST",
            f"{path}/confirm",
            {"rating": 5, "thanks": "谢谢，修得很好。"},
            check=_state("confirmed"),
        )
        self._step(
            "and the member has earned its points",
            member,
            "GET",
            "/me/points",
            check=_points(before + confirmed["points"], held=0),
        )

    def _traces(self, member: _Person, admin: _Person) -> None:
        self._step(
            "the admin reads who did what, here",
            admin,
            "GET",
            f"/journal?area={COMMUNITY}&person_id={member.id}",
            check=_has_items,
        )
        other = self._at_desk(OTHER_ADMIN)
        self._step(
            "the admin of another community reads nothing of it",
            other,
            "GET",
            f"/journal?area={COMMUNITY}",
            check=lambda body: body["items"] == [],
        )
        give_up_at = time.monotonic() + INBOX_SECONDS_MAX
        while time.monotonic() < give_up_at:
            inbox = self._call(member, "GET", "/inbox").json()
            if any(self._walk_id in one["body"] for one in inbox["items"]):
                break
            time.sleep(0.5)  # messages follow the journal, delivered by the scheduler
        self._step(
            "the messages have arrived",
            member,
            "GET",
            "/inbox",
            check=lambda body: any(self._walk_id in one["body"] for one in body["items"]),
        )

    # --- people ---------------------------------------------------------------------------------------------

    def _at_desk(self, username: str) -> _Person:
        person = _Person(username)
        known = self._call(None, "GET", "/demo/people").json()
        login = self._step(
            f"{username} logs in at the desk",
            None,
            "POST",
            "/auth/password",
            {"username": username, "password": known.get("password", "")},
            check=_has("access_token"),
            hide=True,
        )
        person.token, person.id = login["access_token"], login["person"]["id"]
        return person

    def _on_phone(self, name: str) -> _Person:
        person = _Person(name)
        openid = f"road-{name}-{self._walk_id}"
        code = self._step(
            f"the {name}'s phone asks WeChat", None, "POST", "/demo/wechat-code", {"openid": openid}
        )
        login = self._step(
            f"the {name} logs in by WeChat",
            None,
            "POST",
            "/auth/wechat",
            code,
            check=_has("access_token"),
            hide=True,
        )
        person.token, person.id = login["access_token"], login["person"]["id"]
        names = {"member": "王路明", "resident": "李小满"}
        self._step(f"the {name} gives a name", person, "PUT", "/me", {"name": names[name]})
        return person

    def _site(self) -> dict[str, Any]:
        found: dict[str, Any] = self._step(
            "the station of 包家社区", None, "GET", f"/sites?area={COMMUNITY}", check=_has_items
        )["items"][0]
        return found

    def _claimed(
        self, title: str, person: _Person, opportunity: dict[str, Any], state: str
    ) -> dict[str, Any]:
        return self._step(
            title,
            person,
            "POST",
            f"/opportunities/{opportunity['id']}/claims",
            {"shift_id": opportunity["shifts"][0]["id"]},
            status=201,
            check=_state(state),
        )

    def _points(self, person: _Person) -> int:
        return int(self._call(person, "GET", "/me/points").json()["available"])

    # --- steps ----------------------------------------------------------------------------------------------

    def _step(
        self,
        title: str,
        person: _Person | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        check: Callable[[dict[str, Any]], bool] | None = None,
        hide: bool = False,
    ) -> dict[str, Any]:
        """One request; shown with its answer and time. Raises: WrongTurn when it is not as it should be."""
        started = time.perf_counter()
        answer = self._call(person, method, path, body)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        ok = answer.status_code == status
        if ok and check is not None:
            ok = check(answer.json())
        self._show(
            {
                "title": title,
                "ok": ok,
                "request": f"{method} {path}",
                "status": answer.status_code,
                "milliseconds": milliseconds,
                "answer": "(tokens)" if hide and ok else _short(answer.text),
                "expected": f"{status} and the right content",
            }
        )
        if not ok:
            raise WrongTurn(title)
        found: dict[str, Any] = answer.json()
        return found

    def _refused(
        self,
        title: str,
        person: _Person,
        method: str,
        path: str,
        code: str,
        body: Any = None,
    ) -> None:
        self._step(
            title,
            person,
            method,
            path,
            body,
            status=409,
            check=lambda answer: answer["error"]["code"] == code,
        )

    def _wrong(self, title: str, expected: str) -> None:
        self._show({"title": title, "ok": False, "expected": expected})
        raise WrongTurn(title)

    def _call(
        self, person: _Person | None, method: str, path: str, body: Any = None
    ) -> httpx2.Response:
        headers: dict[str, str] = {}
        if person is not None:
            headers["Authorization"] = f"Bearer {person.token}"
            if method != "GET":
                # One key per intention, as a device makes it.
                person.keys += 1
                headers["Idempotency-Key"] = f"{self._walk_id}-{person.id}-{person.keys}"
        return self._client.request(method, path, json=body, headers=headers)


def _shift(begins: Any, *, hours: float, capacity: int) -> dict[str, Any]:
    return {
        "starts_at": begins.isoformat(),
        "ends_at": (begins + timedelta(hours=hours)).isoformat(),
        "capacity": capacity,
    }


def _short(text: str) -> str:
    return text if len(text) <= ANSWER_CHARACTERS_SHOWN else f"{text[:ANSWER_CHARACTERS_SHOWN]} …"


def _state(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: body.get("state") == state


def _has(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: bool(body.get(name))


def _has_items(body: dict[str, Any]) -> bool:
    return bool(body["items"])


def _points(available: int, *, held: int) -> Callable[[dict[str, Any]], bool]:
    return lambda body: body["available"] == available and body["held"] == held
