"""Where the app keeps its line to WeChat, and the question asked before a login."""

from typing import Any

from flask import Flask, current_app

from app.config import settings
from app.core.actor import Actor
from app.identity.terms import WechatAccount
from app.integrations.wechat.client import MiniProgram
from app.web.kernel import Read

_EXTENSION = "linli.wechat"


def init_wechat(app: Flask) -> None:
    """Open the line to the mini-program that the settings name; the app keeps it for its life."""
    named = app.extensions["linli.settings"]
    app.extensions[_EXTENSION] = MiniProgram(
        named.wechat_api_base, named.wechat_appid, named.wechat_secret
    )


def whose_phone(_actor: Actor, body: dict[str, Any], _read: Read) -> WechatAccount:
    """Ask WeChat whose phone made the login code. Outside any transaction: WeChat may take seconds.

    Raises: the refusals of `app.integrations.wechat.errors`.
    """
    mini_program: MiniProgram = current_app.extensions[_EXTENSION]
    found = mini_program.session_of(body["code"])
    return WechatAccount(settings().wechat_appid, found.openid, found.unionid)
