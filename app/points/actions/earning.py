"""Paying for services and wishes, under the day's cap and the community's budget."""

from datetime import date, datetime

from sqlalchemy import bindparam, update

from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.core.prepared import Prepared
from app.core.upsert import insert_or_ignore
from app.points import queries
from app.points.actions import budgets
from app.points.actions.issuing import issue, place_for
from app.points.events import PointsEarned, PointsUnpaid
from app.points.models import POINTS_DAY, PointsDay
from app.points.queries import Issuing
from app.points.rules import (
    below_cap,
    expiry_month,
    year_of,
)
from app.points.terms import BUDGET_EXHAUSTED_ZH, Earned, TransferKind
from app.policies.queries import rules_at
from app.policies.rules import Rules
from app.policies.terms import (
    POINTS_DAILY_MAX,
    POINTS_EXPIRY_KIND,
    POINTS_MONTHS_TO_EXPIRY,
    POINTS_YEARLY_MAX,
)


def earn(
    actor: Actor,
    *,
    person_id: int,
    area_id: int,
    area_path: str,
    amount: int,
    kind: TransferKind,
    cause_id: int,
    rules: Rules | None = None,
    at: datetime | None = None,
) -> Earned:
    """Pay points for a service or a wish, as many as the caps leave; they rest in the pocket of their month.

    `at` is when the service ended (default: now): its day bears the cap. The life of the points begins now, so that
    a service confirmed months later does not pay points that are over already. `rules` are those in force at
    `area_path` on the day of service, looked up unless the caller has them at hand.
    Raises: CauseAlreadyPosted when this cause has paid before.
    """
    moment = at or actor.now
    rules = rules or rules_at(area_path, moment)
    day = china_date(moment)
    month = expiry_month(
        china_date(actor.now), rules[POINTS_MONTHS_TO_EXPIRY], rules[POINTS_EXPIRY_KIND]
    )
    yearly_max = rules[POINTS_YEARLY_MAX]
    # Counted by a conditional change, without a lock on the wallet: who loses a race looks again.
    while True:
        place = place_for(
            actor, person_id, month=month, area_id=area_id, area_path=area_path, day=day
        )
        points = below_cap(amount, place.earned_on_day or 0, rules[POINTS_DAILY_MAX])
        if yearly_max:
            # A sum over the days of a year stands still only under the wallet's lock.
            queries.lock_wallets([place.wallet_id])
            earned = queries.earned_in_year(place.wallet_id, day)
            points = below_cap(points, earned, yearly_max)
        if points == 0:
            return Earned(0)
        if _counted(place, day, points, rules[POINTS_DAILY_MAX]):
            break
    if place.budget_area_id is not None and not budgets.draw(
        place.budget_area_id, year_of(actor.now), points, cause_id
    ):
        # A service is never refused for want of points: the record stays, and says why it paid nothing.
        uncount(place.wallet_id, day, points)
        announce(
            actor,
            PointsUnpaid(
                subject_id=cause_id, area_id=area_id, person_id=person_id, points=points, kind=kind
            ),
        )
        return Earned(0, shortfall=BUDGET_EXHAUSTED_ZH)
    transfer_id = issue(
        actor,
        place,
        area_id=area_id,
        month=month,
        amount=points,
        kind=kind,
        cause_id=cause_id,
        at=moment,
    )
    announce(
        actor,
        PointsEarned(
            subject_id=transfer_id,
            area_id=area_id,
            person_id=person_id,
            points=points,
            kind=kind,
            cause_id=cause_id,
            expires_month=month,
        ),
    )
    return Earned(points, transfer_id, month)


_COUNT = Prepared(
    update(POINTS_DAY)
    .where(
        POINTS_DAY.c.wallet_id == bindparam("wallet"),
        POINTS_DAY.c.day == bindparam("on"),
        POINTS_DAY.c.points + bindparam("by") <= bindparam("daily_max"),
    )
    .values(points=POINTS_DAY.c.points + bindparam("by"))
    .returning(POINTS_DAY.c.points)
)


def _counted(place: Issuing, day: date, points: int, daily_max: int) -> bool:
    """Count points towards the day's cap; False when somebody else has counted since `place` was read."""
    if place.earned_on_day is None:
        return insert_or_ignore(
            PointsDay, {"wallet_id": place.wallet_id, "day": day, "points": points}
        )
    counted = _COUNT.first(
        {"wallet": place.wallet_id, "on": day, "by": points, "daily_max": daily_max}
    )
    return counted is not None


def uncount(wallet_id: int, day: date, points: int) -> None:
    """Points taken back leave room under the cap of the day they were earned on."""
    db.session.execute(
        update(POINTS_DAY)
        .where(POINTS_DAY.c.wallet_id == wallet_id, POINTS_DAY.c.day == day)
        .values(points=POINTS_DAY.c.points - points)
    )
