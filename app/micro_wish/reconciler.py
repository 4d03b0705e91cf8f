"""Proves wishes against the points bank: each confirmed claim was paid exactly what it says, once.

Read-only; the SQL is the same for both engines. Every statement yields (subject_id, detail).
"""

from datetime import datetime

from app.points.reconciler import Check, breaches
from app.points.terms import Breach

_CHECKS = (
    # R9: a confirmed claim has the transfer of what it earned, to whoever fulfilled the wish.
    Check(
        "R9",
        "wish",
        """
        SELECT c.wish_id, 'earned ' || COALESCE(c.points_earned, 0) || ', posted ' || COALESCE(t.amount, 0)
          FROM wish_claim c
          LEFT JOIN transfer t ON t.kind = 'wish' AND t.cause_id = c.wish_id
          LEFT JOIN wallet w ON w.id = t.wallet_id
         WHERE c.state = 'confirmed'
           AND (COALESCE(c.points_earned, 0) <> COALESCE(t.amount, 0) OR w.person_id <> c.claimer_id)
        """,
    ),
    # R12: every transfer for a wish has a claim that fulfilled it.
    Check(
        "R12",
        "transfer",
        """
        SELECT t.id, 'a wish nobody fulfilled'
          FROM transfer t LEFT JOIN wish_claim c ON c.wish_id = t.cause_id AND c.state = 'confirmed'
         WHERE t.kind = 'wish' AND c.id IS NULL
        """,
    ),
)


def verify(at: datetime) -> list[Breach]:
    """Every breach as of `at`; call it in one snapshot (`core.db.in_snapshot`)."""
    return breaches(_CHECKS, late=at)
