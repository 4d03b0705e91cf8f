"""Rewards, their stock, and redemptions.

The counter's path speaks Core (`STOCK`, `REDEMPTION`): rows, not objects.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Model, one_of
from app.redemption.terms import (
    CODE_LENGTH,
    DESCRIPTION_LENGTH_MAX,
    PICKUP_DAYS_MAX,
    PICTURE_NAME_LENGTH_MAX,
    REASON_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Category,
    MoveKind,
    Period,
    RedemptionState,
    RewardKind,
)

if TYPE_CHECKING:
    from sqlalchemy import Table


class Reward(Model):
    """Something points can be redeemed for, offered by an area to those who live there."""

    __tablename__ = "reward"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    # The two defaults are for the shelves of before there were kinds.
    kind: Mapped[str] = mapped_column(String(10), server_default=RewardKind.GOODS.value)
    category: Mapped[str] = mapped_column(String(20), server_default=Category.OTHER.value)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH_MAX))
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH_MAX))
    picture: Mapped[str | None] = mapped_column(String(PICTURE_NAME_LENGTH_MAX))
    """Name of the file it is kept under."""
    points: Mapped[int]
    """For one piece."""
    per_order_max: Mapped[int | None]
    per_period_max: Mapped[int | None]
    period: Mapped[str | None] = mapped_column(String(10))
    per_person_max: Mapped[int | None]
    open_from: Mapped[date | None]
    open_until: Mapped[date | None]
    """First and last day on which it can be ordered, where the community's window is open too."""
    pickup_days: Mapped[int | None]
    """Days to collect in, where it is not the community's (`redemption_pickup_days`)."""
    offered_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("per_person_max > 0", name="per_person_max"),
        CheckConstraint("per_order_max > 0", name="per_order_max"),
        CheckConstraint("per_period_max > 0", name="per_period_max"),
        CheckConstraint("(per_period_max IS NULL) = (period IS NULL)", name="period_limit"),
        CheckConstraint("open_from <= open_until", name="open_days"),
        CheckConstraint(f"pickup_days BETWEEN 1 AND {PICKUP_DAYS_MAX}", name="pickup_days"),
        one_of("kind", RewardKind),
        one_of("category", Category),
        one_of("period", Period),
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
        one_of("state", RedemptionState),
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
        Index(
            "ix_redemption_settlement",
            "site_id",
            "closed_at",
            "id",
            sqlite_where=text("state = 'collected'"),
            postgresql_where=text("state = 'collected'"),
        ),
    )


class StockCount(Model):
    """A stock-taking of one station; one at a time is open there."""

    __tablename__ = "stock_count"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    opened_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime]
    after_move_id: Mapped[int]
    """The last stock move before it: what moved later moved under the hands of those who count."""
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))

    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed"),
        CheckConstraint("(closed_at IS NULL) = (reason IS NULL)", name="reason"),
        Index(
            "uq_stock_count_open",
            "site_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class StockCountLine(Model):
    """What a stock-taking found of one reward, also where it was as expected."""

    __tablename__ = "stock_count_line"

    count_id: Mapped[int] = mapped_column(
        ForeignKey("stock_count.id"), primary_key=True, autoincrement=False
    )
    reward_id: Mapped[int] = mapped_column(
        ForeignKey("reward.id"), primary_key=True, autoincrement=False
    )
    expected: Mapped[int]
    counted: Mapped[int]

    __table_args__ = (
        CheckConstraint("expected >= 0", name="expected"),
        CheckConstraint("counted >= 0", name="counted"),
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
    out_move_id: Mapped[int | None] = mapped_column(ForeignKey("stock_move.id"))
    """Of pieces from another station: the move that took them there."""
    count_id: Mapped[int | None] = mapped_column(ForeignKey("stock_count.id"))
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))
    actor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["reward_id", "site_id"], ["stock.reward_id", "stock.site_id"]),
        CheckConstraint("quantity > 0", name="quantity"),
        one_of("kind", MoveKind),
        CheckConstraint("(kind = 'handed_out') = (redemption_id IS NOT NULL)", name="handed_out"),
        CheckConstraint("(kind = 'transferred_in') = (out_move_id IS NOT NULL)", name="transfer"),
        CheckConstraint(
            "(kind IN ('counted_more', 'counted_less')) = (count_id IS NOT NULL)", name="counted"
        ),
        CheckConstraint(
            "(kind IN ('written_off', 'counted_more', 'counted_less')) = (reason IS NOT NULL)",
            name="reason",
        ),
        Index("ix_stock_move_reward_id_site_id", "reward_id", "site_id"),
        *(
            Index(
                f"uq_stock_move_{column}",
                *columns,
                unique=True,
                sqlite_where=text(f"{column} IS NOT NULL"),
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column, columns in (
                ("redemption_id", ("redemption_id",)),
                ("out_move_id", ("out_move_id",)),
                ("count_id", ("count_id", "reward_id")),
            )
        ),
    )


append_only(StockMove)
append_only(StockCountLine)


STOCK = cast("Table", Stock.__table__)
REDEMPTION = cast("Table", Redemption.__table__)
STOCK_MOVE = cast("Table", StockMove.__table__)
STOCK_COUNT = cast("Table", StockCount.__table__)
STOCK_COUNT_LINE = cast("Table", StockCountLine.__table__)
