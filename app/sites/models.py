"""Stations and the codes that were used there."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, one_of
from app.sites.terms import (
    ADDRESS_LENGTH_MAX,
    NAME_LENGTH_MAX,
    PHONE_LENGTH_MAX,
    CodeKind,
    Direction,
    Place,
    SiteKind,
)


class Site(Model):
    """A station (a Party-masses service centre, a 驿站, a reading room) or a partner shop."""

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10), server_default=SiteKind.STATION.value)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH_MAX))
    phone: Mapped[str | None] = mapped_column(String(PHONE_LENGTH_MAX))
    """The station's own public number, shown to elders on every screen."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    """GCJ-02; where it is not given, scans carry no distance."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="place"),
        one_of("kind", SiteKind),
    )

    @property
    def site_kind(self) -> SiteKind:
        """The kind as a word of ours."""
        return SiteKind(self.kind)

    @property
    def place(self) -> Place | None:
        """The point on the map, where it is known."""
        return Place.of(self.latitude, self.longitude)


class CodeUsed(Model):
    """One use of a rotating code. The primary key is the law: once per code, person and direction."""

    __tablename__ = "code_use"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    direction: Mapped[str] = mapped_column(String(3), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    """Where: a pass is used at one site only."""
    used_at: Mapped[datetime]

    __table_args__ = (
        one_of("kind", CodeKind),
        one_of("direction", Direction),
    )
