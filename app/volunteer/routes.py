"""Addresses of opportunities, claims, scans and service records."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.volunteer import queries
from app.volunteer.actions import claims, opportunities, records, scans
from app.volunteer.actions.scans import Scanned
from app.volunteer.queries import (
    AttendanceShown,
    ClaimShown,
    Earning,
    OpportunityShown,
    RecordShown,
)
from app.volunteer.schemas import (
    AttendanceSchema,
    ClaimQueueQuery,
    ClaimRoleSchema,
    ClaimSchema,
    DeclineSchema,
    EarningPreviewSchema,
    EarningSchema,
    NewClaimSchema,
    NewOpportunitySchema,
    OpportunityListQuery,
    OpportunitySchema,
    RecordQueueQuery,
    ScannedSchema,
    ScanPassSchema,
    ScanSiteSchema,
    ServiceRecordSchema,
)
from app.web import PageQuery, Room, page_of

room = Room("service", "服务、认领与签到")


# Opportunities


@room.get(
    "/opportunities", public=True, query=OpportunityListQuery, gives=page_of(OpportunitySchema)
)
def list_opportunities(actor: Actor, query: dict[str, Any]) -> Page[OpportunityShown]:
    """Published opportunities that are not over, with their shifts and places left."""
    return queries.list_opportunities(actor, **query)


@room.post(
    "/opportunities",
    needs=Permission.OPPORTUNITY_MANAGE,
    takes=NewOpportunitySchema,
    gives=OpportunitySchema,
    status=201,
)
def make(actor: Actor, body: dict[str, Any]) -> OpportunityShown:
    """Make an opportunity with its shifts, published at once or as a draft."""
    return opportunities.make(actor, body)


@room.get("/opportunities/<id:opportunity_id>", public=True, gives=OpportunitySchema)
def show(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """One opportunity; a draft to its admins only."""
    return queries.opportunity_for(actor, opportunity_id)


@room.post(
    "/opportunities/<id:opportunity_id>/earning-preview",
    needs=Permission.OPPORTUNITY_CLAIM,
    takes=EarningPreviewSchema,
    gives=EarningSchema,
)
def preview_earning(actor: Actor, body: dict[str, Any], opportunity_id: int) -> Earning:
    """What so many minutes of this service would earn oneself today, and why; nothing is written."""
    return queries.earning_preview(actor, opportunity_id, **body)


@room.post(
    "/opportunities/<id:opportunity_id>/publish",
    needs=Permission.OPPORTUNITY_MANAGE,
    gives=OpportunitySchema,
)
def publish(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """Let people claim a draft."""
    return opportunities.publish(actor, opportunity_id)


@room.post(
    "/opportunities/<id:opportunity_id>/close",
    needs=Permission.OPPORTUNITY_MANAGE,
    gives=OpportunitySchema,
)
def close(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """Take no more claims; those made stay valid."""
    return opportunities.close(actor, opportunity_id)


@room.post(
    "/opportunities/<id:opportunity_id>/cancel",
    needs=Permission.OPPORTUNITY_MANAGE,
    gives=OpportunitySchema,
)
def cancel(actor: Actor, opportunity_id: int) -> OpportunityShown:
    """Call it off; everybody with a claim of a coming shift is told."""
    return opportunities.cancel(actor, opportunity_id)


# Claims


@room.post(
    "/opportunities/<id:opportunity_id>/claims",
    needs=Permission.OPPORTUNITY_CLAIM,
    takes=NewClaimSchema,
    gives=ClaimSchema,
    status=201,
)
def claim(actor: Actor, body: dict[str, Any], opportunity_id: int) -> ClaimShown:
    """Claim a shift: a place if one is free, else a place in the waiting line."""
    return claims.claim(actor, body, opportunity_id)


@room.get(
    "/me/claims", needs=Permission.OPPORTUNITY_CLAIM, query=PageQuery, gives=page_of(ClaimSchema)
)
def own_claims(actor: Actor, query: dict[str, Any]) -> Page[ClaimShown]:
    """The own claims, newest first."""
    return queries.own_claims(actor, **query)


@room.get(
    "/claims", needs=Permission.CLAIM_REVIEW, query=ClaimQueueQuery, gives=page_of(ClaimSchema)
)
def claims_to_review(actor: Actor, query: dict[str, Any]) -> Page[ClaimShown]:
    """Claims of the own area in one state, those that wait first come first."""
    return queries.claims_to_review(actor, **query)


@room.post("/claims/<id:claim_id>/approve", needs=Permission.CLAIM_REVIEW, gives=ClaimSchema)
def approve_claim(actor: Actor, claim_id: int) -> ClaimShown:
    """Say yes to a pending claim."""
    return claims.approve(actor, claim_id)


@room.post(
    "/claims/<id:claim_id>/role",
    needs=Permission.CLAIM_REVIEW,
    takes=ClaimRoleSchema,
    gives=ClaimSchema,
)
def set_role(actor: Actor, body: dict[str, Any], claim_id: int) -> ClaimShown:
    """Say in what capacity somebody serves: as participant or as leader."""
    return claims.set_role(actor, body, claim_id)


@room.post(
    "/claims/<id:claim_id>/decline",
    needs=Permission.CLAIM_REVIEW,
    takes=DeclineSchema,
    gives=ClaimSchema,
)
def decline_claim(actor: Actor, body: dict[str, Any], claim_id: int) -> ClaimShown:
    """Say no to a claim, with the reason; its place goes to the next in line."""
    return claims.decline(actor, body, claim_id)


@room.post("/claims/<id:claim_id>/cancel", needs=Permission.OPPORTUNITY_CLAIM, gives=ClaimSchema)
def cancel_claim(actor: Actor, claim_id: int) -> ClaimShown:
    """Give up the own claim; its place goes to the next in line."""
    return claims.cancel(actor, claim_id)


# Scans


@room.post("/scans", needs=Permission.SCAN_SITE, takes=ScanSiteSchema, gives=ScannedSchema)
def scan_site(actor: Actor, body: dict[str, Any]) -> Scanned:
    """Scan a station's code: in, later out, which makes the service record and its points."""
    return scans.scan_site(actor, body)


