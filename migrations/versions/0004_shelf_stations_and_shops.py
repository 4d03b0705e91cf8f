"""Shelf, stations and shops: kinds, pictures, limits and days of rewards; moves between stations and stock-taking;
partner shops
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A check on one column may come with it on both engines; SQLite takes none afterwards.
_REWARD_COLUMNS = (
    "kind VARCHAR(10) DEFAULT 'goods' NOT NULL CONSTRAINT ck_reward_kind CHECK (kind IN ('goods', 'service'))",
    "category VARCHAR(20) DEFAULT 'other' NOT NULL CONSTRAINT ck_reward_category CHECK (category IN ('food', 'household', 'health', 'learning', 'home_service', 'other'))",
    "picture VARCHAR(60)",
    "per_order_max {whole} CONSTRAINT ck_reward_per_order_max CHECK (per_order_max > 0)",
    "per_period_max {whole} CONSTRAINT ck_reward_per_period_max CHECK (per_period_max > 0)",
    "period VARCHAR(10) CONSTRAINT ck_reward_period CHECK (period IN ('month', 'quarter', 'year')) CONSTRAINT ck_reward_period_limit CHECK ((per_period_max IS NULL) = (period IS NULL))",
    "open_from DATE",
    "open_until DATE CONSTRAINT ck_reward_open_days CHECK (open_from <= open_until)",
    "pickup_days {whole} CONSTRAINT ck_reward_pickup_days CHECK (pickup_days BETWEEN 1 AND 365)",
)
_MOVE_KINDS_BEFORE = ("received", "handed_out", "written_off")
_MOVE_KINDS = (
    "received",
    "transferred_in",
    "counted_more",
    "handed_out",
    "written_off",
    "transferred_out",
    "counted_less",
)
# What came stays come and what left stays left, so that the books of before still add up.
_KIND_BEFORE = (
    "CASE WHEN kind IN ('transferred_in', 'counted_more') THEN 'received' "
    "WHEN kind IN ('transferred_out', 'counted_less') THEN 'written_off' ELSE kind END"
)
_MOVE_COLUMNS_BEFORE = "id, reward_id, site_id, kind, quantity, redemption_id, actor_id, at"
_ROLES_BEFORE = ("resident", "station_staff", "community_admin", "unit_admin", "area_admin")
_ROLES = (
    "resident",
    "station_staff",
    "partner_staff",
    "community_admin",
    "unit_admin",
    "area_admin",
)


def _sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def upgrade() -> None:
    whole = "INTEGER" if _sqlite() else "BIGINT"
    for column in _REWARD_COLUMNS:
        op.execute(f"ALTER TABLE reward ADD COLUMN {column.format(whole=whole)}")
    op.execute(
        "ALTER TABLE site ADD COLUMN kind VARCHAR(10) DEFAULT 'station' NOT NULL "
        "CONSTRAINT ck_site_kind CHECK (kind IN ('station', 'shop'))"
    )
    op.create_index(
        "ix_redemption_settlement",
        "redemption",
        ["site_id", "closed_at", "id"],
        sqlite_where=sa.text("state = 'collected'"),
        postgresql_where=sa.text("state = 'collected'"),
    )
    op.create_table(
        "stock_count",
        sa.Column("id", _ID, nullable=False),
        sa.Column("site_id", _ID, nullable=False),
        sa.Column("opened_by", _ID, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_move_id", _ID, nullable=False),
        sa.Column("closed_by", _ID, nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_stock_count_closed")
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (reason IS NULL)", name=op.f("ck_stock_count_reason")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_stock_count_site_id")),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["person.id"], name=op.f("fk_stock_count_opened_by")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["person.id"], name=op.f("fk_stock_count_closed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count")),
    )
    op.create_index(op.f("ix_stock_count_site_id"), "stock_count", ["site_id"])
    op.create_index(
        "uq_stock_count_open",
        "stock_count",
        ["site_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "stock_count_line",
        sa.Column("count_id", _ID, autoincrement=False, nullable=False),
        sa.Column("reward_id", _ID, autoincrement=False, nullable=False),
        sa.Column("expected", _ID, nullable=False),
        sa.Column("counted", _ID, nullable=False),
        sa.CheckConstraint("expected >= 0", name=op.f("ck_stock_count_line_expected")),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_stock_count_line_counted")),
        sa.ForeignKeyConstraint(
            ["count_id"], ["stock_count.id"], name=op.f("fk_stock_count_line_count_id")
        ),
        sa.ForeignKeyConstraint(
            ["reward_id"], ["reward.id"], name=op.f("fk_stock_count_line_reward_id")
        ),
        sa.PrimaryKeyConstraint("count_id", "reward_id", name=op.f("pk_stock_count_line")),
    )
    _make_append_only("stock_count_line")
    _allow_roles(_ROLES)
    if _sqlite():
        _rebuild_moves(_MOVE_KINDS, with_new_columns=True)
    else:
        _widen_moves()


def downgrade() -> None:
    # Shops become stations; nobody but a shop's staff loses a role.
    op.execute("DELETE FROM role_holding WHERE role = 'partner_staff'")
    _allow_roles(_ROLES_BEFORE)
    if _sqlite():
        _rebuild_moves(_MOVE_KINDS_BEFORE, with_new_columns=False)
    else:
        _narrow_moves()
    op.drop_table("stock_count_line")
    op.drop_table("stock_count")
    op.drop_index("ix_redemption_settlement", table_name="redemption")
    op.execute("ALTER TABLE site DROP COLUMN kind")
    for column in reversed(_REWARD_COLUMNS):
        op.execute(f"ALTER TABLE reward DROP COLUMN {column.split(' ', 1)[0]}")


def _widen_moves() -> None:
    for name, kind in (
        ("out_move_id", _ID),
        ("count_id", _ID),
        ("reason", sa.String(length=200)),
    ):
        op.add_column("stock_move", sa.Column(name, kind, nullable=True))
    # The rows there are stand as they are: the trigger is put aside while reasons are filled in for write-offs.
    op.execute("ALTER TABLE stock_move DISABLE TRIGGER stock_move_append_only")
    op.execute("UPDATE stock_move SET reason = '未注明' WHERE kind = 'written_off'")
    op.execute("ALTER TABLE stock_move ENABLE TRIGGER stock_move_append_only")
    op.drop_constraint(op.f("ck_stock_move_kind"), "stock_move", type_="check")
    for name, condition in _move_checks(_MOVE_KINDS, with_new_columns=True).items():
        if name not in ("quantity", "handed_out"):
            op.create_check_constraint(op.f(f"ck_stock_move_{name}"), "stock_move", condition)
    op.create_foreign_key(
        op.f("fk_stock_move_out_move_id"), "stock_move", "stock_move", ["out_move_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_stock_move_count_id"), "stock_move", "stock_count", ["count_id"], ["id"]
    )
    _index_new_columns()


def _narrow_moves() -> None:
    op.drop_constraint(op.f("ck_stock_move_kind"), "stock_move", type_="check")
    for name in ("reason", "count_id", "out_move_id"):
        # Its checks, keys and indexes go with a column.
        op.drop_column("stock_move", name)
    op.execute("ALTER TABLE stock_move DISABLE TRIGGER stock_move_append_only")
    op.execute(f"UPDATE stock_move SET kind = {_KIND_BEFORE}")
    op.execute("ALTER TABLE stock_move ENABLE TRIGGER stock_move_append_only")
    op.create_check_constraint(
        op.f("ck_stock_move_kind"), "stock_move", f"kind IN ({_listed(_MOVE_KINDS_BEFORE)})"
    )


def _move_checks(kinds: tuple[str, ...], *, with_new_columns: bool) -> dict[str, str]:
    checks = {
        "quantity": "quantity > 0",
        "kind": f"kind IN ({_listed(kinds)})",
        "handed_out": "(kind = 'handed_out') = (redemption_id IS NOT NULL)",
    }
    if with_new_columns:
        checks |= {
            "transfer": "(kind = 'transferred_in') = (out_move_id IS NOT NULL)",
            "counted": "(kind IN ('counted_more', 'counted_less')) = (count_id IS NOT NULL)",
            "reason": "(kind IN ('written_off', 'counted_more', 'counted_less')) = (reason IS NOT NULL)",
        }
    return checks


def _rebuild_moves(kinds: tuple[str, ...], *, with_new_columns: bool) -> None:
    """SQLite changes no constraint of a table that is there: make it anew beside, copy, and take its place."""
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER stock_move_no_{verb}")
    new_columns = (
        (
            sa.Column("out_move_id", _ID, nullable=True),
            sa.Column("count_id", _ID, nullable=True),
            sa.Column("reason", sa.String(length=200), nullable=True),
            sa.ForeignKeyConstraint(
                ["out_move_id"], ["stock_move.id"], name=op.f("fk_stock_move_out_move_id")
            ),
            sa.ForeignKeyConstraint(
                ["count_id"], ["stock_count.id"], name=op.f("fk_stock_move_count_id")
            ),
        )
        if with_new_columns
        else ()
    )
    op.rename_table("stock_move", "stock_move_before")
    op.create_table(
        "stock_move",
        sa.Column("id", _ID, nullable=False),
        sa.Column("reward_id", _ID, nullable=False),
        sa.Column("site_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quantity", _ID, nullable=False),
        sa.Column("redemption_id", _ID, nullable=True),
        sa.Column("actor_id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *new_columns,
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_stock_move_{name}"))
            for name, condition in _move_checks(kinds, with_new_columns=with_new_columns).items()
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_stock_move_actor_id")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_stock_move_redemption_id")
        ),
        sa.ForeignKeyConstraint(
            ["reward_id", "site_id"],
            ["stock.reward_id", "stock.site_id"],
            name=op.f("fk_stock_move_reward_id_site_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_move")),
    )
    if with_new_columns:
        op.execute(
            f"INSERT INTO stock_move ({_MOVE_COLUMNS_BEFORE}, reason) SELECT {_MOVE_COLUMNS_BEFORE}, "
            "CASE kind WHEN 'written_off' THEN '未注明' END FROM stock_move_before"
        )
    else:
        told_before = _MOVE_COLUMNS_BEFORE.replace("kind", _KIND_BEFORE)
        op.execute(
            f"INSERT INTO stock_move ({_MOVE_COLUMNS_BEFORE}) SELECT {told_before} FROM stock_move_before"
        )
    op.drop_table("stock_move_before")
    op.create_index("ix_stock_move_reward_id_site_id", "stock_move", ["reward_id", "site_id"])
    _index_once("redemption_id", ["redemption_id"])
    if with_new_columns:
        _index_new_columns()
    _make_append_only("stock_move")


def _index_new_columns() -> None:
    _index_once("out_move_id", ["out_move_id"])
    _index_once("count_id", ["count_id", "reward_id"])


def _index_once(column: str, columns: list[str]) -> None:
    op.create_index(
        f"uq_stock_move_{column}",
        "stock_move",
        columns,
        unique=True,
        sqlite_where=sa.text(f"{column} IS NOT NULL"),
        postgresql_where=sa.text(f"{column} IS NOT NULL"),
    )


def _allow_roles(roles: tuple[str, ...]) -> None:
    if not _sqlite():
        op.drop_constraint(op.f("ck_role_holding_role"), "role_holding", type_="check")
        op.create_check_constraint(
            op.f("ck_role_holding_role"), "role_holding", f"role IN ({_listed(roles)})"
        )
        return
    columns = "id, person_id, role, area_id, unit_id, site_id, since, until, given_by"
    op.rename_table("role_holding", "role_holding_before")
    op.create_table(
        "role_holding",
        sa.Column("id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("area_id", _ID, nullable=True),
        sa.Column("unit_id", _ID, nullable=True),
        sa.Column("site_id", _ID, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by", _ID, nullable=True),
        sa.CheckConstraint(f"role IN ({_listed(roles)})", name=op.f("ck_role_holding_role")),
        sa.CheckConstraint(
            "(area_id IS NOT NULL) + (unit_id IS NOT NULL) + (site_id IS NOT NULL) = 1",
            name=op.f("ck_role_holding_place"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_role_holding_{column}")
            )
            for column, table in (
                ("area_id", "area"),
                ("given_by", "person"),
                ("person_id", "person"),
                ("site_id", "site"),
                ("unit_id", "unit"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_holding")),
    )
    op.execute(f"INSERT INTO role_holding ({columns}) SELECT {columns} FROM role_holding_before")
    op.drop_table("role_holding_before")
    op.create_index(op.f("ix_role_holding_person_id"), "role_holding", ["person_id"])
    op.create_index(
        "uq_role_holding_active",
        "role_holding",
        [
            "person_id",
            "role",
            sa.text("coalesce(area_id, 0)"),
            sa.text("coalesce(unit_id, 0)"),
            sa.text("coalesce(site_id, 0)"),
        ],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _make_append_only(table: str) -> None:
    if _sqlite():
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
