"""Rows as plain text and whole numbers, spelt alike on both engines: what is sealed and what is exported.

SQLite keeps moments and JSON as text, PostgreSQL as types of its own. The database itself does the spelling, so that
a million rows pass without an object being built for each cell, and no cell is read kinder than it stands there.
"""

from collections.abc import Collection

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Table
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.core.db import db


def plain_columns(table: Table, *, but: Collection[str] = ()) -> tuple[str, ...]:
    """Names of the columns of `table` in alphabetical order, without those in `but`."""
    return tuple(sorted(column.name for column in table.columns if column.name not in but))


def plain_list(table: Table, names: Collection[str]) -> str:
    """These columns as plain values, to stand between SELECT and FROM in a `sqlalchemy.text`."""
    dialect = db.engine.dialect.name
    return ", ".join(_spelt(table.columns[name], dialect) for name in names)


def _spelt(column: Column[object], dialect: str) -> str:
    name = f'"{column.table.name}"."{column.name}"'
    kind = _bare(column.type)
    if isinstance(kind, DateTime):
        if dialect == "sqlite":
            return f"replace({name}, ' ', 'T') || 'Z'"
        return f"""to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"')"""
    if dialect == "postgresql":
        if isinstance(kind, Date | JSON):
            return f"CAST({name} AS TEXT)"
        if isinstance(kind, Boolean):
            return f"CAST({name} AS INTEGER)"
    return name


def _bare(kind: TypeEngine[object]) -> TypeEngine[object]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind
