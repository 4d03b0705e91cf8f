"""A prepared statement is the same statement, sooner: same values, same faults, same place in the transaction."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    bindparam,
    delete,
    event,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.db import db, in_transaction, transaction
from app.core.jobs import JobRun
from app.core.journal import JournalEntry
from app.core.prepared import Prepared
from app.identity.models import LoginAttempts
from tests.support.statements import statements

AT = datetime(2026, 11, 20, 1, 2, 3, 456789, tzinfo=UTC)

ENTER = Prepared(insert(JobRun))
PERIODS = Prepared(
    select(JobRun.period, JobRun.started_at)
    .where(JobRun.key.in_(bindparam("keys", expanding=True)), JobRun.period != "never")
    .order_by(JobRun.period)
)


def enter(*periods: str, key: str = "tested") -> None:
    ENTER.run_each([{"key": key, "period": period, "started_at": AT} for period in periods])


def test_values_come_back_as_they_went_in(app: Flask) -> None:
    with app.app_context(), transaction(write=True):
        ENTER.all({"key": "tested", "period": "a", "started_at": AT.astimezone(timezone.max)})
        (row,) = PERIODS.all({"keys": ["tested"]})
        assert (row.period, row.started_at, row.started_at.tzinfo) == ("a", AT, UTC)
        assert row == db.session.execute(select(JobRun.period, JobRun.started_at)).one()


def test_json_and_nothing_come_back_as_they_went_in(app: Flask) -> None:
    payload = {"很": ["好", 1, None]}
    fact = {
        "at": AT,
        "name": "tested",
        "subject": "test",
        "subject_id": 1,
        "area_id": None,
        "actor_id": None,
        "request_id": "r",
        "payload": payload,
    }
    columns = (JournalEntry.id, JournalEntry.payload, JournalEntry.area_id)
    with app.app_context(), transaction(write=True):
        entered = Prepared(insert(JournalEntry).returning(JournalEntry.id)).scalar(fact)
        read = Prepared(select(*columns).where(JournalEntry.id == bindparam("id")))
        assert read.first({"id": entered}) == (entered, payload, None)


def test_lists_of_every_length(app: Flask) -> None:
    with app.app_context(), transaction(write=True):
        for number in range(4):
            enter(f"{number}", key=f"k{number}")
        for length in (2, 1, 4, 0, 2):
            keys = [f"k{number}" for number in range(length)]
            assert [row.period for row in PERIODS.all({"keys": keys})] == [key[1:] for key in keys]


def test_several_at_once_and_what_changes_them(app: Flask) -> None:
    move = Prepared(
        update(JobRun)
        .where(JobRun.period == bindparam("of_period"))
        .values(period=bindparam("to"), started_at=AT + timedelta(days=1))
        .returning(JobRun.period)
    )
    with app.app_context(), transaction(write=True):
        enter("a", "b", "c")
        assert move.scalar({"of_period": "b", "to": "d"}) == "d"
        assert move.first({"of_period": "b", "to": "e"}) is None
        assert [row.period for row in PERIODS.all({"keys": ["tested"]})] == ["a", "c", "d"]
        assert Prepared(delete(JobRun)).all({}) == []


def test_a_fixed_default_is_written_and_a_changing_one_refused(app: Flask) -> None:
    attempt = Prepared(insert(LoginAttempts).returning(LoginAttempts.failures))
    made_up = Table("made_up", MetaData(), Column("a", Integer, default=lambda: 1), Column("b"))
    with app.app_context(), transaction(write=True):
        assert attempt.scalar({"username_index": "x", "last_at": AT}) == 0
        with pytest.raises(TypeError):
            Prepared(insert(made_up)).all({"b": 1})


def test_a_forgotten_value_is_an_error(app: Flask) -> None:
    asked = Prepared(select(JobRun.key).where(JobRun.key == bindparam("key")))
    with app.app_context(), transaction(write=False), pytest.raises(KeyError):
        asked.all({})


def test_what_waits_in_the_session_is_written_first(app: Flask) -> None:
    with app.app_context(), transaction(write=True):
        db.session.add(JobRun(key="tested", period="a", started_at=AT))
        assert len(PERIODS.all({"keys": ["tested"]})) == 1


def test_a_broken_constraint_is_sqlalchemys_own_error(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(IntegrityError) as met, transaction(write=True):
            enter("a", "a")
        assert met.value.orig is not None
        assert not met.value.connection_invalidated
        assert in_transaction(lambda: PERIODS.all({"keys": ["tested"]}), write=False) == []


def test_it_is_seen_by_who_listens(app: Flask) -> None:
    with statements(app) as sent, app.app_context(), transaction(write=False):
        Prepared(select(literal(1))).all({})
    assert len(sent) == 1


def test_a_lost_connection_is_given_up_and_the_work_repeated(app: Flask) -> None:
    lost: list[int] = []

    def lose(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "job_run" in statement and not lost:
            lost.append(1)
            connection.connection.dbapi_connection.close()

    tries: list[int] = []

    def work() -> list[Any]:
        tries.append(1)
        return PERIODS.all({"keys": ["tested"]})

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lose)
        try:
            assert in_transaction(work, write=False) == []
        finally:
            event.remove(db.engine, "before_cursor_execute", lose)
    assert len(tries) == 2


def test_a_connection_lost_before_the_statement_is_given_up_too(app: Flask) -> None:
    def work() -> list[Any]:
        dbapi: Any = db.session.connection().connection.dbapi_connection
        dbapi.close()
        return PERIODS.all({"keys": ["tested"]})

    with app.app_context():
        with pytest.raises(DBAPIError) as met, transaction(write=False):
            work()
        assert met.value.connection_invalidated
        assert in_transaction(lambda: PERIODS.all({"keys": ["tested"]}), write=False) == []
