"""A server that behaves like WeChat, quirks included, so that login works on any machine.

It keeps everything in the memory of one process. What WeChat serves stands under `/sns`; what a
phone, a demo or a test does to it stands under `/_standin`:

- `POST /_standin/codes {openid, unionid?, appid?}` is the phone's `wx.login`; it answers 201
  `{code, expires_in}`.
- `POST /_standin/faults {times?, errcode?, html?, delay_seconds?, uses_code_up?}` spoils the next
  calls.
- `GET /_standin/requests` shows what was received, to the byte.
- `DELETE /_standin/` forgets faults and requests; `GET /_standin/` says what this is.

Run it with `python -m app.integrations.wechat.standin`. It hands a login to whoever asks for one,
so it belongs on loopback and nowhere near production.
"""

import argparse
import base64
import json
import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.serving import make_server

from app.config import STANDIN_APPID, STANDIN_SECRET

CODE_LIFE = timedelta(minutes=5)
LOGINS_PER_MINUTE_MAX = 100
REQUESTS_KEPT_MAX = 200
BODY_BYTES_MAX = 64 * 1024
DELAY_SECONDS_MAX = 30
FAULT_TIMES_MAX = 100
OPENID_CHARACTERS_MAX = 64
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(slots=True)
class LoginCode:
    """A code that a phone got from `wx.login`."""

    appid: str
    openid: str
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class User:
    """A WeChat account, and how often it logged in during the running minute."""

    unionid: str | None = None
    minute: datetime | None = None
    logins_in_minute: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the next `times` calls."""

    times: int = 1
    errcode: int | None = None
    html: bool = False
    """Answer 502 with a web page, as a gateway does."""
    delay_seconds: float = 0.0
    uses_code_up: bool = False
    """The call does its work and only the answer is spoilt or late; else it fails beforehand."""


@dataclass(slots=True)
class WeChat:
    """The whole state. Every method is one step behind one lock; none of them sleeps."""

    clock: Callable[[], datetime]
    apps: Mapping[str, str]
    users: dict[str, User] = field(default_factory=dict)
    codes: OrderedDict[str, LoginCode] = field(default_factory=OrderedDict)
    """In the order of issue, hence of expiry."""
    faults: deque[Fault] = field(default_factory=lambda: deque(maxlen=1000))
    requests: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT_MAX))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def issue_code(self, appid: str, openid: str, unionid: str | None) -> str:
        """Give the user, who is created when unknown, a fresh login code."""
        with self.lock:
            self._forget_expired_codes()
            user = self.users.setdefault(openid, User())
            user.unionid = unionid or user.unionid
            code = secrets.token_hex(16)
            self.codes[code] = LoginCode(appid, openid, self.clock() + CODE_LIFE)
            return code

    def exchange(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Do what `/sns/jscode2session` does, checks in WeChat's order."""
        with self.lock:
            self._forget_expired_codes()
            appid = query.get("appid", "")
            for name, errcode in (("appid", 41002), ("secret", 41004), ("js_code", 41008)):
                if not query.get(name):
                    return self.error(errcode, f"{name} missing")
            if appid not in self.apps:
                return self.error(40013, "invalid appid")
            if not secrets.compare_digest(self.apps[appid].encode(), query["secret"].encode()):
                return self.error(40125, "invalid appsecret")
            if query.get("grant_type") != "authorization_code":
                return self.error(40002, "invalid grant_type")
            login = self.codes.get(query["js_code"])
            if login is None or login.appid != appid:
                return self.error(40029, "invalid code")
            user = self.users[login.openid]
            if self._logs_in_too_often(user):
                return self.error(
                    45011, "api minute-quota reach limit mustslower retry next minute"
                )
            if login.used:
                hint = secrets.token_urlsafe(12)
                return {"errcode": 40163, "errmsg": f"code been used, hints: [ req_id: {hint} ]"}
            login.used = True
            # No errcode on success, and a key no client has heard of: both must be borne.
            session_key = base64.b64encode(secrets.token_bytes(16)).decode()
            answer = {"session_key": session_key, "openid": login.openid, "standin_extra": {"a": 1}}
            return answer | ({"unionid": user.unionid} if user.unionid else {})

    def error(self, errcode: int, errmsg: str) -> dict[str, Any]:
        """WeChat's error object with a request id, as WeChat makes them: the time first."""
        rid = f"{int(self.clock().timestamp()):x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        return {"errcode": errcode, "errmsg": f"{errmsg}, rid: {rid}"}

    def next_fault(self) -> Fault | None:
        """Take the next planned fault, if any."""
        with self.lock:
            return self.faults.popleft() if self.faults else None

    def _forget_expired_codes(self) -> None:
        now = self.clock()
        while self.codes and next(iter(self.codes.values())).expires_at <= now:
            self.codes.popitem(last=False)

    def _logs_in_too_often(self, user: User) -> bool:
        minute = self.clock().replace(second=0, microsecond=0)
        if user.minute != minute:
            user.minute, user.logins_in_minute = minute, 0
        user.logins_in_minute += 1
        return user.logins_in_minute > LOGINS_PER_MINUTE_MAX


