"""Words and limits of people, logins and roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.community.terms import Level
from app.core.permissions import ROLE_NAMES_ZH, HeldAt, Permission, Role


class MemberKind(StrEnum):
    """What kind of Party member somebody is, once a community has accepted the report-in."""

    IN_SERVICE = "in_service"
    RETIRED = "retired"
    MOBILE = "mobile"


MEMBER_KIND_NAMES_ZH: dict[MemberKind, str] = {
    MemberKind.IN_SERVICE: "在职党员",
    MemberKind.RETIRED: "离退休党员",
    MemberKind.MOBILE: "流动党员",
}


class FamilyState(StrEnum):
    """Two people become family when the second says yes; either may end it."""

    ASKED = "asked"
    ACTIVE = "active"
    ENDED = "ended"


FAMILY_STATES_ZH: dict[FamilyState, str] = {
    FamilyState.ASKED: "待对方确认",
    FamilyState.ACTIVE: "已互认",
    FamilyState.ENDED: "已解除",
}
FAMILY_MAX = 10
"""Open links of one person: a household, not a market for points."""
FAMILY_REQUESTS_PER_MINUTE_MAX = 20
"""So that nobody finds out by trying who has registered which number."""
CONSENT_NOTE_LENGTH_MAX = 100


class LoginWay(StrEnum):
    """How a login session began."""

    WECHAT = "wechat"
    PASSWORD = "password"  # noqa: S105 - a word, no secret


REFRESH_LIFE: dict[LoginWay, timedelta] = {
    LoginWay.WECHAT: timedelta(days=30),
    LoginWay.PASSWORD: timedelta(hours=12),
}
"""How long a login may lie idle. A phone is one person's own; a desk at a counter is not, so a staff login
does not outlive the working day (GB/T 22239 asks for an idle logout)."""

DOUBLE_TAP_SECONDS = 20
"""Within this time a used refresh token is answered with the very same successor: the answer was lost."""

FAILURES_MAX = 5
LOCK_MINUTES = 15
"""Five wrong passwords or codes in a row close the password login for a quarter of an hour (GB/T 22239)."""

PASSWORD_LOGINS_PER_MINUTE_MAX = 20
"""From one address: an office behind one address still gets in, a guessing machine does not."""

TOTP_STEP_SECONDS = 30
TOTP_STEPS_TOLERATED = 1

REBINDING_MINUTES = 15
REBINDING_CODE_LENGTH = 8
"""29 ** 8 is 39 bits: out of reach for the guesses a logged-in phone can make in fifteen minutes."""

NAME_LENGTH_MAX = 40
USERNAME_LENGTH_MAX = 40
PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 128
_WELL_KNOWN = """
    password passwd admin administrator root system manager test guest user login welcome letmein master secret
    default changeme qwer qwert qwerty qwertyuiop asdf asdfgh asdfghjkl zxcv zxcvbn zxcvbnm qaz qazwsx wsx abc abcd
    abcde abcdef abcdefg abcdefgh iloveyou sunshine princess dragon monkey football woaini zhongguo china mima
"""
PASSWORDS_WELL_KNOWN = frozenset(_WELL_KNOWN.split())
"""What is left of "P@ssw0rd1", "Admin@123" or "1qaz@WSX" without its decoration of digits and signs."""

_SURNAMES = """
    欧阳 司马 诸葛 上官 司徒 司空 司寇 夏侯 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 东方 独孤 南宫 西门 东郭 南门
    呼延 端木 百里 轩辕 拓跋 赫连 澹台 淳于 单于 公冶 公羊 公良 公西 太史 太叔 申屠 仲孙 叔孙 钟离 鲜于 闾丘
    梁丘 左丘 万俟 闻人 宗政 濮阳 子车 亓官 巫马 颛孙 壤驷 漆雕 乐正 宰父 谷梁 夹谷 段干 羊舌 微生 达奚 褚师
    即墨 第五 纳兰
"""
COMPOUND_SURNAMES = frozenset(_SURNAMES.split())
"""The two-character surnames of the Hundred Family Surnames, and a few more in use today."""

PHONE_PATTERN = r"1[3-9][0-9]{9}"
PHONE_TAIL_PATTERN = r"[0-9]{4}"


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """A WeChat account as one of our apps sees it."""

    app_id: str
    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place where a role is held: the area itself, or a unit or a site in that area."""

    held_at: HeldAt
    area_id: int
    area_path: str
    level: Level
    unit_id: int | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedArea:
    """An area as it is shown beside a person or a role."""

    id: int
    code: str
    name: str
    level: str
    path: str


@dataclass(frozen=True, slots=True)
class Named:
    """A unit or a site as it is shown beside a role."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role, who holds it (masked) and where; `area` is the area of the place in every case."""

    id: int
    person_id: int
    person_name: str
    role: Role
    area: PlacedArea
    unit: Named | None
    site: Named | None
    since: datetime
    until: datetime | None

    @property
    def role_name(self) -> str:
        """What the role is called in Chinese."""
        return ROLE_NAMES_ZH[self.role]


@dataclass(frozen=True, slots=True)
class Me:
    """What somebody is told about themselves."""

    id: int
    name: str | None
    phone: str | None
    home: PlacedArea | None
    member_kind: MemberKind | None
    roles: tuple[HeldRole, ...]
    permissions: tuple[Permission, ...]
    username: str | None
    totp_on: bool
    wechat_bound: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """What a phone or a desk gets for proving who it is."""

    access_token: str
    expires_in: int
    """Seconds until the access token ends."""
    refresh_token: str
    person: Me


@dataclass(frozen=True, slots=True)
class MyData:
    """Everything the system holds about a person at one moment, by room."""

    made_at: datetime
    person_id: int
    parts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HelpedPerson:
    """As little as staff need to recognise the person before them."""

    id: int
    name: str
    phone: str | None
    home: PlacedArea | None


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """A password login, as values that outlive the transaction they were read in."""

    person_id: int
    username: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """What comparing a password outside the transaction found; `password_hash` is the one compared with."""

    username: str
    person_id: int | None
    password_hash: str | None
    right: bool


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The old password compared and the new one hashed, both outside the transaction."""

    old: PasswordCheck
    new_hash: str


@dataclass(frozen=True, slots=True)
class RevealedPhone:
    """A whole phone number, shown to staff for one purpose."""

    phone: str


@dataclass(frozen=True, slots=True)
class RebindingCodeShown:
    """A code to be read out to the person at the counter, once."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """What an authenticator app needs; shown once."""

    secret: str
    otpauth_uri: str


@dataclass(frozen=True, slots=True)
class FamilyShown:
    """A link to one of the family, as one of the two sees it."""

    id: int
    person_id: int
    """The other one."""
    name: str
    state: FamilyState
    asked_by_me: bool
    asked_at: datetime
    since: datetime | None

    @property
    def state_name(self) -> str:
        """The state in Chinese."""
        return FAMILY_STATES_ZH[self.state]
