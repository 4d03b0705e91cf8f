"""The books: wallets, accounts, balances, transfers, holds.

The write path speaks Core (`WALLET`, `ACCOUNT` …) because a transfer is rows, not objects.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Model, one_of
from app.points.terms import (
    DETAIL_LENGTH_MAX,
    NOTE_LENGTH_MAX,
    REASON_LENGTH_MAX,
    AccountKind,
    GrantState,
    HoldState,
    TransferKind,
)

if TYPE_CHECKING:
    from sqlalchemy import Table


def _whole(*columns: str) -> CheckConstraint:
    # SQLite would store '12abc' or 1.5 in an INTEGER column; PostgreSQL's BIGINT cannot.
    test = " AND ".join(f"typeof({column}) = 'integer'" for column in columns)
    return CheckConstraint(test, name="whole").ddl_if(dialect="sqlite")


class Wallet(Model):
    """Points of a person, or of a community's fund. The row to lock when a sum over pockets or a day decides.

    A fund has several wallets, its shards: many give at once, few take.
    """

    __tablename__ = "wallet"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), unique=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """Whose fund it is."""
    shard: Mapped[int | None]

    __table_args__ = (
        CheckConstraint(
            "(person_id IS NULL) = (area_id IS NOT NULL)"
            " AND (area_id IS NOT NULL) = (shard IS NOT NULL)",
            name="owner",
        ),
        Index("uq_wallet_area_id_shard", "area_id", "shard", unique=True),
    )


class Account(Model):
    """Where points are: a wallet's pocket for one month, or one of the accounts of an area that have no bounds."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """For a pocket: where its first points were earned; its expired points are booked there."""
    wallet_id: Mapped[int | None] = mapped_column(ForeignKey("wallet.id"))
    expires_month: Mapped[int | None]
    """202711: usable to the end of that month in China; 0: for ever."""
    closed_at: Mapped[datetime | None]
    """For a pocket found empty after its month: the end of that month, so that no later sweep looks at it again."""

    __table_args__ = (
        one_of("kind", AccountKind),
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
    """What `terms.CAUSES` says: a service record, a wish, a grant, a redemption, a day of expiry, a transfer,
    a donation."""
    part: Mapped[int]
    """0 for a lone transfer; the pocket where one cause moves several; the ordinal of a partial reversal."""
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
        one_of("kind", TransferKind),
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
            )
        ),
        Index(
            "ix_transfer_reverses_id",
            "reverses_id",
            sqlite_where=text("reverses_id IS NOT NULL"),
            postgresql_where=text("reverses_id IS NOT NULL"),
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
    posted: Mapped[int | None]
    """What was spent when it was posted; the rest of the amount was given back."""

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        one_of("state", HoldState),
        CheckConstraint(
            "(state = 'posted') = (posted IS NOT NULL)"
            " AND (posted IS NULL OR posted BETWEEN 1 AND amount)",
            name="posted",
        ),
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


class GrantReview(Model):
    """A grant that takes two people: more than one may grant alone, or out of the fund.

    Who asked and for whom is repeated here, so that the database itself refuses a second person who is the first.
    """

    __tablename__ = "grant_review"

    grant_id: Mapped[int] = mapped_column(
        ForeignKey("points_grant.id"), primary_key=True, autoincrement=False
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    from_fund: Mapped[bool]
    state: Mapped[str] = mapped_column(String(10))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))
    """Why it was declined."""

    __table_args__ = (
        one_of("state", GrantState),
        CheckConstraint(
            "(state = 'pending') = (decided_by IS NULL)"
            " AND (state = 'pending') = (decided_at IS NULL)",
            name="decided",
        ),
        CheckConstraint(
            "state <> 'granted' OR (decided_by <> asked_by AND decided_by <> person_id)",
            name="second_person",
        ),
        CheckConstraint("asked_by <> person_id", name="not_for_oneself"),
        Index(
            "ix_grant_review_pending",
            "area_id",
            "grant_id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )


class PointsReversal(Model):
    """Why so many points of a transfer were reversed. Who and when stand in the reversing transfer."""

    __tablename__ = "points_reversal"

    transfer_id: Mapped[int] = mapped_column(
        ForeignKey("transfer.id"), primary_key=True, autoincrement=False
    )
    """The transfer that was wrong."""
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0 for its first reversal, 1 for the second."""
    points: Mapped[int]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH_MAX))

    __table_args__ = (CheckConstraint("points > 0", name="points"), _whole("points"))


append_only(PointsReversal)


class ReversalTally(Model):
    """How much of a transfer has been reversed, in how many goes: never more than it was."""

    __tablename__ = "reversal_tally"

    transfer_id: Mapped[int] = mapped_column(
        ForeignKey("transfer.id"), primary_key=True, autoincrement=False
    )
    amount: Mapped[int]
    """The transfer's, so that the check stands in one row."""
    points: Mapped[int]
    times: Mapped[int]

    __table_args__ = (
        CheckConstraint("points BETWEEN 0 AND amount", name="points"),
        _whole("amount", "points", "times"),
    )


class Donation(Model):
    """Points given on: by a person to one of the family or to a fund, or out of a fund by a grant."""

    __tablename__ = "donation"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    from_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    to_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    to_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    points: Mapped[int]
    note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("points_grant.id"), unique=True)
    """The grant that took it out of the fund."""
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("(from_person_id IS NULL) = (from_area_id IS NOT NULL)", name="giver"),
        CheckConstraint(
            "(to_person_id IS NULL) = (to_area_id IS NOT NULL)"
            " AND (from_person_id IS NULL OR to_person_id IS NULL OR from_person_id <> to_person_id)",
            name="receiver",
        ),
        CheckConstraint("(from_area_id IS NULL) = (grant_id IS NULL)", name="granted"),
        _whole("points"),
    )


