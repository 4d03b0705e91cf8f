"""Every constraint has a name that a refusal can claim; what is append-only is so by the database's own word."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Connection, ForeignKeyConstraint, Table, insert, text
from sqlalchemy.exc import DBAPIError

from app.core.append_only import append_only_tables
from app.core.db import Model, db

NAME_LENGTH_MAX = 63
"""PostgreSQL cuts longer ones silently."""


def test_every_table_constraint_and_index_has_a_name_that_fits(app: Flask) -> None:
    wrong = [
        f"{table.name}: {thing!r}"
        for table in Model.metadata.tables.values()
        for thing in (*table.constraints, *table.indexes)
        if not thing.name or len(str(thing.name)) > NAME_LENGTH_MAX
    ]
    assert wrong == []


def test_no_two_indexes_share_a_name(app: Flask) -> None:
    names = Counter(
        str(index.name) for table in Model.metadata.tables.values() for index in table.indexes
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_append_only_tables_refuse_every_change_on_both_engines(app: Flask) -> None:
    assert {"journal", "policy"} <= set(append_only_tables())
    with app.app_context(), db.engine.connect().execution_options(write=True) as connection:
        trial = connection.begin()
        for name in append_only_tables():
            table = Model.metadata.tables[name]
            _put_any_row(connection, table)
            for change in _changes(table):
                with pytest.raises(DBAPIError, match="append-only"), connection.begin_nested():
                    connection.execute(text(change))
        trial.rollback()


def _put_any_row(connection: Connection, table: Table) -> None:
    """A row-level trigger speaks only where there is a row. This one may be nonsense otherwise."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
    else:
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint | ForeignKeyConstraint):
                connection.execute(
                    text(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {constraint.name}")
                )
    connection.execute(insert(table), _any_row(table))


def _any_row(table: Table) -> dict[str, Any]:
    values: dict[type, Any] = {
        int: -1,
        str: "x",
        bytes: b"x",
        bool: False,
        datetime: datetime(2026, 11, 20, tzinfo=UTC),
        date: date(2026, 11, 20),
        dict: {},
    }
    return {
        column.name: values[column.type.python_type]
        for column in table.columns
        if not column.nullable
    }


def _changes(table: Table) -> list[str]:
    column = next(iter(table.columns)).name
    changes = [f"UPDATE {table.name} SET {column} = {column}", f"DELETE FROM {table.name}"]
    if db.engine.dialect.name == "postgresql":
        changes.append(f"TRUNCATE {table.name} CASCADE")
    return changes
