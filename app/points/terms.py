"""Words, value objects and limits of the points bank."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

POINTS_PER_TRANSFER_MAX = 1_000_000
"""More in one go is a mistyped number, not a service."""
REASON_LENGTH_MAX = 200
NEVER = 0
"""The expiry month of points that stay usable for ever."""


class TransferKind(StrEnum):
    """Why points moved. Short on purpose: the word stands in every row and in one index."""

    SERVICE = "service"
    WISH = "wish"
    GRANT = "grant"
    SPEND = "spend"
    EXPIRE = "expire"
    REVERSAL = "reversal"


EARNED = frozenset({TransferKind.SERVICE, TransferKind.WISH})
"""Kinds that a service pays: they count towards the daily cap."""
ISSUED = EARNED | {TransferKind.GRANT}
REVERSIBLE = ISSUED | {TransferKind.SPEND}

TITLES_ZH: dict[TransferKind, str] = {
    TransferKind.SERVICE: "志愿服务",
    TransferKind.WISH: "达成微心愿",
    TransferKind.GRANT: "社区发放",
    TransferKind.SPEND: "兑换礼品",
    TransferKind.EXPIRE: "积分到期",
    TransferKind.REVERSAL: "冲正",
}


class CauseKind(StrEnum):
    """What a transfer's `cause_id` counts."""

    SERVICE_RECORD = "service_record"
    WISH = "wish"
    GRANT = "grant"
    REDEMPTION = "redemption"
    EXPIRY_RUN = "expiry_run"
    TRANSFER = "transfer"


CAUSES: dict[TransferKind, CauseKind] = {
    TransferKind.SERVICE: CauseKind.SERVICE_RECORD,
    TransferKind.WISH: CauseKind.WISH,
    TransferKind.GRANT: CauseKind.GRANT,
    TransferKind.SPEND: CauseKind.REDEMPTION,
    TransferKind.EXPIRE: CauseKind.EXPIRY_RUN,
    TransferKind.REVERSAL: CauseKind.TRANSFER,
}


class AccountKind(StrEnum):
    """Pockets are bounded and keep a balance; the others are not, so that no row is hot."""

    POCKET = "pocket"
    ISSUER = "issuer"
    SPENT = "spent"
    EXPIRED = "expired"


class HoldState(StrEnum):
    """A hold is open until it is posted (spent), voided (given back) or lapsed (given back by the clock)."""

    OPEN = "open"
    POSTED = "posted"
    VOID = "void"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Pocket:
    """The points of one wallet that expire in one month. `posted` includes what is `held`."""

    account_id: int
    expires_month: int
    posted: int
    held: int

    @property
    def free(self) -> int:
        """What may be held or spent."""
        return self.posted - self.held


@dataclass(frozen=True, slots=True)
class Portion:
    """So many points out of one pocket."""

    account_id: int
    points: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What a service was paid: `points` after the daily cap; without points there is no transfer."""

    points: int
    transfer_id: int | None = None
    expires_month: int | None = None


@dataclass(frozen=True, slots=True)
class GrantMade:
    """Points granted by hand."""

    id: int
    person_id: int
    points: int
    reason: str
    transfer_id: int
    expires_on: date | None
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class ReversalMade:
    """A transfer that answers another. `points`: what the wallet gained (refund) or lost (negative)."""

    id: int
    reverses_id: int
    person_id: int
    points: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PocketShown:
    """A pocket as its owner sees it."""

    month: int
    expires_on: date | None
    points: int
    held: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has: `total` = `available` + `held`."""

    available: int
    held: int
    total: int
    pockets: tuple[PocketShown, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    """A row of the books that is not as it must be; `invariant` is R1 to R9."""

    invariant: str
    subject: str
    subject_id: int
    detail: str
