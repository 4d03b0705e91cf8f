"""Proves the shelf against the points bank: stock is where the moves left it, and every order has its points.

Read-only; the SQL is the same for both engines. Every statement yields (subject_id, detail).
"""

from datetime import datetime

from app.points.reconciler import LAPSE_GRACE, Check, breaches
from app.points.terms import Breach

_CHECKS = (
    # R8: received − handed out − written off = available + held, and what is held waits for somebody.
    Check(
        "R8",
        "reward",
        """
        SELECT s.reward_id, 'site ' || s.site_id || ' has ' || (s.available + s.held)
                            || ', moves leave ' || COALESCE(moved, 0)
          FROM stock s
          LEFT JOIN (SELECT reward_id, site_id, CAST(SUM(
                            CASE kind WHEN 'received' THEN quantity ELSE -quantity END) AS BIGINT) AS moved
                       FROM stock_move GROUP BY reward_id, site_id) m
                 ON m.reward_id = s.reward_id AND m.site_id = s.site_id
         WHERE s.available < 0 OR s.held < 0 OR s.available + s.held <> COALESCE(moved, 0)
        """,
    ),
    Check(
        "R8",
        "reward",
        """
        SELECT s.reward_id, 'site ' || s.site_id || ' holds ' || s.held
                            || ', orders wait for ' || COALESCE(waiting, 0)
          FROM stock s
          LEFT JOIN (SELECT reward_id, site_id, CAST(SUM(quantity) AS BIGINT) AS waiting
                       FROM redemption WHERE state = 'held' GROUP BY reward_id, site_id) r
                 ON r.reward_id = s.reward_id AND r.site_id = s.site_id
         WHERE s.held <> COALESCE(waiting, 0)
        """,
    ),
    # R9: each order holds, has spent or has given back exactly its points; each handing out is one order's.
    Check(
        "R9",
        "redemption",
        """
        SELECT r.id, r.state || ' for ' || r.points || ', holds: ' || COALESCE(held, 0)
          FROM redemption r
          LEFT JOIN (SELECT cause_id, MIN(state) AS first_state, MAX(state) AS last_state,
                            CAST(SUM(amount) AS BIGINT) AS held
                       FROM hold GROUP BY cause_id) h ON h.cause_id = r.id
         WHERE r.points <> COALESCE(held, 0)
            OR first_state <> last_state
            OR first_state <> CASE r.state WHEN 'held' THEN 'open' WHEN 'collected' THEN 'posted'
                                           WHEN 'cancelled' THEN 'void' ELSE 'lapsed' END
        """,
    ),
    Check(
        "R9",
        "hold",
        """
        SELECT h.cause_id, 'a hold without its order'
          FROM hold h LEFT JOIN redemption r ON r.id = h.cause_id
         WHERE r.id IS NULL
        """,
    ),
    Check(
        "R9",
        "redemption",
        """
        SELECT r.id, r.state || ', handed out ' || COALESCE(m.quantity, 0) || ' of ' || r.quantity
          FROM redemption r LEFT JOIN stock_move m ON m.redemption_id = r.id
         WHERE (r.state = 'collected') <> (m.id IS NOT NULL)
            OR m.quantity <> r.quantity OR m.reward_id <> r.reward_id OR m.site_id <> r.site_id
        """,
    ),
    Check(
        "R9",
        "redemption",
        "SELECT id, 'held past its deadline' FROM redemption WHERE state = 'held' AND pickup_by < :late",
    ),
)


def verify(at: datetime) -> list[Breach]:
    """Every breach as of `at`; call it in one snapshot (`core.db.in_snapshot`), beside that of the points bank."""
    return breaches(_CHECKS, late=at - LAPSE_GRACE)
