"""The mini-program's side of WeChat: it tells from whose phone a login code comes.

Source of the protocol: the official page of auth.code2Session. Three things differ from what that
page suggests: errors come with HTTP status 200, the content type is not to be trusted, and a
success has no `errcode` at all.
"""

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from app.core.errors import Refusal
from app.integrations.wechat.errors import (
    WechatCodeRefused,
    WechatTooFrequent,
    WechatUnavailable,
    WechatUserBlocked,
)

ATTEMPTS_MAX = 3
ANSWERS_LOST_MAX = 2
"""Each lost answer holds a web thread for the whole read time-out, so the second one ends it."""
BACK_OFF_SECONDS = 0.2
"""Before the second attempt; doubled before each further one."""
TIMEOUT = httpx2.Timeout(connect=2.0, read=5.0, write=5.0, pool=2.0)

SYSTEM_ERROR = -1
VERDICTS: dict[int, type[Refusal]] = {
    40029: WechatCodeRefused,
    40163: WechatCodeRefused,
    40226: WechatUserBlocked,
    45011: WechatTooFrequent,
}
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

_CODE = re.compile(r"[!-~]{1,512}")
_RID = re.compile(r"\b(?:rid|req_id):\s*([\w-]{1,64})", re.ASCII)

logger = logging.getLogger(__name__)


def _without_query(record: logging.LogRecord) -> bool:
    """Cut the query off every URL that httpx2 logs: WeChat wants the app secret there."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.copy_with(query=None) if isinstance(argument, httpx2.URL) else argument
            for argument in record.args
        )
    return True


logging.getLogger("httpx2").addFilter(_without_query)


@dataclass(frozen=True, slots=True)
class WechatSession:
    """Who logged in. WeChat's session key is dropped on purpose: nothing needs it."""

    openid: str
    unionid: str | None
    """The same person across our apps; only there when they share an Open Platform account."""


class MiniProgram:
    """One mini-program at WeChat. Safe to share between threads; keeps its connections open."""

    def __init__(
        self,
        api_base: str,
        appid: str,
        secret: str,
        transport: httpx2.BaseTransport | None = None,
        *,
        timeout: httpx2.Timeout = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take WeChat's address, the app's credentials, and `pause`, which waits some seconds."""
        self._credentials = {"appid": appid, "secret": secret}
        self._pause = pause
        # A proxy would be a setting of ours; one that happens to stand in the environment is not
        # to be given the secret, and could not reach a stand-in on loopback.
        self._client = httpx2.Client(
            base_url=api_base, timeout=timeout, transport=transport, trust_env=False
        )

    def close(self) -> None:
        """Close the connections; the object is of no use afterwards."""
        self._client.close()

    def session_of(self, code: str) -> WechatSession:
        """Exchange the code of a `wx.login` for the person behind it, outside any transaction.

        A code works once and for five minutes. When an answer is lost WeChat may have used the
        code up all the same; asking again is then answered with 40163, which is a refusal like any
        other: the phone calls `wx.login` anew.

        Raises:
            WechatCodeRefused: the code is unknown, expired or used.
            WechatUserBlocked: WeChat holds the user for high-risk.
            WechatTooFrequent: more than 100 logins of this user within a minute.
            WechatUnavailable: no verdict in `ATTEMPTS_MAX` attempts, or our settings are refused.
        """
        if _CODE.fullmatch(code) is None:
            raise WechatCodeRefused  # no code of WeChat's looks like this, so it need not be asked
        answers_lost = 0
        for attempt in range(ATTEMPTS_MAX):
            if attempt > 0:
                self._pause(BACK_OFF_SECONDS * 2 ** (attempt - 1))
            try:
                response = self._client.get(
                    "/sns/jscode2session",
                    params={
                        **self._credentials,
                        "js_code": code,
                        "grant_type": "authorization_code",
                    },
                )
            except NEVER_SENT as error:
                logger.warning("wechat login: not reached (%s)", type(error).__name__)
                continue
            except httpx2.RequestError as error:
                logger.warning("wechat login: answer lost (%s)", type(error).__name__)
                answers_lost += 1
                if answers_lost == ANSWERS_LOST_MAX:
                    break
                continue
            session = _session_in(response)
            if session is not None:
                return session
        raise WechatUnavailable


def _session_in(response: httpx2.Response) -> WechatSession | None:
    """Read WeChat's answer; None when it holds no verdict and is worth asking for again.

    Raises the refusals of `VERDICTS`, and WechatUnavailable for any other errcode, which is about
    our settings and cured by no retry.
    """
    body = _object_in(response)
    try:
        errcode = int(str(body.get("errcode") or 0))
    except ValueError:
        errcode = SYSTEM_ERROR
    openid, unionid = body.get("openid"), body.get("unionid")
    if errcode == 0 and isinstance(openid, str) and openid:
        return WechatSession(openid, unionid if isinstance(unionid, str) and unionid else None)
    rid = _RID.search(str(body.get("errmsg")))
    report = (response.status_code, errcode, rid[1] if rid else None)
    if errcode in (0, SYSTEM_ERROR):
        logger.warning("wechat login: no verdict, status=%d errcode=%d rid=%s", *report)
        return None
    if errcode in VERDICTS:
        logger.warning("wechat login: refused, status=%d errcode=%d rid=%s", *report)
        raise VERDICTS[errcode]
    logger.error("wechat login: our call is wrong, status=%d errcode=%d rid=%s", *report)
    raise WechatUnavailable


def _object_in(response: httpx2.Response) -> dict[str, Any]:
    """Read the body as a JSON object whatever its type says; empty when there is none to trust."""
    if response.is_server_error:
        return {}
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
