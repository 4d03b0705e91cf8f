"""What the tests of community, policies and units ask besides HTTP."""

from typing import Any

from flask import Flask
from sqlalchemy import Select, select
from werkzeug.test import TestResponse

from app.core.db import db, in_transaction
from app.core.journal import JournalEntry


def rows(app: Flask, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """What the database answers, read in a transaction of its own."""
    with app.app_context():
        return in_transaction(
            lambda: [tuple(row) for row in db.session.execute(statement)], write=False
        )


def facts(app: Flask, name: str) -> list[tuple[int, int | None, int | None, dict[str, Any]]]:
    """(subject, area, actor, payload) of every journal entry of this name, oldest first."""
    entry = JournalEntry
    return rows(
        app,
        select(entry.subject_id, entry.area_id, entry.actor_id, entry.payload)
        .where(entry.name == name)
        .order_by(entry.id),
    )


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refused request."""
    return answer.status_code, answer.json["error"]["code"]
