"""Addresses of rewards and redemptions."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.redemption import actions, queries
from app.redemption.schemas import (
    CollectionCodeSchema,
    CollectSchema,
    HandoverSchema,
    NewRedemptionSchema,
    NewRewardSchema,
    ReceivedSchema,
    RedemptionSchema,
    RewardSchema,
    ShelfQuery,
)
from app.redemption.terms import CollectionCode, Handover, RedemptionShown, RewardShown
from app.web import PageQuery, Room, page_of

room = Room("rewards", "礼品与兑换")


@room.get("/rewards", public=True, query=ShelfQuery, gives=page_of(RewardSchema))
def shelf(actor: Actor, query: dict[str, Any]) -> Page[RewardShown]:  # noqa: ARG001 - the same for all
    """Open rewards for somebody at home in an area, with the stock of each station."""
    return queries.shelf(**query)


@room.post(
    "/rewards",
    needs=Permission.REWARD_MANAGE,
    takes=NewRewardSchema,
    gives=RewardSchema,
    status=201,
)
def offer(actor: Actor, body: dict[str, Any]) -> RewardShown:
    """Put a reward on the shelf of the own community."""
    return actions.offer(actor, body)


@room.post(
    "/rewards/<id:reward_id>/stock",
    needs=Permission.REWARD_MANAGE,
    takes=ReceivedSchema,
    gives=RewardSchema,
)
def receive(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Take pieces into a station's stock."""
    return actions.receive(actor, body, reward_id)


@room.post("/rewards/<id:reward_id>/close", needs=Permission.REWARD_MANAGE, gives=RewardSchema)
def close(actor: Actor, reward_id: int) -> RewardShown:
    """Take a reward off the shelf; what was ordered before can still be collected."""
    return actions.close(actor, reward_id)


@room.post(
    "/redemptions",
    needs=Permission.REDEMPTION_MAKE,
    takes=NewRedemptionSchema,
    gives=RedemptionSchema,
    status=201,
)
def redeem(actor: Actor, body: dict[str, Any]) -> RedemptionShown:
    """Order a reward: points and stock are held until it is collected or the deadline passes."""
    return actions.redeem(actor, **body)


@room.get(
    "/me/redemptions",
    needs=Permission.REDEMPTION_MAKE,
    query=PageQuery,
    gives=page_of(RedemptionSchema),
)
def own(actor: Actor, query: dict[str, Any]) -> Page[RedemptionShown]:
    """One's own redemptions, newest first."""
    return queries.own(actor, **query)


@room.get(
    "/me/redemptions/<id:redemption_id>",
    needs=Permission.REDEMPTION_MAKE,
    gives=RedemptionSchema,
)
def own_one(actor: Actor, redemption_id: int) -> RedemptionShown:
    """One of one's own redemptions."""
    return queries.own_shown(actor, redemption_id)


@room.get(
    "/me/redemptions/<id:redemption_id>/code",
    needs=Permission.REDEMPTION_MAKE,
    gives=CollectionCodeSchema,
)
def own_code(actor: Actor, redemption_id: int) -> CollectionCode:
    """The QR picture to show at the counter, while the order waits."""
    return queries.own_code(actor, redemption_id)


@room.post(
    "/redemptions/<id:redemption_id>/cancel",
    needs=Permission.REDEMPTION_MAKE,
    gives=RedemptionSchema,
)
def cancel(actor: Actor, redemption_id: int) -> RedemptionShown:
    """Give up one's own order; the points return to the pockets they came from."""
    return actions.cancel(actor, redemption_id)


@room.post(
    "/redemptions/collect",
    needs=Permission.REDEMPTION_COLLECT,
    takes=CollectSchema,
    gives=HandoverSchema,
)
def collect(actor: Actor, body: dict[str, Any]) -> Handover:
    """Hand out an order against its collection code, as a link or as typed."""
    return actions.collect(actor, **body)
