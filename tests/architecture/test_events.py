"""A fact is frozen, holds no personal text, and somebody reads it or the audit alone does."""

from dataclasses import fields
from datetime import date, datetime
from typing import get_args, get_type_hints

import pytest
from flask import Flask

from app.core.journal import Event, readers_of
from app.documents import product_events

PLAIN = {int, bool, datetime, date, str, type(None)}

# The journal is kept for ever, so a text in it is a code of ours or of the state. A new name here is a decision.
CODES = {
    "code",
    "direction",
    "effective_from",
    "ended_on",
    "evidence",
    "from_state",
    "key",
    "kind",
    "level",
    "member_kind",
    "receipt_number",
    "record_state",
    "role",
    "state",
    "value",
    "way",
}


@pytest.fixture
def events(app: Flask) -> list[type[Event]]:
    found = product_events()
    assert len(found) > 30
    return found


def test_every_event_has_a_reader_or_is_for_the_audit_alone(events: list[type[Event]]) -> None:
    wrong = {
        event.name: readers_of(event.name)
        for event in events
        if bool(readers_of(event.name)) is event.audit_only
    }
    assert wrong == {}


def test_every_event_is_frozen_and_says_what_it_is_about(events: list[type[Event]]) -> None:
    for event in events:
        assert event.__dataclass_params__.frozen, event
        assert "__slots__" in vars(event), event
        assert event.name == event.name.lower()
        assert event.subject, event
        assert event.__doc__, event


def test_every_event_holds_numbers_moments_and_codes_only(events: list[type[Event]]) -> None:
    wrong = []
    for event in events:
        hints = get_type_hints(event)
        for field in fields(event):
            kinds = set(get_args(hints[field.name]) or (hints[field.name],))
            if not kinds <= PLAIN or (str in kinds and field.name not in CODES):
                wrong.append(f"{event.name}.{field.name}: {hints[field.name]}")
    assert wrong == []


def test_whom_an_event_concerns_can_be_told(events: list[type[Event]]) -> None:
    silent = [
        event.name
        for event in events
        if not event.audit_only and "person_id" not in get_type_hints(event)
    ]
    assert silent == []