append_only(Donation)


class PointsBudget(Model):
    """How many points a community may issue in a year. `undealt` is what no slice has yet."""

    __tablename__ = "points_budget"

    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    points: Mapped[int]
    undealt: Mapped[int]
    begins_at: Mapped[datetime]
    """The year in China as two moments, so that plain SQL can recount what was issued in it."""
    ends_at: Mapped[datetime]
    set_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("undealt >= 0", name="undealt"),
        _whole("points", "undealt"),
    )


class BudgetSlice(Model):
    """A part of a budget that some causes draw on, so that not all who earn wait for one row."""

    __tablename__ = "budget_slice"

    area_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slice: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    points: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(
            ["area_id", "year"],
            ["points_budget.area_id", "points_budget.year"],
            name="fk_budget_slice_budget",
        ),
        CheckConstraint("points >= 0", name="points"),
        _whole("points"),
    )


class Seal(Model):
    """A block of sealed rows: its signed header, and each row's id and leaf hash, so that a changed one has a name."""

    __tablename__ = "seal"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    header: Mapped[str] = mapped_column(Text)
    """Canonical JSON (`merkle.header_text`): number, previous hash, root, rows, points, how far each book is sealed."""
    leaves: Mapped[bytes]
    transfer_id_max: Mapped[int] = mapped_column(index=True)
    """Up to which transfer all are sealed, to find the block of one."""
    public_key: Mapped[str] = mapped_column(String(44))
    signature: Mapped[str] = mapped_column(String(88))


append_only(Seal)


class LedgerAlert(Model):
    """Something in the books is not as it must be. Until it is lifted the wallet concerned neither earns nor spends."""

    __tablename__ = "ledger_alert"

    id: Mapped[int] = mapped_column(primary_key=True)
    invariant: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int]
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH_MAX))
    wallet_id: Mapped[int | None] = mapped_column(ForeignKey("wallet.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """None: it concerns the books as a whole."""
    raised_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    lift_reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))

    __table_args__ = (
        CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL)",
            name="lifted",
        ),
        Index("ix_ledger_alert_area_id_id", "area_id", "id"),
        Index(
            "uq_ledger_alert_open",
            "invariant",
            "subject",
            "subject_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index(
            "ix_ledger_alert_frozen",
            "wallet_id",
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )


class PointsReminder(Model):
    """The owner of a pocket was told, so many days before its end, that it will expire: once."""

    __tablename__ = "points_reminder"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, autoincrement=False
    )
    lead_days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told_at: Mapped[datetime]


WALLET = cast("Table", Wallet.__table__)
ACCOUNT = cast("Table", Account.__table__)
BALANCE = cast("Table", Balance.__table__)
TRANSFER = cast("Table", Transfer.__table__)
HOLD = cast("Table", Hold.__table__)
POINTS_DAY = cast("Table", PointsDay.__table__)
POINTS_GRANT = cast("Table", PointsGrant.__table__)
GRANT_REVIEW = cast("Table", GrantReview.__table__)
REVERSAL_TALLY = cast("Table", ReversalTally.__table__)
DONATION = cast("Table", Donation.__table__)
POINTS_BUDGET = cast("Table", PointsBudget.__table__)
BUDGET_SLICE = cast("Table", BudgetSlice.__table__)
SEAL = cast("Table", Seal.__table__)
LEDGER_ALERT = cast("Table", LedgerAlert.__table__)
