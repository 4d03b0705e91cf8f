"""Proves the books: what must hold between the tables, recounted. Read-only; each row found is a breach.

The SQL is the same for both engines, and plain, so that an auditor can read it and run it by hand: only CHINA_DAY(…),
the day in China on which a moment falls, is spelt by each engine in its own way. Every statement yields
(subject_id, detail). R8 and the rest of R9 are about what other rooms pay for: each contributes its checks.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text

from app.core.actor import Actor
from app.core.clock import china_date, china_midnight
from app.core.db import UtcDateTime, db, in_snapshot
from app.points import seals
from app.points.alerts import raise_alerts
from app.points.models import POINTS_BUDGET
from app.points.rules import month_of, month_over
from app.points.terms import BUDGET_SLICES, NEVER, Breach

LAPSE_GRACE = timedelta(hours=1)
"""The lapsing job runs every minute; a hold an hour past its time was forgotten."""
SWEEP_GRACE = timedelta(days=2)
"""The sweep runs every night; two days into a month the last one's pockets are empty but for holds."""
_CHINA_DAY = {
    "sqlite": r"date(\1, '+8 hours')",
    "postgresql": r"CAST(\1 AT TIME ZONE 'Asia/Shanghai' AS DATE)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the books: each row of `sql` is a breach, (subject_id, detail)."""

    invariant: str
    subject: str
    sql: str


# Each transfer once for each side that keeps a balance: what it did there, and what was there after.
_ENTRIES = """
WITH entry AS (
    SELECT credit_account_id AS account_id, credit_version AS version,
           credit_after AS posted_after, amount AS delta
      FROM transfer WHERE credit_version IS NOT NULL
    UNION ALL
    SELECT debit_account_id, debit_version, debit_after, -amount
      FROM transfer WHERE debit_version IS NOT NULL)
"""

_CHECKS = (
    # R1: the books close. What rests in pockets was issued and is neither spent nor expired.
    Check(
        "R1",
        "ledger",
        """
        SELECT 0, 'pockets have ' || resting || ', transfers leave ' || moved
          FROM (SELECT (SELECT CAST(COALESCE(SUM(posted), 0) AS BIGINT) FROM balance) AS resting,
                       (SELECT CAST(COALESCE(SUM(
                            CASE d.kind WHEN 'pocket' THEN 0 ELSE t.amount END
                          - CASE c.kind WHEN 'pocket' THEN 0 ELSE t.amount END), 0) AS BIGINT)
                          FROM transfer t
                          JOIN account d ON d.id = t.debit_account_id
                          JOIN account c ON c.id = t.credit_account_id) AS moved) AS books
         WHERE resting <> moved
        """,
    ),
    # R1: what is given arrives; nothing stays between giver and receiver.
    Check(
        "R1",
        "account",
        """
        SELECT a.id, 'in transit: ' || SUM(CASE WHEN t.credit_account_id = a.id THEN t.amount
                                                ELSE -t.amount END)
          FROM account a JOIN transfer t ON a.id IN (t.debit_account_id, t.credit_account_id)
         WHERE a.kind = 'transit' AND t.kind IN ('give', 'receive')
         GROUP BY a.id
        HAVING SUM(CASE WHEN t.credit_account_id = a.id THEN t.amount ELSE -t.amount END) <> 0
        """,
    ),
    # R2: the kind of a transfer fits its two accounts, its wallet and its area; bounded sides are numbered.
    Check(
        "R2",
        "transfer",
        """
        SELECT t.id, t.kind || ' from ' || d.kind || ' to ' || c.kind
          FROM transfer t
          JOIN account d ON d.id = t.debit_account_id
          JOIN account c ON c.id = t.credit_account_id
         WHERE t.amount <= 0
            OR d.id = c.id
            OR NOT CASE t.kind
                   WHEN 'spend' THEN d.kind = 'pocket' AND c.kind = 'spent'
                   WHEN 'expire' THEN d.kind = 'pocket' AND c.kind = 'expired'
                   WHEN 'give' THEN d.kind = 'pocket' AND c.kind = 'transit'
                   WHEN 'receive' THEN d.kind = 'transit' AND c.kind = 'pocket'
                   WHEN 'reversal' THEN (d.kind = 'pocket' AND c.kind IN ('issuer', 'budget'))
                                     OR (d.kind = 'spent' AND c.kind = 'pocket')
                   ELSE d.kind IN ('issuer', 'budget') AND c.kind = 'pocket' END
            OR COALESCE(d.wallet_id, c.wallet_id) <> t.wallet_id
            OR (d.kind <> 'pocket' AND d.area_id <> t.area_id)
            OR (c.kind <> 'pocket' AND c.area_id <> t.area_id)
            OR (d.kind = 'pocket') <> (t.debit_version IS NOT NULL)
            OR (c.kind = 'pocket') <> (t.credit_version IS NOT NULL)
        """,
    ),
    Check(
        "R2",
        "transfer",
        """
        SELECT t.id, 'an account or wallet of it does not exist'
          FROM transfer t
         WHERE NOT EXISTS (SELECT 1 FROM account WHERE id = t.debit_account_id)
            OR NOT EXISTS (SELECT 1 FROM account WHERE id = t.credit_account_id)
            OR NOT EXISTS (SELECT 1 FROM wallet WHERE id = t.wallet_id)
        """,
    ),
    # R3: a balance is the sum of its transfers; pockets, and only pockets, have one.
    Check(
        "R3",
        "account",
        """
        SELECT b.account_id, 'posted ' || b.posted || ', transfers say ' || COALESCE(moved, 0)
          FROM balance b
          LEFT JOIN (SELECT account_id, CAST(SUM(delta) AS BIGINT) AS moved
                       FROM entry GROUP BY account_id) m ON m.account_id = b.account_id
         WHERE b.posted <> COALESCE(moved, 0)
        """,
    ),
    Check(
        "R3",
        "account",
        """
        SELECT b.account_id, 'a balance without its account'
          FROM balance b LEFT JOIN account a ON a.id = b.account_id
         WHERE a.id IS NULL
        """,
    ),
    Check(
        "R3",
        "account",
        """
        SELECT a.id, a.kind || ' and its balance do not go together'
          FROM account a LEFT JOIN balance b ON b.account_id = a.id
         WHERE (a.kind = 'pocket') <> (b.account_id IS NOT NULL)
        """,
    ),
    # R4: the transfers of a pocket are numbered 1, 2, 3 …, each `after` being the one before ± the amount.
    Check(
        "R4",
        "account",
        """
        SELECT account_id, 'transfer ' || version || ' leaves ' || posted_after || ' after '
                           || posted_before || ' moved by ' || delta
          FROM (SELECT account_id, version, posted_after, delta,
                       ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY version) AS number,
                       COALESCE(LAG(posted_after) OVER (PARTITION BY account_id ORDER BY version), 0)
                           AS posted_before
                  FROM entry) AS chain
         WHERE version <> number OR posted_after <> posted_before + delta
        """,
    ),
    Check(
        "R4",
        "account",
        """
        SELECT b.account_id, 'version ' || b.version || ', transfers ' || COALESCE(counted, 0)
          FROM balance b
          LEFT JOIN (SELECT account_id, COUNT(*) AS counted FROM entry GROUP BY account_id) m
                 ON m.account_id = b.account_id
         WHERE b.version <> COALESCE(counted, 0)
        """,
    ),
    # R5: nothing is below zero.
    Check(
        "R5",
        "account",
        """
        SELECT account_id, 'posted ' || posted || ', held ' || held
          FROM balance WHERE held < 0 OR posted - held < 0
        """,
    ),
    # R6: what is held is the sum of the open holds, each in a pocket of its own wallet, none forgotten.
    Check(
        "R6",
        "account",
        """
        SELECT b.account_id, 'held ' || b.held || ', open holds ' || COALESCE(open, 0)
          FROM balance b
          LEFT JOIN (SELECT account_id, CAST(SUM(amount) AS BIGINT) AS open
                       FROM hold WHERE state = 'open' GROUP BY account_id) h
                 ON h.account_id = b.account_id
         WHERE b.held <> COALESCE(open, 0)
        """,
    ),
    Check(
        "R6",
        "hold",
        """
        SELECT h.cause_id, 'pocket ' || h.account_id || ' is not of wallet ' || h.wallet_id
          FROM hold h LEFT JOIN account a ON a.id = h.account_id
         WHERE a.wallet_id IS NULL OR a.wallet_id <> h.wallet_id
        """,
    ),
    Check(
        "R6",
        "hold",
        "SELECT cause_id, 'open past its time' FROM hold WHERE state = 'open' AND expires_at < :late",
    ),
    # R7: no pocket past its month keeps free points; a closed one is empty.
    Check(
        "R7",
        "account",
        """
        SELECT a.id, 'month ' || a.expires_month || ' keeps ' || (b.posted - b.held)
          FROM account a JOIN balance b ON b.account_id = a.id
         WHERE a.expires_month > 0 AND a.expires_month < :swept_month AND b.posted > b.held
        """,
    ),
    Check(
        "R7",
        "account",
        """
        SELECT a.id, 'closed with ' || b.posted
          FROM account a JOIN balance b ON b.account_id = a.id
         WHERE a.closed_at IS NOT NULL AND b.posted <> 0
        """,
    ),
    # R7: a wallet's pockets have what its transfers leave, whichever pocket each went through.
    Check(
        "R7",
        "wallet",
        """
        SELECT w.id, 'pockets have ' || COALESCE(resting, 0) || ', transfers leave ' || COALESCE(moved, 0)
          FROM wallet w
          LEFT JOIN (SELECT a.wallet_id, CAST(SUM(b.posted) AS BIGINT) AS resting
                       FROM balance b JOIN account a ON a.id = b.account_id
                      GROUP BY a.wallet_id) p ON p.wallet_id = w.id
          LEFT JOIN (SELECT wallet_id, CAST(SUM(CASE WHEN credit_version IS NULL
                                                     THEN -amount ELSE amount END) AS BIGINT) AS moved
                       FROM transfer GROUP BY wallet_id) t ON t.wallet_id = w.id
         WHERE COALESCE(resting, 0) <> COALESCE(moved, 0)
        """,
    ),
    # R9: posted holds are spends, pocket by pocket; grants and reversals are what their causes say.
    Check(
        "R9",
        "hold",
        """
        SELECT h.cause_id, h.state || ' with a spend of ' || COALESCE(t.amount, 0)
                           || ' for ' || COALESCE(h.posted, 0)
          FROM hold h
          LEFT JOIN transfer t ON t.kind = 'spend' AND t.cause_id = h.cause_id AND t.part = h.account_id
         WHERE (h.state = 'posted') <> (t.id IS NOT NULL)
            OR (h.state = 'posted') <> (h.posted IS NOT NULL)
            OR h.posted > h.amount OR t.amount <> h.posted
            OR t.debit_account_id <> h.account_id OR t.wallet_id <> h.wallet_id
            OR t.area_id <> h.area_id
        """,
    ),
    Check(
        "R9",
        "transfer",
        """
        SELECT t.id, 'a spend without its hold'
          FROM transfer t LEFT JOIN hold h ON h.cause_id = t.cause_id AND h.account_id = t.part
         WHERE t.kind = 'spend' AND h.cause_id IS NULL
        """,
    ),
    # R9: a grant has its points, out of issuer, budget or fund, unless a second person has not said yes.
    Check(
        "R9",
        "grant",
        """
        SELECT g.id, COALESCE(r.state, 'granted') || ' ' || g.points || ', issued '
                     || COALESCE(t.amount, 0) || ', from the fund ' || COALESCE(d.points, 0)
          FROM points_grant g
          LEFT JOIN grant_review r ON r.grant_id = g.id
          LEFT JOIN transfer t ON t.kind = 'grant' AND t.cause_id = g.id
          LEFT JOIN wallet w ON w.id = t.wallet_id
          LEFT JOIN donation d ON d.grant_id = g.id
         WHERE COALESCE(t.amount, 0) + COALESCE(d.points, 0)
               <> CASE COALESCE(r.state, 'granted') WHEN 'granted' THEN g.points ELSE 0 END
            OR w.person_id <> g.person_id OR d.to_person_id <> g.person_id
            OR t.area_id <> g.area_id OR d.from_area_id <> g.area_id
            OR COALESCE(r.from_fund, FALSE) <> COALESCE(d.id IS NOT NULL, FALSE)
               AND COALESCE(r.state, 'granted') = 'granted'
        """,
    ),
    Check(
        "R9",
        "grant",
        """
        SELECT r.grant_id, 'the review is not about this grant'
          FROM grant_review r LEFT JOIN points_grant g ON g.id = r.grant_id
         WHERE g.id IS NULL OR g.area_id <> r.area_id OR g.person_id <> r.person_id
            OR g.granted_by <> r.asked_by
        """,
    ),
    # R9: a grant was decided when and by whom its points moved, or the journal says.
    Check(
        "R9",
        "grant",
        """
        SELECT r.grant_id, r.state || ' at another time or by another person than the books say'
          FROM grant_review r
          LEFT JOIN donation d ON d.grant_id = r.grant_id
         WHERE (r.state <> 'pending' OR r.decided_by IS NOT NULL OR r.decided_at IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM transfer t
                            WHERE r.state = 'granted' AND t.kind IN ('grant', 'receive')
                              AND t.cause_id = CASE t.kind WHEN 'grant' THEN r.grant_id ELSE d.id END
                              AND t.recorded_at = r.decided_at AND t.actor_id = r.decided_by)
           AND NOT EXISTS (SELECT 1 FROM journal j
                            WHERE j.name = 'grant_' || r.state
                              AND j.subject = 'grant' AND j.subject_id = r.grant_id
                              AND j.at = r.decided_at AND j.actor_id = r.decided_by)
        """,
    ),
    Check(
        "R9",
        "transfer",
        """
        SELECT t.id, 'a grant nobody made'
          FROM transfer t LEFT JOIN points_grant g ON g.id = t.cause_id
         WHERE t.kind = 'grant' AND g.id IS NULL
        """,
    ),
    # R9: what is given is what arrives, pocket by pocket, from and to whom the donation says.
    Check(
        "R9",
        "donation",
        """
        SELECT d.id, 'given ' || d.points || ', left ' || COALESCE(m.gone, 0)
                     || ', arrived ' || COALESCE(m.arrived, 0)
          FROM donation d
          LEFT JOIN (SELECT t.cause_id,
                            CAST(SUM(CASE t.kind WHEN 'give' THEN t.amount ELSE 0 END) AS BIGINT) AS gone,
                            CAST(SUM(CASE t.kind WHEN 'give' THEN 0 ELSE t.amount END) AS BIGINT) AS arrived
                       FROM transfer t WHERE t.kind IN ('give', 'receive')
                      GROUP BY t.cause_id) m ON m.cause_id = d.id
         WHERE COALESCE(m.gone, 0) <> d.points OR COALESCE(m.arrived, 0) <> d.points
        """,
    ),
    Check(
        "R9",
        "transfer",
        """
        SELECT t.id, t.kind || ' that no donation asked for'
          FROM transfer t
          JOIN wallet w ON w.id = t.wallet_id
          LEFT JOIN donation d ON d.id = t.cause_id
          LEFT JOIN transfer o ON o.kind = CASE t.kind WHEN 'give' THEN 'receive' ELSE 'give' END
                              AND o.cause_id = t.cause_id AND o.part = t.part
         WHERE t.kind IN ('give', 'receive')
           AND (d.id IS NULL OR o.id IS NULL OR o.amount <> t.amount
                OR COALESCE(w.person_id, 0) <> COALESCE(
                    CASE t.kind WHEN 'give' THEN d.from_person_id ELSE d.to_person_id END, 0)
                OR COALESCE(w.area_id, 0) <> COALESCE(
                    CASE t.kind WHEN 'give' THEN d.from_area_id ELSE d.to_area_id END, 0))
        """,
    ),
    # R9: reversals answer a transfer by its mirror image, in parts that never exceed it; a refund may come to
    # another pocket of the same wallet when its own is past.
    Check(
        "R9",
        "transfer",
        """
        SELECT r.id, 'does not mirror transfer ' || o.id
          FROM transfer r
          JOIN transfer o ON o.id = r.reverses_id
          LEFT JOIN points_reversal p ON p.transfer_id = o.id AND p.part = r.part
          LEFT JOIN account was ON was.id = o.debit_account_id
          LEFT JOIN account now ON now.id = r.credit_account_id
         WHERE r.debit_account_id <> o.credit_account_id
            OR (r.credit_account_id <> o.debit_account_id
                AND (was.kind <> 'pocket' OR now.kind <> 'pocket' OR was.wallet_id <> now.wallet_id))
            OR r.wallet_id <> o.wallet_id OR r.area_id <> o.area_id
            OR r.cause_id <> o.id OR o.kind IN ('reversal', 'expire', 'give', 'receive')
            OR p.transfer_id IS NULL OR p.points <> r.amount
        """,
    ),
    Check(
        "R9",
        "transfer",
        """
        SELECT p.transfer_id, 'a reversal was ordered and not posted'
          FROM points_reversal p
          LEFT JOIN transfer r ON r.reverses_id = p.transfer_id AND r.part = p.part
         WHERE r.id IS NULL
        """,
    ),
    Check(
        "R9",
        "transfer",
        """
        SELECT COALESCE(o.id, y.transfer_id), 'reversed ' || COALESCE(back, 0) || ' in ' || COALESCE(times_, 0)
               || ', the tally says ' || COALESCE(y.points, 0) || ' in ' || COALESCE(y.times, 0)
          FROM reversal_tally y
          FULL JOIN (SELECT reverses_id, CAST(SUM(amount) AS BIGINT) AS back, COUNT(*) AS times_
                       FROM transfer WHERE reverses_id IS NOT NULL
                      GROUP BY reverses_id) r ON r.reverses_id = y.transfer_id
          LEFT JOIN transfer o ON o.id = COALESCE(y.transfer_id, r.reverses_id)
         WHERE COALESCE(back, 0) <> COALESCE(y.points, 0) OR COALESCE(times_, 0) <> COALESCE(y.times, 0)
            OR o.id IS NULL OR y.amount <> o.amount OR COALESCE(back, 0) > o.amount
        """,
    ),
    # R10: the days' counters are what was earned on each and not taken back.
    Check(
        "R10",
        "wallet",
        """
        SELECT COALESCE(d.wallet_id, e.wallet_id),
               'on ' || COALESCE(d.day, e.day) || ' counted ' || COALESCE(d.points, 0)
               || ', earned ' || COALESCE(e.earned, 0)
          FROM points_day d
          FULL JOIN (SELECT t.wallet_id, CHINA_DAY(t.at) AS day,
                            CAST(SUM(t.amount - COALESCE(r.back, 0)) AS BIGINT) AS earned
                       FROM transfer t
                       LEFT JOIN (SELECT reverses_id, SUM(amount) AS back FROM transfer
                                   WHERE reverses_id IS NOT NULL
                                   GROUP BY reverses_id) r ON r.reverses_id = t.id
                      WHERE t.kind IN ('service', 'wish')
                      GROUP BY t.wallet_id, CHINA_DAY(t.at)) e
                 ON e.wallet_id = d.wallet_id AND e.day = d.day
         WHERE COALESCE(d.points, 0) <> COALESCE(e.earned, 0)
        """,
    ),
    # R10: a budget has left what it has not issued, and its slices are dealt from nothing else.
    Check(
        "R10",
        "budget",
        """
        SELECT b.area_id, 'of ' || b.points || ' in ' || b.year || ' left: '
               || (b.undealt + COALESCE(s.points, 0)) || ', issued: ' || COALESCE(i.issued, 0)
          FROM points_budget b
          LEFT JOIN (SELECT area_id, year, CAST(SUM(points) AS BIGINT) AS points
                       FROM budget_slice GROUP BY area_id, year) s
                 ON s.area_id = b.area_id AND s.year = b.year
          LEFT JOIN (SELECT h.area_id, h.year, CAST(SUM(t.amount - COALESCE(r.back, 0)) AS BIGINT) AS issued
                       FROM points_budget h
                       JOIN area top ON top.id = h.area_id
                       JOIN account d ON d.kind = 'budget'
                       JOIN area low ON low.id = d.area_id AND low.path LIKE top.path || '%'
                       JOIN transfer t ON t.debit_account_id = d.id
                                      AND t.recorded_at >= h.begins_at AND t.recorded_at < h.ends_at
                       LEFT JOIN (SELECT reverses_id, SUM(amount) AS back FROM transfer
                                   WHERE reverses_id IS NOT NULL
                                   GROUP BY reverses_id) r ON r.reverses_id = t.id
                      GROUP BY h.area_id, h.year) i
                 ON i.area_id = b.area_id AND i.year = b.year
         WHERE b.undealt + COALESCE(s.points, 0) + COALESCE(i.issued, 0) <> b.points
        """,
    ),
    # R10: a budget's slices are those that the numbers of causes find, and it was set by whom the journal says.
    Check(
        "R10",
        "budget",
        f"""
        SELECT b.area_id, 'the slices of ' || b.year || ' are not 0 to {BUDGET_SLICES - 1}'
          FROM points_budget b
          LEFT JOIN budget_slice s ON s.area_id = b.area_id AND s.year = b.year
                                  AND s.slice BETWEEN 0 AND {BUDGET_SLICES - 1}
         GROUP BY b.area_id, b.year
        HAVING COUNT(s.slice) <> {BUDGET_SLICES}
        """,  # noqa: S608 - a number of ours
    ),
    Check(
        "R10",
        "budget",
        """
        SELECT b.area_id, 'the budget of ' || b.year || ' was not set so'
          FROM points_budget b
         WHERE NOT EXISTS (SELECT 1 FROM journal j
                            WHERE j.name = 'budget_set' AND j.subject = 'area' AND j.subject_id = b.area_id
                              AND j.at = b.set_at AND j.actor_id = b.set_by)
        """,
    ),
    Check(
        "R10",
        "budget",
        """
        SELECT s.area_id, 'slice ' || s.slice || ' of ' || s.year || ' has no budget'
          FROM budget_slice s
          LEFT JOIN points_budget b ON b.area_id = s.area_id AND b.year = s.year
         WHERE b.area_id IS NULL
        """,
    ),
)

# What holds only where every room did its part; a room's own tests may earn points out of nothing.
_WHOLE_CHECKS = (
    # R12: every transfer has its journal entry, a keyed request its answer.
    Check(
        "R12",
        "transfer",
        """
        SELECT t.id, t.kind || ' without its journal entry'
          FROM transfer t
         WHERE t.kind IN ('service', 'wish', 'grant', 'expire', 'reversal')
           AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.subject = 'transfer' AND j.subject_id = t.id)
        """,
    ),
    Check(
        "R12",
        "donation",
        """
        SELECT d.id, 'without its journal entry'
          FROM donation d
         WHERE d.grant_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.subject = 'donation' AND j.subject_id = d.id)
        """,
    ),
    Check(
        "R12",
        "person",
        "SELECT actor_id, 'a keyed request without its answer' FROM idempotency WHERE status IS NULL",
    ),
)

_contributed: dict[str, Callable[[datetime], list[Breach]]] = {}


def contribute(room: str, recount: Callable[[datetime], list[Breach]]) -> None:
    """Add what a room recounts; it is asked at every proof of the books, in the same snapshot."""
    _contributed[room] = recount


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one recount of everything found."""

    at: datetime
    transfers: int
    seconds: float
    breaches: list[Breach]
    alerts_raised: int


def reconcile(actor: Actor) -> Reconciled:
    """Prove everything in one snapshot; then raise an alert for each breach, which freezes the wallet concerned."""
    started = time.monotonic()
    transfers, found = in_snapshot(lambda: (_count(), prove(actor.now)))
    return Reconciled(
        at=actor.now,
        transfers=transfers,
        seconds=round(time.monotonic() - started, 3),
        breaches=found,
        alerts_raised=raise_alerts(actor, found),
    )


def prove(at: datetime, expected_head: Mapping[str, str] | None = None) -> list[Breach]:
    """Every breach there is: these books, those of every room that contributed, and the seals (R11).

    Call it in one snapshot (`core.db.in_snapshot`).
    """
    found = [*verify(at), *breaches(_WHOLE_CHECKS, late=at), *_closings(at), *_budget_years()]
    for recount in _contributed.values():
        found += recount(at)
    return [*found, *seals.verify(expected_head)]


def _count() -> int:
    return int(db.session.scalar(text("SELECT COUNT(*) FROM transfer")) or 0)


def _budget_years() -> list[Breach]:
    """R10: a budget's year in China begins and ends where the calendar says."""
    rows = db.session.execute(
        select(
            POINTS_BUDGET.c.area_id,
            POINTS_BUDGET.c.year,
            POINTS_BUDGET.c.begins_at,
            POINTS_BUDGET.c.ends_at,
        )
    )
    return [
        Breach(
            "R10", "budget", row.area_id, f"{row.year} is not from {row.begins_at} to {row.ends_at}"
        )
        for row in rows
        if (row.begins_at, row.ends_at)
        != (china_midnight(date(row.year, 1, 1)), china_midnight(date(row.year + 1, 1, 1)))
    ]


def _closings(at: datetime) -> list[Breach]:
    """R7: a pocket is closed as of a sweep after its month; one that has long been past and empty is closed."""
    found: list[Breach] = []
    swept_month = month_of(china_date(at - SWEEP_GRACE))
    rows = db.session.execute(
        text(
            "SELECT a.id, a.expires_month, a.closed_at, b.posted"
            "  FROM account a LEFT JOIN balance b ON b.account_id = a.id"
            " WHERE a.closed_at IS NOT NULL"
            "    OR (b.posted = 0 AND a.expires_month > 0 AND a.expires_month < :swept_month)"
        ).columns(closed_at=UtcDateTime()),
        {"swept_month": swept_month},
    )
    for account_id, month, closed_at, posted in rows:
        if closed_at is None:
            found.append(
                Breach("R7", "account", account_id, f"month {month} is past and not closed")
            )
        elif month in {NEVER, None} or closed_at != month_over(month):
            found.append(
                Breach("R7", "account", account_id, f"closed at {closed_at}, month {month}")
            )
        elif posted:
            found.append(Breach("R7", "account", account_id, f"closed with {posted}"))
    return found


def verify(at: datetime) -> list[Breach]:
    """Every breach of the points bank as of `at`; call it in one snapshot (`core.db.in_snapshot`)."""
    swept_month = month_of(china_date(at - SWEEP_GRACE))
    return breaches(_CHECKS, late=at - LAPSE_GRACE, swept_month=swept_month)


def breaches(checks: Iterable[Check], *, late: datetime, swept_month: int = 0) -> list[Breach]:
    """What the checks find; `:late` and `:swept_month` in their SQL are when grace has ended."""
    found: list[Breach] = []
    china_day = _CHINA_DAY[db.engine.dialect.name]
    for check in checks:
        sql = re.sub(r"CHINA_DAY\(([a-z_.]+)\)", china_day, check.sql)
        statement = text(_ENTRIES + sql if "FROM entry" in sql else sql)
        values: dict[str, Any] = {}
        if ":late" in sql:
            statement = statement.bindparams(bindparam("late", late, UtcDateTime()))
        if ":swept_month" in sql:
            values["swept_month"] = swept_month
        rows = db.session.execute(statement, values)
        found.extend(Breach(check.invariant, check.subject, *row) for row in rows)
    return found
