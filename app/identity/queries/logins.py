"""Selects on logins and what they are proved by."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import ColumnElement, and_, bindparam, exists, select

from app.core.db import db
from app.core.prepared import Prepared
from app.identity.models import (
    LoginAttempts,
    LoginSession,
    Person,
    RebindingCode,
    RefreshToken,
    RoleHolding,
    StaffCredential,
    WechatIdentity,
)
from app.identity.queries.places import area_table
from app.identity.terms import KnownPassword

if TYPE_CHECKING:
    from sqlalchemy import Table

# Put together once, of tables and not of classes: every request asks it.
_PERSON, _LOGIN, _ROLE = (cast("Table", of.__table__) for of in (Person, LoginSession, RoleHolding))
_STANDING = Prepared(
    select(_ROLE.c.role, area_table.c.path, _ROLE.c.unit_id, _ROLE.c.site_id)
    .select_from(_PERSON)
    .join(
        _LOGIN,
        and_(_LOGIN.c.id == bindparam("session_id"), _LOGIN.c.person_id == _PERSON.c.id),
    )
    .outerjoin(_ROLE, and_(_ROLE.c.person_id == _PERSON.c.id, _ROLE.c.until.is_(None)))
    .outerjoin(area_table, area_table.c.id == _ROLE.c.area_id)
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
