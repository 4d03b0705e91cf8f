"""Every select on people, logins and roles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    table,
)

from app.community.queries import area_by_code, ids_within
from app.community.terms import Level
from app.core.actor import Actor
from app.core.clock import CHINA
from app.core.db import db
from app.core.errors import NotFound
from app.core.paging import LIMIT_DEFAULT, Page, paginate
from app.core.permissions import GRANTS, HeldAt, Permission, Role
from app.core.prepared import Prepared
from app.identity import exports, rules
from app.identity.models import (
    FamilyLink,
    LoginAttempts,
    LoginSession,
    Person,
    RebindingCode,
    RefreshToken,
    RoleHolding,
    StaffCredential,
    WechatIdentity,
    name_index,
    phone_index,
    phone_tail_index,
)
from app.identity.terms import (
    FamilyShown,
    FamilyState,
    HeldRole,
    HelpedPerson,
    KnownPassword,
    Me,
    MemberKind,
    MyData,
    Named,
    Place,
    PlacedArea,
)

if TYPE_CHECKING:
    from sqlalchemy import Table

# A role is held at a place that another room owns, and sites even stand above this room. Joining needs their
# columns, not their classes.
_area = table("area", *(column(name) for name in ("id", "code", "name", "level", "path")))
_unit = table("unit", *(column(name) for name in ("id", "area_id", "name")))
_site = table("site", *(column(name) for name in ("id", "area_id", "name", "kind")))
_HELD_AT = {"unit": HeldAt.UNIT, "station": HeldAt.SITE, "shop": HeldAt.SHOP}
"""What a role is held at, by the kind of unit or site. Station staff serve no shop, nor the other way round."""
_shown_area = (_area.c.id.label("area_id"), _area.c.code, _area.c.name, _area.c.level, _area.c.path)


# --- people -------------------------------------------------------------------------------------------------------


def person_by_id(person_id: int) -> Person:
    """The person. Raises: NotFound, also for a deleted account."""
    return _person(select(Person).where(Person.id == person_id))


def lock_person(person_id: int) -> Person:
    """The person, row locked (`FOR NO KEY UPDATE`). Raises: NotFound, also for a deleted account."""
    return _person(
        select(Person).where(Person.id == person_id).with_for_update(key_share=True),
    )


def person_within(actor: Actor, permission: Permission, person_id: int) -> Person:
    """The person, if at home where the actor holds `permission`. Raises: NotFound."""
    return _person(
        select(Person).where(
            Person.id == person_id,
            Person.home_area_id.in_(ids_within(paths_of(actor, permission))),
        )
    )


def person_of_phone(phone: str) -> Person | None:
    """Who registered this number, if anybody."""
    return db.session.scalars(
        select(Person).where(Person.phone_index == phone_index(phone))
    ).one_or_none()


def has_demo_people() -> bool:
    """Whether anybody of the demo is here, who must not be outside demo mode."""
    return db.session.scalar(select(Person.id).where(Person.demo).limit(1)) is not None


def masked_names(person_ids: Iterable[int]) -> dict[int, str]:
    """Names fit for a list, by person."""
    rows = db.session.scalars(select(Person).where(Person.id.in_(set(person_ids))))
    return {person.id: _masked_name(person) for person in rows}


def find_people(
    actor: Actor,
    *,
    phone_tail: str | None = None,
    name: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[HelpedPerson]:
    """People at home where the actor helps, by the last four digits of the phone, the whole name, or both."""
    statement = select(Person).where(
        Person.deleted_at.is_(None),
        Person.home_area_id.in_(ids_within(paths_of(actor, Permission.PERSON_HELP))),
    )
    if phone_tail is not None:
        statement = statement.where(Person.phone_tail_index == phone_tail_index(phone_tail))
    if name is not None:
        statement = statement.where(Person.name_index == name_index(name))
    page = paginate(statement, [Person.id], limit=limit, cursor=cursor)
    homes = _areas_by_id(person.home_area_id for person in page.items)
    return Page([_helped(person, homes) for person in page.items], page.next_cursor)


def helped_person(person: Person) -> HelpedPerson:
    """As little of `person` as staff need to recognise them."""
    return _helped(person, _areas_by_id([person.home_area_id]))


def me(person_id: int) -> Me:
    """What a person is told about themselves. Raises: NotFound for a deleted account."""
    person = person_by_id(person_id)
    credential = credential_of(person_id)
    roles = roles_of(person_id)
    granted = GRANTS[Role.RESIDENT].union(*(GRANTS[held.role] for held in roles))
    return Me(
        id=person.id,
        name=person.name,
        phone=person.phone,
        home=_areas_by_id([person.home_area_id]).get(person.home_area_id),
        member_kind=None if person.member_kind is None else MemberKind(person.member_kind),
        roles=tuple(roles),
        permissions=tuple(sorted(granted)),
        username=None if credential is None else credential.username,
        totp_on=credential is not None and credential.totp_sealed is not None,
        wechat_bound=bool(wechat_identities(person_id)),
        created_at=person.created_at,
    )


def my_data(actor: Actor) -> MyData:
    """Everything every room holds about the person."""
    parts = {"identity": _export_of(actor.person_id), **exports.collect(actor.person_id)}
    return MyData(actor.now, actor.person_id, parts)


# --- family -------------------------------------------------------------------------------------------------------


def are_family(person_id: int, other_id: int) -> bool:
    """Whether the two have accepted each other as family, and both accounts are there."""
    first_id, second_id = sorted((person_id, other_id))
    found = db.session.scalar(
        select(FamilyLink.id).where(
            FamilyLink.first_id == first_id,
            FamilyLink.second_id == second_id,
            FamilyLink.state == FamilyState.ACTIVE,
        )
    )
    return found is not None


def open_family_of(person_id: int) -> Sequence[FamilyLink]:
    """The links of a person that are not ended, oldest first."""
    return db.session.scalars(
        select(FamilyLink)
        .where(_has(person_id), FamilyLink.state != FamilyState.ENDED)
        .order_by(FamilyLink.id)
        .execution_options(populate_existing=True)
    ).all()


def own_family_link(actor: Actor, link_id: int) -> FamilyLink:
    """A link of the actor's, ended or not. Raises: NotFound."""
    found = db.session.scalars(
        select(FamilyLink)
        .where(FamilyLink.id == link_id, _has(actor.person_id))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def family_link(actor: Actor, link_id: int) -> FamilyShown:
    """A link as the actor sees it. Raises: NotFound."""
    return _families_shown(actor.person_id, [own_family_link(actor, link_id)])[0]


def family_of(person_id: int, link_id: int) -> FamilyShown:
    """A link that is known to be there, as this one of the two sees it."""
    return _families_shown(person_id, [db.session.get_one(FamilyLink, link_id)])[0]


def list_family(
    actor: Actor, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[FamilyShown]:
    """The actor's family and whoever waits for an answer, the latest first. Raises: CursorInvalid."""
    statement = select(FamilyLink).where(
        _has(actor.person_id), FamilyLink.state != FamilyState.ENDED
    )
    page = paginate(statement, [FamilyLink.id], limit=limit, cursor=cursor)
    return Page(_families_shown(actor.person_id, page.items), page.next_cursor)


def _has(person_id: int) -> ColumnElement[bool]:
    return or_(FamilyLink.first_id == person_id, FamilyLink.second_id == person_id)


def _families_shown(person_id: int, links: Sequence[FamilyLink]) -> list[FamilyShown]:
    names = masked_names(link.other_than(person_id) for link in links)
    return [
        FamilyShown(
            id=link.id,
            person_id=link.other_than(person_id),
            name=names[link.other_than(person_id)],
            state=FamilyState(link.state),
            asked_by_me=link.asked_by == person_id,
            asked_at=link.asked_at,
            since=link.since,
        )
        for link in links
    ]


# --- logins -------------------------------------------------------------------------------------------------------


# Put together once, of tables and not of classes: every request asks it.
_PERSON, _LOGIN, _ROLE = (cast("Table", of.__table__) for of in (Person, LoginSession, RoleHolding))
_STANDING = Prepared(
    select(_ROLE.c.role, _area.c.path, _ROLE.c.unit_id, _ROLE.c.site_id)
    .select_from(_PERSON)
    .join(
        _LOGIN,
        and_(_LOGIN.c.id == bindparam("session_id"), _LOGIN.c.person_id == _PERSON.c.id),
    )
    .outerjoin(_ROLE, and_(_ROLE.c.person_id == _PERSON.c.id, _ROLE.c.until.is_(None)))
    .outerjoin(_area, _area.c.id == _ROLE.c.area_id)
    .where(
        _PERSON.c.id == bindparam("person_id"),
        _PERSON.c.disabled_at.is_(None),
        _PERSON.c.deleted_at.is_(None),
        _LOGIN.c.revoked_at.is_(None),
    )
)


def standing_of(
    person_id: int, session_id: int
) -> Sequence[tuple[str | None, str | None, int | None, int | None]]:
    """(role, area path, unit id, site id) of each role held now; one row of Nones for somebody without.

    Nothing at all when the person is disabled or deleted or the login session is revoked.
    """
    return _STANDING.all({"person_id": person_id, "session_id": session_id})


def person_of_wechat(app_id: str, openid: str) -> Person | None:
    """Whose WeChat account this is, if anybody's."""
    return db.session.scalars(
        select(Person)
        .join(WechatIdentity, WechatIdentity.person_id == Person.id)
        .where(WechatIdentity.app_id == app_id, WechatIdentity.openid == openid)
    ).one_or_none()


def wechat_identities(person_id: int) -> Sequence[WechatIdentity]:
    """The WeChat accounts of a person."""
    return db.session.scalars(
        select(WechatIdentity)
        .where(WechatIdentity.person_id == person_id)
        .order_by(WechatIdentity.id)
    ).all()


def credential_of(person_id: int, *, lock: bool = False) -> StaffCredential | None:
    """The password login of a person, if there is one."""
    statement = select(StaffCredential).where(StaffCredential.person_id == person_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return db.session.scalars(statement.execution_options(populate_existing=lock)).one_or_none()


def password_under(username: str) -> KnownPassword | None:
    """The password login under this name, if there is one."""
    return _known_password(StaffCredential.username == username)


def password_of(person_id: int) -> KnownPassword | None:
    """The password login of this person, if there is one."""
    return _known_password(StaffCredential.person_id == person_id)


def lock_attempts(username_index: str) -> LoginAttempts | None:
    """The counter of wrong attempts under a username, row locked, if there is one."""
    return db.session.scalars(
        select(LoginAttempts)
        .where(LoginAttempts.username_index == username_index)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def login_is_alive() -> ColumnElement[bool]:
    """For a statement on refresh tokens: whether the token's login and its person are still welcome."""
    return exists(
        select(LoginSession.id)
        .join(Person, Person.id == LoginSession.person_id)
        .where(LoginSession.id == RefreshToken.session_id, *_alive())
    )


def login_session(session_id: int) -> LoginSession:
    """A login session that is known to be there."""
    return db.session.get_one(LoginSession, session_id)


def living_refresh_token(digest: str) -> RefreshToken | None:
    """The refresh token, used or not, if its login is still welcome."""
    return db.session.scalars(
        select(RefreshToken)
        .where(RefreshToken.digest == digest, login_is_alive())
        .execution_options(populate_existing=True)
    ).one_or_none()


def person_of_rebinding(code_index: str, at: datetime) -> int | None:
    """For whom staff gave this code, if it is still good."""
    return db.session.scalar(
        select(RebindingCode.person_id).where(
            RebindingCode.code_index == code_index, RebindingCode.expires_at > at
        )
    )


# --- roles --------------------------------------------------------------------------------------------------------


def paths_of(actor: Actor, permission: Permission) -> tuple[str, ...]:
    """Paths of the areas where the actor holds `permission`: those of the role, and those of the sites of one."""
    site_ids = actor.site_ids(permission)
    if not site_ids:
        return actor.area_paths(permission)
    beside = select(_area.c.path).join_from(_area, _site, _site.c.area_id == _area.c.id)
    paths = db.session.scalars(beside.where(_site.c.id.in_(site_ids)))
    return tuple(sorted({*actor.area_paths(permission), *paths}))


def place(
    *, area_code: str | None = None, unit_id: int | None = None, site_id: int | None = None
) -> Place:
    """The place named by exactly one of the three. Raises: NotFound, UnknownArea.

    The area of a unit or a site is looked up by its table alone: sites stand above this room.
    """
    if area_code is not None:
        area = area_by_code(area_code)
        return Place(HeldAt.AREA, area.id, area.path, Level(area.level))
    of, kind = (_unit, literal("unit")) if unit_id is not None else (_site, _site.c.kind)
    row = db.session.execute(
        select(_area.c.id, _area.c.path, _area.c.level, kind.label("kind"))
        .join_from(_area, of, of.c.area_id == _area.c.id)
        .where(of.c.id == (site_id if unit_id is None else unit_id))
    ).one_or_none()
    if row is None:
        raise NotFound
    return Place(_HELD_AT[row.kind], row.id, row.path, Level(row.level), unit_id, site_id)


def role_within(actor: Actor, permission: Permission, role_id: int) -> HeldRole:
    """A role, ended or not, held at a place within the actor's areas. Raises: NotFound."""
    found = _held_roles(
        RoleHolding.id == role_id, _held_within(ids_within(actor.area_paths(permission)))
    )
    if not found:
        raise NotFound
    return found[0]


def held_role(role_id: int) -> HeldRole:
    """A role that is known to be there."""
    return _held_roles(RoleHolding.id == role_id)[0]


def roles_of(person_id: int) -> Sequence[HeldRole]:
    """The roles a person holds now."""
    return _held_roles(RoleHolding.person_id == person_id, RoleHolding.until.is_(None))


def list_roles(
    actor: Actor,
    *,
    area: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[HeldRole]:
    """Roles held now at and below the actor's areas, or at and below one area within them.

    Raises: UnknownArea for an area the actor does not reach.
    """
    paths = actor.area_paths(Permission.ROLE_ASSIGN)
    if area is not None:
        below = area_by_code(area).path
        if not any(below.startswith(path) for path in paths):
            raise NotFound
        paths = (below,)
    page = paginate(
        select(RoleHolding).where(RoleHolding.until.is_(None), _held_within(ids_within(paths))),
        [RoleHolding.id],
        limit=limit,
        cursor=cursor,
    )
    shown = _held_roles(RoleHolding.id.in_([holding.id for holding in page.items]))
    return Page(sorted(shown, key=lambda held: -held.id), page.next_cursor)


# --- within -------------------------------------------------------------------------------------------------------


def _person(statement: Select[tuple[Person]]) -> Person:
    found = db.session.scalars(
        statement.where(Person.deleted_at.is_(None)).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _known_password(which: ColumnElement[bool]) -> KnownPassword | None:
    row = db.session.execute(
        select(
            StaffCredential.person_id, StaffCredential.username, StaffCredential.password_hash
        ).where(which)
    ).one_or_none()
    return None if row is None else KnownPassword(*row)


def _alive() -> tuple[ColumnElement[bool], ...]:
    return (
        Person.disabled_at.is_(None),
        Person.deleted_at.is_(None),
        LoginSession.revoked_at.is_(None),
    )


def _held_within(area_ids: Select[tuple[int]]) -> ColumnElement[bool]:
    return or_(
        RoleHolding.area_id.in_(area_ids),
        RoleHolding.unit_id.in_(select(_unit.c.id).where(_unit.c.area_id.in_(area_ids))),
        RoleHolding.site_id.in_(select(_site.c.id).where(_site.c.area_id.in_(area_ids))),
    )


def _held_roles(*which: ColumnElement[bool]) -> list[HeldRole]:
    rows = db.session.execute(
        select(
            RoleHolding,
            Person,
            *_shown_area,
            _unit.c.name.label("unit_name"),
            _site.c.name.label("site_name"),
        )
        .join(Person, Person.id == RoleHolding.person_id)
        .outerjoin(_unit, _unit.c.id == RoleHolding.unit_id)
        .outerjoin(_site, _site.c.id == RoleHolding.site_id)
        .join(
            _area,
            _area.c.id == func.coalesce(RoleHolding.area_id, _unit.c.area_id, _site.c.area_id),
        )
        .where(*which)
        .order_by(RoleHolding.id)
    )
    return [_held_role(row) for row in rows]


def _held_role(row: Row[Any]) -> HeldRole:
    holding: RoleHolding = row.RoleHolding
    return HeldRole(
        id=holding.id,
        person_id=holding.person_id,
        person_name=_masked_name(row.Person),
        role=Role(holding.role),
        area=_placed(row),
        unit=None if holding.unit_id is None else Named(holding.unit_id, row.unit_name),
        site=None if holding.site_id is None else Named(holding.site_id, row.site_name),
        since=holding.since,
        until=holding.until,
    )


def _areas_by_id(area_ids: Iterable[int | None]) -> dict[int | None, PlacedArea]:
    rows = db.session.execute(
        select(*_shown_area).where(
            _area.c.id.in_({area_id for area_id in area_ids if area_id is not None})
        )
    )
    return {row.area_id: _placed(row) for row in rows}


def _placed(row: Row[Any]) -> PlacedArea:
    return PlacedArea(row.area_id, row.code, row.name, row.level, row.path)


def _helped(person: Person, homes: dict[int | None, PlacedArea]) -> HelpedPerson:
    return HelpedPerson(
        id=person.id,
        name=_masked_name(person),
        phone=None if person.phone is None else rules.masked_phone(person.phone),
        home=homes.get(person.home_area_id),
    )


def _masked_name(person: Person) -> str:
    return rules.NAME_DELETED if person.deleted_at is not None else rules.masked_name(person.name)


def _export_of(person_id: int) -> dict[str, Any]:
    person = me(person_id)
    logins = db.session.scalars(
        select(LoginSession).where(LoginSession.person_id == person_id).order_by(LoginSession.id)
    )
    return {
        "name": person.name,
        "phone": person.phone,
        "home_area": None if person.home is None else person.home.code,
        "member_kind": person.member_kind,
        "registered_at": _iso(person.created_at),
        "username": person.username,
        "wechat_accounts": [
            {"app_id": known.app_id, "openid": known.openid, "bound_at": _iso(known.bound_at)}
            for known in wechat_identities(person_id)
        ],
        "roles": [
            {
                "role": held.role,
                "area": held.area.code,
                "unit": None if held.unit is None else held.unit.name,
                "site": None if held.site is None else held.site.name,
                "since": _iso(held.since),
                "until": _iso(held.until),
            }
            for held in _held_roles(RoleHolding.person_id == person_id)
        ],
        "family": [
            {
                "state": link.state,
                "asked_by_me": link.asked_by == person_id,
                "asked_at": _iso(link.asked_at),
                "since": _iso(link.since),
                "ended_at": _iso(link.ended_at),
            }
            for link in db.session.scalars(
                select(FamilyLink).where(_has(person_id)).order_by(FamilyLink.id)
            )
        ],
        "logins": [
            {
                "way": login.way,
                "began_at": _iso(login.created_at),
                "ended_at": _iso(login.revoked_at),
            }
            for login in logins
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(CHINA).isoformat(timespec="seconds")
