"""The table of areas."""

from datetime import date
from typing import Optional

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.community.terms import CODE_LENGTH_MAX, NAME_LENGTH_MAX, PINYIN_LENGTH_MAX, Level
from app.core.db import Model, PathText, one_of


class Area(Model):
    """One area for as long as it is the same area."""

    __tablename__ = "area"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_LENGTH_MAX))
    """12 digits down to the community, 15 for a grid; a compound's is its community's code, a hyphen, a number."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    pinyin: Mapped[str] = mapped_column(String(PINYIN_LENGTH_MAX))
    """Full pinyin and initials ("baojiashequ bjsq"), to sort and search by."""
    level: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(PathText)
    """`/1/12/133/`: ids from the root to this area, so that a subtree is one range of an index."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """The first day on which the area is no longer in force; None while it is."""
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    successor: Mapped[Optional["Area"]] = relationship(
        foreign_keys=successor_id, remote_side="Area.id", lazy="raise"
    )

    __table_args__ = (
        Index(
            "uq_area_code_in_force",
            "code",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        Index(
            "uq_area_name_below_community",
            "parent_id",
            "name",
            unique=True,
            sqlite_where=text("valid_to IS NULL AND level IN ('compound', 'grid')"),
            postgresql_where=text("valid_to IS NULL AND level IN ('compound', 'grid')"),
        ),
        Index("ix_area_path", "path"),
        one_of("level", Level),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    @property
    def ancestor_ids(self) -> tuple[int, ...]:
        """Ids from the root to this area itself."""
        return tuple(int(part) for part in self.path.strip("/").split("/"))
