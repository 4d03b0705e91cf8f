"""Who lives in the demo. Invented people; the communities, streets and cities are real."""

from dataclasses import dataclass

from app.core.permissions import Role
from app.identity.terms import MemberKind

PASSWORD = "Linli-2026"  # noqa: S105 - printed by `make run`; refused outside demo mode

BAOJIA = "330205001015"
YILI = "350902500009"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody with a phone: logs in by WeChat with this openid of the stand-in."""

    openid: str
    name: str
    phone: str
    area_code: str
    member: MemberKind | None
    says: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody with a password."""

    username: str
    name: str
    phone: str
    role: Role
    place: str
    """An area code, a site's name or a unit's name, as the role demands."""
    says: str


NEIGHBOURS = (
    Neighbour(
        "demo-liming",
        "李明",
        "13900010001",
        BAOJIA,
        member=MemberKind.IN_SERVICE,
        says="在职党员，已报到",
    ),
    Neighbour("demo-chenjing", "陈静", "13900010002", BAOJIA, member=None, says="居民"),
    Neighbour(
        "demo-zhaohaibo",
        "赵海波",
        "13900010003",
        BAOJIA,
        member=MemberKind.RETIRED,
        says="退休党员，已报到",
    ),
    Neighbour(
        "demo-wangxiuying", "王秀英", "13900010004", BAOJIA, member=None, says="居民，许了微心愿"
    ),
    Neighbour(
        "demo-suting",
        "苏婷",
        "13900020001",
        YILI,
        member=MemberKind.IN_SERVICE,
        says="在职党员，已报到",
    ),
    Neighbour("demo-linguofu", "林国福", "13900020002", YILI, member=None, says="居民"),
)

SITES: dict[str, tuple[str, str, str]] = {
    BAOJIA: ("包家社区党群服务中心", "江北区外滩街道包家社区", "0574-87650001"),
    YILI: ("亿利社区党群服务中心", "东侨开发区亿利社区", "0593-2950001"),
}

UNITS = (
    ("113302050029623454", "宁波市江北区教育局", "330205000000"),
    ("11350902003712345F", "宁德市蕉城区住房和城乡建设局", "350902000000"),
)

STAFF = (
    Staff("wuzhiqiang", "吴志强", "13900090001", Role.COMMUNITY_ADMIN, BAOJIA, "包家社区管理员"),
    Staff(
        "zhoumin",
        "周敏",
        "13900090002",
        Role.STATION_STAFF,
        "包家社区党群服务中心",
        "包家社区站点工作人员",
    ),
    Staff(
        "sunli", "孙丽", "13900090003", Role.UNIT_ADMIN, "宁波市江北区教育局", "江北区教育局管理员"
    ),
    Staff("zhengtao", "郑涛", "13900090004", Role.AREA_ADMIN, "330205001000", "外滩街道管理员"),
    Staff("qianmin", "钱敏", "13900090005", Role.AREA_ADMIN, "330200000000", "宁波市管理员"),
    Staff("linfang", "林芳", "13900090006", Role.COMMUNITY_ADMIN, YILI, "亿利社区管理员"),
    Staff(
        "huanglei",
        "黄磊",
        "13900090007",
        Role.STATION_STAFF,
        "亿利社区党群服务中心",
        "亿利社区站点工作人员",
    ),
    Staff("xuwei", "许伟", "13900090008", Role.AREA_ADMIN, "350900000000", "宁德市管理员"),
)
