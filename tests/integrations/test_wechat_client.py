"""Our client against the stand-in, in one process and once over a real socket."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.config import STANDIN_APPID, STANDIN_SECRET
from app.core.errors import Refusal
from app.integrations.wechat.client import ATTEMPTS_MAX, MiniProgram, WechatSession
from app.integrations.wechat.errors import (
    WechatCodeRefused,
    WechatTooFrequent,
    WechatUnavailable,
    WechatUserBlocked,
)
from app.integrations.wechat.standin import create_standin

REPOSITORY = Path(__file__).parents[2]
SERVER_START_SECONDS_MAX = 20


class Phone:
    """A phone, the stand-in it logs in at, and our client, whose pauses are noted, not waited."""

    def __init__(self) -> None:
        self.wire = httpx2.WSGITransport(app=create_standin())
        self.control = httpx2.Client(base_url="http://wechat.test", transport=self.wire)
        self.pauses: list[float] = []
        self.client = self.client_over(self.wire)

    def client_over(
        self, transport: httpx2.BaseTransport, secret: str = STANDIN_SECRET
    ) -> MiniProgram:
        return MiniProgram(
            "http://wechat.test", STANDIN_APPID, secret, transport, pause=self.pauses.append
        )

    def wx_login(self, openid: str = "o-resident", **more: str) -> str:
        answer = self.control.post("/_standin/codes", json={"openid": openid, **more})
        return str(answer.json()["code"])

    def plan_fault(self, **fault: object) -> None:
        assert self.control.post("/_standin/faults", json=fault).status_code == 204

    def calls_received(self) -> int:
        return len(self.control.get("/_standin/requests").json()["requests"])


@pytest.fixture
def phone() -> Phone:
    return Phone()


class Scripted(httpx2.BaseTransport):
    """Answers or breaks as the script says, one line for each request."""

    def __init__(self, *script: httpx2.Response | Exception) -> None:
        self.script = list(script)
        self.requests: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


class AnswerLost(httpx2.BaseTransport):
    """Delivers the first request, then loses its answer; later ones pass."""

    def __init__(self, wire: httpx2.BaseTransport) -> None:
        self.wire = wire
        self.lost = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self.wire.handle_request(request)
        if self.lost:
            return response
        self.lost = True
        response.read()
        raise httpx2.ReadTimeout("the answer did not come in time")


def test_a_fresh_code_tells_who_logged_in(phone: Phone) -> None:
    assert phone.client.session_of(phone.wx_login()) == WechatSession("o-resident", None)
    told = phone.client.session_of(phone.wx_login("o-other", unionid="u-1"))
    assert told == WechatSession("o-other", "u-1")
    assert phone.pauses == []


def test_the_request_is_the_one_that_wechat_documents_with_short_time_outs(phone: Phone) -> None:
    wire = Scripted(httpx2.Response(200, json={"openid": "o-1", "session_key": "k"}))
    session = phone.client_over(wire).session_of("0a+b/c&d=")
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("GET", "/sns/jscode2session")
    assert dict(request.url.params) == {
        "appid": STANDIN_APPID,
        "secret": STANDIN_SECRET,
        "js_code": "0a+b/c&d=",
        "grant_type": "authorization_code",
    }
    assert request.extensions["timeout"]["connect"] == 2.0
    assert request.extensions["timeout"]["read"] == 5.0
    assert asdict(session) == {"openid": "o-1", "unionid": None}, "no session key among them"


def test_a_used_code_is_refused_without_asking_again(phone: Phone) -> None:
    code = phone.wx_login()
    phone.client.session_of(code)
    with pytest.raises(WechatCodeRefused):
        phone.client.session_of(code)
    assert phone.calls_received() == 2
    assert phone.pauses == []


def test_an_expired_or_unknown_code_is_refused_without_asking_again(phone: Phone) -> None:
    with pytest.raises(WechatCodeRefused):
        phone.client.session_of("never-issued")
    assert phone.calls_received() == 1


@pytest.mark.parametrize("code", ["", " ", "a b", "邻里", "\ud800", "a\x00b", "a" * 513])
def test_what_cannot_be_a_code_is_refused_without_asking_wechat(phone: Phone, code: str) -> None:
    with pytest.raises(WechatCodeRefused):
        phone.client.session_of(code)
    assert phone.calls_received() == 0


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [
        (40029, WechatCodeRefused),
        (40163, WechatCodeRefused),
        (40226, WechatUserBlocked),
        (45011, WechatTooFrequent),
        (40013, WechatUnavailable),
        (40125, WechatUnavailable),
        (41008, WechatUnavailable),
    ],
)
def test_a_verdict_is_named_and_never_asked_for_twice(
    phone: Phone, errcode: int, refusal: type[Refusal]
) -> None:
    phone.plan_fault(errcode=errcode)
    with pytest.raises(refusal):
        phone.client.session_of(phone.wx_login())
    assert phone.calls_received() == 1
    assert phone.pauses == []


@pytest.mark.parametrize("fault", [{"errcode": -1}, {"html": True}])
def test_a_passing_fault_is_asked_through_with_growing_pauses(
    phone: Phone, fault: dict[str, Any]
) -> None:
    phone.plan_fault(times=ATTEMPTS_MAX - 1, **fault)
    assert phone.client.session_of(phone.wx_login()).openid == "o-resident"
    assert phone.calls_received() == ATTEMPTS_MAX
    assert phone.pauses == [0.2, 0.4]


@pytest.mark.parametrize("fault", [{"errcode": -1}, {"html": True}])
def test_a_lasting_fault_ends_as_unavailable_after_a_bounded_number_of_calls(
    phone: Phone, fault: dict[str, Any]
) -> None:
    phone.plan_fault(times=10, **fault)
    with pytest.raises(WechatUnavailable):
        phone.client.session_of(phone.wx_login())
    assert phone.calls_received() == ATTEMPTS_MAX


def test_a_gateway_that_used_the_code_up_leads_to_a_fresh_login(phone: Phone) -> None:
    phone.plan_fault(html=True, uses_code_up=True)
    with pytest.raises(WechatCodeRefused):
        phone.client.session_of(phone.wx_login())
    assert phone.calls_received() == 2


def test_a_lost_answer_whose_code_was_used_up_leads_to_a_fresh_login(phone: Phone) -> None:
    client = phone.client_over(AnswerLost(phone.wire))
    with pytest.raises(WechatCodeRefused):
        client.session_of(phone.wx_login())
    assert phone.calls_received() == 2


def test_a_second_lost_answer_ends_the_asking(phone: Phone) -> None:
    wire = Scripted(httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("cut"))
    with pytest.raises(WechatUnavailable):
        phone.client_over(wire).session_of("code")
    assert len(wire.requests) == 2


def test_a_call_that_never_reached_wechat_is_made_again(phone: Phone) -> None:
    answer = httpx2.Response(200, json={"openid": "o-1"})
    wire = Scripted(httpx2.ConnectTimeout("slow"), httpx2.ConnectError("refused"), answer)
    assert phone.client_over(wire).session_of("code") == WechatSession("o-1", None)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"openid": "o-1", "unionid": ""}',
        b'{"openid": "o-1", "errcode": 0, "errmsg": "ok"}',
        b'{"openid": "o-1", "errcode": "0"}',
        b'{"openid": "o-1", "errcode": null, "expires_in": 7200}',
    ],
)
@pytest.mark.parametrize("content_type", ["text/plain", "application/json; encoding=utf-8", "x/y"])
def test_a_success_is_known_by_its_body_alone(phone: Phone, body: bytes, content_type: str) -> None:
    wire = Scripted(httpx2.Response(200, content=body, headers={"Content-Type": content_type}))
    assert phone.client_over(wire).session_of("code") == WechatSession("o-1", None)


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, text="<html>维护中</html>"),
        httpx2.Response(200, content=b""),
        httpx2.Response(200, content=b"\xff\xfe\xfa"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={}),
        httpx2.Response(200, json={"errcode": 0, "errmsg": "ok"}),
        httpx2.Response(200, json={"openid": 7}),
        httpx2.Response(200, json={"openid": ""}),
        httpx2.Response(200, content=b'{"openid": "o-1", "errcode": Infinity}'),
        httpx2.Response(200, json={"openid": "o-1", "errcode": "no number"}),
        httpx2.Response(500, json={"openid": "o-1"}),
        httpx2.Response(404, text="not found"),
        httpx2.Response(302, headers={"Location": "http://elsewhere.test/"}),
    ],
)
def test_what_is_no_verdict_is_never_taken_for_a_login(
    phone: Phone, answer: httpx2.Response
) -> None:
    wire = Scripted(*[answer] * ATTEMPTS_MAX)
    with pytest.raises(WechatUnavailable):
        phone.client_over(wire).session_of("code")
    assert len(wire.requests) == ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("errmsg", "rid"),
    [
        ("invalid code, rid: 6129ee10-272863a4-64d75414", "6129ee10-272863a4-64d75414"),
        ("code been used, hints: [ req_id: AijFoqaLRa-pTFm4 ]", "AijFoqaLRa-pTFm4"),
        ("invalid code", "None"),
        (None, "None"),
    ],
)
def test_the_log_names_the_request_for_wechat_support(
    phone: Phone, caplog: pytest.LogCaptureFixture, errmsg: str | None, rid: str
) -> None:
    wire = Scripted(httpx2.Response(200, json={"errcode": 40029, "errmsg": errmsg}))
    with pytest.raises(WechatCodeRefused):
        phone.client_over(wire).session_of("code")
    assert f"errcode=40029 rid={rid}" in caplog.text


def test_wrong_settings_are_logged_as_an_error(
    phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    client = phone.client_over(phone.wire, "rotated-long-ago")
    with pytest.raises(WechatUnavailable):
        client.session_of(phone.wx_login())
    (record,) = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert "errcode=40125" in record.getMessage()


def test_neither_secret_nor_code_nor_session_key_reaches_the_log(
    phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx2")
    code = phone.wx_login()
    phone.plan_fault(html=True)
    phone.client.session_of(code)
    with pytest.raises(WechatCodeRefused):
        phone.client.session_of(code)
    assert "http://wechat.test/sns/jscode2session" in caplog.text
    assert STANDIN_SECRET not in caplog.text
    assert code not in caplog.text
    assert "session_key" not in caplog.text


@pytest.fixture
def served() -> Iterator[str]:
    """The address of a stand-in that runs as its own process."""
    command = [sys.executable, "-m", "app.integrations.wechat.standin", "--port", "0"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            greeting = process.stdout.readline()
            assert greeting.startswith("WeChat stand-in on http://127.0.0.1:"), (
                process.stderr.read()
            )
            yield greeting.rpartition(" ")[2].strip()
        finally:
            process.terminate()
            process.wait(timeout=SERVER_START_SECONDS_MAX)
        assert process.stderr.read() == "", "the server is to be quiet"


def test_a_login_over_a_real_socket_survives_slow_and_broken_answers(served: str) -> None:
    short = httpx2.Timeout(connect=2.0, read=0.5, write=2.0, pool=2.0)
    client = MiniProgram(served, STANDIN_APPID, STANDIN_SECRET, timeout=short)
    with httpx2.Client(base_url=served, trust_env=False) as control:

        def wx_login() -> str:
            answer = control.post("/_standin/codes", json={"openid": "o-resident"})
            return str(answer.json()["code"])

        def plan_fault(**fault: object) -> None:
            assert control.post("/_standin/faults", json=fault).status_code == 204

        assert client.session_of(wx_login()).openid == "o-resident"
        plan_fault(html=True)
        assert client.session_of(wx_login()).openid == "o-resident"
        plan_fault(delay_seconds=1.5)
        assert client.session_of(wx_login()).openid == "o-resident"
        plan_fault(delay_seconds=1.5, uses_code_up=True)
        with pytest.raises(WechatCodeRefused):
            client.session_of(wx_login())
        plan_fault(delay_seconds=1.5, times=2)
        with pytest.raises(WechatUnavailable):
            client.session_of(wx_login())
    client.close()


def test_a_proxy_in_the_environment_is_not_given_the_secret(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client = MiniProgram(served, STANDIN_APPID, STANDIN_SECRET)
    with pytest.raises(WechatCodeRefused):
        client.session_of("never-issued")
    client.close()


def test_a_closed_port_is_unavailable_and_not_a_crash() -> None:
    pauses: list[float] = []
    client = MiniProgram("http://127.0.0.1:1", "wx-any", "any", pause=pauses.append)
    with pytest.raises(WechatUnavailable):
        client.session_of("code")
    assert len(pauses) == ATTEMPTS_MAX - 1
