"""Rewards, their stock, and redemptions.

The counter's path speaks Core (`STOCK`, `REDEMPTION`): rows, not objects.
"""

from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Model
from app.redemption.terms import (
    CODE_LENGTH,
    DESCRIPTION_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    MoveKind,
    RedemptionState,
)

if TYPE_CHECKING:
    from sqlalchemy import Table


class Reward(Model):
    """Something points can be redeemed for, offered by an area to those who live there."""

    __tablename__ = "reward"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH_MAX))
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH_MAX))
    points: Mapped[int]
    """For one piece."""
    per_person_max: Mapped[int | None]
    offered_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("per_person_max > 0", name="per_person_max"),
        Index("ix_reward_area_id_id", "area_id", "id"),
    )


class Stock(Model):
    """Pieces of a reward at a station: free ones, and those that wait for somebody."""

    __tablename__ = "stock"

    reward_id: Mapped[int] = mapped_column(
        ForeignKey("reward.id"), primary_key=True, autoincrement=False
    )
    site_id: Mapped[int] = mapped_column(
        ForeignKey("site.id"), primary_key=True, autoincrement=False
    )
    available: Mapped[int]
    held: Mapped[int]

    __table_args__ = (
        CheckConstraint("available >= 0", name="available"),
        CheckConstraint("held >= 0", name="held"),
    )


class Redemption(Model):
    """One order. Title and points are those of the moment it was made."""

    __tablename__ = "redemption"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reward_id: Mapped[int] = mapped_column(ForeignKey("reward.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """The reward's."""
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH_MAX))
    quantity: Mapped[int]
    points: Mapped[int]
    """For all pieces."""
    state: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    made_at: Mapped[datetime]
    pickup_by: Mapped[datetime]
    """The first moment at which it is too late: a midnight in China."""
    closed_at: Mapped[datetime | None]
    """When it was collected, cancelled or lapsed."""
    collected_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint(
            "state IN ({})".format(", ".join(f"'{state}'" for state in RedemptionState)),
            name="state",
        ),
        CheckConstraint("(state = 'held') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("(state = 'collected') = (collected_by IS NOT NULL)", name="collected"),
        Index("ix_redemption_person_id_id", "person_id", "id"),
        Index("ix_redemption_reward_id_person_id", "reward_id", "person_id"),
        Index(
            "ix_redemption_waiting",
            "pickup_by",
            "id",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )


class StockMove(Model):
    """Pieces that came to a station or left it, for good."""

    __tablename__ = "stock_move"

    id: Mapped[int] = mapped_column(primary_key=True)
    reward_id: Mapped[int]
    site_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[int]
    redemption_id: Mapped[int | None] = mapped_column(ForeignKey("redemption.id"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["reward_id", "site_id"], ["stock.reward_id", "stock.site_id"]),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint(
            "kind IN ({})".format(", ".join(f"'{kind}'" for kind in MoveKind)), name="kind"
        ),
        CheckConstraint("(kind = 'handed_out') = (redemption_id IS NOT NULL)", name="handed_out"),
        Index("ix_stock_move_reward_id_site_id", "reward_id", "site_id"),
        Index(
            "uq_stock_move_redemption_id",
            "redemption_id",
            unique=True,
            sqlite_where=text("redemption_id IS NOT NULL"),
            postgresql_where=text("redemption_id IS NOT NULL"),
        ),
    )


append_only(StockMove)


STOCK = cast("Table", Stock.__table__)
REDEMPTION = cast("Table", Redemption.__table__)
STOCK_MOVE = cast("Table", StockMove.__table__)
