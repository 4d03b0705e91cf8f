"""Proves the shelf against the points bank: stock is where the moves left it, and every order has its points.

Read-only; the SQL is the same for both engines. Every statement yields (subject_id, detail).
"""

from datetime import datetime

from app.points.reconciler import LAPSE_GRACE, Check, breaches
from app.points.terms import Breach

_CHECKS = (
    # R8: what came less what left = available + held, and what is held waits for somebody.
    Check(
        "R8",
        "reward",
        """
        SELECT s.reward_id, 'site ' || s.site_id || ' has ' || (s.available + s.held)
                            || ', moves leave ' || COALESCE(moved, 0)
          FROM stock s
          LEFT JOIN (SELECT reward_id, site_id, CAST(SUM(
                            CASE WHEN kind IN ('received', 'transferred_in', 'counted_more')
                                 THEN quantity ELSE -quantity END) AS BIGINT) AS moved
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
    # What left one station for another arrived there, all of it and once.
    Check(
        "R8",
        "reward",
        """
        SELECT o.reward_id, 'move ' || o.id || ' sent ' || o.quantity || ' from site ' || o.site_id
                            || ', arrived ' || COALESCE(i.quantity, 0)
          FROM stock_move o LEFT JOIN stock_move i ON i.out_move_id = o.id
         WHERE o.kind = 'transferred_out'
           AND (i.id IS NULL OR i.quantity <> o.quantity OR i.reward_id <> o.reward_id
                OR i.site_id = o.site_id)
        """,
    ),
    Check(
        "R8",
        "reward",
        """
        SELECT i.reward_id, 'move ' || i.id || ' came from nowhere'
          FROM stock_move i LEFT JOIN stock_move o ON o.id = i.out_move_id AND o.kind = 'transferred_out'
         WHERE i.kind = 'transferred_in' AND o.id IS NULL
        """,
    ),
    # A stock-taking booked exactly what it found, and only once it was closed.
    Check(
        "R8",
        "stock_count",
        """
        SELECT l.count_id, 'reward ' || l.reward_id || ' counted ' || l.counted || ' for ' || l.expected
                           || ', booked ' || COALESCE(booked, 0)
          FROM stock_count_line l
          JOIN stock_count c ON c.id = l.count_id
          LEFT JOIN (SELECT count_id, reward_id, site_id,
                            CASE kind WHEN 'counted_more' THEN quantity ELSE -quantity END AS booked
                       FROM stock_move WHERE count_id IS NOT NULL) m
                 ON m.count_id = l.count_id AND m.reward_id = l.reward_id AND m.site_id = c.site_id
         WHERE l.counted - l.expected <> COALESCE(booked, 0) OR c.closed_at IS NULL
        """,
    ),
    Check(
        "R8",
        "stock_count",
        """
        SELECT m.count_id, 'move ' || m.id || ' was booked and not counted'
          FROM stock_move m
          LEFT JOIN stock_count_line l ON l.count_id = m.count_id AND l.reward_id = m.reward_id
         WHERE m.count_id IS NOT NULL AND l.count_id IS NULL
        """,
    ),
    Check(
        "R8",
        "reward",
        """
        SELECT m.reward_id, 'moves at site ' || m.site_id || ' and no stock there'
          FROM stock_move m
          LEFT JOIN stock s ON s.reward_id = m.reward_id AND s.site_id = m.site_id
         WHERE s.reward_id IS NULL
         GROUP BY m.reward_id, m.site_id
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
                            CAST(SUM(amount) AS BIGINT) AS held, CAST(SUM(posted) AS BIGINT) AS spent
                       FROM hold GROUP BY cause_id) h ON h.cause_id = r.id
         WHERE r.points <> COALESCE(held, 0)
            OR COALESCE(spent, 0) <> CASE r.state WHEN 'collected' THEN r.points ELSE 0 END
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
    # R9: holds are as their order says; an order was closed when, and collected by whom, the books say.
    Check(
        "R9",
        "redemption",
        """
        SELECT r.id, 'its hold in pocket ' || h.account_id || ' is not as the order says'
          FROM redemption r JOIN hold h ON h.cause_id = r.id LEFT JOIN wallet w ON w.id = h.wallet_id
         WHERE w.person_id IS NULL OR w.person_id <> r.person_id
            OR h.area_id <> r.area_id OR h.expires_at <> r.pickup_by
        """,
    ),
    Check(
        "R9",
        "redemption",
        """
        SELECT r.id, r.state || ' at another time or by another person than its points were spent'
          FROM redemption r JOIN transfer t ON t.kind = 'spend' AND t.cause_id = r.id
         WHERE r.state <> 'collected' OR r.closed_at <> t.recorded_at OR r.collected_by <> t.actor_id
        """,
    ),
    Check(
        "R9",
        "redemption",
        """
        SELECT id, state || ', closed and collected otherwise'
          FROM redemption
         WHERE (state = 'held') <> (closed_at IS NULL) OR (state = 'collected') <> (collected_by IS NOT NULL)
        """,
    ),
    Check(
        "R12",
        "redemption",
        """
        SELECT r.id, r.state || ' without its journal entry'
          FROM redemption r
         WHERE r.state <> 'held'
           AND NOT EXISTS (SELECT 1 FROM journal j
                            WHERE j.subject = 'redemption' AND j.subject_id = r.id
                              AND j.name = 'redemption_' || r.state AND j.at = r.closed_at)
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
