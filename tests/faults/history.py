"""Compares what clients were told with what the database holds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import text

from app.core.clock import now
from app.core.db import db, in_snapshot
from app.core.sealing import unseal
from app.points import reconciler as points
from app.redemption import reconciler as redemption
from app.web.idempotency import _place
from tests.faults.device import Intention
from tests.faults.town import Wallet


@dataclass
class Verdict:
    """What was told and is not there, what is there twice or unasked, and everything else that does not add up."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.violations)


def judge(app: Flask, history: Iterable[Intention], wallets: Iterable[Wallet]) -> Verdict:
    """Whether everything that was answered happened exactly once, and nothing else did."""
    told = list(history)
    verdict = Verdict()

    def look() -> None:
        _answers(told, verdict)
        _effects(told, verdict)
        _wallets(wallets, verdict)
        breaches = [*points.verify(now()), *redemption.verify(now())]
        verdict.violations.extend(map(str, breaches))

    with app.app_context():
        in_snapshot(look)
    return verdict


def _rows(statement: str) -> list[Any]:
    return list(db.session.execute(text(statement)).all())


def _answers(told: list[Intention], verdict: Verdict) -> None:
    """Every answer is kept under its key, letter by letter, and no key is kept that nobody was told about."""
    kept = {
        (actor_id, key): (status, unseal(body, _place(actor_id, key)))
        for actor_id, key, status, body in _rows(
            "SELECT actor_id, key, status, body_sealed FROM idempotency"
        )
    }
    for one in told:
        found = kept.pop((one.actor_id, one.key), None)
        if found is None:
            verdict.lost.append(f"answer to {one}")
        elif found != (one.status, one.text):
            verdict.violations.append(f"told {one}, kept {found}")
    verdict.violations.extend(f"kept, never told: {key}" for key in kept)


def _effects(told: list[Intention], verdict: Verdict) -> None:
    """Each thing done has its rows, each as often as it was done."""
    done: dict[str, list[Intention]] = {}
    for one in told:
        if one.done:
            done.setdefault(one.kind, []).append(one)

    def ids(kind: str, *path: str) -> Counter[Any]:
        found: Counter[Any] = Counter()
        for one in done.get(kind, []):
            value: Any = one.answer
            for name in path:
                value = value[name]
            found[value] += 1
        return found

    paid_scans = Counter(
        one.answer["record"]["id"] for one in done.get("scan_out", []) if one.answer["points"]
    )
    paid_wishes = Counter(
        one.answer["id"]
        for one in done.get("wish_confirm", [])
        if one.answer["claim"]["points_earned"]
    )
    reasons = Counter(one.body["reason"] for one in done.get("grant", []) if one.body)
    titles = Counter(one.body["title"] for one in done.get("wish", []) if one.body)
    spent = ids("collect", "id")
    for name, expected, statement in (
        ("grant", reasons, "SELECT reason FROM points_grant"),
        ("grant", ids("grant", "transfer_id"), "SELECT id FROM transfer WHERE kind = 'grant'"),
        ("wish", titles, "SELECT title FROM wish"),
        ("wish paid", paid_wishes, "SELECT cause_id FROM transfer WHERE kind = 'wish'"),
        ("order", ids("redeem", "id"), "SELECT id FROM redemption"),
        ("collection", spent, "SELECT id FROM redemption WHERE state = 'collected'"),
        ("handed out", spent, "SELECT redemption_id FROM stock_move WHERE kind = 'handed_out'"),
        ("spent", spent, "SELECT DISTINCT cause_id FROM transfer WHERE kind = 'spend'"),
        ("collected", spent, "SELECT subject_id FROM journal WHERE name = 'redemption_collected'"),
        (
            "cancellation",
            ids("cancel", "id"),
            "SELECT id FROM redemption WHERE state = 'cancelled'",
        ),
        ("claim", ids("claim", "id"), "SELECT id FROM claim"),
        ("presence", ids("scan_in", "attendance", "id"), "SELECT id FROM attendance"),
        ("record", ids("scan_out", "record", "id"), "SELECT id FROM service_record"),
        ("service paid", paid_scans, "SELECT cause_id FROM transfer WHERE kind = 'service'"),
        ("reversal", Counter(), "SELECT id FROM transfer WHERE kind IN ('reversal', 'expire')"),
    ):
        there = Counter(row[0] for row in _rows(statement))
        verdict.lost.extend(f"{name} {one}" for one in (expected - there))
        verdict.doubled.extend(f"{name} {one}" for one in (there - expected))


def _wallets(wallets: Iterable[Wallet], verdict: Verdict) -> None:
    there = {
        person_id: (posted - held, held)
        for person_id, posted, held in _rows(
            "SELECT w.person_id, CAST(SUM(b.posted) AS BIGINT), CAST(SUM(b.held) AS BIGINT)"
            "  FROM wallet w JOIN account a ON a.wallet_id = w.id"
            "  JOIN balance b ON b.account_id = a.id GROUP BY w.person_id"
        )
    }
    for wallet in wallets:
        found = there.get(wallet.person.id, (0, 0))
        if found != (wallet.available, wallet.held):
            verdict.violations.append(f"person {wallet.person.id} has {found}, was told {wallet}")
