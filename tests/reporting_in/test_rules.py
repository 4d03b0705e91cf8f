"""What may follow what, as a table."""

import pytest

from app.core.errors import Refusal
from app.reporting_in.errors import (
    OwnReportIn,
    ReportInEnded,
    ReportInNotAccepted,
    ReportInNotWaiting,
)
from app.reporting_in.rules import (
    Step,
    check_reviewer,
    receipt_number,
    receipt_series,
    state_after,
)
from app.reporting_in.terms import (
    FREE_TIME_NAMES_ZH,
    SPECIALITY_NAMES_ZH,
    STATE_NAMES_ZH,
    FreeTime,
    ReportInState,
    Speciality,
)

S = ReportInState

# step: state → what it leads to, or what is refused
TABLE: dict[Step, dict[S, S | type[Refusal]]] = {
    Step.ACCEPT: {
        S.SUBMITTED: S.ACCEPTED,
        S.ACCEPTED: ReportInNotWaiting,
        S.RETURNED: ReportInNotWaiting,
        S.WITHDRAWN: ReportInNotWaiting,
        S.TRANSFERRED: ReportInNotWaiting,
    },
    Step.RETURN: {
        S.SUBMITTED: S.RETURNED,
        S.ACCEPTED: ReportInNotWaiting,
        S.RETURNED: ReportInNotWaiting,
        S.WITHDRAWN: ReportInNotWaiting,
        S.TRANSFERRED: ReportInNotWaiting,
    },
    Step.WITHDRAW: {
        S.SUBMITTED: S.WITHDRAWN,
        S.ACCEPTED: S.WITHDRAWN,
        S.RETURNED: ReportInEnded,
        S.WITHDRAWN: ReportInEnded,
        S.TRANSFERRED: ReportInEnded,
    },
    Step.TRANSFER: {
        S.SUBMITTED: ReportInNotAccepted,
        S.ACCEPTED: S.TRANSFERRED,
        S.RETURNED: ReportInNotAccepted,
        S.WITHDRAWN: ReportInNotAccepted,
        S.TRANSFERRED: ReportInNotAccepted,
    },
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("step", Step)
def test_each_step_from_each_state(step: Step, state: S) -> None:
    expected = TABLE[step][state]
    if isinstance(expected, S):
        assert state_after(step, state) is expected
        return
    with pytest.raises(expected) as refused:
        state_after(step, state)
    assert refused.value.details["state"] == state
    assert STATE_NAMES_ZH[state] in refused.value.sentence


def test_nobody_reviews_the_own_report_in() -> None:
    check_reviewer(1, 2)
    with pytest.raises(OwnReportIn):
        check_reviewer(1, 1)


def test_a_receipt_number_names_community_year_and_place_in_line() -> None:
    series = receipt_series("330205001015", 2026)
    assert receipt_number(series, 1) == "BD-330205001015-2026-0001"
    assert receipt_number(series, 12345) == "BD-330205001015-2026-12345"


def test_every_word_has_a_chinese_name() -> None:
    assert set(STATE_NAMES_ZH) == set(S)
    assert set(SPECIALITY_NAMES_ZH) == set(Speciality)
    assert set(FREE_TIME_NAMES_ZH) == set(FreeTime)
