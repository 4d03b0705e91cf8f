"""Addresses of rewards and redemptions."""

from typing import Any

from flask import Blueprint, Response, send_file

from app.core.actor import Actor
from app.core.errors import Refusal
from app.core.paging import Page
from app.core.permissions import Permission
from app.integrations.files import Picture
from app.redemption import actions, queries
from app.redemption.schemas import (
    CloseCountSchema,
    CollectionCodeSchema,
    CollectSchema,
    CountSchema,
    CountsQuery,
    HandoverSchema,
    MoveSchema,
    MovesQuery,
    NewRedemptionSchema,
    NewRewardSchema,
    PictureSchema,
    ReceivedSchema,
    RedemptionSchema,
    RewardSchema,
    RewardWordsSchema,
    SettlementQuery,
    SettlementSchema,
    ShelfQuery,
    TransferredSchema,
    WrittenOffSchema,
)
from app.redemption.terms import (
    PICTURE_BYTES_MAX,
    PICTURE_PAGE_PREFIX,
    PICTURE_SECONDS_KEPT,
    CollectionCode,
    CountShown,
    Handover,
    MoveShown,
    RedemptionShown,
    RewardShown,
    Settlement,
)
from app.web import PageQuery, Room, page_of
from app.web.errors import envelope
from app.web.kernel import public_page

room = Room("rewards", "礼品与兑换")

pages = Blueprint("pictures", __name__)
"""What lies outside the API: pictures, which phones may keep while nothing of the API is kept."""
pages.register_error_handler(Refusal, envelope)


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


@room.get("/rewards/<id:reward_id>", public=True, gives=RewardSchema)
def show_reward(actor: Actor, reward_id: int) -> RewardShown:  # noqa: ARG001 - the same for all
    """One reward, on the shelf or off it."""
    return queries.show_reward(reward_id)


@room.put(
    "/rewards/<id:reward_id>",
    needs=Permission.REWARD_MANAGE,
    takes=RewardWordsSchema,
    gives=RewardSchema,
)
def edit(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Say anew what a reward is; orders made before keep their title, points and deadline."""
    return actions.edit(actor, body, reward_id)


@room.post(
    "/rewards/<id:reward_id>/picture",
    needs=Permission.REWARD_MANAGE,
    takes=PictureSchema,
    gives=RewardSchema,
    upload_bytes_max=PICTURE_BYTES_MAX,
    before=actions.redraw,
)
def picture(
    actor: Actor,
    drawn: Picture,
    body: dict[str, Any],  # noqa: ARG001 - drawn anew before the transaction
    reward_id: int,
) -> RewardShown:
    """Show a reward with a picture: JPEG, PNG or WebP, at most 8 MB and 40 million pixels."""
    return actions.picture(actor, drawn, reward_id)


@room.delete("/rewards/<id:reward_id>/picture", needs=Permission.REWARD_MANAGE, gives=RewardSchema)
def unpicture(actor: Actor, reward_id: int) -> RewardShown:
    """Show a reward without a picture."""
    return actions.unpicture(actor, reward_id)


@room.post(
    "/rewards/<id:reward_id>/stock/write-off",
    needs=Permission.REWARD_MANAGE,
    takes=WrittenOffSchema,
    gives=RewardSchema,
)
def write_off(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Take broken, expired or lost pieces out of a station's stock."""
    return actions.write_off(actor, body, reward_id)


@room.post(
    "/rewards/<id:reward_id>/stock/transfer",
    needs=Permission.REWARD_MANAGE,
    takes=TransferredSchema,
    gives=RewardSchema,
)
def transfer(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Move pieces from one station to another."""
    return actions.transfer(actor, body, reward_id)


@room.get(
    "/rewards/<id:reward_id>/stock-moves",
    needs=Permission.REWARD_MANAGE,
    query=MovesQuery,
    gives=page_of(MoveSchema),
)
def moves(actor: Actor, query: dict[str, Any], reward_id: int) -> Page[MoveShown]:
    """What came and went of a reward, newest first."""
    return queries.moves(actor, reward_id, **query)


@room.post(
    "/sites/<id:site_id>/stock-counts",
    needs=Permission.REWARD_MANAGE,
    gives=CountSchema,
    status=201,
)
def open_count(actor: Actor, site_id: int) -> CountShown:
    """Begin a stock-taking of a station; orders go on, pieces that come or go have to be counted again."""
    return actions.open_count(actor, site_id)


@room.get(
    "/stock-counts",
    needs=Permission.REWARD_MANAGE,
    query=CountsQuery,
    gives=page_of(CountSchema),
)
def counts(actor: Actor, query: dict[str, Any]) -> Page[CountShown]:
    """Stock-takings of the own stations, newest first."""
    return queries.counts(actor, **query)


@room.post(
    "/stock-counts/<id:count_id>/close",
    needs=Permission.REWARD_MANAGE,
    takes=CloseCountSchema,
    gives=CountSchema,
)
def close_count(actor: Actor, body: dict[str, Any], count_id: int) -> CountShown:
    """Book what was found to be more or less than the books say."""
    return actions.close_count(actor, body, count_id)


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
    "/redemptions",
    needs=Permission.REDEMPTION_COLLECT,
    query=SettlementQuery,
    gives=SettlementSchema,
)
def settlement(actor: Actor, query: dict[str, Any]) -> Settlement:
    """What a station or partner shop handed out in some days, with totals to settle by."""
    return queries.settlement(actor, **query)


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


@pages.get(PICTURE_PAGE_PREFIX + "<name>")
@public_page
def picture_page(name: str) -> Response:
    """A picture as it was drawn anew on upload; its name is random and changes with it."""
    path, media_type = queries.picture_file(name)
    response = send_file(
        path,
        mimetype=media_type,
        download_name=f"picture{path.suffix}",
        max_age=PICTURE_SECONDS_KEPT,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
