"""The table of policy rows."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.append_only import append_only
from app.core.db import Model
from app.policies.terms import KEY_LENGTH_MAX, REASON_LENGTH_MAX, VALUE_LENGTH_MAX

if TYPE_CHECKING:
    from app.community.models import Area


class PolicyRow(Model):
    """One value of one key for one area from one day on."""

    __tablename__ = "policy"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    area: Mapped["Area"] = relationship(lazy="raise")
    key: Mapped[str] = mapped_column(String(KEY_LENGTH_MAX))
    value: Mapped[str] = mapped_column(String(VALUE_LENGTH_MAX))
    """As text: whole numbers in digits, switches as `true`/`false`, choices as they are."""
    effective_from: Mapped[date]
    set_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH_MAX))

    __table_args__ = (Index("ix_policy_area_id_key", "area_id", "key", "effective_from"),)


append_only(PolicyRow)
