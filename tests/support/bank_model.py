"""The points bank in a hundred lines, with nothing but dictionaries: what the product must agree with after each step.

No database, no locks, no clock: days and moments are handed in. A refusal is the code that the product says.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

DAILY_MAX = 100
MONTHS_TO_EXPIRY = 2


@dataclass
class Held:
    """Points set aside: so many of each month, until they are spent, given back or too late."""

    person: int
    parts: dict[int, int]
    expires_at: datetime
    open: bool = True


@dataclass
class Moved:
    """A transfer that may be reversed, as far as it has not been."""

    person: int
    month: int
    left: int
    earned_on: date | None
    """None: it was spent."""


class Refused(Exception):
    """Nothing was changed; the argument is the code."""


def month_of(day: date) -> int:
    return day.year * 100 + day.month


def expiry_month(day: date) -> int:
    months = day.year * 12 + day.month - 1 + MONTHS_TO_EXPIRY
    return months // 12 * 100 + months % 12 + 1


class BankModel:
    """Wallets by person, their pockets by month."""

    def __init__(self) -> None:
        self.posted: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.held: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.holds: dict[int, Held] = {}
        self.moved: dict[int, Moved] = {}
        self._earned: defaultdict[tuple[int, date], int] = defaultdict(int)
        self._swept: set[tuple[date, int, int]] = set()

    def standing(self, person: int, today: date) -> tuple[int, int]:
        """What is available and what is held."""
        return (
            sum(self._free(person, month) for month in self._usable(person, today)),
            sum(points for (owner, _), points in self.held.items() if owner == person),
        )

    def earn(self, person: int, points: int, today: date) -> int:
        """How many of the points the day's cap leaves."""
        credited = min(points, DAILY_MAX - self._earned[person, today])
        self._earned[person, today] += credited
        self.posted[person, expiry_month(today)] += credited
        return credited

    def hold(self, cause: int, person: int, points: int, today: date, until: datetime) -> None:
        parts = self._soonest(person, points, today)
        for month, part in parts.items():
            self.held[person, month] += part
        self.holds[cause] = Held(person, parts, until)

    def post(self, cause: int, now: datetime, points: int | None = None) -> dict[int, int]:
        """What was spent, by month; of a part of the hold the rest is free again."""
        hold = self._ended(cause, in_time=self.holds[cause].expires_at > now)
        wanted = sum(hold.parts.values()) if points is None else points
        spent = {}
        for month in sorted(hold.parts):
            if part := min(wanted, hold.parts[month]):
                spent[month] = part
                self.posted[hold.person, month] -= part
                wanted -= part
        return spent

    def void(self, cause: int) -> None:
        self._ended(cause, in_time=True)

    def lapse(self, cause: int, now: datetime) -> None:
        self._ended(cause, in_time=self.holds[cause].expires_at <= now)

    def donate(self, giver: int, receiver: int | None, points: int, today: date) -> None:
        """To a person with the months kept, or (None) to a fund, which is nobody's wallet."""
        for month, part in self._soonest(giver, points, today).items():
            self.posted[giver, month] -= part
            if receiver is not None:
                self.posted[receiver, month] += part

    def expire(self, today: date) -> int:
        """What is free in pockets past their month goes, a pocket once a day."""
        gone = 0
        for person, month in list(self.posted):
            free, run = self._free(person, month), (today, person, month)
            if month < month_of(today) and free and run not in self._swept:
                self._swept.add(run)
                self.posted[person, month] -= free
                gone += free
        return gone

    def reverse(self, transfer: int, points: int | None) -> int:
        """What the wallet gained, or lost."""
        moved = self.moved[transfer]
        amount = moved.left if points is None else points
        if moved.left == 0:
            raise Refused("already_reversed")
        if amount > moved.left:
            raise Refused("reversal_exceeds_transfer")
        sign = 1
        if moved.earned_on is not None:
            if self._free(moved.person, moved.month) < amount:
                raise Refused("points_already_spent")
            self._earned[moved.person, moved.earned_on] -= amount
            sign = -1
        self.posted[moved.person, moved.month] += sign * amount
        moved.left -= amount
        return sign * amount

    def _free(self, person: int, month: int) -> int:
        return self.posted[person, month] - self.held[person, month]

    def _usable(self, person: int, today: date) -> list[int]:
        """The months of a wallet that are not over, soonest first."""
        mine = (month for owner, month in list(self.posted) if owner == person)
        return sorted(month for month in mine if month >= month_of(today))

    def _soonest(self, person: int, points: int, today: date) -> dict[int, int]:
        parts = {}
        for month in self._usable(person, today):
            if part := min(points, self._free(person, month)):
                parts[month] = part
                points -= part
        if points:
            raise Refused("insufficient_points")
        return parts

    def _ended(self, cause: int, *, in_time: bool) -> Held:
        hold = self.holds[cause]
        if not hold.open or not in_time:
            raise Refused("hold_closed")
        hold.open = False
        for month, part in hold.parts.items():
            self.held[hold.person, month] -= part
        return hold
