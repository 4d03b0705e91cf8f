"""Points come into being: out of the area's issuer, or of its budget where there is one."""

from datetime import date, datetime

from app.core.actor import Actor
from app.points import queries
from app.points.actions.books import Side, open_wallet, pocket, post, shift, system_account
from app.points.queries import Issuing
from app.points.rules import year_of
from app.points.terms import AccountKind, TransferKind


def place_for(
    actor: Actor, person_id: int, *, month: int, area_id: int, area_path: str, day: date
) -> Issuing:
    """Where points of `month` go for this person, who gets a wallet if there is none yet."""
    while (
        place := queries.issuing(
            person_id,
            month=month,
            area_id=area_id,
            area_path=area_path,
            day=day,
            year=year_of(actor.now),
        )
    ) is None:
        open_wallet(person_id)
    return place


def issue(
    actor: Actor,
    place: Issuing,
    *,
    area_id: int,
    month: int,
    amount: int,
    kind: TransferKind,
    cause_id: int,
    at: datetime,
) -> int:
    """Move points into the pocket of `month`; a budget must have been drawn on before. Returns the transfer's id."""
    if place.budget_area_id is not None:
        issuer_id = system_account(AccountKind.BUDGET, area_id)
    else:
        issuer_id = place.issuer_id or system_account(AccountKind.ISSUER, area_id)
    pocket_id = place.pocket_id or pocket(place.wallet_id, month, area_id)
    return post(
        actor,
        kind=kind,
        cause_id=cause_id,
        debit=Side(issuer_id),
        credit=shift(pocket_id, posted=amount),
        amount=amount,
        wallet_id=place.wallet_id,
        area_id=area_id,
        at=at,
    )
