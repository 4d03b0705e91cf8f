"""The books: wallets, accounts, balances, transfers, holds.

The write path speaks Core (`WALLET`, `ACCOUNT` …) because a transfer is rows, not objects.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Model
from app.points.terms import REASON_LENGTH_MAX, AccountKind, HoldState, TransferKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from sqlalchemy import Table


def _one_of(column: str, words: "Iterable[StrEnum]") -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"{column} IN ({listed})"


def _whole(*columns: str) -> CheckConstraint:
    # SQLite would store '12abc' or 1.5 in an INTEGER column; PostgreSQL's BIGINT cannot.
    test = " AND ".join(f"typeof({column}) = 'integer'" for column in columns)
    return CheckConstraint(test, name="whole").ddl_if(dialect="sqlite")


class Wallet(Model):
    """A person's points. The row to lock when a sum over pockets or a day decides."""

    __tablename__ = "wallet"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)


class Account(Model):
    """Where points are: a wallet's pocket for one month, or an area's issuer, spent or expired account."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """For a pocket: where its first points were earned; its expired points are booked there."""
    wallet_id: Mapped[int | None] = mapped_column(ForeignKey("wallet.id"))
    expires_month: Mapped[int | None]
    """202711: usable to the end of that month in China; 0: for ever."""
    closed_at: Mapped[datetime | None]
    """For a pocket: when it was found empty after its month, so that no later sweep looks at it again."""

    __table_args__ = (
        CheckConstraint(_one_of("kind", AccountKind), name="kind"),
        CheckConstraint(
            "(kind = 'pocket') = (wallet_id IS NOT NULL)"
            " AND (kind = 'pocket') = (expires_month IS NOT NULL)",
            name="pocket",
        ),
        UniqueConstraint("wallet_id", "expires_month"),
        Index(
            "uq_account_area_id_kind",
            "area_id",
            "kind",
            unique=True,
            sqlite_where=text("wallet_id IS NULL"),
            postgresql_where=text("wallet_id IS NULL"),
        ),
        Index(
            "ix_account_open_pocket",
            "expires_month",
            "id",
            sqlite_where=text("wallet_id IS NOT NULL AND closed_at IS NULL"),
            postgresql_where=text("wallet_id IS NOT NULL AND closed_at IS NULL"),
        ),
    )


class Balance(Model):
    """What a pocket has. Born with its account: a row that does not exist cannot be locked.

    `version` moves only when `posted` moves, so the transfers of a pocket number it 1, 2, 3 without a gap.
    """

    __tablename__ = "balance"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, autoincrement=False
    )
    posted: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("held >= 0", name="held"),
        CheckConstraint("posted - held >= 0", name="free"),
        _whole("posted", "held", "version"),
    )


class Transfer(Model):
    """Points left the debit account and arrived in the credit account. Never changed, never deleted."""

    __tablename__ = "transfer"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    cause_id: Mapped[int]
    """What `terms.CAUSES` says: a service record, a wish, a grant, a redemption, a day of expiry, a transfer."""
    part: Mapped[int]
    """0 for a lone transfer; the pocket where one cause moves several."""
    debit_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    credit_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    amount: Mapped[int]
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallet.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None: the system did it."""
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    at: Mapped[datetime]
    """Business time: when the service ended or the reward was handed out."""
    recorded_at: Mapped[datetime]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"))
    # Filled on the side that keeps a balance: what the account had after this transfer, and its number there.
    debit_version: Mapped[int | None]
    debit_after: Mapped[int | None]
    credit_version: Mapped[int | None]
    credit_after: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="accounts"),
        CheckConstraint(_one_of("kind", TransferKind), name="kind"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal"),
        CheckConstraint(
            "(debit_version IS NULL) = (debit_after IS NULL)"
            " AND (credit_version IS NULL) = (credit_after IS NULL)"
            " AND (debit_version IS NOT NULL OR credit_version IS NOT NULL)",
            name="bounded",
        ),
        _whole("amount"),
        UniqueConstraint("kind", "cause_id", "part"),
        Index("ix_transfer_wallet_id_id", "wallet_id", "id"),
        *(
            Index(
                f"uq_transfer_{name}",
                *columns,
                unique=True,
                sqlite_where=text(f"{columns[-1]} IS NOT NULL"),
                postgresql_where=text(f"{columns[-1]} IS NOT NULL"),
            )
            for name, columns in (
                ("debit_version", ("debit_account_id", "debit_version")),
                ("credit_version", ("credit_account_id", "credit_version")),
                ("reverses_id", ("reverses_id",)),
            )
        ),
    )


append_only(Transfer)


class Hold(Model):
    """Points of one pocket set aside for one cause (a redemption); a cause may hold in several pockets.

    The rows of a cause are made together and leave the state `open` together, in one UPDATE: one winner.
    """

    __tablename__ = "hold"

    cause_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallet.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(_one_of("state", HoldState), name="state"),
        _whole("amount"),
    )


class PointsDay(Model):
    """Points earned in one wallet on one day in China, less what was reversed: what the daily cap looks at."""

    __tablename__ = "points_day"

    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallet.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int]

    __table_args__ = (CheckConstraint("points >= 0", name="points"), _whole("points"))


class PointsGrant(Model):
    """Points given by hand and why: the cause of a grant's transfer."""

    __tablename__ = "points_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    points: Mapped[int]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH_MAX))
    granted_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    granted_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("points > 0", name="points"), _whole("points"))


append_only(PointsGrant)


class PointsReversal(Model):
    """Why a transfer was reversed. Who and when stand in the reversing transfer."""

    __tablename__ = "points_reversal"

    transfer_id: Mapped[int] = mapped_column(
        ForeignKey("transfer.id"), primary_key=True, autoincrement=False
    )
    """The transfer that was wrong."""
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH_MAX))


append_only(PointsReversal)


WALLET = cast("Table", Wallet.__table__)
ACCOUNT = cast("Table", Account.__table__)
BALANCE = cast("Table", Balance.__table__)
TRANSFER = cast("Table", Transfer.__table__)
HOLD = cast("Table", Hold.__table__)
POINTS_DAY = cast("Table", PointsDay.__table__)
POINTS_GRANT = cast("Table", PointsGrant.__table__)
