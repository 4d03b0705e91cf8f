"""What may follow what, on paper."""

from enum import StrEnum
from typing import Final

from app.core.errors import Refusal
from app.reporting_in.errors import (
    OwnReportIn,
    ReportInEnded,
    ReportInNotAccepted,
    ReportInNotWaiting,
)
from app.reporting_in.terms import STATE_NAMES_ZH, ReportInState


class Step(StrEnum):
    """What can be done to a report-in."""

    ACCEPT = "accept"
    RETURN = "return"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"


S = ReportInState

STEPS: Final[dict[Step, tuple[frozenset[S], S, type[Refusal]]]] = {
    Step.ACCEPT: (frozenset({S.SUBMITTED}), S.ACCEPTED, ReportInNotWaiting),
    Step.RETURN: (frozenset({S.SUBMITTED}), S.RETURNED, ReportInNotWaiting),
    Step.WITHDRAW: (frozenset({S.SUBMITTED, S.ACCEPTED}), S.WITHDRAWN, ReportInEnded),
    Step.TRANSFER: (frozenset({S.ACCEPTED}), S.TRANSFERRED, ReportInNotAccepted),
}
"""Each step: from which states, to which state, and what is said from any other."""


def state_after(step: Step, state: str) -> ReportInState:
    """The state that `step` leads to. Raises: the refusal of the step, saying the state it is in."""
    allowed, after, refusal = STEPS[step]
    if state not in allowed:
        raise refusal(state=str(state), state_name=STATE_NAMES_ZH[ReportInState(state)])
    return after


def check_reviewer(reviewer_id: int, person_id: int) -> None:
    """Somebody else must review. Raises: OwnReportIn."""
    if reviewer_id == person_id:
        raise OwnReportIn


def receipt_series(community_code: str, year: int) -> str:
    """What a receipt number begins with: one running number per community and calendar year in China."""
    return f"BD-{community_code}-{year}"


def receipt_number(series: str, number: int) -> str:
    """`BD-330205001015-2026-0001`; past 9999 the number simply grows."""
    return f"{series}-{number:04d}"
