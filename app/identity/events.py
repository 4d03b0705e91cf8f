"""What happens to people, their logins and their roles."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered(Event):
    """Somebody became known to the system. `way` is "wechat", "staff" or "command"."""

    name: ClassVar[str] = "person_registered"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffCreated(Event):
    """A person got a username and a password."""

    name: ClassVar[str] = "staff_created"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGiven(Event):
    """A person holds a role somewhere from now on. `area_id` is the area of that place."""

    name: ClassVar[str] = "role_given"
    subject: ClassVar[str] = "role"

    person_id: int
    role: str
    unit_id: int | None
    site_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEnded(Event):
    """A person no longer holds a role. `area_id` is the area of its place."""

    name: ClassVar[str] = "role_ended"
    subject: ClassVar[str] = "role"

    person_id: int
    role: str
    unit_id: int | None
    site_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebindingCodeGiven(Event):
    """Staff gave a person a one-time code to bring a new WeChat account to the old person."""

    name: ClassVar[str] = "rebinding_code_given"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatRebound(Event):
    """A new WeChat account now belongs to this person; the empty account it had opened is gone."""

    name: ClassVar[str] = "wechat_rebound"
    subject: ClassVar[str] = "person"

    person_id: int
    emptied_person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLocked(Event):
    """Too many wrong passwords or codes: no password login for this person for a while."""

    name: ClassVar[str] = "account_locked"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRevoked(Event):
    """A used refresh token came again, so it was stolen or copied: that login is ended everywhere."""

    name: ClassVar[str] = "login_revoked"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A staff member chose a new password."""

    name: ClassVar[str] = "password_changed"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpEnrolled(Event):
    """A staff member logs in with a second factor from now on."""

    name: ClassVar[str] = "totp_enrolled"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRevealed(Event):
    """Staff read a person's whole phone number."""

    name: ClassVar[str] = "phone_revealed"
    subject: ClassVar[str] = "person"
    audit_only: ClassVar[bool] = True

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeleted(Event):
    """A person deleted the account; a pseudonym stays for the ledgers."""

    name: ClassVar[str] = "account_deleted"
    subject: ClassVar[str] = "person"

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyAsked(Event):
    """Somebody (`other_person_id`) asked this person to be family."""

    name: ClassVar[str] = "family_asked"
    subject: ClassVar[str] = "family_link"

    person_id: int
    other_person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyJoined(Event):
    """This person and `other_person_id` are family from now on."""

    name: ClassVar[str] = "family_joined"
    subject: ClassVar[str] = "family_link"

    person_id: int
    other_person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyEnded(Event):
    """This person and `other_person_id` are no longer family; the other one ended it."""

    name: ClassVar[str] = "family_ended"
    subject: ClassVar[str] = "family_link"

    person_id: int
    other_person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRegistered(Event):
    """Staff noted, with the consent of both, that these two are family."""

    name: ClassVar[str] = "family_registered"
    subject: ClassVar[str] = "family_link"
    audit_only: ClassVar[bool] = True

    person_id: int
    other_person_id: int
