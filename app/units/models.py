"""The table of work units."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Model
from app.units.terms import CREDIT_CODE_LENGTH, NAME_LENGTH_MAX

if TYPE_CHECKING:
    from app.community.models import Area


class Unit(Model):
    """A work unit, keyed by its 18-character social credit code (GB 32100)."""

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    credit_code: Mapped[str] = mapped_column(String(CREDIT_CODE_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    area: Mapped["Area"] = relationship(lazy="raise")
    created_at: Mapped[datetime]
