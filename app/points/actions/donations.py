"""Points given on: to one of the family or to a community's fund, and out of the fund; each keeps its expiry.

A donation is two transfers for each pocket it takes from: one in the giver's wallet, one in the receiver's, through an
account in transit that keeps no balance. So each transfer stands in one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from app.community import queries as communities
from app.community.terms import Level
from app.core.actor import Actor
from app.core.clock import china_date
from app.core.db import db
from app.core.journal import announce
from app.identity import queries as people
from app.points import queries
from app.points.actions.books import (
    Side,
    open_fund,
    open_wallet,
    pocket,
    post,
    shift,
    system_account,
)
from app.points.errors import (
    DonationOutsideFamily,
    FundInsufficient,
    FundNeedsCommunity,
    InsufficientPoints,
)
from app.points.events import PointsGiven, PointsReceived
from app.points.models import DONATION
from app.points.queries import SpendablePocket
from app.points.rules import expires_on, month_of, portions
from app.points.terms import (
    FUND_SHARDS,
    AccountKind,
    DonatedPocket,
    DonationMade,
    Portion,
    TransferKind,
)


def donate(
    actor: Actor,
    *,
    points: int,
    to_person_id: int | None = None,
    fund: str | None = None,
    note: str | None = None,
) -> DonationMade:
    """Give own points to one of the family, or to the fund of the community with this code.

    Raises: DonationOutsideFamily, UnknownArea, FundNeedsCommunity, InsufficientPoints.
    """
    open_wallet(actor.person_id)
    giver = queries.wallet_of(actor.person_id)
    if to_person_id is not None:
        if not people.are_family(actor.person_id, to_person_id):
            raise DonationOutsideFamily
        open_wallet(to_person_id)
        receiver = queries.wallet_of(to_person_id)
        donation_id = _noted(
            actor,
            from_person_id=actor.person_id,
            to_person_id=to_person_id,
            points=points,
            note=note,
        )
        # Both, by ascending id: somebody may be giving to the giver in this very moment.
        queries.lock_wallets([giver, receiver])
        area_id = None
    else:
        area = communities.area_by_code(fund or "")
        if area.level != Level.COMMUNITY:
            raise FundNeedsCommunity(name=area.name)
        area_id = area.id
        donation_id = _noted(
            actor, from_person_id=actor.person_id, to_area_id=area_id, points=points, note=note
        )
        # Only the giver: many may give to a fund at once.
        queries.lock_wallets([giver])
        receiver = open_fund(area_id)[donation_id % FUND_SHARDS]
    taken = _move(actor, donation_id, [giver], receiver, points, fund_area_id=area_id)
    announce(
        actor,
        PointsGiven(
            subject_id=donation_id,
            area_id=area_id,
            from_person_id=actor.person_id,
            to_person_id=to_person_id,
            points=points,
        ),
    )
    if to_person_id is not None:
        announce(
            actor,
            PointsReceived(
                subject_id=taken[0].transfer_id,
                area_id=None,
                person_id=to_person_id,
                from_person_id=actor.person_id,
                points=points,
                donation_id=donation_id,
            ),
        )
    return DonationMade(
        id=donation_id,
        to_person_id=to_person_id,
        fund=fund,
        points=points,
        note=note,
        pockets=tuple(DonatedPocket(expires_on(each.month), each.points) for each in taken),
        made_at=actor.now,
    )


def give_from_fund(
    actor: Actor, *, area_id: int, to_person_id: int, points: int, grant_id: int
) -> tuple[int, int]:
    """Give points out of a community's fund, soonest to expire first, as a grant of two people says.

    Returns the first transfer that arrived and the month until which its points live. Raises: FundInsufficient.
    """
    open_wallet(to_person_id)
    receiver = queries.wallet_of(to_person_id)
    shards = open_fund(area_id)
    donation_id = _noted(
        actor, from_area_id=area_id, to_person_id=to_person_id, points=points, grant_id=grant_id
    )
    queries.lock_wallets([*shards, receiver])
    try:
        taken = _move(actor, donation_id, shards, receiver, points)
    except InsufficientPoints as short:
        raise FundInsufficient(**short.details) from short
    return taken[0].transfer_id, taken[0].month


def _noted(actor: Actor, **values: object) -> int:
    donation_id: int = db.session.scalars(
        insert(DONATION).returning(DONATION.c.id), {**values, "made_at": actor.now}
    ).one()
    return donation_id


@dataclass(frozen=True, slots=True)
class _Arrived:
    """Points of one pocket that arrived in the receiver's pocket of the same month."""

    transfer_id: int
    month: int
    points: int


def _move(
    actor: Actor,
    donation_id: int,
    giver_ids: Sequence[int],
    receiver_id: int,
    points: int,
    *,
    fund_area_id: int | None = None,
) -> list[_Arrived]:
    """Move points between wallets, each portion into the receiver's pocket of its own month."""
    sources = {
        source.pocket.account_id: source
        for source in queries.lock_pockets(giver_ids, month_of(china_date(actor.now)))
    }
    taken = portions([source.pocket for source in sources.values()], points)
    targets = {
        portion.account_id: pocket(
            receiver_id,
            sources[portion.account_id].pocket.expires_month,
            fund_area_id or sources[portion.account_id].area_id,
        )
        for portion in taken
    }
    sides = _shift_all(taken, targets)
    return [
        _book(actor, donation_id, sources[portion.account_id], portion, receiver_id, *pair)
        for portion, pair in zip(taken, sides, strict=True)
    ]


def _shift_all(taken: Sequence[Portion], targets: Mapping[int, int]) -> list[tuple[Side, Side]]:
    """Move the balances of both sides of every portion, all of them by ascending account."""
    debits, credits_ = {}, {}
    moves = [(portion.account_id, portion, True) for portion in taken]
    moves += [(targets[portion.account_id], portion, False) for portion in taken]
    for account_id, portion, leaves in sorted(
        moves, key=lambda move: (move[0], move[1].account_id)
    ):
        if leaves:
            debits[portion.account_id] = shift(account_id, posted=-portion.points)
        else:
            credits_[portion.account_id] = shift(account_id, posted=portion.points)
    return [(debits[portion.account_id], credits_[portion.account_id]) for portion in taken]


def _book(
    actor: Actor,
    donation_id: int,
    source: SpendablePocket,
    portion: Portion,
    receiver_id: int,
    debit: Side,
    credit: Side,
) -> _Arrived:
    transit = Side(system_account(AccountKind.TRANSIT, source.area_id))
    for kind, wallet_id, left, arrived in (
        (TransferKind.GIVE, source.wallet_id, debit, transit),
        (TransferKind.RECEIVE, receiver_id, transit, credit),
    ):
        transfer_id = post(
            actor,
            kind=kind,
            cause_id=donation_id,
            part=portion.account_id,
            debit=left,
            credit=arrived,
            amount=portion.points,
            wallet_id=wallet_id,
            area_id=source.area_id,
            at=actor.now,
        )
    return _Arrived(transfer_id, source.pocket.expires_month, portion.points)
