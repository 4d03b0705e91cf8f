"""Wishes and every claim of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, db, is_one_of, one_of
from app.core.sealing import seal, unseal
from app.micro_wish.terms import (
    CLAIM_LIVE,
    POINTS_MAX,
    PUBLIC_TEXT_LENGTH_MAX,
    RATING_MAX,
    RATING_MIN,
    REASON_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    ClaimState,
    WallState,
    WishCategory,
    WishState,
)


class Wish(Model):
    """One wish of one person, from the first word to its end."""

    __tablename__ = "wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    wisher_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    """The wisher, or the staff member who wrote it down for somebody without a phone."""
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH_MAX))
    public_text: Mapped[str] = mapped_column(String(PUBLIC_TEXT_LENGTH_MAX))
    private_sealed: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(20))
    points: Mapped[int | None]
    """Fixed when it is published, so that whoever claims knows beforehand."""
    state: Mapped[str] = mapped_column(String(20))
    state_since: Mapped[datetime]
    made_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))
    """Why it was declined or withdrawn."""

    __table_args__ = (
        one_of("state", WishState),
        one_of("category", WishCategory),
        CheckConstraint(f"points BETWEEN 0 AND {POINTS_MAX}", name="points"),
        CheckConstraint(
            f"NOT ({is_one_of('state', WallState)}) OR "
            "(published_at IS NOT NULL AND points IS NOT NULL)",
            name="published",
        ),
        Index("ix_wish_published_at_id", "published_at", "id"),
        Index("ix_wish_area_id_published_at_id", "area_id", "published_at", "id"),
        Index("ix_wish_area_id_state_id", "area_id", "state", "id"),
        Index("ix_wish_wisher_id_id", "wisher_id", "id"),
        Index("ix_wish_made_by_id", "made_by", "id"),
    )

    @property
    def private_text(self) -> str | None:
        """Hardship and address, unsealed; only for those `queries` says may read it."""
        if self.private_sealed is None:
            return None
        return unseal(self.private_sealed, "wish.private_text")

    @private_text.setter
    def private_text(self, value: str | None) -> None:
        self.private_sealed = None if value is None else seal(value, "wish.private_text")

    def move(self, to: WishState, at: datetime, **values: Any) -> bool:
        """Go from the state read to `to` and set `values`; False when it is no longer in the state read."""
        moved = db.session.execute(
            update(Wish)
            .where(Wish.id == self.id, Wish.state == self.state)
            .values(state=to, state_since=at, **values)
            .returning(Wish.id)
        ).first()
        return moved is not None


class WishClaim(Model):
    """One person's claim of one wish; kept whatever becomes of it.

    Its state goes along with the wish's: the wish's conditional move decides, and the claim follows under its lock.
    """

    __tablename__ = "wish_claim"

    id: Mapped[int] = mapped_column(primary_key=True)
    wish_id: Mapped[int] = mapped_column(ForeignKey("wish.id"), index=True)
    claimer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(20))
    claimed_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """Deadline of an approved claim."""
    delivered_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """When it was declined, dropped, lapsed or cancelled."""
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))
    delivery_note_sealed: Mapped[str | None] = mapped_column(Text)
    thanks_sealed: Mapped[str | None] = mapped_column(Text)
    rating: Mapped[int | None]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The wisher, or the staff member who confirmed on the wisher's behalf."""
    points_earned: Mapped[int | None]
    """What was credited: the wish's points, or less when the day's cap was reached."""

    __table_args__ = (
        one_of("state", ClaimState),
        CheckConstraint(f"rating BETWEEN {RATING_MIN} AND {RATING_MAX}", name="rating"),
        CheckConstraint(
            "state <> 'confirmed' OR (rating IS NOT NULL AND confirmed_by IS NOT NULL "
            "AND confirmed_by <> claimer_id)",
            name="confirmed",
        ),
        CheckConstraint("state <> 'approved' OR due_at IS NOT NULL", name="due"),
        Index(
            "uq_wish_claim_live",
            "wish_id",
            unique=True,
            sqlite_where=text(is_one_of("state", sorted(CLAIM_LIVE))),
            postgresql_where=text(is_one_of("state", sorted(CLAIM_LIVE))),
        ),
        Index("ix_wish_claim_claimer_id_id", "claimer_id", "id"),
        Index(
            "ix_wish_claim_due_at",
            "due_at",
            sqlite_where=text("state = 'approved'"),
            postgresql_where=text("state = 'approved'"),
        ),
    )

    @property
    def delivery_note(self) -> str | None:
        """What the claimer wrote on delivery, unsealed."""
        if self.delivery_note_sealed is None:
            return None
        return unseal(self.delivery_note_sealed, "wish_claim.delivery_note")

    @delivery_note.setter
    def delivery_note(self, value: str | None) -> None:
        self.delivery_note_sealed = (
            None if value is None else seal(value, "wish_claim.delivery_note")
        )

    @property
    def thanks(self) -> str | None:
        """What the wisher wrote on confirmation, unsealed."""
        if self.thanks_sealed is None:
            return None
        return unseal(self.thanks_sealed, "wish_claim.thanks")

    @thanks.setter
    def thanks(self, value: str | None) -> None:
        self.thanks_sealed = None if value is None else seal(value, "wish_claim.thanks")
