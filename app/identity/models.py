"""People, their ways to log in, their sessions and roles."""

from datetime import datetime
from unicodedata import normalize

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, one_of
from app.core.permissions import Role
from app.core.sealing import blind_index, seal, unseal
from app.identity.terms import CONSENT_NOTE_LENGTH_MAX, FamilyState, LoginWay, MemberKind


class Person(Model):
    """A human being known to the system. Deleted accounts keep the row as a pseudonym for the ledgers."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name_sealed: Mapped[str | None] = mapped_column(String(400))
    name_index: Mapped[str | None] = mapped_column(String(64), index=True)
    phone_sealed: Mapped[str | None] = mapped_column(String(200))
    phone_index: Mapped[str | None] = mapped_column(String(64))
    phone_tail_index: Mapped[str | None] = mapped_column(String(64), index=True)
    """Blind index of the last four digits: staff look an elder up by them."""
    home_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    """The community (or compound) of residence: chosen by a resident, settled by an accepted report-in."""
    member_kind: Mapped[str | None] = mapped_column(String(20))
    """For a Party member whose report-in is accepted: in service, retired or mobile; else None."""
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("phone_index", name="uq_person_phone"),
        one_of("member_kind", MemberKind),
    )

    @property
    def name(self) -> str | None:
        """The real name, unsealed; mask it before it leaves for a list (`rules.masked_name`)."""
        return None if self.name_sealed is None else unseal(self.name_sealed, "person.name")

    @name.setter
    def name(self, value: str | None) -> None:
        self.name_sealed = None if value is None else seal(value, "person.name")
        self.name_index = None if value is None else name_index(value)

    @property
    def phone(self) -> str | None:
        """The phone number, unsealed. Showing it whole to another person must be journalled."""
        return None if self.phone_sealed is None else unseal(self.phone_sealed, "person.phone")

    @phone.setter
    def phone(self, value: str | None) -> None:
        self.phone_sealed = None if value is None else seal(value, "person.phone")
        self.phone_index = None if value is None else phone_index(value)
        self.phone_tail_index = None if value is None else phone_tail_index(value[-4:])

    def forget(self, at: datetime) -> None:
        """Leave nothing but a number for the ledgers to point to."""
        self.name = self.phone = self.home_area_id = self.member_kind = None
        self.deleted_at = at


def name_index(name: str) -> str:
    """What a whole name is found by."""
    return blind_index(normalize("NFKC", name), "person.name")


def phone_index(phone: str) -> str:
    """What a whole phone number is found by, and kept unique by."""
    return blind_index(phone, "person.phone")


def phone_tail_index(tail: str) -> str:
    """What the last four digits of a phone number are found by."""
    return blind_index(tail, "person.phone_tail")


class WechatIdentity(Model):
    """An openid of one app, bound to a person. A changed WeChat account is rebound by staff."""

    __tablename__ = "wechat_identity"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    app_id: Mapped[str] = mapped_column(String(40))
    openid: Mapped[str] = mapped_column(String(64))
    unionid: Mapped[str | None] = mapped_column(String(64))
    bound_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("app_id", "openid", name="uq_wechat_identity_openid"),)


class StaffCredential(Model):
    """Username and password of a staff member; argon2id hash, optional TOTP secret (sealed)."""

    __tablename__ = "staff_credential"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_sealed: Mapped[str | None] = mapped_column(String(200))
    totp_pending_sealed: Mapped[str | None] = mapped_column(String(200))
    """A secret shown for enrolment and not yet proved by a first code."""
    totp_step_used: Mapped[int | None]
    """The last accepted 30-second step: a TOTP code counts once (RFC 6238, 5.2)."""

    __table_args__ = (UniqueConstraint("username", name="uq_staff_credential_username"),)

    @property
    def totp_secret(self) -> str | None:
        """The second factor's secret, if one is on."""
        return _unsealed(self.totp_sealed, "staff_credential.totp")

    @property
    def totp_pending_secret(self) -> str | None:
        """The secret that waits for its first code."""
        return _unsealed(self.totp_pending_sealed, "staff_credential.totp")

    @totp_pending_secret.setter
    def totp_pending_secret(self, value: str) -> None:
        self.totp_pending_sealed = seal(value, "staff_credential.totp")


def _unsealed(envelope: str | None, where: str) -> str | None:
    return None if envelope is None else unseal(envelope, where)


class LoginAttempts(Model):
    """Wrong attempts in a row under one username, known or not, so that a lock does not tell which exist."""

    __tablename__ = "login_attempts"

    username_index: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)


class LoginSession(Model):
    """A family of refresh tokens: one device of one person, until it logs out."""

    __tablename__ = "login_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    way: Mapped[str] = mapped_column(String(20), default=LoginWay.WECHAT)
    created_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (one_of("way", LoginWay),)


class RefreshToken(Model):
    """One refresh token, stored as its SHA-256. Used once; its successor is named so that a double tap gets it too."""

    __tablename__ = "refresh_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("login_session.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    successor_sealed: Mapped[str | None] = mapped_column(String(400))
    """The very successor token, sealed, handed out again to a double tap within seconds; then cleared."""

    __table_args__ = (
        Index(
            "ix_refresh_token_successor",
            "used_at",
            sqlite_where=text("successor_sealed IS NOT NULL"),
            postgresql_where=text("successor_sealed IS NOT NULL"),
        ),
    )


class RebindingCode(Model):
    """The one open code of a person that lets a new WeChat account take the place of the lost one."""

    __tablename__ = "rebinding_code"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    code_index: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("code_index", name="uq_rebinding_code_code"),)


class RoleHolding(Model):
    """A role held somewhere, from a moment, until ended."""

    __tablename__ = "role_holding"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    given_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    __table_args__ = (
        one_of("role", Role),
        CheckConstraint(
            "(area_id IS NOT NULL) + (unit_id IS NOT NULL) + (site_id IS NOT NULL) = 1",
            name="place",
        ).ddl_if(dialect="sqlite"),
        CheckConstraint("num_nonnulls(area_id, unit_id, site_id) = 1", name="place").ddl_if(
            dialect="postgresql"
        ),
        Index(
            "uq_role_holding_active",
            "person_id",
            "role",
            text("coalesce(area_id, 0)"),
            text("coalesce(unit_id, 0)"),
            text("coalesce(site_id, 0)"),
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )


class FamilyLink(Model):
    """Two people who say that they are family: one asks and the other accepts, or staff note both's consent.

    Asked, then active, then ended; declining and withdrawing end it too. It serves giving points, nothing else.
    """

    __tablename__ = "family_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    """The one of the two with the lower id, so that a pair is one row whoever asks."""
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    registered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    consent_note: Mapped[str | None] = mapped_column(String(CONSENT_NOTE_LENGTH_MAX))
    """How staff know that both agree."""
    state: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime]
    since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("first_id < second_id", name="order"),
        one_of("state", FamilyState),
        CheckConstraint(
            "(asked_by IS NULL) = (registered_by IS NOT NULL)"
            " AND (registered_by IS NULL) = (consent_note IS NULL)",
            name="begun",
        ),
        CheckConstraint(
            "(state <> 'active' OR since IS NOT NULL) AND (state = 'ended') = (ended_at IS NOT NULL)",
            name="moments",
        ),
        Index(
            "uq_family_link_open",
            "first_id",
            "second_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
    )

    def other_than(self, person_id: int) -> int:
        """The other of the two."""
        return self.second_id if person_id == self.first_id else self.first_id
