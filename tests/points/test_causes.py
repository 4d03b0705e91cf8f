"""Every kind of cause that points hang on can be shown to their owner."""

import pytest
from flask import Flask

from app.points import causes
from app.points.causes import CauseShown, Classes, Source
from app.points.terms import CAUSES, CauseKind, TransferKind

OWN = {CauseKind.GRANT, CauseKind.TRANSFER, CauseKind.EXPIRY_RUN, CauseKind.DONATION}
"""What the bank itself knows all about."""


def test_every_kind_of_cause_is_answered_by_its_room_or_by_the_bank_itself(app: Flask) -> None:
    answered = {kind for kind in CauseKind if causes.source_of(kind) is not None}
    assert answered | OWN == set(CauseKind)
    assert answered & OWN == set()
    assert set(CAUSES) == set(TransferKind)


def test_what_falls_into_classes_has_a_title_for_each(app: Flask) -> None:
    classified = dict(causes.classified())
    assert set(classified) == {CauseKind.SERVICE_RECORD, CauseKind.WISH}
    for classes in classified.values():
        assert isinstance(classes, Classes)
        assert all(classes.titles.values())


def test_two_rooms_do_not_answer_for_one_kind(app: Flask) -> None:
    source = Source(show=lambda _: CauseShown("", ()), titles=lambda _: {})
    with pytest.raises(ValueError, match="two rooms"):
        causes.contribute(CauseKind.WISH, source)
