"""Phones and desks for the tests of identity: WeChat's stand-in, staff with passwords, and what the tables hold."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
from flask import Flask
from sqlalchemy import text

from app.config import STANDIN_APPID, STANDIN_SECRET
from app.core.actor import system
from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.permissions import Role
from app.identity import actions
from app.integrations.wechat.client import MiniProgram
from app.integrations.wechat.standin import create_standin
from tests.support.world import BAOJIA, Caller, World

PASSWORD = "Gulou-8848"


class Phones:
    """Phones with WeChat. The app under test asks the stand-in in-process instead of over the network."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.standin = create_standin()
        app.extensions["linli.wechat"] = MiniProgram(
            "http://standin.invalid",
            STANDIN_APPID,
            STANDIN_SECRET,
            httpx2.WSGITransport(app=self.standin),
            pause=lambda _: None,
        )

    def code(self, openid: str, **more: str) -> str:
        """What `wx.login` gives the phone of this WeChat account."""
        asked = {"openid": openid, **more}
        return self.standin.test_client().post("/_standin/codes", json=asked).json["code"]

    def log_in(self, openid: str) -> tuple[Caller, dict[str, Any]]:
        """Log in and call on as that person; also the answer."""
        anonymous = Caller(self.app, 0, None)
        answer = anonymous.post("/auth/wechat", {"code": self.code(openid)})
        assert answer.status_code == 200, answer.json
        return caller(self.app, answer.json), answer.json


def caller(app: Flask, login: dict[str, Any]) -> Caller:
    """Whoever got this answer to a login."""
    return Caller(app, login["person"]["id"], login["access_token"])


def staff(
    world: World,
    username: str = "wuzhiqiang",
    *,
    password: str = PASSWORD,
    role: Role = Role.COMMUNITY_ADMIN,
    **more: Any,
) -> int:
    """Somebody with a password, made as the command line makes them."""
    place = more if {"area_code", "unit_id", "site_id"} & more.keys() else {"area_code": BAOJIA}
    make = partial(
        actions.create_staff,
        system(now()),
        **{"name": "吴志强", **more, **place},
        username=username,
        password=password,
        role=role,
    )
    with world.app.app_context():
        return in_transaction(make, write=True).id


def run(app: Flask, work: Callable[[], Any]) -> Any:
    """Do `work` in a writing transaction."""
    with app.app_context():
        return in_transaction(work, write=True)


def rows(app: Flask, statement: str, **values: Any) -> list[Any]:
    """What a plain SQL statement finds; it may also change rows, to set a scene."""
    with app.app_context():
        return in_transaction(
            lambda: _fetched(db.session.execute(text(statement), values)), write=True
        )


def journal(app: Flask, name: str) -> list[Any]:
    """The journal's entries of one name: subject_id, area_id, actor_id, payload."""
    return rows(
        app,
        "SELECT subject_id, area_id, actor_id, payload FROM journal WHERE name = :name ORDER BY id",
        name=name,
    )


def code_of(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json["error"]["code"]


def _fetched(result: Any) -> list[Any]:
    return list(result.all()) if result.returns_rows else []
