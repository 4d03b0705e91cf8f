"""A mistake is answered by its mirror image: in whole, or in parts that never exceed it."""

from datetime import datetime

from sqlalchemy import bindparam, insert, update

from app.community import queries as communities
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.upsert import insert_or_ignore
from app.points import queries
from app.points.actions import budgets
from app.points.actions.books import Side, pocket, post, set_closed, shift
from app.points.actions.earning import uncount
from app.points.events import PointsReversed
from app.points.models import REVERSAL_TALLY, PointsReversal, ReversalTally, Transfer
from app.points.rules import (
    check_reversible,
    check_still_there,
    expiry_month,
    explain_refund,
    explain_taken_back,
    month_of,
    points_to_reverse,
    usable,
)
from app.points.terms import EARNED, AccountKind, ReversalMade, TransferKind
from app.policies.queries import rules_at
from app.policies.terms import REVERSAL_EXTENSION_MONTHS, REVERSAL_TO_EXPIRED_POCKET

_COUNT = (
    update(REVERSAL_TALLY)
    .where(
        REVERSAL_TALLY.c.transfer_id == bindparam("transfer"),
        REVERSAL_TALLY.c.points + bindparam("by") <= REVERSAL_TALLY.c.amount,
    )
    .values(points=REVERSAL_TALLY.c.points + bindparam("by"), times=REVERSAL_TALLY.c.times + 1)
    .returning(REVERSAL_TALLY.c.points, REVERSAL_TALLY.c.times)
)


def reverse(
    actor: Actor, transfer_id: int, *, reason: str, points: int | None = None
) -> ReversalMade:
    """Answer a transfer, or `points` of it, by its mirror image; without `points` all that is left of it.

    Earned points leave their pocket, spent points return to the pocket they came from; where its month has passed
    meanwhile, the community's policy says whether they live on.
    Raises: NotFound, NotReversible, AlreadyReversed, ReversalExceedsTransfer, PointsAlreadySpent.
    """
    original = queries.transfer_within(actor, Permission.POINTS_REVERSE, transfer_id)
    check_reversible(TransferKind(original.kind))
    queries.lock_wallets([original.wallet_id])
    insert_or_ignore(
        ReversalTally,
        {"transfer_id": transfer_id, "amount": original.amount, "points": 0, "times": 0},
    )
    amount = points_to_reverse(points, queries.points_left(transfer_id))
    # The wallet is locked, so the count cannot fail; if it could, the check of the table would say no.
    reversed_so_far, times = db.session.execute(
        _COUNT, {"transfer": transfer_id, "by": amount}
    ).one()
    db.session.execute(
        insert(PointsReversal),
        {"transfer_id": transfer_id, "part": times - 1, "points": amount, "reason": reason},
    )
    if original.credit_version is not None:
        debit, credit, explanation = _take_back(original, amount)
        signed = -amount
    else:
        debit, credit, explanation = _refund(actor, original, amount)
        signed = amount
    reversal_id = post(
        actor,
        kind=TransferKind.REVERSAL,
        cause_id=transfer_id,
        part=times - 1,
        debit=debit,
        credit=credit,
        amount=amount,
        wallet_id=original.wallet_id,
        area_id=original.area_id,
        at=actor.now,
        reverses_id=transfer_id,
    )
    person_id = queries.person_of(original.wallet_id)
    announce(
        actor,
        PointsReversed(
            subject_id=reversal_id,
            area_id=original.area_id,
            person_id=person_id,
            points=signed,
            reverses_id=transfer_id,
        ),
    )
    return ReversalMade(
        id=reversal_id,
        reverses_id=transfer_id,
        person_id=person_id,
        points=signed,
        points_left=original.amount - reversed_so_far,
        reason=reason,
        explanation=explanation,
        at=actor.now,
    )


def _take_back(original: Transfer, amount: int) -> tuple[Side, Side, str]:
    if original.kind in EARNED:
        uncount(original.wallet_id, china_date(original.at), amount)
    if queries.account_kind(original.debit_account_id) is AccountKind.BUDGET:
        area = communities.area_by_id(original.area_id)
        budgets.return_issued(original.id, area.path, original.recorded_at, amount)
    check_still_there(amount, queries.lock_free(original.credit_account_id))
    debit = shift(original.credit_account_id, posted=-amount)
    return debit, Side(original.debit_account_id), explain_taken_back(amount)


def _refund(actor: Actor, original: Transfer, amount: int) -> tuple[Side, Side, str]:
    today = china_date(actor.now)
    pocket_id = original.debit_account_id
    month = was = queries.month_of_pocket(pocket_id)
    if not usable(was, month_of(today)):
        month = _life_of_refund(original, was, today_at=actor.now)
        if month != was:
            pocket_id = pocket(original.wallet_id, month, original.area_id)
    credit = shift(pocket_id, posted=amount)
    set_closed(pocket_id, None)
    explanation = explain_refund(amount, was=was, month=month, this_month=month_of(today))
    return Side(original.credit_account_id), credit, explanation


def _life_of_refund(original: Transfer, was: int, *, today_at: datetime) -> int:
    """The month until which points live that return to a pocket past its own, as the policy of the day says."""
    rules = rules_at(communities.area_by_id(original.area_id).path, today_at)
    if rules[REVERSAL_TO_EXPIRED_POCKET] == "return":
        return was
    return expiry_month(china_date(today_at), rules[REVERSAL_EXTENSION_MONTHS])
