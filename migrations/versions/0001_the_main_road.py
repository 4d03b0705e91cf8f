"""The main road"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "journal",
    "policy",
    "transfer",
    "points_grant",
    "points_reversal",
    "evidence",
    "report_in_step",
    "stock_move",
)


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("pinyin", sa.String(length=400), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column(
            "path",
            sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "successor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "level IN ('province', 'city', 'district', 'street', 'community', 'compound', 'grid')",
            name=op.f("ck_area_level"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_area_validity")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name=op.f("fk_area_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["area.id"], name=op.f("fk_area_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
    )
    op.create_index(op.f("ix_area_parent_id"), "area", ["parent_id"], unique=False)
    op.create_index("ix_area_path", "area", ["path"], unique=False)
    op.create_index(
        "uq_area_code_in_force",
        "area",
        ["code"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "uq_area_name_below_community",
        "area",
        ["parent_id", "name"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL AND level IN ('compound', 'grid')"),
        postgresql_where=sa.text("valid_to IS NULL AND level IN ('compound', 'grid')"),
    )
    op.create_table(
        "idempotency",
        sa.Column(
            "actor_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body_sealed", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
    op.create_table(
        "job_run",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=30), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("key", "period", name=op.f("pk_job_run")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "login_attempts",
        sa.Column("username_index", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username_index", name=op.f("pk_login_attempts")),
    )
    op.create_index(op.f("ix_login_attempts_last_at"), "login_attempts", ["last_at"], unique=False)
    op.create_table(
        "receipt_series",
        sa.Column("series", sa.String(length=50), nullable=False),
        sa.Column(
            "number_last", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_receipt_series")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name_sealed", sa.String(length=400), nullable=True),
        sa.Column("name_index", sa.String(length=64), nullable=True),
        sa.Column("phone_sealed", sa.String(length=200), nullable=True),
        sa.Column("phone_index", sa.String(length=64), nullable=True),
        sa.Column("phone_tail_index", sa.String(length=64), nullable=True),
        sa.Column(
            "home_area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("member_kind", sa.String(length=20), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "member_kind IN ('in_service', 'retired', 'mobile')", name=op.f("ck_person_member_kind")
        ),
        sa.ForeignKeyConstraint(["home_area_id"], ["area.id"], name=op.f("fk_person_home_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("phone_index", name="uq_person_phone"),
    )
    op.create_index(op.f("ix_person_home_area_id"), "person", ["home_area_id"], unique=False)
    op.create_index(op.f("ix_person_name_index"), "person", ["name_index"], unique=False)
    op.create_index(
        op.f("ix_person_phone_tail_index"), "person", ["phone_tail_index"], unique=False
    )
    op.create_table(
        "reward",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "per_person_max", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("per_person_max > 0", name=op.f("ck_reward_per_person_max")),
        sa.CheckConstraint("points > 0", name=op.f("ck_reward_points")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_reward_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward")),
    )
    op.create_index("ix_reward_area_id_id", "reward", ["area_id", "id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_site_place")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_site_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_index(op.f("ix_site_area_id"), "site", ["area_id"], unique=False)
    op.create_table(
        "unit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_unit_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_unit_credit_code")),
    )
    op.create_index(op.f("ix_unit_area_id"), "unit", ["area_id"], unique=False)
    op.create_table(
        "code_use",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column(
            "subject_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "step",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_code_use_direction")),
        sa.CheckConstraint("kind IN ('site', 'pass')", name=op.f("ck_code_use_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_code_use_person_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_code_use_site_id")),
        sa.PrimaryKeyConstraint(
            "kind", "subject_id", "step", "person_id", "direction", name=op.f("pk_code_use")
        ),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=30), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_journal_actor_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_journal_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_area_id_id", "journal", ["area_id", "id"], unique=False)
    op.create_index("ix_journal_subject", "journal", ["subject", "subject_id"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.String(length=40), nullable=True),
        sa.CheckConstraint("way IN ('wechat', 'password')", name=op.f("ck_login_session_way")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_login_session_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
    )
    op.create_index(
        op.f("ix_login_session_created_at"), "login_session", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_login_session_person_id"), "login_session", ["person_id"], unique=False
    )
    op.create_table(
        "opportunity",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("open_to", sa.String(length=20), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("points_rule", sa.String(length=20), nullable=False),
        sa.Column(
            "points_fixed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(points_rule = 'fixed') = (points_fixed IS NOT NULL)",
            name=op.f("ck_opportunity_points_fixed"),
        ),
        sa.CheckConstraint(
            "category IN ('organisation', 'legal', 'care', 'governance', 'health', 'culture', 'safety', 'other')",
            name=op.f("ck_opportunity_category"),
        ),
        sa.CheckConstraint(
            "kind IN ('micro_project', 'micro_post', 'activity')", name=op.f("ck_opportunity_kind")
        ),
        sa.CheckConstraint(
            "open_to IN ('everyone', 'residents', 'members')", name=op.f("ck_opportunity_open_to")
        ),
        sa.CheckConstraint(
            "points_rule IN ('by_hour', 'fixed', 'none')", name=op.f("ck_opportunity_points_rule")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'closed', 'cancelled')",
            name=op.f("ck_opportunity_state"),
        ),
        sa.CheckConstraint("points_fixed > 0", name=op.f("ck_opportunity_points_positive")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_opportunity_area_id")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_opportunity_created_by")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_opportunity_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity")),
    )
    op.create_index(
        "ix_opportunity_area_id_state_id", "opportunity", ["area_id", "state", "id"], unique=False
    )
    op.create_index(op.f("ix_opportunity_site_id"), "opportunity", ["site_id"], unique=False)
    op.create_table(
        "points_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column(
            "granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("typeof(points) = 'integer'", name=op.f("ck_points_grant_whole")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_grant_points")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_points_grant_area_id")),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["person.id"], name=op.f("fk_points_grant_granted_by")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_points_grant_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_grant")),
    )
    op.create_index(op.f("ix_points_grant_person_id"), "points_grant", ["person_id"], unique=False)
    op.create_table(
        "policy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("set_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_policy_area_id")),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name=op.f("fk_policy_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    op.create_index(
        "ix_policy_area_id_key", "policy", ["area_id", "key", "effective_from"], unique=False
    )
    op.create_table(
        "rebinding_code",
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_rebinding_code_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_rebinding_code")),
        sa.UniqueConstraint("code_index", name="uq_rebinding_code_code"),
    )
    op.create_table(
        "redemption",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "reward_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("quantity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pickup_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "collected_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'collected') = (collected_by IS NOT NULL)",
            name=op.f("ck_redemption_collected"),
        ),
        sa.CheckConstraint(
            "(state = 'held') = (closed_at IS NULL)", name=op.f("ck_redemption_closed")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'collected', 'cancelled', 'lapsed')",
            name=op.f("ck_redemption_state"),
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_redemption_points")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_redemption_quantity")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_redemption_area_id")),
        sa.ForeignKeyConstraint(
            ["collected_by"], ["person.id"], name=op.f("fk_redemption_collected_by")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_redemption_person_id")),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], name=op.f("fk_redemption_reward_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_redemption_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("code", name=op.f("uq_redemption_code")),
    )
    op.create_index("ix_redemption_person_id_id", "redemption", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_redemption_reward_id_person_id", "redemption", ["reward_id", "person_id"], unique=False
    )
    op.create_index(
        "ix_redemption_waiting",
        "redemption",
        ["pickup_by", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "report_in",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("member_kind", sa.String(length=20), nullable=False),
        sa.Column("specialities", sa.JSON(), nullable=False),
        sa.Column("free_times", sa.JSON(), nullable=False),
        sa.Column("emergency_ready", sa.Boolean(), nullable=False),
        sa.Column("note_sealed", sa.String(length=1200), nullable=True),
        sa.Column("consent_version", sa.String(length=20), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receipt_number", sa.String(length=60), nullable=True),
        sa.Column(
            "predecessor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "member_kind <> 'in_service' OR unit_id IS NOT NULL", name=op.f("ck_report_in_unit")
        ),
        sa.CheckConstraint(
            "member_kind IN ('in_service', 'retired', 'mobile')",
            name=op.f("ck_report_in_member_kind"),
        ),
        sa.CheckConstraint(
            "state <> 'accepted' OR receipt_number IS NOT NULL", name=op.f("ck_report_in_receipt")
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'accepted', 'returned', 'withdrawn', 'transferred')",
            name=op.f("ck_report_in_state"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_report_in_area_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_report_in_person_id")),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["report_in.id"], name=op.f("fk_report_in_predecessor_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_report_in_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_in")),
        sa.UniqueConstraint("predecessor_id", name="uq_report_in_predecessor"),
        sa.UniqueConstraint("receipt_number", name="uq_report_in_receipt_number"),
    )
    op.create_index(
        "ix_report_in_area_id_state_id", "report_in", ["area_id", "state", "id"], unique=False
    )
    op.create_index("ix_report_in_person_id_id", "report_in", ["person_id", "id"], unique=False)
    op.create_index(op.f("ix_report_in_unit_id"), "report_in", ["unit_id"], unique=False)
    op.create_index(
        "uq_report_in_active",
        "report_in",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('submitted', 'accepted')"),
        postgresql_where=sa.text("state IN ('submitted', 'accepted')"),
    )
    op.create_table(
        "role_holding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "role IN ('resident', 'station_staff', 'community_admin', 'unit_admin', 'area_admin')",
            name=op.f("ck_role_holding_role"),
        ),
        sa.CheckConstraint(
            "(area_id IS NOT NULL) + (unit_id IS NOT NULL) + (site_id IS NOT NULL) = 1",
            name=op.f("ck_role_holding_place"),
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "num_nonnulls(area_id, unit_id, site_id) = 1", name=op.f("ck_role_holding_place")
        ).ddl_if(dialect="postgresql"),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_role_holding_area_id")),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_role_holding_given_by")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_role_holding_person_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_role_holding_site_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_role_holding_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_holding")),
    )
    op.create_index(op.f("ix_role_holding_person_id"), "role_holding", ["person_id"], unique=False)
    op.create_table(
        "staff_credential",
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("totp_sealed", sa.String(length=200), nullable=True),
        sa.Column("totp_pending_sealed", sa.String(length=200), nullable=True),
        sa.Column(
            "totp_step_used", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_staff_credential_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_staff_credential")),
        sa.UniqueConstraint("username", name="uq_staff_credential_username"),
    )
    op.create_table(
        "stock",
        sa.Column(
            "reward_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "site_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "available", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("held", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_stock_available")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_stock_held")),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], name=op.f("fk_stock_reward_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_stock_site_id")),
        sa.PrimaryKeyConstraint("reward_id", "site_id", name=op.f("pk_stock")),
    )
    op.create_table(
        "wallet",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_wallet_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet")),
        sa.UniqueConstraint("person_id", name=op.f("uq_wallet_person_id")),
    )
    op.create_table(
        "wechat_identity",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("app_id", sa.String(length=40), nullable=False),
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("unionid", sa.String(length=64), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_wechat_identity_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_identity")),
        sa.UniqueConstraint("app_id", "openid", name="uq_wechat_identity_openid"),
    )
    op.create_index(
        op.f("ix_wechat_identity_person_id"), "wechat_identity", ["person_id"], unique=False
    )
    op.create_table(
        "wish",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "wisher_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("public_text", sa.String(length=500), nullable=False),
        sa.Column("private_sealed", sa.Text(), nullable=True),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "NOT (state IN ('approved', 'claimed', 'confirmed', 'delivered', 'published')) OR (published_at IS NOT NULL AND points IS NOT NULL)",
            name=op.f("ck_wish_published"),
        ),
        sa.CheckConstraint(
            "category IN ('company', 'errand', 'goods', 'health', 'other', 'repair', 'skill', 'study')",
            name=op.f("ck_wish_category"),
        ),
        sa.CheckConstraint(
            "state IN ('approved', 'claimed', 'confirmed', 'declined', 'delivered', 'made', 'published', 'withdrawn')",
            name=op.f("ck_wish_state"),
        ),
        sa.CheckConstraint("points BETWEEN 0 AND 1000", name=op.f("ck_wish_points")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_wish_area_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_wish_made_by")),
        sa.ForeignKeyConstraint(["wisher_id"], ["person.id"], name=op.f("fk_wish_wisher_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
    )
    op.create_index(
        "ix_wish_area_id_published_at_id", "wish", ["area_id", "published_at", "id"], unique=False
    )
    op.create_index("ix_wish_area_id_state_id", "wish", ["area_id", "state", "id"], unique=False)
    op.create_index("ix_wish_made_by_id", "wish", ["made_by", "id"], unique=False)
    op.create_index("ix_wish_published_at_id", "wish", ["published_at", "id"], unique=False)
    op.create_index("ix_wish_wisher_id_id", "wish", ["wisher_id", "id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wallet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "expires_month", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'pocket') = (wallet_id IS NOT NULL) AND (kind = 'pocket') = (expires_month IS NOT NULL)",
            name=op.f("ck_account_pocket"),
        ),
        sa.CheckConstraint(
            "kind IN ('pocket', 'issuer', 'spent', 'expired')", name=op.f("ck_account_kind")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_account_area_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_account_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "wallet_id", "expires_month", name=op.f("uq_account_wallet_id_expires_month")
        ),
    )
    op.create_index(
        "ix_account_open_pocket",
        "account",
        ["expires_month", "id"],
        unique=False,
        sqlite_where=sa.text("wallet_id IS NOT NULL AND closed_at IS NULL"),
        postgresql_where=sa.text("wallet_id IS NOT NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "uq_account_area_id_kind",
        "account",
        ["area_id", "kind"],
        unique=True,
        sqlite_where=sa.text("wallet_id IS NULL"),
        postgresql_where=sa.text("wallet_id IS NULL"),
    )
    op.create_table(
        "inbox_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("body", sa.String(length=1000), nullable=False),
        sa.Column("link_kind", sa.String(length=20), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('account', 'report_in', 'service', 'points', 'redemption', 'wish')",
            name=op.f("ck_inbox_message_kind"),
        ),
        sa.CheckConstraint(
            "link_kind IN ('claim', 'profile', 'redemption', 'report_in', 'service_record', 'transfer', 'wish')",
            name=op.f("ck_inbox_message_link_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal.id"], name=op.f("fk_inbox_message_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_inbox_message_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint("entry_id", "reader", name="uq_inbox_message_entry_reader"),
    )
    op.create_index(
        "ix_inbox_message_person_id", "inbox_message", ["person_id", "id"], unique=False
    )
    op.create_index(
        "ix_inbox_message_unread",
        "inbox_message",
        ["person_id", "id"],
        unique=False,
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "journal_delivery",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader", sa.String(length=100), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal.id"], name=op.f("fk_journal_delivery_entry_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", "reader", name=op.f("pk_journal_delivery")),
    )
    op.create_index(
        "ix_journal_delivery_due_at", "journal_delivery", ["due_at", "entry_id"], unique=False
    )
    op.create_table(
        "points_day",
        sa.Column(
            "wallet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("typeof(points) = 'integer'", name=op.f("ck_points_day_whole")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("points >= 0", name=op.f("ck_points_day_points")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_points_day_wallet_id")),
        sa.PrimaryKeyConstraint("wallet_id", "day", name=op.f("pk_points_day")),
    )
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("successor_sealed", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["login_session.id"], name=op.f("fk_refresh_token_session_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_token")),
    )
    op.create_index(
        op.f("ix_refresh_token_expires_at"), "refresh_token", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False
    )
    op.create_index(
        "ix_refresh_token_successor",
        "refresh_token",
        ["used_at"],
        unique=False,
        sqlite_where=sa.text("successor_sealed IS NOT NULL"),
        postgresql_where=sa.text("successor_sealed IS NOT NULL"),
    )
    op.create_table(
        "report_in_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "report_in_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_report_in_step_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_in_id"], ["report_in.id"], name=op.f("fk_report_in_step_report_in_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_in_step")),
    )
    op.create_index(
        op.f("ix_report_in_step_report_in_id"), "report_in_step", ["report_in_id"], unique=False
    )
    op.create_table(
        "shift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shift_hours")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_shift_taken")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunity.id"], name=op.f("fk_shift_opportunity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    op.create_index(
        "ix_shift_opportunity_id_ends_at", "shift", ["opportunity_id", "ends_at"], unique=False
    )
    op.create_table(
        "stock_move",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "reward_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "redemption_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'handed_out') = (redemption_id IS NOT NULL)",
            name=op.f("ck_stock_move_handed_out"),
        ),
        sa.CheckConstraint(
            "kind IN ('received', 'handed_out', 'written_off')", name=op.f("ck_stock_move_kind")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_move_quantity")),
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
    op.create_index(
        "ix_stock_move_reward_id_site_id", "stock_move", ["reward_id", "site_id"], unique=False
    )
    op.create_index(
        "uq_stock_move_redemption_id",
        "stock_move",
        ["redemption_id"],
        unique=True,
        sqlite_where=sa.text("redemption_id IS NOT NULL"),
        postgresql_where=sa.text("redemption_id IS NOT NULL"),
    )
    op.create_table(
        "wish_claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "claimer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("delivery_note_sealed", sa.Text(), nullable=True),
        sa.Column("thanks_sealed", sa.Text(), nullable=True),
        sa.Column("rating", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "confirmed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "points_earned", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR due_at IS NOT NULL", name=op.f("ck_wish_claim_due")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (rating IS NOT NULL AND confirmed_by IS NOT NULL AND confirmed_by <> claimer_id)",
            name=op.f("ck_wish_claim_confirmed"),
        ),
        sa.CheckConstraint(
            "state IN ('approved', 'cancelled', 'claimed', 'confirmed', 'declined', 'delivered', 'dropped', 'lapsed')",
            name=op.f("ck_wish_claim_state"),
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_wish_claim_rating")),
        sa.ForeignKeyConstraint(
            ["claimer_id"], ["person.id"], name=op.f("fk_wish_claim_claimer_id")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["person.id"], name=op.f("fk_wish_claim_confirmed_by")
        ),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_wish_claim_wish_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish_claim")),
    )
    op.create_index("ix_wish_claim_claimer_id_id", "wish_claim", ["claimer_id", "id"], unique=False)
    op.create_index(
        "ix_wish_claim_due_at",
        "wish_claim",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'approved'"),
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_index(op.f("ix_wish_claim_wish_id"), "wish_claim", ["wish_id"], unique=False)
    op.create_index(
        "uq_wish_claim_live",
        "wish_claim",
        ["wish_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('approved', 'claimed', 'confirmed', 'delivered')"),
        postgresql_where=sa.text("state IN ('approved', 'claimed', 'confirmed', 'delivered')"),
    )
    op.create_table(
        "balance",
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("posted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "typeof(posted) = 'integer' AND typeof(held) = 'integer' AND typeof(version) = 'integer'",
            name=op.f("ck_balance_whole"),
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("held >= 0", name=op.f("ck_balance_held")),
        sa.CheckConstraint("posted - held >= 0", name=op.f("ck_balance_free")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_balance_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balance")),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shift_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'waitlisted', 'declined', 'cancelled')",
            name=op.f("ck_claim_state"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_claim_area_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_claim_decided_by")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunity.id"], name=op.f("fk_claim_opportunity_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_claim_person_id")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_claim_shift_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index("ix_claim_area_id_state_id", "claim", ["area_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_claim_opportunity_id"), "claim", ["opportunity_id"], unique=False)
    op.create_index("ix_claim_person_id_id", "claim", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_claim_shift_id_state_id", "claim", ["shift_id", "state", "id"], unique=False
    )
    op.create_index(
        "uq_claim_live",
        "claim",
        ["person_id", "shift_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('pending', 'approved', 'waitlisted')"),
        postgresql_where=sa.text("state IN ('pending', 'approved', 'waitlisted')"),
    )
    op.create_table(
        "hold",
        sa.Column(
            "cause_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "wallet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'posted', 'void', 'lapsed')", name=op.f("ck_hold_state")
        ),
        sa.CheckConstraint("typeof(amount) = 'integer'", name=op.f("ck_hold_whole")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hold_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hold_account_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_hold_area_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_hold_wallet_id")),
        sa.PrimaryKeyConstraint("cause_id", "account_id", name=op.f("pk_hold")),
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("cause_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "debit_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "credit_account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "wallet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "debit_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "debit_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "credit_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "credit_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_transfer_reversal")
        ),
        sa.CheckConstraint(
            "kind IN ('service', 'wish', 'grant', 'spend', 'expire', 'reversal')",
            name=op.f("ck_transfer_kind"),
        ),
        sa.CheckConstraint("typeof(amount) = 'integer'", name=op.f("ck_transfer_whole")).ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint(
            "(debit_version IS NULL) = (debit_after IS NULL) AND (credit_version IS NULL) = (credit_after IS NULL) AND (debit_version IS NOT NULL OR credit_version IS NOT NULL)",
            name=op.f("ck_transfer_bounded"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("ck_transfer_accounts")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_transfer_actor_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_transfer_area_id")),
        sa.ForeignKeyConstraint(
            ["credit_account_id"], ["account.id"], name=op.f("fk_transfer_credit_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id"], ["account.id"], name=op.f("fk_transfer_debit_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["transfer.id"], name=op.f("fk_transfer_reverses_id")
        ),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_transfer_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint(
            "kind", "cause_id", "part", name=op.f("uq_transfer_kind_cause_id_part")
        ),
    )
    op.create_index("ix_transfer_wallet_id_id", "transfer", ["wallet_id", "id"], unique=False)
    op.create_index(
        "uq_transfer_credit_version",
        "transfer",
        ["credit_account_id", "credit_version"],
        unique=True,
        sqlite_where=sa.text("credit_version IS NOT NULL"),
        postgresql_where=sa.text("credit_version IS NOT NULL"),
    )
    op.create_index(
        "uq_transfer_debit_version",
        "transfer",
        ["debit_account_id", "debit_version"],
        unique=True,
        sqlite_where=sa.text("debit_version IS NOT NULL"),
        postgresql_where=sa.text("debit_version IS NOT NULL"),
    )
    op.create_index(
        "uq_transfer_reverses_id",
        "transfer",
        ["reverses_id"],
        unique=True,
        sqlite_where=sa.text("reverses_id IS NOT NULL"),
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_table(
        "attendance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shift_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("checked_out_at >= checked_in_at", name=op.f("ck_attendance_order")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_attendance_claim_id")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunity.id"], name=op.f("fk_attendance_opportunity_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attendance_person_id")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_attendance_shift_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_attendance_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index(op.f("ix_attendance_claim_id"), "attendance", ["claim_id"], unique=False)
    op.create_index(
        op.f("ix_attendance_opportunity_id"), "attendance", ["opportunity_id"], unique=False
    )
    op.create_index("ix_attendance_person_id_id", "attendance", ["person_id", "id"], unique=False)
    op.create_index(
        "uq_attendance_open",
        "attendance",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("checked_out_at IS NULL"),
        postgresql_where=sa.text("checked_out_at IS NULL"),
    )
    op.create_table(
        "points_reversal",
        sa.Column(
            "transfer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfer.id"], name=op.f("fk_points_reversal_transfer_id")
        ),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_points_reversal")),
    )
    op.create_table(
        "evidence",
        sa.Column(
            "attendance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "scanned_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "code_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("distance", sa.String(length=20), nullable=True),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_evidence_direction")),
        sa.CheckConstraint(
            "distance IN ('within_100', 'within_300', 'within_1000', 'beyond')",
            name=op.f("ck_evidence_distance"),
        ),
        sa.CheckConstraint(
            "kind IN ('rotating_code', 'staff_scan')", name=op.f("ck_evidence_kind")
        ),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendance.id"], name=op.f("fk_evidence_attendance_id")
        ),
        sa.ForeignKeyConstraint(["scanned_by"], ["person.id"], name=op.f("fk_evidence_scanned_by")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_evidence_site_id")),
        sa.PrimaryKeyConstraint("attendance_id", "direction", "kind", name=op.f("pk_evidence")),
    )
    op.create_table(
        "service_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "attendance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "minutes_planned", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("evidence_class", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column(
            "points_due", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("explanation", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "evidence_class IN ('automatic', 'manual')",
            name=op.f("ck_service_record_evidence_class"),
        ),
        sa.CheckConstraint(
            "state = 'confirmed' OR points = 0", name=op.f("ck_service_record_paid")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'declined')", name=op.f("ck_service_record_state")
        ),
        sa.CheckConstraint(
            "minutes >= 0 AND points BETWEEN 0 AND points_due",
            name=op.f("ck_service_record_amounts"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_service_record_area_id")),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendance.id"], name=op.f("fk_service_record_attendance_id")
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claim.id"], name=op.f("fk_service_record_claim_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_service_record_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunity.id"], name=op.f("fk_service_record_opportunity_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_service_record_person_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_service_record_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record")),
        sa.UniqueConstraint("attendance_id", name="uq_service_record_attendance"),
    )
    op.create_index(
        "ix_service_record_area_id_state_id",
        "service_record",
        ["area_id", "state", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_service_record_claim_id"), "service_record", ["claim_id"], unique=False
    )
    op.create_index(
        op.f("ix_service_record_opportunity_id"), "service_record", ["opportunity_id"], unique=False
    )
    op.create_index(
        "ix_service_record_person_id_id", "service_record", ["person_id", "id"], unique=False
    )
    # Alembic does not write indexes over expressions by itself.
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
    for table in APPEND_ONLY:
        make_append_only(table)


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
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_index("ix_service_record_person_id_id", table_name="service_record")
    op.drop_index(op.f("ix_service_record_opportunity_id"), table_name="service_record")
    op.drop_index(op.f("ix_service_record_claim_id"), table_name="service_record")
    op.drop_index("ix_service_record_area_id_state_id", table_name="service_record")
    op.drop_table("service_record")
    op.drop_table("evidence")
    op.drop_table("points_reversal")
    op.drop_index(
        "uq_attendance_open",
        table_name="attendance",
        sqlite_where=sa.text("checked_out_at IS NULL"),
        postgresql_where=sa.text("checked_out_at IS NULL"),
    )
    op.drop_index("ix_attendance_person_id_id", table_name="attendance")
    op.drop_index(op.f("ix_attendance_opportunity_id"), table_name="attendance")
    op.drop_index(op.f("ix_attendance_claim_id"), table_name="attendance")
    op.drop_table("attendance")
    op.drop_index(
        "uq_transfer_reverses_id",
        table_name="transfer",
        sqlite_where=sa.text("reverses_id IS NOT NULL"),
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_transfer_debit_version",
        table_name="transfer",
        sqlite_where=sa.text("debit_version IS NOT NULL"),
        postgresql_where=sa.text("debit_version IS NOT NULL"),
    )
    op.drop_index(
        "uq_transfer_credit_version",
        table_name="transfer",
        sqlite_where=sa.text("credit_version IS NOT NULL"),
        postgresql_where=sa.text("credit_version IS NOT NULL"),
    )
    op.drop_index("ix_transfer_wallet_id_id", table_name="transfer")
    op.drop_table("transfer")
    op.drop_table("hold")
    op.drop_index(
        "uq_claim_live",
        table_name="claim",
        sqlite_where=sa.text("state IN ('pending', 'approved', 'waitlisted')"),
        postgresql_where=sa.text("state IN ('pending', 'approved', 'waitlisted')"),
    )
    op.drop_index("ix_claim_shift_id_state_id", table_name="claim")
    op.drop_index("ix_claim_person_id_id", table_name="claim")
    op.drop_index(op.f("ix_claim_opportunity_id"), table_name="claim")
    op.drop_index("ix_claim_area_id_state_id", table_name="claim")
    op.drop_table("claim")
    op.drop_table("balance")
    op.drop_index(
        "uq_wish_claim_live",
        table_name="wish_claim",
        sqlite_where=sa.text("state IN ('approved', 'claimed', 'confirmed', 'delivered')"),
        postgresql_where=sa.text("state IN ('approved', 'claimed', 'confirmed', 'delivered')"),
    )
    op.drop_index(op.f("ix_wish_claim_wish_id"), table_name="wish_claim")
    op.drop_index(
        "ix_wish_claim_due_at",
        table_name="wish_claim",
        sqlite_where=sa.text("state = 'approved'"),
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.drop_index("ix_wish_claim_claimer_id_id", table_name="wish_claim")
    op.drop_table("wish_claim")
    op.drop_index(
        "uq_stock_move_redemption_id",
        table_name="stock_move",
        sqlite_where=sa.text("redemption_id IS NOT NULL"),
        postgresql_where=sa.text("redemption_id IS NOT NULL"),
    )
    op.drop_index("ix_stock_move_reward_id_site_id", table_name="stock_move")
    op.drop_table("stock_move")
    op.drop_index("ix_shift_opportunity_id_ends_at", table_name="shift")
    op.drop_table("shift")
    op.drop_index(op.f("ix_report_in_step_report_in_id"), table_name="report_in_step")
    op.drop_table("report_in_step")
    op.drop_index(
        "ix_refresh_token_successor",
        table_name="refresh_token",
        sqlite_where=sa.text("successor_sealed IS NOT NULL"),
        postgresql_where=sa.text("successor_sealed IS NOT NULL"),
    )
    op.drop_index(op.f("ix_refresh_token_session_id"), table_name="refresh_token")
    op.drop_index(op.f("ix_refresh_token_expires_at"), table_name="refresh_token")
    op.drop_table("refresh_token")
    op.drop_table("points_day")
    op.drop_index("ix_journal_delivery_due_at", table_name="journal_delivery")
    op.drop_table("journal_delivery")
    op.drop_index(
        "ix_inbox_message_unread",
        table_name="inbox_message",
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.drop_index("ix_inbox_message_person_id", table_name="inbox_message")
    op.drop_table("inbox_message")
    op.drop_index(
        "uq_account_area_id_kind",
        table_name="account",
        sqlite_where=sa.text("wallet_id IS NULL"),
        postgresql_where=sa.text("wallet_id IS NULL"),
    )
    op.drop_index(
        "ix_account_open_pocket",
        table_name="account",
        sqlite_where=sa.text("wallet_id IS NOT NULL AND closed_at IS NULL"),
        postgresql_where=sa.text("wallet_id IS NOT NULL AND closed_at IS NULL"),
    )
    op.drop_table("account")
    op.drop_index("ix_wish_wisher_id_id", table_name="wish")
    op.drop_index("ix_wish_published_at_id", table_name="wish")
    op.drop_index("ix_wish_made_by_id", table_name="wish")
    op.drop_index("ix_wish_area_id_state_id", table_name="wish")
    op.drop_index("ix_wish_area_id_published_at_id", table_name="wish")
    op.drop_table("wish")
    op.drop_index(op.f("ix_wechat_identity_person_id"), table_name="wechat_identity")
    op.drop_table("wechat_identity")
    op.drop_table("wallet")
    op.drop_table("stock")
    op.drop_table("staff_credential")
    op.drop_index(op.f("ix_role_holding_person_id"), table_name="role_holding")
    op.drop_table("role_holding")
    op.drop_index(
        "uq_report_in_active",
        table_name="report_in",
        sqlite_where=sa.text("state IN ('submitted', 'accepted')"),
        postgresql_where=sa.text("state IN ('submitted', 'accepted')"),
    )
    op.drop_index(op.f("ix_report_in_unit_id"), table_name="report_in")
    op.drop_index("ix_report_in_person_id_id", table_name="report_in")
    op.drop_index("ix_report_in_area_id_state_id", table_name="report_in")
    op.drop_table("report_in")
    op.drop_index(
        "ix_redemption_waiting",
        table_name="redemption",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index("ix_redemption_reward_id_person_id", table_name="redemption")
    op.drop_index("ix_redemption_person_id_id", table_name="redemption")
    op.drop_table("redemption")
    op.drop_table("rebinding_code")
    op.drop_index("ix_policy_area_id_key", table_name="policy")
    op.drop_table("policy")
    op.drop_index(op.f("ix_points_grant_person_id"), table_name="points_grant")
    op.drop_table("points_grant")
    op.drop_index(op.f("ix_opportunity_site_id"), table_name="opportunity")
    op.drop_index("ix_opportunity_area_id_state_id", table_name="opportunity")
    op.drop_table("opportunity")
    op.drop_index(op.f("ix_login_session_person_id"), table_name="login_session")
    op.drop_index(op.f("ix_login_session_created_at"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_index("ix_journal_subject", table_name="journal")
    op.drop_index("ix_journal_area_id_id", table_name="journal")
    op.drop_table("journal")
    op.drop_table("code_use")
    op.drop_index(op.f("ix_unit_area_id"), table_name="unit")
    op.drop_table("unit")
    op.drop_index(op.f("ix_site_area_id"), table_name="site")
    op.drop_table("site")
    op.drop_index("ix_reward_area_id_id", table_name="reward")
    op.drop_table("reward")
    op.drop_index(op.f("ix_person_phone_tail_index"), table_name="person")
    op.drop_index(op.f("ix_person_name_index"), table_name="person")
    op.drop_index(op.f("ix_person_home_area_id"), table_name="person")
    op.drop_table("person")
    op.drop_table("receipt_series")
    op.drop_index(op.f("ix_login_attempts_last_at"), table_name="login_attempts")
    op.drop_table("login_attempts")
    op.drop_table("lease")
    op.drop_table("job_run")
    op.drop_index(op.f("ix_idempotency_created_at"), table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_index(
        "uq_area_name_below_community",
        table_name="area",
        sqlite_where=sa.text("valid_to IS NULL AND level IN ('compound', 'grid')"),
        postgresql_where=sa.text("valid_to IS NULL AND level IN ('compound', 'grid')"),
    )
    op.drop_index(
        "uq_area_code_in_force",
        table_name="area",
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.drop_index("ix_area_path", table_name="area")
    op.drop_index(op.f("ix_area_parent_id"), table_name="area")
    op.drop_table("area")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
