"""What a fact is called when somebody reads the journal."""

import re
import string
from dataclasses import fields

import pytest
from flask import Flask

from app.audit.rules import sentence
from app.audit.terms import SENTENCES
from app.documents import product_events


@pytest.mark.parametrize(
    ("name", "payload", "said"),
    [
        ("wish_claimed", {"person_id": 3, "claim_id": 4}, "认领了微心愿"),
        ("points_granted", {"points": 15}, "发放了积分 15 分"),
        ("role_given", {"role": "station_staff"}, "授予了角色：站点工作人员"),
        ("role_given", {"role": "no longer a role"}, "授予了角色：no longer a role"),
        ("report_in_accepted", {}, "接收了报到，回执号 —"),
        ("an_event_of_long_ago", {"x": 1}, "an_event_of_long_ago"),
    ],
)
def test_a_fact_is_said_in_chinese_with_what_it_holds(name: str, payload: dict, said: str) -> None:
    assert sentence(name, payload) == said


def test_every_event_has_a_sentence_and_every_sentence_an_event(app: Flask) -> None:
    assert {event.name for event in product_events()} == set(SENTENCES)


def test_every_sentence_is_filled_from_fields_of_its_event(app: Flask) -> None:
    for event in product_events():
        said = SENTENCES[event.name]
        holes = {name for _, name, _, _ in string.Formatter().parse(said) if name}
        assert holes <= {field.name for field in fields(event)}, event.name
        assert re.search("[\u4e00-\u9fff]", said), event.name
