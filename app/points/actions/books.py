"""The single doors to balances and transfers, and what must be open before points can move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, insert, update

from app.core.actor import Actor
from app.core.db import db
from app.core.prepared import Prepared
from app.core.upsert import insert_or_ignore
from app.points import queries
from app.points.models import ACCOUNT, BALANCE, TRANSFER, Account, Wallet
from app.points.terms import FUND_SHARDS, AccountKind, TransferKind


class BalanceRefused(RuntimeError):
    """A balance would not move although the rows that say it can were locked: the books are broken."""


def open_wallet(person_id: int) -> None:
    """Give a person a wallet, if there is none yet."""
    insert_or_ignore(Wallet, {"person_id": person_id})


def open_fund(area_id: int) -> Sequence[int]:
    """The wallets of a community's fund, opened if there are none yet, by shard."""
    while len(found := queries.fund_wallets(area_id)) < FUND_SHARDS:
        for shard in range(FUND_SHARDS):
            insert_or_ignore(Wallet, {"area_id": area_id, "shard": shard})
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a transfer; the side that keeps a balance knows its number there and what it had after."""

    account_id: int
    version: int | None = None
    after: int | None = None


_posted_by: BindParameter[int] = bindparam("posted_by")
_held_by: BindParameter[int] = bindparam("held_by")
_SHIFT = Prepared(
    update(BALANCE)
    .where(
        BALANCE.c.account_id == bindparam("account"),
        BALANCE.c.held + _held_by >= 0,
        BALANCE.c.posted + _posted_by - BALANCE.c.held - _held_by >= 0,
    )
    .values(
        posted=BALANCE.c.posted + _posted_by,
        held=BALANCE.c.held + _held_by,
        version=BALANCE.c.version + bindparam("turn"),
    )
    .returning(BALANCE.c.version, BALANCE.c.posted)
)


def shift(account_id: int, *, posted: int = 0, held: int = 0) -> Side:
    """Move a pocket's balance. Raises: BalanceRefused when it would fall below what is held."""
    row = _SHIFT.first(
        {"account": account_id, "posted_by": posted, "held_by": held, "turn": int(posted != 0)}
    )
    if row is None:
        raise BalanceRefused(f"account {account_id}: posted {posted:+}, held {held:+}")
    return Side(account_id, row.version, row.posted)


_POST = Prepared(insert(TRANSFER).returning(TRANSFER.c.id))


def post(
    actor: Actor,
    *,
    kind: TransferKind,
    cause_id: int,
    part: int = 0,
    debit: Side,
    credit: Side,
    amount: int,
    wallet_id: int,
    area_id: int,
    at: datetime,
    reverses_id: int | None = None,
) -> int:
    """Write a transfer between two sides that have moved. Returns its id."""
    transfer_id: int = _POST.scalar(
        {
            "kind": kind,
            "cause_id": cause_id,
            "part": part,
            "debit_account_id": debit.account_id,
            "credit_account_id": credit.account_id,
            "amount": amount,
            "wallet_id": wallet_id,
            "actor_id": actor.person_id or None,
            "area_id": area_id,
            "at": at,
            "recorded_at": actor.now,
            "reverses_id": reverses_id,
            "debit_version": debit.version,
            "debit_after": debit.after,
            "credit_version": credit.version,
            "credit_after": credit.after,
        }
    )
    return transfer_id


def pocket(wallet_id: int, month: int, area_id: int) -> int:
    """The pocket of a wallet for a month, opened if there is none yet."""
    opened = insert_or_ignore(
        Account,
        {
            "kind": AccountKind.POCKET,
            "area_id": area_id,
            "wallet_id": wallet_id,
            "expires_month": month,
        },
    )
    account_id = queries.pocket_id(wallet_id, month)
    if opened:
        db.session.execute(
            insert(BALANCE), {"account_id": account_id, "posted": 0, "held": 0, "version": 0}
        )
    return account_id


def system_account(kind: AccountKind, area_id: int) -> int:
    """The account of this kind of an area, opened if there is none yet."""
    while (found := queries.system_account_id(kind, area_id)) is None:
        insert_or_ignore(Account, {"kind": kind, "area_id": area_id})
    return found


def set_closed(account_id: int, at: datetime | None) -> None:
    """Note that a pocket past its month is empty, or (None) that it has something again."""
    db.session.execute(update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(closed_at=at))
