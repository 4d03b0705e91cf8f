"""Words, value objects and limits of the points bank."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

POINTS_PER_TRANSFER_MAX = 1_000_000
"""More in one go is a mistyped number, not a service."""
REASON_LENGTH_MAX = 200
DETAIL_LENGTH_MAX = 300
NOTE_LENGTH_MAX = 100
NEVER = 0
"""The expiry month of points that stay usable for ever."""
FUND_SHARDS = 8
"""Wallets of one community's fund: donors credit one by the number of their donation, so they hardly ever wait."""
BUDGET_SLICES = 8
"""Parts of one issuing budget that are drawn from apart, chosen by the number of the cause."""
BUDGET_EXHAUSTED_ZH = "因社区本年度积分预算不足，这次未计积分。"
BUDGET_POINTS_MAX = 1_000_000_000
BUDGET_YEAR_MIN, BUDGET_YEAR_MAX = 2020, 2100


MONTHS_MAX = 60
"""How many months of totals are shown at once."""
PERIOD_DAYS_MAX = 366
"""How many days one statement or report may span."""


class TransferKind(StrEnum):
    """Why points moved. Short on purpose: the word stands in every row and in one index."""

    SERVICE = "service"
    WISH = "wish"
    GRANT = "grant"
    SPEND = "spend"
    EXPIRE = "expire"
    REVERSAL = "reversal"
    GIVE = "give"
    RECEIVE = "receive"


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
    TransferKind.GIVE: "转赠",
    TransferKind.RECEIVE: "获赠",
}


NAMELESS_ZH = "未留姓名"


class CauseKind(StrEnum):
    """What a transfer's `cause_id` counts."""

    SERVICE_RECORD = "service_record"
    WISH = "wish"
    GRANT = "grant"
    REDEMPTION = "redemption"
    EXPIRY_RUN = "expiry_run"
    TRANSFER = "transfer"
    DONATION = "donation"


CAUSES: dict[TransferKind, CauseKind] = {
    TransferKind.SERVICE: CauseKind.SERVICE_RECORD,
    TransferKind.WISH: CauseKind.WISH,
    TransferKind.GRANT: CauseKind.GRANT,
    TransferKind.SPEND: CauseKind.REDEMPTION,
    TransferKind.EXPIRE: CauseKind.EXPIRY_RUN,
    TransferKind.REVERSAL: CauseKind.TRANSFER,
    TransferKind.GIVE: CauseKind.DONATION,
    TransferKind.RECEIVE: CauseKind.DONATION,
}


class AccountKind(StrEnum):
    """Pockets are bounded and keep a balance; the others are not, so that no row is hot."""

    POCKET = "pocket"
    ISSUER = "issuer"
    SPENT = "spent"
    EXPIRED = "expired"
    BUDGET = "budget"
    """Issues instead of the issuer where the community has a budget for the year."""
    TRANSIT = "transit"
    """Between giver and receiver of a donation; what comes in goes out in the same transaction."""


class GrantState(StrEnum):
    """A grant within one person's limit is made at once; any other waits for a second person."""

    PENDING = "pending"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


GRANT_STATES_ZH: dict[GrantState, str] = {
    GrantState.PENDING: "待第二人审批",
    GrantState.GRANTED: "已发放",
    GrantState.DECLINED: "未通过",
    GrantState.WITHDRAWN: "已撤回",
}


class ExpiryKind(StrEnum):
    """When points end (policy `points_expiry_kind`)."""

    ROLLING = "rolling"
    YEAR_END = "year_end"
    NEVER = "never"


REMIND_DAYS_BEFORE = (30, 7)
"""How long before their last day the owner of points is told that they will expire."""


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
    """What a service was paid, after daily cap and budget; without points there is no transfer."""

    points: int
    transfer_id: int | None = None
    expires_month: int | None = None
    shortfall: str = ""
    """The sentence to keep with the cause when the budget paid nothing; a cap shows in the numbers."""


@dataclass(frozen=True, slots=True)
class HeldPocket:
    """So many points held in one pocket for one cause."""

    account_id: int
    expires_month: int
    points: int


@dataclass(frozen=True, slots=True)
class GrantShown:
    """Points to be granted by hand, or granted."""

    id: int
    state: GrantState
    person_id: int
    person_name: str
    points: int
    reason: str
    from_fund: bool
    asked_by: int
    asked_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    decision_reason: str | None
    transfer_id: int | None
    """None while nothing moved; for a grant from the fund, the first of those that arrived."""
    expires_on: date | None

    @property
    def state_name(self) -> str:
        """The state in Chinese."""
        return GRANT_STATES_ZH[self.state]

    @property
    def granted_at(self) -> datetime | None:
        """When the points moved."""
        if self.state is not GrantState.GRANTED:
            return None
        return self.decided_at or self.asked_at


@dataclass(frozen=True, slots=True)
class ReversalMade:
    """A transfer that answers another. `points`: what the wallet gained (refund) or lost (negative)."""

    id: int
    reverses_id: int
    person_id: int
    points: int
    points_left: int
    """What of the transfer has not been reversed yet."""
    reason: str
    explanation: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DonationMade:
    """Points given on, each with the expiry they had."""

    id: int
    to_person_id: int | None
    fund: str | None
    points: int
    note: str | None
    pockets: tuple["DonatedPocket", ...]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class DonatedPocket:
    """Points of a donation that expire together."""

    expires_on: date | None
    points: int


@dataclass(frozen=True, slots=True)
class FundShown:
    """What a community's fund has."""

    area: str
    area_name: str
    available: int
    pockets: tuple["PocketShown", ...]


@dataclass(frozen=True, slots=True)
class BudgetShown:
    """How many points a community may issue in a year, and what of it is left."""

    area: str
    area_name: str
    year: int
    points: int
    left: int

    @property
    def issued(self) -> int:
        """What was issued under the budget and not taken back."""
        return self.points - self.left


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
    """A row of the books that is not as it must be; `invariant` is R1 to R12 (docs/operations.md)."""

    invariant: str
    subject: str
    subject_id: int
    detail: str
