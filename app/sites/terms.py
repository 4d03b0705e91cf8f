"""Words and limits of stations and their codes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.policies.rules import Rules

NAME_LENGTH_MAX = 60
ADDRESS_LENGTH_MAX = 120
PHONE_LENGTH_MAX = 20

CODE_LENGTH_MAX = 32
"""What WeChat lets a mini-program's `scene` hold."""
SCANNED_LENGTH_MAX = 4296
"""What a QR code can hold at most (ISO/IEC 18004): a picture of anything else is answered plainly, not as malformed."""
MAC_BYTES = 10
PASS_STEP_SECONDS = 30
CLOCK_SECONDS_TOLERATED = 90
"""How wrong the clock of a phone or a station's device may be."""
CODE_PAGE_PREFIX = "/q/"
COLLECTION_PREFIX = "r1."
"""How the code of an order begins, so that whatever scans it knows what it is; the counter reads the rest."""


class SiteKind(StrEnum):
    """A station of the community, or a partner shop (爱心商家) where rewards are collected."""

    STATION = "station"
    SHOP = "shop"


class CodeKind(StrEnum):
    """What a code stands for. The first letter of the code says which."""

    SITE = "site"
    PASS = "pass"  # noqa: S105 - a card to show, no password


LETTERS: dict[CodeKind, str] = {CodeKind.SITE: "s", CodeKind.PASS: "p"}
CODE_NAMES_ZH: dict[CodeKind, str] = {CodeKind.SITE: "服务点的签到码", CodeKind.PASS: "个人码"}


@dataclass(frozen=True, slots=True)
class Guide:
    """What the page behind a code says to a person who opened it with an ordinary scanner."""

    title: str
    steps: tuple[str, ...]
    note: str


_OPEN_LINLI = "打开“邻里”小程序或网页并登录。"

CODE_GUIDES_ZH: dict[CodeKind | None, Guide] = {
    CodeKind.SITE: Guide(
        "服务点签到码",
        (
            _OPEN_LINLI,
            "点“扫码”，再扫一次服务点屏幕上正在显示的码。",
            "看到“签到”或“签退”的结果即可。",
        ),
        "这个码会不断更换，请在现场扫描。没有手机的居民，请找站点工作人员代为办理。",
    ),
    CodeKind.PASS: Guide(
        "个人码",
        (_OPEN_LINLI, "在工作台点“扫码”，由站点工作人员扫描对方的个人码。"),
        "个人码只供站点工作人员扫描，不断更换，截图无效。",
    ),
    None: Guide(
        "邻里二维码",
        (_OPEN_LINLI, "在里面点“扫码”，再扫一次这个码。"),
        "如果扫不出来，请向社区工作人员询问。",
    ),
}


COLLECTION_GUIDE_ZH = Guide(
    "礼品领取码",
    (
        "凭这个码到兑换时选定的服务点或爱心商家，请工作人员扫码领取。",
        "扫不出来时，把码下面的十位字符念给工作人员输入。",
        "领取地点和截止时间，在“邻里”的“我的兑换”里可以看到。",
    ),
    "一个码只能领取一次，请不要转发给他人。过期未领的，积分会退回账户。",
)


class Direction(StrEnum):
    """Whether a presence begins or ends."""

    IN = "in"
    OUT = "out"


class Distance(StrEnum):
    """How far from the station a phone said it was, in metres. All that is kept of a place."""

    WITHIN_100 = "within_100"
    WITHIN_300 = "within_300"
    WITHIN_1000 = "within_1000"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Place:
    """A point in GCJ-02, China's public coordinates, as phones report it."""

    latitude: float
    longitude: float

    @classmethod
    def of(cls, latitude: float | None, longitude: float | None) -> "Place | None":
        """The point of two columns that are both filled or both empty."""
        return None if latitude is None or longitude is None else cls(latitude, longitude)


@dataclass(frozen=True, slots=True)
class RotatingCode:
    """A code to be shown now; at `expires_at` the next one takes its place."""

    code: str
    link: str
    image: str
    """The link as a QR picture, a `data:` address of a PNG."""
    step_seconds: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ScanSite:
    """An open site as a scan needs it: where it stands and which rules hold there at the moment of the scan."""

    id: int
    name: str
    area_id: int
    area_path: str
    place: Place | None
    rules: "Rules"


@dataclass(frozen=True, slots=True)
class CodeUse:
    """One use of a code by one person in one direction."""

    step: int
    first: bool
    """False when this very use was made before, and the first result is to be answered again."""
