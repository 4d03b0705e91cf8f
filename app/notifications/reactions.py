"""Answers to the facts of other rooms: one message to the person concerned; and what this room holds about a person.

What a message names is read through the rooms' own queries as the person told, so it can say nothing that the person
could not see.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from app.community import queries as communities
from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.journal import Event, reacts_to
from app.identity import events as identity
from app.identity import exports
from app.identity import queries as people
from app.identity.terms import HeldRole
from app.micro_wish import events as micro_wish
from app.micro_wish import queries as wishes
from app.notifications import actions, queries, rules
from app.notifications.schemas import InboxMessageSchema
from app.notifications.terms import Link, LinkKind, MessageKind, Text
from app.points import events as points
from app.points import queries as bank
from app.points.terms import TITLES_ZH, TransferKind
from app.redemption import events as redemption
from app.redemption import queries as redemptions
from app.reporting_in import events as reporting_in
from app.reporting_in import queries as report_ins
from app.reporting_in.terms import ReportInState
from app.volunteer import events as volunteer
from app.volunteer import queries as service
from app.volunteer.terms import CLAIM_ROLE_NAMES_ZH, ClaimRole, ClaimState

E = TypeVar("E", bound=Event)
Compose = Callable[[Actor, E], Text]


def tells(
    event: type[E], kind: MessageKind, link: LinkKind, link_id: str = "subject_id"
) -> Callable[[Compose[E]], Compose[E]]:
    """Register a composer of messages about `event`. It gets the person told as its actor.

    Somebody who has deleted the account meanwhile is told nothing.
    """

    def register(compose: Compose[E]) -> Compose[E]:
        @wraps(compose)
        def reaction(actor: Actor, fact: E) -> None:
            person_id: int = fact.person_id  # type: ignore[attr-defined]  # tested: whom it concerns is named
            try:
                people.person_by_id(person_id)
            except NotFound:
                return
            told = Actor(person_id=person_id, now=actor.now, request_id=actor.request_id)
            actions.tell(
                actor,
                fact,
                person_id,
                kind,
                compose(told, fact),
                Link(link, getattr(fact, link_id)),
                reader=compose.__name__,
            )

        reacts_to(event)(reaction)
        return compose

    return register


# --- the account ----------------------------------------------------------------------------------------------


@tells(identity.RoleGiven, MessageKind.ACCOUNT, LinkKind.PROFILE, "person_id")
def role_given(_: Actor, fact: identity.RoleGiven) -> Text:
    """The person holds a role from now on."""
    held = people.held_role(fact.subject_id)
    return rules.role_given(held.role_name, _place(held))


@tells(identity.RoleEnded, MessageKind.ACCOUNT, LinkKind.PROFILE, "person_id")
def role_ended(_: Actor, fact: identity.RoleEnded) -> Text:
    """The person holds a role no longer."""
    held = people.held_role(fact.subject_id)
    return rules.role_ended(held.role_name, _place(held))


@tells(identity.WechatRebound, MessageKind.ACCOUNT, LinkKind.PROFILE, "person_id")
def wechat_rebound(_: Actor, __: identity.WechatRebound) -> Text:
    """Another WeChat account opens this account; whoever did not want that must hear of it."""
    return rules.wechat_rebound()


def _place(held: HeldRole) -> str:
    narrower = held.site or held.unit
    return held.area.name if narrower is None else narrower.name


@reacts_to(identity.AccountDeleted)
def forget(_: Actor, fact: identity.AccountDeleted) -> None:
    """Nothing is kept for somebody who deleted the account."""
    actions.forget(fact.person_id)


def inbox_held(person_id: int) -> list[Any]:
    """The person's messages, for the person's export."""
    return [InboxMessageSchema().dump(message) for message in queries.all_of(person_id)]


exports.contribute("inbox", inbox_held)


# --- reporting in ---------------------------------------------------------------------------------------------


@tells(reporting_in.ReportInAccepted, MessageKind.REPORT_IN, LinkKind.REPORT_IN)
def report_in_accepted(told: Actor, fact: reporting_in.ReportInAccepted) -> Text:
    """The community accepted the member."""
    shown = report_ins.report_in_for(told, fact.subject_id)
    return rules.report_in_accepted(shown.report_in.area.name, fact.receipt_number)


@tells(reporting_in.ReportInReturned, MessageKind.REPORT_IN, LinkKind.REPORT_IN)
def report_in_returned(told: Actor, fact: reporting_in.ReportInReturned) -> Text:
    """The community gave the report-in back."""
    shown = report_ins.report_in_for(told, fact.subject_id)
    reasons = [
        line.step.reason for line in shown.steps if line.step.to_state == ReportInState.RETURNED
    ]
    return rules.report_in_returned(shown.report_in.area.name, reasons[-1])


@tells(reporting_in.ReportInTransferred, MessageKind.REPORT_IN, LinkKind.REPORT_IN, "successor_id")
def report_in_transferred(told: Actor, fact: reporting_in.ReportInTransferred) -> Text:
    """The member goes to another community."""
    shown = report_ins.report_in_for(told, fact.subject_id)
    to_area = communities.area_by_id(fact.to_area_id)
    return rules.report_in_transferred(shown.report_in.area.name, to_area.name)


# --- service --------------------------------------------------------------------------------------------------


@tells(volunteer.ClaimMade, MessageKind.SERVICE, LinkKind.CLAIM)
def claim_made(_: Actor, fact: volunteer.ClaimMade) -> Text:
    """The claim has its place, awaits approval, or waits in line."""
    shown = service.claim_by_id(fact.subject_id)
    title, starts_at = shown.opportunity.title, shown.shift.starts_at
    match fact.state:
        case ClaimState.APPROVED:
            return rules.claim_has_place(title, starts_at, shown.site.name)
        case ClaimState.WAITLISTED:
            return rules.claim_waits(title, starts_at, shown.waiting_position)
        case _:
            return rules.claim_pending(title, starts_at)


@tells(volunteer.ClaimApproved, MessageKind.SERVICE, LinkKind.CLAIM)
def claim_approved(_: Actor, fact: volunteer.ClaimApproved) -> Text:
    """The community approved the claim."""
    shown = service.claim_by_id(fact.subject_id)
    return rules.claim_approved(shown.opportunity.title, shown.shift.starts_at, shown.site.name)


@tells(volunteer.ClaimRoleSet, MessageKind.SERVICE, LinkKind.CLAIM)
def claim_role_set(_: Actor, fact: volunteer.ClaimRoleSet) -> Text:
    """The community said in what capacity the person serves."""
    shown = service.claim_by_id(fact.subject_id)
    role = CLAIM_ROLE_NAMES_ZH[ClaimRole(fact.role)]
    return rules.claim_role_set(shown.opportunity.title, shown.shift.starts_at, role)


@tells(volunteer.ClaimDeclined, MessageKind.SERVICE, LinkKind.CLAIM)
def claim_declined(_: Actor, fact: volunteer.ClaimDeclined) -> Text:
    """The community declined the claim."""
    shown = service.claim_by_id(fact.subject_id)
    return rules.claim_declined(shown.opportunity.title, shown.shift.starts_at, shown.claim.reason)


@tells(volunteer.ClaimCalledOff, MessageKind.SERVICE, LinkKind.CLAIM)
def claim_called_off(_: Actor, fact: volunteer.ClaimCalledOff) -> Text:
    """It does not take place."""
    shown = service.claim_by_id(fact.subject_id)
    return rules.claim_called_off(
        shown.opportunity.title, shown.shift.starts_at, shown.claim.reason
    )


@tells(volunteer.ClaimPromoted, MessageKind.SERVICE, LinkKind.CLAIM)
def claim_promoted(_: Actor, fact: volunteer.ClaimPromoted) -> Text:
    """A place became free."""
    shown = service.claim_by_id(fact.subject_id)
    title, starts_at = shown.opportunity.title, shown.shift.starts_at
    if fact.state == ClaimState.PENDING:
        return rules.claim_promoted_pending(title, starts_at)
    return rules.claim_promoted(title, starts_at, shown.site.name)


@tells(volunteer.CheckedOut, MessageKind.SERVICE, LinkKind.SERVICE_RECORD, "record_id")
def checked_out(_: Actor, fact: volunteer.CheckedOut) -> Text:
    """A presence became a service record."""
    shown = service.record_by_id(fact.record_id)
    return rules.checked_out(
        shown.opportunity.title, shown.site.name, fact.minutes, shown.explanation
    )


@tells(volunteer.ServiceRecordApproved, MessageKind.SERVICE, LinkKind.SERVICE_RECORD)
def service_record_approved(_: Actor, fact: volunteer.ServiceRecordApproved) -> Text:
    """The community confirmed a waiting record."""
    shown = service.record_by_id(fact.subject_id)
    return rules.service_record_approved(shown.opportunity.title, fact.minutes)


@tells(volunteer.ServiceRecordDeclined, MessageKind.SERVICE, LinkKind.SERVICE_RECORD)
def service_record_declined(_: Actor, fact: volunteer.ServiceRecordDeclined) -> Text:
    """The community declined a waiting record."""
    shown = service.record_by_id(fact.subject_id)
    return rules.service_record_declined(shown.opportunity.title, shown.record.reason)


# --- family ---------------------------------------------------------------------------------------------------


@tells(identity.FamilyAsked, MessageKind.ACCOUNT, LinkKind.PROFILE, "person_id")
def family_asked(_: Actor, fact: identity.FamilyAsked) -> Text:
    """Somebody says to be family."""
    return rules.family_asked(_masked_name(fact.other_person_id))


@tells(identity.FamilyJoined, MessageKind.ACCOUNT, LinkKind.PROFILE, "person_id")
def family_joined(_: Actor, fact: identity.FamilyJoined) -> Text:
    """Two people are family from now on."""
    return rules.family_joined(_masked_name(fact.other_person_id))


@tells(identity.FamilyEnded, MessageKind.ACCOUNT, LinkKind.PROFILE, "person_id")
def family_ended(_: Actor, fact: identity.FamilyEnded) -> Text:
    """Two people are no longer family."""
    return rules.family_ended(_masked_name(fact.other_person_id))


def _masked_name(person_id: int) -> str:
    return people.masked_names([person_id])[person_id]


# --- points ---------------------------------------------------------------------------------------------------


@tells(points.PointsEarned, MessageKind.POINTS, LinkKind.TRANSFER)
def points_earned(_: Actor, fact: points.PointsEarned) -> Text:
    """Service or a wish paid points."""
    return rules.points_earned(fact.points, TITLES_ZH[TransferKind(fact.kind)], fact.expires_month)


@tells(points.PointsUnpaid, MessageKind.POINTS, LinkKind.PROFILE, "person_id")
def points_unpaid(_: Actor, fact: points.PointsUnpaid) -> Text:
    """The budget did not cover what a service or a wish was worth."""
    return rules.points_unpaid(fact.points, TITLES_ZH[TransferKind(fact.kind)])


@tells(points.PointsGranted, MessageKind.POINTS, LinkKind.TRANSFER)
def points_granted(told: Actor, fact: points.PointsGranted) -> Text:
    """An admin granted points."""
    return rules.points_granted(
        fact.points, _reason_of_transfer(told, fact.subject_id), fact.expires_month
    )


@tells(points.PointsReceived, MessageKind.POINTS, LinkKind.TRANSFER)
def points_received(_: Actor, fact: points.PointsReceived) -> Text:
    """One of the family gave points."""
    return rules.points_received(fact.points, _masked_name(fact.from_person_id))


@tells(points.PointsReversed, MessageKind.POINTS, LinkKind.TRANSFER)
def points_reversed(told: Actor, fact: points.PointsReversed) -> Text:
    """A transfer was answered by its mirror image."""
    return rules.points_reversed(fact.points, _reason_of_transfer(told, fact.subject_id))


@tells(points.PointsExpired, MessageKind.POINTS, LinkKind.TRANSFER)
def points_expired(_: Actor, fact: points.PointsExpired) -> Text:
    """Points reached the end of their month."""
    return rules.points_expired(fact.points, fact.expires_month)


@tells(points.PointsExpiring, MessageKind.POINTS, LinkKind.PROFILE, "person_id")
def points_expiring(_: Actor, fact: points.PointsExpiring) -> Text:
    """Points will reach the end of their month."""
    return rules.points_expiring(fact.points, fact.expires_month)


def _reason_of_transfer(told: Actor, transfer_id: int) -> str | None:
    # The first page of the statement: a message follows its transfer within seconds.
    lines = bank.statement(told).items
    return next((line.reason for line in lines if line.id == transfer_id), None)


# --- redemption -----------------------------------------------------------------------------------------------


@tells(redemption.RewardRedeemed, MessageKind.REDEMPTION, LinkKind.REDEMPTION)
def reward_redeemed(told: Actor, fact: redemption.RewardRedeemed) -> Text:
    """Something waits at a counter."""
    shown = redemptions.own_shown(told, fact.subject_id)
    return rules.reward_redeemed(
        shown.title, fact.quantity, fact.points, shown.site_name, fact.pickup_by
    )


@tells(redemption.RedemptionCollected, MessageKind.REDEMPTION, LinkKind.REDEMPTION)
def redemption_collected(told: Actor, fact: redemption.RedemptionCollected) -> Text:
    """It was handed out."""
    shown = redemptions.own_shown(told, fact.subject_id)
    return rules.redemption_collected(shown.title, fact.quantity, fact.points, shown.site_name)


@tells(redemption.RedemptionCancelled, MessageKind.REDEMPTION, LinkKind.REDEMPTION)
def redemption_cancelled(told: Actor, fact: redemption.RedemptionCancelled) -> Text:
    """The person changed their mind."""
    shown = redemptions.own_shown(told, fact.subject_id)
    return rules.redemption_cancelled(shown.title, fact.points)


@tells(redemption.RedemptionLapsed, MessageKind.REDEMPTION, LinkKind.REDEMPTION)
def redemption_lapsed(told: Actor, fact: redemption.RedemptionLapsed) -> Text:
    """Nobody came in time."""
    shown = redemptions.own_shown(told, fact.subject_id)
    return rules.redemption_lapsed(shown.title, fact.points)


# --- wishes ---------------------------------------------------------------------------------------------------


@tells(micro_wish.WishPublished, MessageKind.WISH, LinkKind.WISH)
def wish_published(told: Actor, fact: micro_wish.WishPublished) -> Text:
    """To the wisher: it is on the wall."""
    return rules.wish_published(wishes.wish_for(told, fact.subject_id).wish.title)


@tells(micro_wish.WishDeclined, MessageKind.WISH, LinkKind.WISH)
def wish_declined(told: Actor, fact: micro_wish.WishDeclined) -> Text:
    """To the wisher: the community did not take it."""
    shown = wishes.wish_for(told, fact.subject_id)
    return rules.wish_declined(shown.wish.title, shown.reason)


@tells(micro_wish.WishClaimApproved, MessageKind.WISH, LinkKind.WISH)
def wish_claim_approved(_: Actor, fact: micro_wish.WishClaimApproved) -> Text:
    """To the claimer: go ahead."""
    wish, _claim = wishes.wish_of_claim(fact.claim_id)
    return rules.wish_claim_approved(wish.title, fact.due_at)


@tells(micro_wish.WishClaimDeclined, MessageKind.WISH, LinkKind.WISH)
def wish_claim_declined(_: Actor, fact: micro_wish.WishClaimDeclined) -> Text:
    """To the claimer: not this one."""
    wish, claim = wishes.wish_of_claim(fact.claim_id)
    return rules.wish_claim_declined(wish.title, claim.reason)


@tells(micro_wish.WishClaimLapsed, MessageKind.WISH, LinkKind.WISH)
def wish_claim_lapsed(_: Actor, fact: micro_wish.WishClaimLapsed) -> Text:
    """To the claimer: time is over."""
    wish, _claim = wishes.wish_of_claim(fact.claim_id)
    return rules.wish_claim_lapsed(wish.title)


@tells(micro_wish.WishClaimCancelled, MessageKind.WISH, LinkKind.WISH)
def wish_claim_cancelled(_: Actor, fact: micro_wish.WishClaimCancelled) -> Text:
    """To the claimer: the wish is no more."""
    wish, _claim = wishes.wish_of_claim(fact.claim_id)
    return rules.wish_claim_cancelled(wish.title)


@tells(micro_wish.WishDelivered, MessageKind.WISH, LinkKind.WISH)
def wish_delivered(told: Actor, fact: micro_wish.WishDelivered) -> Text:
    """To the wisher: please confirm."""
    return rules.wish_delivered(wishes.wish_for(told, fact.subject_id).wish.title)


@tells(micro_wish.WishConfirmed, MessageKind.WISH, LinkKind.WISH)
def wish_confirmed(_: Actor, fact: micro_wish.WishConfirmed) -> Text:
    """To the claimer: it came true. The points have a message of their own."""
    wish, _claim = wishes.wish_of_claim(fact.claim_id)
    return rules.wish_confirmed(wish.title)


@tells(micro_wish.WishWithdrawn, MessageKind.WISH, LinkKind.WISH)
def wish_withdrawn(told: Actor, fact: micro_wish.WishWithdrawn) -> Text:
    """To the wisher: it is off the wall."""
    shown = wishes.wish_for(told, fact.subject_id)
    return rules.wish_withdrawn(shown.wish.title, shown.reason, by_reviewer=fact.by_reviewer)
