"""Difficulty of opportunities, role of claims, and what was told about expiry"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite takes a column with its check in one statement and no check later.
    number = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE opportunity ADD COLUMN difficulty {number} DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_opportunity_difficulty CHECK (difficulty BETWEEN 1 AND 3)"
    )
    op.execute(
        "ALTER TABLE claim ADD COLUMN role VARCHAR(20) DEFAULT 'participant' NOT NULL"
        " CONSTRAINT ck_claim_role CHECK (role IN ('participant', 'leader'))"
    )
    op.create_table(
        "points_reminder",
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "lead_days",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_points_reminder_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "lead_days", name=op.f("pk_points_reminder")),
    )


def downgrade() -> None:
    op.drop_table("points_reminder")
    op.drop_column("claim", "role")
    op.drop_column("opportunity", "difficulty")
