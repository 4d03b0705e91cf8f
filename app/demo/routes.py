"""What the demo shows of itself: its people, and the code that `wx.login` would give. Demo mode only."""

from typing import Any

import httpx2
from marshmallow import fields

from app.config import settings
from app.core.actor import Actor
from app.demo import people
from app.demo.people import NEIGHBOURS, STAFF
from app.integrations.wechat.errors import WechatUnavailable
from app.web import Room, Schema, Text
from app.web.kernel import Read

room = Room("demo", "演示")

TIMEOUT_SECONDS = 5


class DemoNeighbourSchema(Schema):
    """Somebody with a phone."""

    openid = fields.String(required=True)
    name = fields.String(required=True)
    says = fields.String(required=True)
    area = fields.String(required=True, attribute="area_code")


class DemoStaffSchema(Schema):
    """Somebody with a password."""

    username = fields.String(required=True)
    name = fields.String(required=True)
    says = fields.String(required=True)
    role = fields.String(required=True)


class DemoPeopleSchema(Schema):
    """Everybody one may log in as."""

    password = fields.String(required=True)
    neighbours = fields.List(fields.Nested(DemoNeighbourSchema), required=True)
    staff = fields.List(fields.Nested(DemoStaffSchema), required=True)


class WechatCodeRequestSchema(Schema):
    """Whose phone."""

    openid = Text(64, required=True)


class WechatCodeSchema(Schema):
    """What `wx.login` gives: good once, for five minutes."""

    code = fields.String(required=True)


@room.get("/demo/people", public=True, gives=DemoPeopleSchema)
def demo_people(_actor: Actor) -> dict[str, Any]:
    """The demo's people and how to log in as them."""
    return {"password": people.PASSWORD, "neighbours": NEIGHBOURS, "staff": STAFF}


def _ask_the_standin(_actor: Actor, body: dict[str, Any], _read: Read) -> str:
    try:
        answer = httpx2.post(
            f"{settings().wechat_api_base}/_standin/codes",
            json={"openid": body["openid"]},
            timeout=TIMEOUT_SECONDS,
        )
        return str(answer.raise_for_status().json()["code"])
    except (httpx2.HTTPError, ValueError, KeyError) as fault:
        raise WechatUnavailable from fault


@room.post(
    "/demo/wechat-code",
    public=True,
    takes=WechatCodeRequestSchema,
    gives=WechatCodeSchema,
    before=_ask_the_standin,
)
def wechat_code(_actor: Actor, code: str, _body: dict[str, Any]) -> dict[str, str]:
    """What `wx.login` would give on the phone with this openid; an unknown openid is a new phone."""
    return {"code": code}
