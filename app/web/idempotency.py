"""Asked twice, done once: key, work and stored answer commit together.

There is no "in progress" state and nothing to sweep. On PostgreSQL a second request with a running key waits at
the insert; on SQLite the writers take turns. A refusal rolls its work back and is stored alone, so that a
repeat gets the same refusal; two different requests racing under one key both get the answer that was kept.
"""

import hashlib
import json
import re
from contextlib import suppress
from datetime import datetime
from typing import cast

from flask import Request, Response
from sqlalchemy import String, Table, Text, bindparam, delete, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, db
from app.core.errors import Refusal
from app.core.prepared import Prepared
from app.core.sealing import blind_index, seal, unseal
from app.core.upsert import insert_or_ignore
from app.web.body import essence_of

KEEP_DAYS = 30
PURGE_BATCH_SIZE = 500
"""So few that on SQLite nobody waits long for the next turn to write."""


class IdempotencyKeyReused(Refusal):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    status = 422
    message = "同一个请求编号不能用于不同的内容，请刷新后重新提交。"


class IdempotencyKeyInvalid(Refusal):
    """The key is empty, too long, or not printable ASCII."""

    code = "idempotency_key_invalid"
    status = 422
    message = "请求编号应为 1 到 64 个可见的英文字符。"


class StoredAnswer(Model):
    """One answer given to one intention of one person."""

    __tablename__ = "idempotency"

    actor_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body_sealed: Mapped[str | None] = mapped_column(Text)
    """An answer may hold a name, a phone number or a one-time secret, which are never stored in the clear."""
    created_at: Mapped[datetime] = mapped_column(index=True)


def key_of(request: Request) -> str | None:
    """The Idempotency-Key header, if any. Raises: IdempotencyKeyInvalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,64}", key):
        raise IdempotencyKeyInvalid
    return key


def hash_of(request: Request) -> str:
    """Keyed digest of method, path and the body, as canonical JSON where it is JSON.

    Keyed, because a body may be little more than a phone number, which a bare hash gives away by trial.
    """
    body = essence_of(request)
    with suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + body).hexdigest()
    return blind_index(digest, "idempotency.request")


def replay_or_claim(actor_id: int, key: str, request_hash: str, at: datetime) -> Response | None:
    """The stored answer, or None after claiming the key for the work of this transaction.

    Raises: IdempotencyKeyReused.
    """
    claimed = insert_or_ignore(
        StoredAnswer,
        {"actor_id": actor_id, "key": key, "request_hash": request_hash, "created_at": at},
    )
    if claimed:
        return None
    stored = db.session.get_one(StoredAnswer, (actor_id, key), populate_existing=True)
    if stored.request_hash != request_hash:
        raise IdempotencyKeyReused
    body = None if stored.body_sealed is None else unseal(stored.body_sealed, _place(actor_id, key))
    response = Response(body, status=stored.status, mimetype="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response


_answers = cast("Table", StoredAnswer.__table__)
_KEEP = Prepared(
    update(_answers)
    .where(_answers.c.actor_id == bindparam("of_actor"), _answers.c.key == bindparam("of_key"))
    .values(status=bindparam("status"), body_sealed=bindparam("body_sealed"))
)


def keep(actor_id: int, key: str, response: Response) -> None:
    """Store the answer under the key claimed in this transaction."""
    answer = {
        "of_actor": actor_id,
        "of_key": key,
        "status": response.status_code,
        "body_sealed": seal(response.get_data(as_text=True), _place(actor_id, key)),
    }
    _KEEP.all(answer)


def forget(actor_id: int) -> None:
    """Remove every answer kept for a person who is deleting the account."""
    db.session.execute(delete(StoredAnswer).where(StoredAnswer.actor_id == actor_id))


def purge(before: datetime) -> int:
    """Remove some answers kept earlier than `before`; how many, 0 when none are left."""
    stale = (
        select(StoredAnswer.actor_id, StoredAnswer.key)
        .where(StoredAnswer.created_at < before)
        .limit(PURGE_BATCH_SIZE)
    )
    found = delete(StoredAnswer).where(tuple_(StoredAnswer.actor_id, StoredAnswer.key).in_(stale))
    return len(db.session.scalars(found.returning(StoredAnswer.actor_id)).all())


def _place(actor_id: int, key: str) -> str:
    return f"idempotency.{actor_id}.{key}"
