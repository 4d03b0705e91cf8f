"""The shelf: what a community offers, and how it looks."""

from typing import Any

from sqlalchemy import update

from app.community import queries as communities
from app.config import settings
from app.core.actor import Actor
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.integrations import files
from app.integrations.files import Picture
from app.redemption import queries
from app.redemption.errors import RewardOffShelf
from app.redemption.events import (
    RewardClosed,
    RewardEdited,
    RewardOffered,
    RewardPictured,
    RewardPictureRemoved,
)
from app.redemption.models import Reward
from app.redemption.terms import PICTURE_BYTES_MAX, RewardShown
from app.web.kernel import Read


def offer(actor: Actor, body: dict[str, Any]) -> RewardShown:
    """Put a reward on the shelf of an area the actor runs. Raises: UnknownArea."""
    words = dict(body)
    area = communities.managed_area(actor, Permission.REWARD_MANAGE, words.pop("area"))
    reward = Reward(area_id=area.id, offered_at=actor.now, **words)
    db.session.add(reward)
    db.session.flush()  # the journal needs its id
    announce(actor, RewardOffered(subject_id=reward.id, area_id=area.id, points=reward.points))
    return queries.rewards_shown([reward])[0]


def edit(actor: Actor, body: dict[str, Any], reward_id: int) -> RewardShown:
    """Say anew what a reward is; orders made before keep their title, points and deadline.

    Raises: NotFound, RewardOffShelf.
    """
    reward = queries.reward_within(actor, reward_id)
    points_before = reward.points
    edited = _change(reward_id, body)
    announce(
        actor,
        RewardEdited(
            subject_id=reward_id,
            area_id=edited.area_id,
            points_before=points_before,
            points=edited.points,
        ),
    )
    return queries.rewards_shown([edited])[0]


def redraw(actor: Actor, body: dict[str, Any], read: Read) -> Picture:  # noqa: ARG001 - asks nobody
    """The uploaded picture drawn anew, before the transaction: that takes as long as a hundred orders.

    Raises: PictureTooLarge, PictureUnreadable.
    """
    return files.redrawn(body["file"], PICTURE_BYTES_MAX)


def picture(actor: Actor, drawn: Picture, reward_id: int) -> RewardShown:
    """Show a reward with a picture. Raises: NotFound, RewardOffShelf.

    The file is on disk before the row names it. A former one, and one whose transaction failed, is swept away at
    night.
    """
    queries.reward_within(actor, reward_id)
    pictured = _change(reward_id, {"picture": files.keep(settings().files_dir, drawn)})
    announce(actor, RewardPictured(subject_id=reward_id, area_id=pictured.area_id))
    return queries.rewards_shown([pictured])[0]


def unpicture(actor: Actor, reward_id: int) -> RewardShown:
    """Show a reward without a picture. Raises: NotFound, RewardOffShelf."""
    queries.reward_within(actor, reward_id)
    plain = _change(reward_id, {"picture": None})
    announce(actor, RewardPictureRemoved(subject_id=reward_id, area_id=plain.area_id))
    return queries.rewards_shown([plain])[0]


def close(actor: Actor, reward_id: int) -> RewardShown:
    """Take a reward off the shelf; what was ordered before can still be collected.

    Raises: NotFound, RewardOffShelf when it is off already.
    """
    queries.reward_within(actor, reward_id)
    closed = _change(reward_id, {"closed_at": actor.now})
    announce(actor, RewardClosed(subject_id=reward_id, area_id=closed.area_id))
    return queries.rewards_shown([closed])[0]


def _change(reward_id: int, values: dict[str, Any]) -> Reward:
    """Change a reward that is on the shelf. Raises: RewardOffShelf."""
    changed = db.session.scalars(
        update(Reward)
        .where(Reward.id == reward_id, Reward.closed_at.is_(None))
        .values(**values)
        .returning(Reward)
        .execution_options(populate_existing=True)
    ).first()
    if changed is None:
        raise RewardOffShelf
    return changed
