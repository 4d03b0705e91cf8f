"""Runs the migrations on the engine of the app, in one writing transaction."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext

from app.core.db import Model, UtcDateTime, bulk_connection


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | bool:
    """A migration is frozen: it names SQLAlchemy's types, never ours, which may change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


with bulk_connection() as connection:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        compare_type=True,
        compare_server_default=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
