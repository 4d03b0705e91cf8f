"""INSERT … ON CONFLICT DO NOTHING, spelt once for both engines."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from app.core.db import Model, db


def insert_or_ignore(model: type[Model], values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a unique constraint says it is there already.

    On PostgreSQL it waits for a concurrent insert of the same key to commit or roll back first.
    """
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(model).values(**values).on_conflict_do_nothing()
    returned = db.session.execute(statement.returning(*model.__mapper__.primary_key))
    return returned.first() is not None
