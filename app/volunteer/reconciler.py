"""Proves service records against the points bank: each paid exactly what it says, once, to whom it says.

Read-only; the SQL is the same for both engines. Every statement yields (subject_id, detail).
"""

from datetime import datetime

from app.points.reconciler import Check, breaches
from app.points.terms import Breach

_CHECKS = (
    # R9: each confirmed record that paid has exactly one transfer, of its points, to its person, in its area.
    Check(
        "R9",
        "service_record",
        """
        SELECT s.id, s.state || ' for ' || s.points || ', posted ' || COALESCE(t.amount, 0)
          FROM service_record s
          LEFT JOIN transfer t ON t.kind = 'service' AND t.cause_id = s.id
          LEFT JOIN wallet w ON w.id = t.wallet_id
         WHERE s.points <> COALESCE(t.amount, 0)
            OR w.person_id <> s.person_id OR t.area_id <> s.area_id
        """,
    ),
    # R12: every transfer for a service has its record.
    Check(
        "R12",
        "transfer",
        """
        SELECT t.id, 'a service nobody recorded'
          FROM transfer t LEFT JOIN service_record s ON s.id = t.cause_id
         WHERE t.kind = 'service' AND s.id IS NULL
        """,
    ),
)


def verify(at: datetime) -> list[Breach]:
    """Every breach as of `at`; call it in one snapshot (`core.db.in_snapshot`)."""
    return breaches(_CHECKS, late=at)
