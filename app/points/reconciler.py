"""Proves the books: what must hold between the tables, recounted. Read-only; each row found is a breach.

The SQL is the same for both engines, and plain, so that an auditor can read it and run it by hand. Every statement
yields (subject_id, detail). R8 and the rest of R9 are about redemptions: see that room's reconciler.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, text

from app.core.clock import china_date
from app.core.db import UtcDateTime, db
from app.points.rules import month_of
from app.points.terms import Breach

LAPSE_GRACE = timedelta(hours=1)
"""The lapsing job runs every minute; a hold an hour past its time was forgotten."""
SWEEP_GRACE = timedelta(days=2)
"""The sweep runs every night; two days into a month the last one's pockets are empty but for holds."""


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
                   WHEN 'reversal' THEN (d.kind = 'pocket' AND c.kind = 'issuer')
                                     OR (d.kind = 'spent' AND c.kind = 'pocket')
                   ELSE d.kind = 'issuer' AND c.kind = 'pocket' END
            OR COALESCE(d.wallet_id, c.wallet_id) <> t.wallet_id
            OR (d.kind <> 'pocket' AND d.area_id <> t.area_id)
            OR (c.kind <> 'pocket' AND c.area_id <> t.area_id)
            OR (d.kind = 'pocket') <> (t.debit_version IS NOT NULL)
            OR (c.kind = 'pocket') <> (t.credit_version IS NOT NULL)
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
          FROM hold h JOIN account a ON a.id = h.account_id
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
    # R9: posted holds are spends, pocket by pocket; grants and reversals are what their causes say.
    Check(
        "R9",
        "hold",
        """
        SELECT h.cause_id, h.state || ' with a spend of ' || COALESCE(t.amount, 0) || ' for ' || h.amount
          FROM hold h
          LEFT JOIN transfer t ON t.kind = 'spend' AND t.cause_id = h.cause_id AND t.part = h.account_id
         WHERE (h.state = 'posted') <> (t.id IS NOT NULL)
            OR t.amount <> h.amount OR t.debit_account_id <> h.account_id
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
    Check(
        "R9",
        "grant",
        """
        SELECT g.id, 'granted ' || g.points || ', posted ' || COALESCE(t.amount, 0)
          FROM points_grant g
          LEFT JOIN transfer t ON t.kind = 'grant' AND t.cause_id = g.id
          LEFT JOIN wallet w ON w.id = t.wallet_id
         WHERE t.id IS NULL OR t.amount <> g.points OR w.person_id <> g.person_id
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
    Check(
        "R9",
        "transfer",
        """
        SELECT r.id, 'does not mirror transfer ' || o.id
          FROM transfer r
          JOIN transfer o ON o.id = r.reverses_id
          LEFT JOIN points_reversal p ON p.transfer_id = o.id
         WHERE r.debit_account_id <> o.credit_account_id
            OR r.credit_account_id <> o.debit_account_id
            OR r.amount <> o.amount OR r.wallet_id <> o.wallet_id OR r.area_id <> o.area_id
            OR r.cause_id <> o.id OR o.kind IN ('reversal', 'expire') OR p.transfer_id IS NULL
        """,
    ),
    Check(
        "R9",
        "transfer",
        """
        SELECT p.transfer_id, 'a reversal was ordered and not posted'
          FROM points_reversal p LEFT JOIN transfer r ON r.reverses_id = p.transfer_id
         WHERE r.id IS NULL
        """,
    ),
    # R10: the days' counters add up to what was earned and not taken back.
    Check(
        "R10",
        "wallet",
        """
        SELECT w.id, 'counted ' || COALESCE(counted, 0) || ', earned ' || COALESCE(earned, 0)
          FROM wallet w
          LEFT JOIN (SELECT wallet_id, CAST(SUM(points) AS BIGINT) AS counted
                       FROM points_day GROUP BY wallet_id) d ON d.wallet_id = w.id
          LEFT JOIN (SELECT t.wallet_id, CAST(SUM(t.amount) AS BIGINT) AS earned
                       FROM transfer t LEFT JOIN transfer r ON r.reverses_id = t.id
                      WHERE t.kind IN ('service', 'wish') AND r.id IS NULL
                      GROUP BY t.wallet_id) e ON e.wallet_id = w.id
         WHERE COALESCE(counted, 0) <> COALESCE(earned, 0)
        """,
    ),
)


def verify(at: datetime) -> list[Breach]:
    """Every breach of the points bank as of `at`; call it in one snapshot (`core.db.in_snapshot`)."""
    swept_month = month_of(china_date(at - SWEEP_GRACE))
    return breaches(_CHECKS, late=at - LAPSE_GRACE, swept_month=swept_month)


def breaches(checks: Iterable[Check], *, late: datetime, swept_month: int = 0) -> list[Breach]:
    """What the checks find; `:late` and `:swept_month` in their SQL are when grace has ended."""
    found: list[Breach] = []
    for check in checks:
        statement = text(_ENTRIES + check.sql if "FROM entry" in check.sql else check.sql)
        if ":late" in check.sql:
            statement = statement.bindparams(bindparam("late", late, UtcDateTime()))
        if ":swept_month" in check.sql:
            statement = statement.bindparams(swept_month=swept_month)
        rows = db.session.execute(statement)
        found.extend(Breach(check.invariant, check.subject, *row) for row in rows)
    return found
