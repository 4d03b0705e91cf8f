"""Seals and alerts"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("n", ID, autoincrement=False, nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("transfer_id_max", ID, nullable=False),
        sa.Column("public_key", sa.String(length=44), nullable=False),
        sa.Column("signature", sa.String(length=88), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_seal")),
    )
    op.create_index(op.f("ix_seal_transfer_id_max"), "seal", ["transfer_id_max"])
    make_append_only("seal")
    op.create_table(
        "ledger_alert",
        sa.Column("id", ID, nullable=False),
        sa.Column("invariant", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=30), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("wallet_id", ID, nullable=True),
        sa.Column("area_id", ID, nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", ID, nullable=True),
        sa.Column("lift_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL)",
            name=op.f("ck_ledger_alert_lifted"),
        ),
        sa.ForeignKeyConstraint(
            ["wallet_id"], ["wallet.id"], name=op.f("fk_ledger_alert_wallet_id")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_ledger_alert_area_id")),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["person.id"], name=op.f("fk_ledger_alert_lifted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_alert")),
    )
    op.create_index("ix_ledger_alert_area_id_id", "ledger_alert", ["area_id", "id"])
    still_open = sa.text("lifted_at IS NULL")
    op.create_index(
        "uq_ledger_alert_open",
        "ledger_alert",
        ["invariant", "subject", "subject_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index(
        "ix_ledger_alert_frozen",
        "ledger_alert",
        ["wallet_id"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    close_as_of_the_month()


def close_as_of_the_month() -> None:
    """Pockets closed until now say when they were swept; from now on the end of their month in China, to be recounted."""
    account = sa.table(
        "account",
        sa.column("expires_month", ID),
        sa.column("closed_at", sa.DateTime(timezone=True)),
    )
    closed = account.c.closed_at.is_not(None)
    connection = op.get_bind()
    for month in connection.scalars(
        sa.select(account.c.expires_month).where(closed).distinct()
    ).all():
        year, number = divmod(month, 100)
        following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
        over = following - timedelta(hours=8)
        here = account.c.expires_month == month
        connection.execute(sa.update(account).where(closed, here).values(closed_at=over))


def make_append_only(table: str) -> None:
    """Let nobody change or delete a row, by the database's own word."""
    if op.get_context().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("ledger_alert")
    op.drop_table("seal")
