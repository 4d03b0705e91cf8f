"""Wishes over HTTP."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.micro_wish import actions, queries
from app.micro_wish.queries import WishShown
from app.micro_wish.schemas import (
    WallQuery,
    WallWishSchema,
    WishConfirmSchema,
    WishDeliverSchema,
    WishFormSchema,
    WishPublishSchema,
    WishQueueQuery,
    WishReasonIfAnySchema,
    WishReasonSchema,
    WishSchema,
)
from app.web import PageQuery, Room, page_of

room = Room("wishes", "微心愿")


@room.post(
    "/wishes", needs=Permission.WISH_MAKE, takes=WishFormSchema, gives=WishSchema, status=201
)
def make(actor: Actor, body: dict[str, Any]) -> WishShown:
    """Make a wish, or as staff write one down for somebody without a phone."""
    return actions.make(actor, body)


@room.get("/wishes", public=True, query=WallQuery, gives=page_of(WallWishSchema))
def wall(_: Actor, query: dict[str, Any]) -> Page[WishShown]:
    """The public wall of published wishes, newest first."""
    return queries.wall(**query)


@room.get("/wishes/<id:wish_id>", public=True, gives=WishSchema)
def one(actor: Actor, wish_id: int) -> WishShown:
    """One wish; its wisher, claimer and reviewers see more of it when logged in."""
    return queries.wish_for(actor, wish_id)


@room.get("/me/wishes", needs=Permission.WISH_MAKE, query=PageQuery, gives=page_of(WishSchema))
def own(actor: Actor, query: dict[str, Any]) -> Page[WishShown]:
    """One's own wishes and those one wrote down for others."""
    return queries.own(actor, **query)


@room.get(
    "/me/wish-claims", needs=Permission.WISH_CLAIM, query=PageQuery, gives=page_of(WishSchema)
)
def own_claims(actor: Actor, query: dict[str, Any]) -> Page[WishShown]:
    """The wishes one has claimed, each with the own claim."""
    return queries.own_claims(actor, **query)


@room.get(
    "/wishes/queue",
    needs=Permission.WISH_REVIEW,
    query=WishQueueQuery,
    gives=page_of(WishSchema),
)
def queue(actor: Actor, query: dict[str, Any]) -> Page[WishShown]:
    """The wishes of one's communities; those that wait for a decision unless `state` says otherwise."""
    return queries.queue(actor, **query)


@room.post(
    "/wishes/<id:wish_id>/publish",
    needs=Permission.WISH_REVIEW,
    takes=WishPublishSchema,
    gives=WishSchema,
)
def publish(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Verify a wish, fix its points and put it on the wall."""
    return actions.publish(actor, body, wish_id)


@room.post(
    "/wishes/<id:wish_id>/decline",
    needs=Permission.WISH_REVIEW,
    takes=WishReasonSchema,
    gives=WishSchema,
)
def decline(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Do not take a wish, with a reason."""
    return actions.decline(actor, body, wish_id)


@room.post("/wishes/<id:wish_id>/claim", needs=Permission.WISH_CLAIM, gives=WishSchema)
def claim(actor: Actor, wish_id: int) -> WishShown:
    """Claim a wish from the wall."""
    return actions.claim(actor, wish_id)


@room.post("/wishes/<id:wish_id>/approve", needs=Permission.WISH_REVIEW, gives=WishSchema)
def approve(actor: Actor, wish_id: int) -> WishShown:
    """Approve the claim of a wish."""
    return actions.approve(actor, wish_id)


@room.post(
    "/wishes/<id:wish_id>/refuse-claim",
    needs=Permission.WISH_REVIEW,
    takes=WishReasonSchema,
    gives=WishSchema,
)
def refuse_claim(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Refuse the claim of a wish with a reason; the wish goes back to the wall."""
    return actions.decline_claim(actor, body, wish_id)


@room.post(
    "/wishes/<id:wish_id>/drop",
    needs=Permission.WISH_CLAIM,
    takes=WishReasonIfAnySchema,
    gives=WishSchema,
)
def drop(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Give a claimed wish back to the wall."""
    return actions.drop(actor, body, wish_id)


@room.post(
    "/wishes/<id:wish_id>/deliver",
    needs=Permission.WISH_CLAIM,
    takes=WishDeliverSchema,
    gives=WishSchema,
)
def deliver(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Say that a claimed wish is fulfilled."""
    return actions.deliver(actor, body, wish_id)


@room.post(
    "/wishes/<id:wish_id>/confirm",
    needs=Permission.WISH_MAKE,
    takes=WishConfirmSchema,
    gives=WishSchema,
)
def confirm(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Confirm and rate a fulfilled wish; the claimer earns its points."""
    return actions.confirm(actor, body, wish_id)


@room.post(
    "/wishes/<id:wish_id>/withdraw",
    needs=Permission.WISH_MAKE,
    takes=WishReasonIfAnySchema,
    gives=WishSchema,
)
def withdraw(actor: Actor, body: dict[str, Any], wish_id: int) -> WishShown:
    """Take a wish off: the wisher at will, a reviewer with a reason."""
    return actions.withdraw(actor, body, wish_id)