@room.post("/scans/pass", needs=Permission.SCAN_MEMBER, takes=ScanPassSchema, gives=ScannedSchema)
def scan_pass(actor: Actor, body: dict[str, Any]) -> Scanned:
    """Scan a member's pass at a station one works at: the same in and out, from the other side."""
    return scans.scan_pass(actor, body)


@room.get(
    "/me/attendances",
    needs=Permission.PROFILE_OWN,
    query=PageQuery,
    gives=page_of(AttendanceSchema),
)
def own_attendances(actor: Actor, query: dict[str, Any]) -> Page[AttendanceShown]:
    """The own presences and what shows them, newest first."""
    return queries.own_attendances(actor, **query)


# Service records


@room.get(
    "/me/service-records",
    needs=Permission.PROFILE_OWN,
    query=PageQuery,
    gives=page_of(ServiceRecordSchema),
)
def own_records(actor: Actor, query: dict[str, Any]) -> Page[RecordShown]:
    """The own service records, newest first."""
    return queries.own_records(actor, **query)


@room.get(
    "/service-records",
    needs=Permission.SERVICE_RECORD_REVIEW,
    query=RecordQueueQuery,
    gives=page_of(ServiceRecordSchema),
)
def records_to_review(actor: Actor, query: dict[str, Any]) -> Page[RecordShown]:
    """Service records of the own area in one state, those that wait first come first."""
    return queries.records_to_review(actor, **query)


@room.post(
    "/service-records/<id:record_id>/approve",
    needs=Permission.SERVICE_RECORD_REVIEW,
    gives=ServiceRecordSchema,
)
def approve_record(actor: Actor, record_id: int) -> RecordShown:
    """Confirm a waiting record and credit its points."""
    return records.approve(actor, record_id)


@room.post(
    "/service-records/<id:record_id>/decline",
    needs=Permission.SERVICE_RECORD_REVIEW,
    takes=DeclineSchema,
    gives=ServiceRecordSchema,
)
def decline_record(actor: Actor, body: dict[str, Any], record_id: int) -> RecordShown:
    """Refuse a waiting record, with the reason."""
    return records.decline(actor, body, record_id)
