"""Opportunities with their shifts, claims, attendances with their evidence, and service records."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Model, is_one_of, one_of
from app.sites.terms import Direction, Distance
from app.volunteer.terms import (
    DIFFICULTY_MAX,
    DIFFICULTY_MIN,
    EXPLANATION_LENGTH_MAX,
    HOLDING,
    LIVE,
    REASON_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Category,
    ClaimRole,
    ClaimState,
    EvidenceClass,
    EvidenceKind,
    OpenTo,
    OpportunityKind,
    OpportunityState,
    PointsRule,
    RecordState,
)

_LIVE = is_one_of("state", LIVE)


class Opportunity(Model):
    """A service that people may claim: a micro-project, a micro-post or an activity."""

    __tablename__ = "opportunity"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """Who asks for it: the area decides who is a resident, and whose admins review."""
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    """Where one checks in and out."""
    kind: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH_MAX))
    description: Mapped[str]
    open_to: Mapped[str] = mapped_column(String(20))
    needs_approval: Mapped[bool]
    points_rule: Mapped[str] = mapped_column(String(20))
    points_fixed: Mapped[int | None]
    difficulty: Mapped[int] = mapped_column(default=DIFFICULTY_MIN, server_default=text("1"))
    """1 is the usual; for 2 and 3 policies say by how much more is paid."""
    state: Mapped[str] = mapped_column(String(20))
    created_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("kind", OpportunityKind),
        one_of("category", Category),
        one_of("open_to", OpenTo),
        one_of("points_rule", PointsRule),
        one_of("state", OpportunityState),
        CheckConstraint(
            "(points_rule = 'fixed') = (points_fixed IS NOT NULL)", name="points_fixed"
        ),
        CheckConstraint("points_fixed > 0", name="points_positive"),
        CheckConstraint(
            f"difficulty BETWEEN {DIFFICULTY_MIN} AND {DIFFICULTY_MAX}", name="difficulty"
        ),
        Index("ix_opportunity_area_id_state_id", "area_id", "state", "id"),
    )


class Shift(Model):
    """One stretch of time with places. `taken` counts the claims that hold one, and nothing else moves it."""

    __tablename__ = "shift"

    id: Mapped[int] = mapped_column(primary_key=True)
    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="hours"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="taken"),
        Index("ix_shift_opportunity_id_ends_at", "opportunity_id", "ends_at"),
    )

    @property
    def places_left(self) -> int:
        """How many more may claim before the line begins."""
        return self.capacity - self.taken


class Claim(Model):
    """One person's wish to serve in one shift, and what became of it."""

    __tablename__ = "claim"

    id: Mapped[int] = mapped_column(primary_key=True)
    """Also the order of waiting: places go to the lowest first."""
    shift_id: Mapped[int] = mapped_column(ForeignKey("shift.id"))
    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id"), index=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """The opportunity's, so that an admin's queue is one range of an index."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(20))
    role: Mapped[str] = mapped_column(
        String(20), default=ClaimRole.PARTICIPANT, server_default=text("'participant'")
    )
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))

    __table_args__ = (
        one_of("state", ClaimState),
        one_of("role", ClaimRole),
        Index(
            "uq_claim_live",
            "person_id",
            "shift_id",
            unique=True,
            sqlite_where=text(_LIVE),
            postgresql_where=text(_LIVE),
        ),
        Index("ix_claim_shift_id_state_id", "shift_id", "state", "id"),
        Index("ix_claim_person_id_id", "person_id", "id"),
        Index("ix_claim_area_id_state_id", "area_id", "state", "id"),
    )

    @property
    def holds_place(self) -> bool:
        """Whether one of the shift's places is this claim's."""
        return self.state in HOLDING


class Attendance(Model):
    """One presence of one person at one site: open until checked out."""

    __tablename__ = "attendance"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shift.id"))
    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    checked_in_at: Mapped[datetime]
    checked_out_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("checked_out_at >= checked_in_at", name="order"),
        Index(
            "uq_attendance_open",
            "person_id",
            unique=True,
            sqlite_where=text("checked_out_at IS NULL"),
            postgresql_where=text("checked_out_at IS NULL"),
        ),
        Index("ix_attendance_person_id_id", "person_id", "id"),
    )


class Evidence(Model):
    """One thing that shows a presence began or ended. At most one of a kind; a second kind makes it stronger."""

    __tablename__ = "evidence"

    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendance.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(3), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    scanned_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    code_step: Mapped[int]
    """Which code it was, with kind, site and person: the row of `code_use` that this scan used up."""
    device_at: Mapped[datetime | None]
    """The time by the device as it was sent; None when the device did not say."""
    received_at: Mapped[datetime]
    distance: Mapped[str | None] = mapped_column(String(20))
    """How far from the site the phone said it was, as a bucket; the point itself is never kept."""

    __table_args__ = (
        one_of("direction", Direction),
        one_of("kind", EvidenceKind),
        one_of("distance", Distance),
    )


append_only(Evidence)


class ServiceRecord(Model):
    """The permanent record of minutes served (民政部令67号). Only its state and what it paid ever change."""

    __tablename__ = "service_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendance.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """The opportunity's: who organises the service records it."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    minutes: Mapped[int]
    minutes_planned: Mapped[int]
    evidence_class: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    points_due: Mapped[int]
    """What the rules in force at check-out made of it, before the daily cap."""
    points: Mapped[int]
    """What was credited."""
    explanation: Mapped[str] = mapped_column(String(EXPLANATION_LENGTH_MAX))
    """Why `points_due` is what it is; `rules.explain` adds what became of it."""
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))

    __table_args__ = (
        UniqueConstraint("attendance_id", name="uq_service_record_attendance"),
        one_of("evidence_class", EvidenceClass),
        one_of("state", RecordState),
        CheckConstraint("minutes >= 0 AND points BETWEEN 0 AND points_due", name="amounts"),
        CheckConstraint("state = 'confirmed' OR points = 0", name="paid"),
        Index("ix_service_record_person_id_id", "person_id", "id"),
        Index("ix_service_record_area_id_state_id", "area_id", "state", "id"),
    )


# For scanning, which writes rows and not objects.
ATTENDANCE = cast("Table", Attendance.__table__)
EVIDENCE = cast("Table", Evidence.__table__)
SERVICE_RECORD = cast("Table", ServiceRecord.__table__)
