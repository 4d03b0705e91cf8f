"""INSERT … ON CONFLICT DO NOTHING, spelt once for both engines."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.dialects import postgresql, sqlite

from app.core.db import Model, db
from app.core.prepared import Prepared

if TYPE_CHECKING:
    from sqlalchemy import Table


def insert_or_ignore(model: type[Model], values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a unique constraint says it is there already.

    On PostgreSQL it waits for a concurrent insert of the same key to commit or roll back first.
    """
    return _statement(model, db.engine.dialect.name).first(values) is not None


@cache
def _statement(model: type[Model], engine: str) -> Prepared:
    # SQLAlchemy has no cache key for ON CONFLICT, and compiling it takes longer than running it.
    table = cast("Table", model.__table__)
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    return Prepared(insert(table).on_conflict_do_nothing().returning(*table.primary_key))
