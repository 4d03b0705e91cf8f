"""Shapes of logins, people and roles."""

import re
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from typing_extensions import override

from app.community.terms import CODE_LENGTH_MAX
from app.core.permissions import Permission, Role
from app.identity.terms import (
    CONSENT_NOTE_LENGTH_MAX,
    NAME_LENGTH_MAX,
    PASSWORD_LENGTH_MAX,
    PHONE_PATTERN,
    PHONE_TAIL_PATTERN,
    USERNAME_LENGTH_MAX,
    FamilyState,
    MemberKind,
)
from app.web import Flag, Id, Moment, PageQuery, Schema, Text


class Digits(fields.String):
    """A text that matches `pattern` from end to end."""

    def __init__(self, pattern: str, wrong_zh: str, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": f"^{pattern}$"}, **kwargs)
        self._pattern = re.compile(pattern)
        self._wrong_zh = wrong_zh

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if self._pattern.fullmatch(text) is None:
            raise ma.ValidationError(self._wrong_zh)
        return text


class Secret(fields.String):
    """A password: every printable character counts, blanks at its ends too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Length(
                1, PASSWORD_LENGTH_MAX, error=f"长度应为 1 到 {PASSWORD_LENGTH_MAX} 个字"
            ),
            metadata={"format": "password"},
            **kwargs,
        )

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if not text.isprintable():
            raise ma.ValidationError("含有无法识别的字符")
        return text


def _phone(**kwargs: Any) -> Digits:
    return Digits(PHONE_PATTERN, "应为 11 位手机号", **kwargs)


def _totp(**kwargs: Any) -> Digits:
    return Digits("[0-9]{6}", "应为六位数字", **kwargs)


# --- shown --------------------------------------------------------------------------------------------------------


class PlacedAreaSchema(Schema):
    """An area beside a person or a role."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)


class NamedSchema(Schema):
    """A unit or a site beside a role."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class OwnRoleSchema(Schema):
    """A role and where it is held; `area` is the area of the place in every case."""

    id = fields.Integer(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    role_name = fields.String(required=True)
    area = fields.Nested(PlacedAreaSchema, required=True)
    unit = fields.Nested(NamedSchema, required=True, allow_none=True)
    site = fields.Nested(NamedSchema, required=True, allow_none=True)
    since = Moment(required=True)
    until = Moment(required=True, allow_none=True)


class HeldRoleSchema(OwnRoleSchema):
    """A role with its holder, the name masked."""

    person_id = fields.Integer(required=True)
    person_name = fields.String(required=True)


class MeSchema(Schema):
    """What somebody is told about themselves."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    home = fields.Nested(PlacedAreaSchema, required=True, allow_none=True)
    member_kind = fields.Enum(MemberKind, by_value=True, required=True, allow_none=True)
    roles = fields.List(fields.Nested(OwnRoleSchema), required=True)
    permissions = fields.List(fields.Enum(Permission, by_value=True), required=True)
    username = fields.String(required=True, allow_none=True)
    totp_on = Flag(required=True)
    wechat_bound = Flag(required=True)
    created_at = Moment(required=True)


class LoginSchema(Schema):
    """Tokens: a short one to call with, and one to get the next pair with. `expires_in` is in seconds."""

    access_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    refresh_token = fields.String(required=True)
    person = fields.Nested(MeSchema, required=True)


class MyDataSchema(Schema):
    """Everything the system holds about the person, one part for each room."""

    made_at = Moment(required=True)
    person_id = fields.Integer(required=True)
    parts = fields.Dict(keys=fields.String(), required=True)


class HelpedPersonSchema(Schema):
    """As little as staff need to recognise somebody: name and number masked, and the home."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    home = fields.Nested(PlacedAreaSchema, required=True, allow_none=True)


class RevealedPhoneSchema(Schema):
    """A whole number; the journal has noted who read it."""

    phone = fields.String(required=True)


class RebindingCodeSchema(Schema):
    """A code to read out at the counter, once."""

    code = fields.String(required=True)
    expires_at = Moment(required=True)


class TotpEnrolmentSchema(Schema):
    """What an authenticator app needs, as text and as the address a QR code carries."""

    secret = fields.String(required=True)
    otpauth_uri = fields.String(required=True)


# --- asked --------------------------------------------------------------------------------------------------------


class WechatLoginSchema(Schema):
    """The code of a fresh `wx.login`."""

    code = Text(512, required=True)


class PasswordLoginSchema(Schema):
    """A staff member's login; `totp` once a second factor is on."""

    username = Text(USERNAME_LENGTH_MAX, required=True)
    password = Secret(required=True)
    totp = _totp()


class RefreshSchema(Schema):
    """The refresh token last received."""

    refresh_token = Text(100, required=True)


class PasswordChangeSchema(Schema):
    """The present password and the one to come."""

    password = Secret(required=True)
    new_password = Secret(required=True)


class TotpStartSchema(Schema):
    """A code of the present second factor, when one is being replaced."""

    totp = _totp()


class TotpConfirmSchema(Schema):
    """The first code of the new second factor."""

    totp = _totp(required=True)


class MeChangeSchema(Schema):
    """What is given is changed; a null phone number is removed."""

    name = Text(NAME_LENGTH_MAX)
    phone = _phone(allow_none=True)
    home_area = Text(CODE_LENGTH_MAX)


class RebindSchema(Schema):
    """The code that staff read out."""

    code = Text(20, required=True)


class RegisterSchema(Schema):
    """Somebody at the counter; `home_area` may be left out by staff of a single community."""

    name = Text(NAME_LENGTH_MAX, required=True)
    phone = _phone(allow_none=True)
    home_area = Text(CODE_LENGTH_MAX)


class PeopleQuery(PageQuery):
    """The last four digits of a phone number, a whole name, or both."""

    phone_tail = Digits(PHONE_TAIL_PATTERN, "应为手机号后四位")
    name = Text(NAME_LENGTH_MAX)

    @ma.validates_schema
    def _one_is_given(self, loaded: dict[str, Any], **_: Any) -> None:
        if not {"phone_tail", "name"} & loaded.keys():
            raise ma.ValidationError("请填写手机号后四位或完整姓名")


class RoleGivenSchema(Schema):
    """A role for a person at exactly one place: an area's code, a unit, or a site."""

    person_id = Id(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    area = Text(CODE_LENGTH_MAX)
    unit_id = Id()
    site_id = Id()

    @ma.validates_schema
    def _one_place_is_given(self, loaded: dict[str, Any], **_: Any) -> None:
        if len({"area", "unit_id", "site_id"} & loaded.keys()) != 1:
            raise ma.ValidationError("请选择一个区域、单位或服务点，且只选一个")


class RolesQuery(PageQuery):
    """Roles at and below one area."""

    area = Text(CODE_LENGTH_MAX)


class FamilySchema(Schema):
    """A link to one of the family; the name is masked."""

    id = Id(required=True)
    person_id = Id(required=True)
    name = fields.String(required=True)
    state = fields.Enum(FamilyState, by_value=True, required=True)
    state_name = fields.String(required=True)
    asked_by_me = Flag(required=True)
    asked_at = Moment(required=True)
    since = Moment(required=True, allow_none=True)


class FamilyAskedSchema(Schema):
    """Whom one asks: the whole name and the phone number, both as the other one has registered them."""

    name = Text(NAME_LENGTH_MAX, required=True)
    phone = _phone(required=True)


class FamilyRegisteredSchema(Schema):
    """Two people at the counter and how staff know that both agree."""

    person_id = Id(required=True)
    consent_note = Text(CONSENT_NOTE_LENGTH_MAX, min_length=2, required=True)
