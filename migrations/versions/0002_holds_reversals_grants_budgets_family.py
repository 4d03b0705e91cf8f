"""Holds posted in part, reversals in parts, grants by two people, budgets, family and donations"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

KINDS = "'service', 'wish', 'grant', 'spend', 'expire', 'reversal'"
ACCOUNTS = "'pocket', 'issuer', 'spent', 'expired'"
HOLD_POSTED = (
    "(state = 'posted') = (posted IS NOT NULL) AND (posted IS NULL OR posted BETWEEN 1 AND amount)"
)
WALLET_OWNER = (
    "(person_id IS NULL) = (area_id IS NOT NULL) AND (area_id IS NOT NULL) = (shard IS NOT NULL)"
)


def upgrade() -> None:
    _change_check("transfer", "kind", f"kind IN ({KINDS})", f"kind IN ({KINDS}, 'give', 'receive')")
    _change_check(
        "account", "kind", f"kind IN ({ACCOUNTS})", f"kind IN ({ACCOUNTS}, 'budget', 'transit')"
    )
    _open_wallets_to_funds()
    op.add_column("hold", sa.Column("posted", BigId, nullable=True))
    op.execute("UPDATE hold SET posted = amount WHERE state = 'posted'")
    _add_check("hold", "posted", HOLD_POSTED)

    op.drop_index("uq_transfer_reverses_id", table_name="transfer")
    op.create_index(
        "ix_transfer_reverses_id",
        "transfer",
        ["reverses_id"],
        unique=False,
        sqlite_where=sa.text("reverses_id IS NOT NULL"),
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.execute("CREATE TABLE kept_reversal AS SELECT transfer_id, reason FROM points_reversal")
    op.drop_table("points_reversal")
    _create_reversals(
        sa.Column("part", BigId, autoincrement=False, nullable=False),
        sa.Column("points", BigId, nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_reversal_points")),
        _whole("points_reversal", "points"),
        key=("transfer_id", "part"),
    )
    op.execute(
        "INSERT INTO points_reversal (transfer_id, part, points, reason)"
        " SELECT k.transfer_id, 0, t.amount, k.reason"
        " FROM kept_reversal k JOIN transfer t ON t.id = k.transfer_id"
    )
    op.drop_table("kept_reversal")
    op.create_table(
        "reversal_tally",
        sa.Column("transfer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.Column("points", BigId, nullable=False),
        sa.Column("times", BigId, nullable=False),
        sa.CheckConstraint("points BETWEEN 0 AND amount", name=op.f("ck_reversal_tally_points")),
        _whole("reversal_tally", "amount", "points", "times"),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfer.id"], name=op.f("fk_reversal_tally_transfer_id")
        ),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_reversal_tally")),
    )
    op.execute(
        "INSERT INTO reversal_tally (transfer_id, amount, points, times)"
        " SELECT transfer_id, points, points, 1 FROM points_reversal"
    )

    _create_grant_review()
    _create_budgets()
    _create_donation()
    _create_family()
    for table in ("points_reversal", "donation"):
        make_append_only(table)


def downgrade() -> None:
    # Books that use what this migration brought have no older shape; their transfers cannot be taken back.
    used = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT COUNT(*) FROM transfer WHERE kind IN ('give', 'receive'))"
            " + (SELECT COUNT(*) FROM account WHERE kind IN ('budget', 'transit'))"
            " + (SELECT COUNT(*) FROM hold WHERE posted < amount)"
            " + (SELECT COUNT(*) FROM points_reversal WHERE part > 0)"
        )
    )
    if used:
        raise RuntimeError(
            "these books hold donations, budgets or partial postings: restore a backup"
        )
    op.drop_table("family_link")
    op.drop_table("donation")
    op.drop_table("budget_slice")
    op.drop_table("points_budget")
    op.drop_table("grant_review")
    op.drop_table("reversal_tally")
    op.execute("CREATE TABLE kept_reversal AS SELECT transfer_id, reason FROM points_reversal")
    op.drop_table("points_reversal")
    _create_reversals(key=("transfer_id",))
    op.execute(
        "INSERT INTO points_reversal (transfer_id, reason)"
        " SELECT transfer_id, reason FROM kept_reversal"
    )
    op.drop_table("kept_reversal")
    make_append_only("points_reversal")
    op.drop_index("ix_transfer_reverses_id", table_name="transfer")
    op.create_index(
        "uq_transfer_reverses_id",
        "transfer",
        ["reverses_id"],
        unique=True,
        sqlite_where=sa.text("reverses_id IS NOT NULL"),
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    _drop_check("hold", "posted", HOLD_POSTED)
    op.drop_column("hold", "posted")
    _close_wallets_to_funds()
    _change_check(
        "account", "kind", f"kind IN ({ACCOUNTS}, 'budget', 'transit')", f"kind IN ({ACCOUNTS})"
    )
    _change_check("transfer", "kind", f"kind IN ({KINDS}, 'give', 'receive')", f"kind IN ({KINDS})")


# --- new tables ---------------------------------------------------------------------------------------------


def _create_reversals(*more: sa.schema.SchemaItem, key: tuple[str, ...]) -> None:
    op.create_table(
        "points_reversal",
        sa.Column("transfer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfer.id"], name=op.f("fk_points_reversal_transfer_id")
        ),
        *more,
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_points_reversal")),
    )


def _create_grant_review() -> None:
    op.create_table(
        "grant_review",
        sa.Column("grant_id", BigId, autoincrement=False, nullable=False),
        sa.Column("area_id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("asked_by", BigId, nullable=False),
        sa.Column("from_fund", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", BigId, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'granted', 'declined', 'withdrawn')",
            name=op.f("ck_grant_review_state"),
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_by IS NULL) AND (state = 'pending') = (decided_at IS NULL)",
            name=op.f("ck_grant_review_decided"),
        ),
        sa.CheckConstraint(
            "state <> 'granted' OR (decided_by <> asked_by AND decided_by <> person_id)",
            name=op.f("ck_grant_review_second_person"),
        ),
        sa.CheckConstraint("asked_by <> person_id", name=op.f("ck_grant_review_not_for_oneself")),
        *(
            sa.ForeignKeyConstraint([column], [there], name=op.f(f"fk_grant_review_{column}"))
            for column, there in (
                ("grant_id", "points_grant.id"),
                ("area_id", "area.id"),
                ("person_id", "person.id"),
                ("asked_by", "person.id"),
                ("decided_by", "person.id"),
            )
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_review")),
    )
    op.create_index(
        "ix_grant_review_pending",
        "grant_review",
        ["area_id", "grant_id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )


def _create_budgets() -> None:
    op.create_table(
        "points_budget",
        sa.Column("area_id", BigId, nullable=False),
        sa.Column("year", BigId, autoincrement=False, nullable=False),
        sa.Column("points", BigId, nullable=False),
        sa.Column("undealt", BigId, nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", BigId, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_budget_points")),
        sa.CheckConstraint("undealt >= 0", name=op.f("ck_points_budget_undealt")),
        _whole("points_budget", "points", "undealt"),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_points_budget_area_id")),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name=op.f("fk_points_budget_set_by")),
        sa.PrimaryKeyConstraint("area_id", "year", name=op.f("pk_points_budget")),
    )
    op.create_table(
        "budget_slice",
        sa.Column("area_id", BigId, autoincrement=False, nullable=False),
        sa.Column("year", BigId, autoincrement=False, nullable=False),
        sa.Column("slice", BigId, autoincrement=False, nullable=False),
        sa.Column("points", BigId, nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_budget_slice_points")),
        _whole("budget_slice", "points"),
        sa.ForeignKeyConstraint(
            ["area_id", "year"],
            ["points_budget.area_id", "points_budget.year"],
            name="fk_budget_slice_budget",
        ),
        sa.PrimaryKeyConstraint("area_id", "year", "slice", name=op.f("pk_budget_slice")),
    )


def _create_donation() -> None:
    op.create_table(
        "donation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("from_person_id", BigId, nullable=True),
        sa.Column("from_area_id", BigId, nullable=True),
        sa.Column("to_person_id", BigId, nullable=True),
        sa.Column("to_area_id", BigId, nullable=True),
        sa.Column("points", BigId, nullable=False),
        sa.Column("note", sa.String(length=100), nullable=True),
        sa.Column("grant_id", BigId, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_donation_points")),
        sa.CheckConstraint(
            "(from_person_id IS NULL) = (from_area_id IS NOT NULL)", name=op.f("ck_donation_giver")
        ),
        sa.CheckConstraint(
            "(to_person_id IS NULL) = (to_area_id IS NOT NULL)"
            " AND (from_person_id IS NULL OR to_person_id IS NULL OR from_person_id <> to_person_id)",
            name=op.f("ck_donation_receiver"),
        ),
        sa.CheckConstraint(
            "(from_area_id IS NULL) = (grant_id IS NULL)", name=op.f("ck_donation_granted")
        ),
        _whole("donation", "points"),
        *(
            sa.ForeignKeyConstraint([column], [there], name=op.f(f"fk_donation_{column}"))
            for column, there in (
                ("from_person_id", "person.id"),
                ("from_area_id", "area.id"),
                ("to_person_id", "person.id"),
                ("to_area_id", "area.id"),
                ("grant_id", "points_grant.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donation")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_donation_grant_id")),
    )


def _create_family() -> None:
    op.create_table(
        "family_link",
        sa.Column("id", BigId, nullable=False),
        sa.Column("first_id", BigId, nullable=False),
        sa.Column("second_id", BigId, nullable=False),
        sa.Column("asked_by", BigId, nullable=True),
        sa.Column("registered_by", BigId, nullable=True),
        sa.Column("consent_note", sa.String(length=100), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_family_link_order")),
        sa.CheckConstraint(
            "state IN ('asked', 'active', 'ended')", name=op.f("ck_family_link_state")
        ),
        sa.CheckConstraint(
            "(asked_by IS NULL) = (registered_by IS NOT NULL)"
            " AND (registered_by IS NULL) = (consent_note IS NULL)",
            name=op.f("ck_family_link_begun"),
        ),
        sa.CheckConstraint(
            "(state <> 'active' OR since IS NOT NULL) AND (state = 'ended') = (ended_at IS NOT NULL)",
            name=op.f("ck_family_link_moments"),
        ),
        *(
            sa.ForeignKeyConstraint([column], ["person.id"], name=op.f(f"fk_family_link_{column}"))
            for column in ("first_id", "second_id", "asked_by", "registered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_link")),
    )
    op.create_index("ix_family_link_second_id", "family_link", ["second_id"], unique=False)
    op.create_index(
        "uq_family_link_open",
        "family_link",
        ["first_id", "second_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )


# --- changes of old ones ------------------------------------------------------------------------------------


def _open_wallets_to_funds() -> None:
    op.add_column("wallet", sa.Column("area_id", BigId, nullable=True))
    op.add_column("wallet", sa.Column("shard", BigId, nullable=True))
    if _on_sqlite():
        _rewrite("wallet", "person_id INTEGER NOT NULL", "person_id INTEGER")
        _rewrite(
            "wallet", _KEY_OF.format("wallet"), f"{_FUND_OF_WALLET}, {_KEY_OF.format('wallet')}"
        )
    else:
        op.alter_column("wallet", "person_id", nullable=True)
        op.create_foreign_key(op.f("fk_wallet_area_id"), "wallet", "area", ["area_id"], ["id"])
    _add_check("wallet", "owner", WALLET_OWNER)
    op.create_index("uq_wallet_area_id_shard", "wallet", ["area_id", "shard"], unique=True)


def _close_wallets_to_funds() -> None:
    op.execute("DELETE FROM wallet WHERE person_id IS NULL")
    _drop_check("wallet", "owner", WALLET_OWNER)
    op.drop_index("uq_wallet_area_id_shard", table_name="wallet")
    if _on_sqlite():
        _rewrite("wallet", f"{_FUND_OF_WALLET}, ", "")
        _rewrite("wallet", "person_id INTEGER", "person_id INTEGER NOT NULL")
    else:
        op.drop_constraint(op.f("fk_wallet_area_id"), "wallet")
        op.alter_column("wallet", "person_id", nullable=False)
    op.drop_column("wallet", "shard")
    op.drop_column("wallet", "area_id")


_KEY_OF = "CONSTRAINT pk_{} PRIMARY KEY"
_FUND_OF_WALLET = "CONSTRAINT fk_wallet_area_id FOREIGN KEY(area_id) REFERENCES area (id)"


def _whole(table: str, *columns: str) -> sa.CheckConstraint:
    test = " AND ".join(f"typeof({column}) = 'integer'" for column in columns)
    return sa.CheckConstraint(test, name=op.f(f"ck_{table}_whole")).ddl_if(dialect="sqlite")


def _on_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _change_check(table: str, name: str, before: str, after: str) -> None:
    if _on_sqlite():
        _rewrite(table, f"CHECK ({before})", f"CHECK ({after})")
    else:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, after)


def _add_check(table: str, name: str, condition: str) -> None:
    if _on_sqlite():
        key = _KEY_OF.format(table)
        _rewrite(table, key, f"CONSTRAINT ck_{table}_{name} CHECK ({condition}), {key}")
    else:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _drop_check(table: str, name: str, condition: str) -> None:
    if _on_sqlite():
        _rewrite(table, f"CONSTRAINT ck_{table}_{name} CHECK ({condition}), ", "")
    else:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)


def _rewrite(table: str, before: str, after: str) -> None:
    """Change what SQLite has noted of a table's constraints, without copying its rows.

    SQLite describes this way (lang_altertable, section 7) for changes that do not touch how rows are stored.
    """
    connection = op.get_bind()
    noted = connection.scalar(
        sa.text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :name"),
        {"name": table},
    )
    if noted.count(before) != 1:
        raise RuntimeError(f"table {table} is not as expected: {before}")
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    op.execute("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_schema SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": noted.replace(before, after), "name": table},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def make_append_only(table: str) -> None:
    """Let nobody change or delete a row, by the database's own word."""
    if _on_sqlite():
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
