"""INSERT … ON CONFLICT DO NOTHING, spelt once for both engines."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import Dialect, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from app.core.db import Model, db


def insert_or_ignore(model: type[Model], values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a unique constraint says it is there already.

    On PostgreSQL it waits for a concurrent insert of the same key to commit or roll back first.
    """
    db.session.flush()  # what the row points to may still wait in the session
    connection = db.session.connection()
    statement = _compiled(model, tuple(values), connection.dialect)
    return connection.execute(statement, values).first() is not None


@cache
def _compiled(model: type[Model], columns: tuple[str, ...], dialect: Dialect) -> Executable:
    # SQLAlchemy has no cache key for ON CONFLICT, and compiling it takes longer than running it.
    table = cast("Table", model.__table__)
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).on_conflict_do_nothing().returning(*table.primary_key)
    # A connection runs what is compiled just as well; SQLAlchemy's types do not say so.
    return cast("Executable", statement.compile(dialect=dialect, column_keys=list(columns)))
