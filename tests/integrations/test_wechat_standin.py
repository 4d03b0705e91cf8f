"""The stand-in behaves as WeChat does; each test speaks HTTP to it, as WeChat's callers would."""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.config import STANDIN_APPID, STANDIN_SECRET
from app.integrations.wechat.standin import (
    LOGINS_PER_MINUTE_MAX,
    REQUESTS_KEPT_MAX,
    create_standin,
)

RID = r"rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$"


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def phone(clock: Clock) -> httpx2.Client:
    transport = httpx2.WSGITransport(app=create_standin(clock=clock))
    return httpx2.Client(base_url="http://wechat.test", transport=transport)


def new_code(phone: httpx2.Client, openid: str = "o-resident", **more: str) -> str:
    answer = phone.post("/_standin/codes", json={"openid": openid, **more})
    assert answer.status_code == 201, answer.text
    code = answer.json()["code"]
    assert isinstance(code, str)
    return code


def log_in(phone: httpx2.Client, code: str, **changes: str | None) -> dict[str, Any]:
    query: dict[str, str | None] = {
        "appid": STANDIN_APPID,
        "secret": STANDIN_SECRET,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    kept = {name: value for name, value in (query | changes).items() if value is not None}
    answer = phone.get("/sns/jscode2session", params=kept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    body = json.loads(answer.content)
    assert isinstance(body, dict)
    return body


def test_a_success_has_no_errcode_but_a_key_that_nobody_documented(phone: httpx2.Client) -> None:
    answer = log_in(phone, new_code(phone))
    assert set(answer) == {"openid", "session_key", "standin_extra"}
    assert answer["openid"] == "o-resident"
    assert len(base64.b64decode(answer["session_key"])) == 16


def test_a_unionid_once_told_stays_with_the_user(phone: httpx2.Client) -> None:
    assert log_in(phone, new_code(phone, unionid="u-1"))["unionid"] == "u-1"
    assert log_in(phone, new_code(phone))["unionid"] == "u-1"
    assert "unionid" not in log_in(phone, new_code(phone, openid="o-other"))


def test_a_code_works_once(phone: httpx2.Client) -> None:
    code = new_code(phone)
    assert log_in(phone, code)["openid"] == "o-resident"
    again = log_in(phone, code)
    assert again["errcode"] == 40163
    assert re.fullmatch(r"code been used, hints: \[ req_id: [\w-]{16} \]", again["errmsg"])


def test_a_code_lives_five_minutes(phone: httpx2.Client, clock: Clock) -> None:
    early, late = new_code(phone), new_code(phone)
    clock.now += timedelta(seconds=299)
    assert log_in(phone, early)["openid"] == "o-resident"
    clock.now += timedelta(seconds=1)
    refused = log_in(phone, late)
    assert refused["errcode"] == 40029
    assert re.fullmatch("invalid code, " + RID, refused["errmsg"])


def test_older_codes_expire_while_younger_ones_still_work(
    phone: httpx2.Client, clock: Clock
) -> None:
    older = new_code(phone)
    clock.now += timedelta(minutes=4)
    younger = new_code(phone)
    clock.now += timedelta(minutes=2)
    assert log_in(phone, older)["errcode"] == 40029
    assert log_in(phone, younger)["openid"] == "o-resident"


@pytest.mark.parametrize(
    ("changes", "errcode", "begins"),
    [
        ({"js_code": "never-issued"}, 40029, "invalid code, "),
        ({"js_code": None}, 41008, "js_code missing, "),
        ({"js_code": ""}, 41008, "js_code missing, "),
        ({"appid": None}, 41002, "appid missing, "),
        ({"secret": None}, 41004, "secret missing, "),
        ({"appid": "wx-somebody-else"}, 40013, "invalid appid, "),
        ({"secret": "秘密"}, 40125, "invalid appsecret, "),
        ({"grant_type": "client_credential"}, 40002, "invalid grant_type, "),
    ],
)
def test_a_wrong_call_is_refused_with_its_number_and_leaves_the_code_alone(
    phone: httpx2.Client, changes: dict[str, str | None], errcode: int, begins: str
) -> None:
    code = new_code(phone)
    refused = log_in(phone, code, **changes)
    assert refused["errcode"] == errcode
    assert re.fullmatch(begins + RID, refused["errmsg"])
    assert log_in(phone, code)["openid"] == "o-resident"


def test_a_code_of_another_app_is_unknown() -> None:
    server = create_standin(apps={"wx-one": "s1", "wx-two": "s2"})
    transport = httpx2.WSGITransport(app=server)
    phone = httpx2.Client(base_url="http://wechat.test", transport=transport)
    code = new_code(phone, appid="wx-two")
    one, two = {"appid": "wx-one", "secret": "s1"}, {"appid": "wx-two", "secret": "s2"}
    assert log_in(phone, code, **one)["errcode"] == 40029
    assert log_in(phone, code, **two)["openid"] == "o-resident"


def test_of_twenty_calls_at_once_with_the_same_code_one_wins(phone: httpx2.Client) -> None:
    code = new_code(phone)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: log_in(phone, code), range(20)))
    assert sorted(answer.get("errcode", 0) for answer in answers) == [0] + [40163] * 19


def test_a_user_logs_in_a_hundred_times_a_minute_and_no_more(
    phone: httpx2.Client, clock: Clock
) -> None:
    for _ in range(LOGINS_PER_MINUTE_MAX):
        assert "errcode" not in log_in(phone, new_code(phone))
    code = new_code(phone)
    assert log_in(phone, code)["errcode"] == 45011
    assert "errcode" not in log_in(phone, new_code(phone, openid="o-somebody-else"))
    clock.now += timedelta(minutes=1)
    assert log_in(phone, code)["openid"] == "o-resident"


def test_what_was_received_is_kept_to_the_byte_and_not_without_end(phone: httpx2.Client) -> None:
    body = '{"content":"\\u90bb里"}'.encode()
    phone.post("/wxa/anything?access_token=t%2B1", content=body)
    (kept,) = phone.get("/_standin/requests").json()["requests"]
    assert (kept["method"], kept["path"], kept["query"]) == (
        "POST",
        "/wxa/anything",
        "access_token=t%2B1",
    )
    assert base64.b64decode(kept["body_base64"]) == body
    for _ in range(REQUESTS_KEPT_MAX + 5):
        log_in(phone, "never-issued")
    assert len(phone.get("/_standin/requests").json()["requests"]) == REQUESTS_KEPT_MAX
    phone.delete("/_standin/")
    assert phone.get("/_standin/requests").json() == {"requests": []}


def test_a_planned_fault_comes_as_often_as_told_and_can_be_forgotten(phone: httpx2.Client) -> None:
    code = new_code(phone)
    assert phone.post("/_standin/faults", json={"errcode": -1, "times": 2}).status_code == 204
    assert [log_in(phone, code)["errcode"] for _ in range(2)] == [-1, -1]
    assert log_in(phone, code)["openid"] == "o-resident"
    phone.post("/_standin/faults", json={"errcode": -1})
    phone.delete("/_standin/")
    assert log_in(phone, new_code(phone))["openid"] == "o-resident"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_standin/codes", {}),
        ("/_standin/codes", {"openid": ""}),
        ("/_standin/codes", {"openid": 7}),
        ("/_standin/codes", {"openid": "o" * 65}),
        ("/_standin/codes", {"openid": "o-1", "appid": "wx-unknown"}),
        ("/_standin/codes", {"openid": "o-1", "nickname": "x"}),
        ("/_standin/codes", ["o-1"]),
        ("/_standin/faults", {"times": 0}),
        ("/_standin/faults", {"delay_seconds": 31}),
    ],
)
def test_a_malformed_control_request_is_refused(
    phone: httpx2.Client, path: str, body: object
) -> None:
    answer = phone.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_it_says_what_it_is(phone: httpx2.Client) -> None:
    answer = phone.get("/_standin/").json()
    assert answer == {"service": "wechat-standin", "appids": [STANDIN_APPID]}
