"""What this room answers when somebody leaves, when identity asks what it holds, and when points ask what they paid."""

from typing import Any

from app.core.actor import Actor
from app.core.clock import CHINA
from app.core.journal import reacts_to
from app.identity import exports
from app.identity.events import AccountDeleted
from app.points import causes
from app.points import reconciler as recounts
from app.points.causes import CauseShown, Fact, Ref
from app.points.terms import CauseKind
from app.sites.terms import Direction
from app.volunteer import queries, reconciler
from app.volunteer.actions import claims
from app.volunteer.errors import StillCheckedIn
from app.volunteer.schemas import AttendanceSchema, ClaimSchema, ServiceRecordSchema
from app.volunteer.terms import (
    CATEGORY_NAMES_ZH,
    DIRECTION_NAMES_ZH,
    EVIDENCE_NAMES_ZH,
    EvidenceKind,
)


@reacts_to(AccountDeleted)
def pass_places_on(actor: Actor, event: AccountDeleted) -> None:
    """Nobody keeps a place that others could have."""
    claims.cancel_all(actor, event.person_id)


def claims_held(person_id: int) -> list[Any]:
    """The person's claims, with what became of them."""
    return [ClaimSchema().dump(shown) for shown in queries.all_claims_of(person_id)]


def attendances_held(person_id: int) -> list[Any]:
    """The person's presences and what shows them."""
    return [AttendanceSchema().dump(shown) for shown in queries.all_attendances_of(person_id)]


def records_held(person_id: int) -> list[Any]:
    """The person's service records."""
    return [ServiceRecordSchema().dump(shown) for shown in queries.all_records_of(person_id)]


def refuse_while_checked_in(person_id: int) -> None:
    """Service that began is first brought to its end. Raises: StillCheckedIn."""
    if queries.is_checked_in(person_id):
        raise StillCheckedIn


exports.contribute("service_claims", claims_held)
exports.contribute("attendances", attendances_held)
exports.contribute("service_records", records_held)
exports.object_to_deletion(refuse_while_checked_in)


# --- what points were paid for ------------------------------------------------------------------------------------


def record_shown(record_id: int) -> CauseShown:
    """The service behind a payment, down to the scans that measured it."""
    shown = queries.record_by_id(record_id)
    record = shown.record
    visit = queries.attendance_by_id(record.attendance_id)
    scans = "；".join(
        f"{DIRECTION_NAMES_ZH[Direction(each.direction)]}：{EVIDENCE_NAMES_ZH[EvidenceKind(each.kind)]}"
        f"（{each.received_at.astimezone(CHINA):%Y-%m-%d %H:%M}）"
        for each in visit.evidence
    )
    started_at, ended_at = record.started_at.astimezone(CHINA), record.ended_at.astimezone(CHINA)
    return CauseShown(
        title=shown.opportunity.title,
        facts=(
            Fact("site", "服务点", shown.site.name),
            Fact("presence", "到场", f"{started_at:%Y-%m-%d %H:%M} 至 {ended_at:%Y-%m-%d %H:%M}"),
            Fact("minutes", "计入时长", f"{record.minutes} 分钟"),
            Fact("evidence", "依据", scans),
            Fact("explanation", "计分说明", shown.explanation),
        ),
        refs=(
            Ref("service_record", record.id),
            Ref("attendance", record.attendance_id),
            Ref("opportunity", record.opportunity_id),
            Ref("site", record.site_id),
        ),
    )


causes.contribute(
    CauseKind.SERVICE_RECORD,
    causes.Source(
        show=record_shown,
        titles=queries.titles_of_records,
        classes=causes.Classes(
            queries.CATEGORY_OF_RECORD,
            {str(category): name for category, name in CATEGORY_NAMES_ZH.items()},
        ),
    ),
)
recounts.contribute("volunteer", reconciler.verify)
