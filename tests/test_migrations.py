"""The migrations make exactly the tables that the models describe, and can be undone, on both engines."""

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

from app.config import ROOT
from app.core.append_only import append_only_tables
from app.core.db import Model, bulk_connection, db

MIGRATIONS = str(ROOT / "migrations")


# Alembic cannot compare indexes over expressions: PostgreSQL spells them its own way, SQLite not at all.
@pytest.mark.filterwarnings("ignore:autogenerate skipping", "ignore:Skipped unsupported reflection")
def test_the_migrated_tables_are_those_of_the_models(app: Flask) -> None:
    with app.app_context(), bulk_connection() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, Model.metadata)
        if connection.dialect.name == "postgresql":
            indexes = inspect(connection).get_indexes("role_holding")
            assert "uq_role_holding_active" in {one["name"] for one in indexes}
    assert [one for one in found if one[1].name != "uq_role_holding_active"] == []


def test_every_check_of_the_models_stands_in_the_migrated_tables(app: Flask) -> None:
    with app.app_context():
        inspector = inspect(db.engine)
        dialect = db.engine.dialect.name
        for table in Model.metadata.tables.values():
            found = {check["name"] for check in inspector.get_check_constraints(table.name)}
            wanted = {
                str(one.name)
                for one in table.constraints
                if one.__visit_name__ == "check_constraint"
                and (one._ddl_if is None or one._ddl_if.dialect == dialect)
            }
            assert wanted <= found, table.name


def test_every_append_only_table_has_its_triggers(app: Flask) -> None:
    asked = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT event_object_table FROM information_schema.triggers",
    }
    with app.app_context(), bulk_connection() as connection:
        guarded = set(connection.scalars(text(asked[connection.dialect.name])))
    assert guarded == set(append_only_tables())


def test_the_migrations_go_down_to_nothing_and_up_again(app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision="base")
        db.engine.dispose()
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        flask_migrate.upgrade(directory=MIGRATIONS)
        db.engine.dispose()
        assert set(inspect(db.engine).get_table_names()) == {
            "alembic_version",
            *Model.metadata.tables,
        }