def _now() -> datetime:
    return datetime.now(UTC)


def create_standin(
    clock: Callable[[], datetime] = _now, apps: Mapping[str, str] | None = None
) -> Flask:
    """Build the server.

    `clock` answers the present as an aware datetime; `apps` maps each appid to its secret, the
    first one being meant where a phone does not say which app it runs.
    """
    wechat = WeChat(clock, apps or {STANDIN_APPID: STANDIN_SECRET})
    server = Flask("wechat_standin")
    server.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX

    @server.before_request
    def record() -> None:
        if not request.path.startswith("/_standin/"):
            received = {
                "method": request.method,
                "path": request.path,
                "query": request.query_string.decode("latin-1"),
                "content_type": request.headers.get("Content-Type", ""),
                "body_base64": base64.b64encode(request.get_data()).decode(),
            }
            with wechat.lock:
                wechat.requests.append(received)

    @server.get("/sns/jscode2session")
    def jscode2session() -> Response:
        fault = wechat.next_fault() or Fault()
        answer = wechat.exchange(request.args) if fault.uses_code_up else None
        time.sleep(fault.delay_seconds)
        if fault.html:
            return Response(BAD_GATEWAY, status=502, content_type="text/html")
        if fault.errcode is not None:
            answer = wechat.error(fault.errcode, "system error" if fault.errcode == -1 else "fault")
        elif answer is None:
            answer = wechat.exchange(request.args)
        return Response(json.dumps(answer, ensure_ascii=False), content_type="text/plain")

    @server.get("/_standin/")
    def describe() -> dict[str, Any]:
        return {"service": "wechat-standin", "appids": list(wechat.apps)}

    @server.post("/_standin/codes")
    def wx_login() -> tuple[dict[str, Any], int]:
        asked = _fields({"openid": str, "unionid": str, "appid": str})
        appid = asked.get("appid", next(iter(wechat.apps)))
        if (
            appid not in wechat.apps
            or not 1 <= len(asked.get("openid", "")) <= OPENID_CHARACTERS_MAX
        ):
            raise BadRequest("openid takes 1 to 64 characters, and the appid must be known")
        code = wechat.issue_code(appid, asked["openid"], asked.get("unionid"))
        return {"code": code, "expires_in": int(CODE_LIFE.total_seconds())}, 201

    @server.post("/_standin/faults")
    def plan_fault() -> tuple[str, int]:
        asked = _fields(
            {
                "times": int,
                "errcode": int,
                "html": bool,
                "delay_seconds": (int, float),
                "uses_code_up": bool,
            }
        )
        fault = Fault(**asked)
        if not (
            1 <= fault.times <= FAULT_TIMES_MAX and 0 <= fault.delay_seconds <= DELAY_SECONDS_MAX
        ):
            raise BadRequest("times is 1 to 100, delay_seconds 0 to 30")
        with wechat.lock:
            wechat.faults.extend([fault] * fault.times)
        return "", 204

    @server.get("/_standin/requests")
    def show_requests() -> dict[str, Any]:
        with wechat.lock:
            return {"requests": list(wechat.requests)}

    @server.delete("/_standin/")
    def forget() -> tuple[str, int]:
        with wechat.lock:
            wechat.faults.clear()
            wechat.requests.clear()
        return "", 204

    @server.errorhandler(HTTPException)
    def explain(error: HTTPException) -> tuple[dict[str, Any], int]:
        return {"error": error.description}, error.code or 500

    return server


def _fields(types: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """Read a control request. Raises BadRequest for an unknown field or one of a wrong type."""
    body = request.get_json()
    if not isinstance(body, dict) or any(
        name not in types or not isinstance(value, types[name]) for name, value in body.items()
    ):
        raise BadRequest(f"a JSON object with these fields is wanted: {', '.join(types)}")
    return body


def main() -> None:
    """Serve until interrupted: one process with threads, since the state is in memory."""
    parser = argparse.ArgumentParser(prog="python -m app.integrations.wechat.standin")
    parser.add_argument("--host", default="127.0.0.1", help="leave it on loopback (default)")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--appid", default=STANDIN_APPID)
    parser.add_argument("--secret", default=STANDIN_SECRET)
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_standin(apps={options.appid: options.secret})
    server = make_server(options.host, options.port, app, threaded=True)
    print(f"WeChat stand-in on http://{options.host}:{server.port}", flush=True)  # noqa: T201 - a command
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
