"""Report-ins, their history, and the running numbers of receipts."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.append_only import append_only
from app.core.db import Model, db, one_of
from app.core.sealing import seal, unseal
from app.core.upsert import insert_or_ignore
from app.identity.terms import MemberKind
from app.reporting_in.terms import REASON_LENGTH_MAX, ReportInState

if TYPE_CHECKING:
    from app.community.models import Area
    from app.units.models import Unit


class ReportIn(Model):
    """One member at one community or compound, from the application to its end."""

    __tablename__ = "report_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    area: Mapped["Area"] = relationship(lazy="raise")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    """The place of work; a retired or mobile member may have none."""
    unit: Mapped["Unit | None"] = relationship(lazy="raise")
    member_kind: Mapped[str] = mapped_column(String(20))
    specialities: Mapped[list[str]]
    free_times: Mapped[list[str]]
    emergency_ready: Mapped[bool]
    note_sealed: Mapped[str | None] = mapped_column(String(1200))
    consent_version: Mapped[str] = mapped_column(String(20))
    consented_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    state_since: Mapped[datetime]
    submitted_at: Mapped[datetime]
    receipt_number: Mapped[str | None] = mapped_column(String(60))
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("report_in.id"))
    """The report-in elsewhere that this one continues."""

    __table_args__ = (
        one_of("state", ReportInState),
        one_of("member_kind", MemberKind),
        CheckConstraint(
            f"member_kind <> '{MemberKind.IN_SERVICE}' OR unit_id IS NOT NULL", name="unit"
        ),
        CheckConstraint(
            f"state <> '{ReportInState.ACCEPTED}' OR receipt_number IS NOT NULL", name="receipt"
        ),
        UniqueConstraint("receipt_number", name="uq_report_in_receipt_number"),
        UniqueConstraint("predecessor_id", name="uq_report_in_predecessor"),
        Index(
            "uq_report_in_active",
            "person_id",
            unique=True,
            sqlite_where=text("state IN ('submitted', 'accepted')"),
            postgresql_where=text("state IN ('submitted', 'accepted')"),
        ),
        Index("ix_report_in_person_id_id", "person_id", "id"),
        Index("ix_report_in_area_id_state_id", "area_id", "state", "id"),
    )

    @property
    def note(self) -> str | None:
        """What the member wrote to the community, unsealed."""
        return None if self.note_sealed is None else unseal(self.note_sealed, "report_in.note")

    @note.setter
    def note(self, value: str | None) -> None:
        self.note_sealed = None if value is None else seal(value, "report_in.note")

    def move(self, to: ReportInState, at: datetime, **values: Any) -> bool:
        """Go from the state read to `to` and set `values`; False when it is no longer in the state read."""
        moved = db.session.execute(
            update(ReportIn)
            .where(ReportIn.id == self.id, ReportIn.state == self.state)
            .values(state=to, state_since=at, **values)
            .returning(ReportIn.id)
        ).first()
        return moved is not None


class ReportInStep(Model):
    """One move of one report-in: who, when, from what to what, and why."""

    __tablename__ = "report_in_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_in_id: Mapped[int] = mapped_column(ForeignKey("report_in.id"), index=True)
    from_state: Mapped[str | None] = mapped_column(String(20))
    """None for the application itself."""
    to_state: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))


append_only(ReportInStep)


class ReceiptSeries(Model):
    """The last receipt number given in one series ("BD-330205001015-2026")."""

    __tablename__ = "receipt_series"

    series: Mapped[str] = mapped_column(String(50), primary_key=True)
    number_last: Mapped[int]

    @classmethod
    def next_number(cls, series: str) -> int:
        """The next number, starting at 1. The row stays locked to the end of the transaction."""
        insert_or_ignore(cls, {"series": series, "number_last": 0})
        number: int = db.session.execute(
            update(cls)
            .where(cls.series == series)
            .values(number_last=cls.number_last + 1)
            .returning(cls.number_last)
            .execution_options(synchronize_session=False)
        ).scalar_one()
        return number
