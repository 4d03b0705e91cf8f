"""What happens to a person's own data: registering, changing, settling, rebinding, deleting."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, update

from app.community.queries import area_by_code, area_by_id
from app.community.terms import Level
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.ids import new_spoken_code
from app.core.journal import announce
from app.core.permissions import Permission
from app.core.sealing import blind_index
from app.identity import exports, queries, rules
from app.identity.actions.logins import begin_login, bind, end_logins
from app.identity.actions.roles import end, may_give_all
from app.identity.errors import (
    AccountNotEmpty,
    HomeNeeded,
    HomeSettledByReportIn,
    HomeTooWide,
    PersonHasNoPhone,
    RebindingCodeInvalid,
    RebindingNeedsWechat,
    RebindingNotYours,
    RebindingToSelf,
)
from app.identity.events import (
    AccountDeleted,
    PersonRegistered,
    PhoneRevealed,
    RebindingCodeGiven,
    WechatRebound,
)
from app.identity.models import FamilyLink, Person, RebindingCode, StaffCredential, WechatIdentity
from app.identity.terms import (
    REBINDING_CODE_LENGTH,
    REBINDING_MINUTES,
    FamilyState,
    HelpedPerson,
    Login,
    LoginWay,
    Me,
    MemberKind,
    RebindingCodeShown,
    RevealedPhone,
    WechatAccount,
)
from app.web import idempotency

if TYPE_CHECKING:
    from app.community.models import Area


def change_me(actor: Actor, changes: Mapping[str, Any]) -> Me:
    """Change the own name, phone number (None removes it) or home area, whichever is given.

    Raises: UnknownArea, HomeTooWide, HomeSettledByReportIn; by constraint PhoneTaken.
    """
    person = queries.lock_person(actor.person_id)
    if "name" in changes:
        person.name = changes["name"]
    if "phone" in changes:
        person.phone = changes["phone"]
    if "home_area" in changes:
        home_id = _home(area_by_code(changes["home_area"]))
        if person.member_kind is not None and home_id != person.home_area_id:
            raise HomeSettledByReportIn
        person.home_area_id = home_id
    return queries.me(person.id)


def settle(
    _actor: Actor, person_id: int, area_id: int | None, member_kind: MemberKind | None
) -> None:
    """Note where a report-in was accepted and what kind of member the person is; None keeps the home area.

    Nothing is announced: the report-in says what happened and by whom. Raises: NotFound.
    """
    person = queries.lock_person(person_id)
    if area_id is not None:
        person.home_area_id = area_id
    person.member_kind = member_kind


def register(actor: Actor, *, name: str, phone: str | None, area_code: str | None) -> HelpedPerson:
    """Register somebody at the counter, at home in the actor's area.

    Raises: HomeNeeded, UnknownArea, NotFound, HomeTooWide; by constraint PhoneTaken.
    """
    paths = queries.paths_of(actor, Permission.PERSON_HELP)
    if area_code is None and len(paths) != 1:
        raise HomeNeeded
    area = (
        area_by_id(int(paths[0].split("/")[-2])) if area_code is None else area_by_code(area_code)
    )
    if not area.path.startswith(paths):
        raise NotFound
    person = _added(actor, name=name, phone=phone, home_area_id=_home(area), way="staff")
    return queries.helped_person(person)


def find_or_register(
    actor: Actor,
    *,
    name: str,
    phone: str,
    area_code: str,
    account: WechatAccount | None = None,
    demo: bool = False,
) -> Person:
    """The person of this number, registered and bound to a WeChat account if need be: for commands.

    Raises: UnknownArea, HomeTooWide.
    """
    person = queries.person_of_phone(phone)
    if person is None:
        home_id = _home(area_by_code(area_code))
        person = _added(actor, name=name, phone=phone, home_area_id=home_id, way="command")
        person.demo = demo
    if account is not None:
        bind(actor, person.id, account)
    return person


def reveal_phone(actor: Actor, person_id: int) -> RevealedPhone:
    """The whole number of a person the actor helps; the journal notes who read it.

    Raises: NotFound, PersonHasNoPhone.
    """
    person = queries.person_within(actor, Permission.PERSON_HELP, person_id)
    if person.phone is None:
        raise PersonHasNoPhone
    announce(
        actor,
        PhoneRevealed(subject_id=person.id, area_id=person.home_area_id, person_id=person.id),
    )
    return RevealedPhone(person.phone)


def give_rebinding_code(actor: Actor, person_id: int) -> RebindingCodeShown:
    """A one-time code for a person at the counter who has a new WeChat account; it replaces an earlier one.

    For somebody with roles it takes one who may give those roles, or a station could take over its admin.
    Raises: NotFound, RebindingNotYours.
    """
    person = queries.person_within(actor, Permission.PERSON_HELP, person_id)
    if not may_give_all(actor, queries.roles_of(person.id)):
        raise RebindingNotYours
    queries.lock_person(person.id)  # two codes asked for at once: the later stands
    db.session.execute(delete(RebindingCode).where(RebindingCode.person_id == person.id))
    code = new_spoken_code(REBINDING_CODE_LENGTH)
    expires_at = actor.now + timedelta(minutes=REBINDING_MINUTES)
    db.session.add(
        RebindingCode(person_id=person.id, code_index=_code_index(code), expires_at=expires_at)
    )
    announce(
        actor,
        RebindingCodeGiven(subject_id=person.id, area_id=person.home_area_id, person_id=person.id),
    )
    return RebindingCodeShown(code, expires_at)


def rebind(actor: Actor, code: str) -> Login:
    """Move the WeChat account of this login to the person for whom staff gave the code, and log in as them.

    The account that the new WeChat had opened must be empty and is deleted; every earlier login of the person ends,
    because the lost phone may be in other hands.
    Raises: RebindingCodeInvalid, RebindingToSelf, RebindingNeedsWechat, AccountNotEmpty.
    """
    index = _code_index(code)
    person_id = queries.person_of_rebinding(index, actor.now)
    if person_id is None:
        raise RebindingCodeInvalid
    if person_id == actor.person_id:
        raise RebindingToSelf
    first, second = sorted((actor.person_id, person_id))
    people = {first: queries.lock_person(first), second: queries.lock_person(second)}
    person, newcomer = people[person_id], people[actor.person_id]
    used = delete(RebindingCode).where(RebindingCode.code_index == index)
    if db.session.scalar(used.returning(RebindingCode.person_id)) is None:
        raise RebindingCodeInvalid  # another phone was quicker, or staff made a new one
    moving = queries.wechat_identities(newcomer.id)
    if not moving:
        raise RebindingNeedsWechat
    if not _is_empty(newcomer):
        raise AccountNotEmpty
    app_ids = [known.app_id for known in moving]
    db.session.execute(
        delete(WechatIdentity).where(
            WechatIdentity.person_id == person.id, WechatIdentity.app_id.in_(app_ids)
        )
    )
    db.session.execute(
        update(WechatIdentity)
        .where(WechatIdentity.person_id == newcomer.id)
        .values(person_id=person.id, bound_at=actor.now)
    )
    _erase(actor, newcomer)
    end_logins(actor, person.id, "wechat_rebound")
    announce(
        actor,
        WechatRebound(
            subject_id=person.id,
            area_id=person.home_area_id,
            person_id=person.id,
            emptied_person_id=newcomer.id,
        ),
    )
    return begin_login(actor, person.id, LoginWay.WECHAT)


def delete_me(actor: Actor) -> None:
    """Delete the own account: what the ledgers point to stays as a number without a name.

    Raises: whatever a higher room objects with, while the person holds something open there.
    """
    person = queries.lock_person(actor.person_id)
    exports.refuse_if_open(person.id)
    _erase(actor, person)


def _added(actor: Actor, *, name: str, phone: str | None, home_area_id: int, way: str) -> Person:
    person = Person(created_at=actor.now, home_area_id=home_area_id)
    person.name, person.phone = name, phone
    db.session.add(person)
    db.session.flush()  # the journal names the person by id
    announce(
        actor,
        PersonRegistered(subject_id=person.id, area_id=home_area_id, person_id=person.id, way=way),
    )
    return person


def _erase(actor: Actor, person: Person) -> None:
    area_id = person.home_area_id
    for held in queries.roles_of(person.id):
        end(actor, held)
    end_logins(actor, person.id, "deleted")
    for ways_in in (WechatIdentity, StaffCredential, RebindingCode):
        db.session.execute(delete(ways_in).where(ways_in.person_id == person.id))
    db.session.execute(
        update(FamilyLink)
        .where(
            or_(FamilyLink.first_id == person.id, FamilyLink.second_id == person.id),
            FamilyLink.state != FamilyState.ENDED,
        )
        .values(state=FamilyState.ENDED, ended_at=actor.now)
    )
    idempotency.forget(person.id)
    person.forget(actor.now)
    announce(actor, AccountDeleted(subject_id=person.id, area_id=area_id, person_id=person.id))


def _is_empty(person: Person) -> bool:
    return (
        person.member_kind is None
        and not queries.roles_of(person.id)
        and not queries.open_family_of(person.id)
        and queries.credential_of(person.id) is None
        and exports.holds_nothing(person.id)
    )


def _home(area: "Area") -> int:
    if not rules.is_home(Level(area.level)):
        raise HomeTooWide
    return area.id


def _code_index(code: str) -> str:
    return blind_index(code.upper(), "rebinding_code.code")
