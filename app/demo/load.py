"""Makes the demo, once, in one transaction: killed half-way it leaves nothing, run again it finds itself done."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from app.config import STANDIN_APPID
from app.core.actor import Actor, RoleHeld, system
from app.core.clock import CHINA, china_date, now
from app.core.db import in_transaction
from app.core.permissions import Role
from app.demo import people
from app.demo.people import BAOJIA, NEIGHBOURS, SITES, STAFF, UNITS, YILI, Neighbour
from app.identity import actions as identity
from app.identity import queries as identities
from app.identity.terms import MemberKind, WechatAccount
from app.micro_wish import actions as wishes
from app.micro_wish.schemas import WishDeliverSchema, WishFormSchema, WishPublishSchema
from app.points import actions as points
from app.redemption import actions as redemption
from app.redemption.schemas import NewRewardSchema
from app.reporting_in import actions as reporting_in
from app.reporting_in.schemas import ReportInFormSchema
from app.sites import actions as sites
from app.sites.schemas import NewSiteSchema
from app.units import actions as units
from app.volunteer.actions import claims, opportunities
from app.volunteer.schemas import NewOpportunitySchema
from app.web import Schema

SATURDAY = 5


def load(progress: Callable[[str], None]) -> None:
    """Make the demo unless it is there."""
    if in_transaction(identities.has_demo_people, write=False):
        return
    progress("demo: making people, sites, opportunities, rewards and wishes")
    in_transaction(_Stage(now()).set_up, write=True)
    progress(f"demo: {len(NEIGHBOURS)} neighbours, {len(STAFF)} staff")


def accounts() -> tuple[str, ...]:
    """The demo's accounts, a line each, for the console."""
    lines = [f"Staff, password {people.PASSWORD}:"]
    lines += [f"  {one.username:<14}{one.name}  {one.says}" for one in STAFF]
    lines.append("Phones, WeChat openid of the stand-in:")
    lines += [f"  {one.openid:<18}{one.name}  {one.says}" for one in NEIGHBOURS]
    return tuple(lines)


def _loaded(schema: type[Schema], **form: Any) -> dict[str, Any]:
    """The body a client would have sent: the demo passes through the same door."""
    loaded: dict[str, Any] = schema().load(form)
    return loaded


class _Stage:
    """One telling of the demo; remembers who is who while it is set up."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._ids: dict[str, int] = {}
        self._site_ids: dict[str, int] = {}
        self._unit_ids: dict[str, int] = {}

    def set_up(self) -> None:
        """Everything, in the order in which it would have happened."""
        self._area_staff()
        self._units_and_sites()
        self._place_staff()
        self._neighbours()
        self._opportunities()
        self._rewards()
        self._wishes()

    def _area_staff(self) -> None:
        for one in STAFF:
            if one.role in {Role.COMMUNITY_ADMIN, Role.AREA_ADMIN}:
                self._employ(one, area_code=one.place)

    def _units_and_sites(self) -> None:
        for (credit_code, name, area), admin in zip(UNITS, ("qianmin", "xuwei"), strict=True):
            unit = units.add(
                self._as(admin), {"credit_code": credit_code, "name": name, "area": area}
            )
            self._unit_ids[name] = unit.id
        for area, (name, address, phone) in SITES.items():
            form = _loaded(NewSiteSchema, area=area, name=name, address=address, phone=phone)
            shown = sites.open_site(self._as(self._admin_of(area)), form)
            self._site_ids[name] = self._site_ids[area] = shown.site.id

    def _place_staff(self) -> None:
        for one in STAFF:
            if one.role is Role.STATION_STAFF:
                self._employ(one, site_id=self._site_ids[one.place])
            elif one.role is Role.UNIT_ADMIN:
                self._employ(one, unit_id=self._unit_ids[one.place])

    def _employ(self, one: people.Staff, **place: Any) -> None:
        person = identity.create_staff(
            system(self._at),
            username=one.username,
            password=people.PASSWORD,
            name=one.name,
            role=one.role,
            phone=one.phone,
            demo=True,
            **place,
        )
        self._ids[one.username] = person.id

    def _neighbours(self) -> None:
        for one in NEIGHBOURS:
            account = WechatAccount(STANDIN_APPID, one.openid, None)
            person = identity.find_or_register(
                system(self._at),
                name=one.name,
                phone=one.phone,
                area_code=one.area_code,
                account=account,
                demo=True,
            )
            self._ids[one.openid] = person.id
            if one.member is not None:
                self._report_in(one, one.member)

    def _report_in(self, one: Neighbour, kind: MemberKind) -> None:
        unit = UNITS[0][1] if one.area_code == BAOJIA else UNITS[1][1]
        form = _loaded(
            ReportInFormSchema,
            area=one.area_code,
            unit_id=self._unit_ids[unit] if kind is MemberKind.IN_SERVICE else None,
            member_kind=kind,
            specialities=["computing", "teaching"],
            free_times=["weekend", "evening"],
            emergency_ready=True,
            consent=True,
        )
        shown = reporting_in.submit(self._as(one.openid), form)
        reporting_in.accept(self._as(self._admin_of(one.area_code)), shown.report_in.id)

    def _opportunities(self) -> None:
        saturday = self._next_saturday()
        for area in (BAOJIA, YILI):
            common = {"area": area, "site_id": self._site_ids[area]}
            admin = self._as(self._admin_of(area))
            for form in _OPPORTUNITIES:
                shifts = [
                    {
                        "starts_at": _at(saturday, days, start),
                        "ends_at": _at(saturday, days, end),
                        "capacity": capacity,
                    }
                    for days, start, end, capacity in form["shifts"]
                ]
                made = opportunities.make(
                    admin, _loaded(NewOpportunitySchema, **{**form, **common, "shifts": shifts})
                )
                if area == BAOJIA and form["kind"] == "micro_project":
                    body = {"shift_id": made.shifts[0].id}
                    claim = claims.claim(self._as("demo-liming"), body, made.opportunity.id)
                    claims.approve(admin, claim.claim.id)
                    claims.claim(self._as("demo-chenjing"), body, made.opportunity.id)

    def _rewards(self) -> None:
        for area in (BAOJIA, YILI):
            admin = self._as(self._admin_of(area))
            for title, description, price, pieces in _REWARDS:
                form = _loaded(
                    NewRewardSchema, area=area, title=title, description=description, points=price
                )
                reward = redemption.offer(admin, form)
                body = {"site_id": self._site_ids[area], "quantity": pieces}
                redemption.receive(admin, body, reward.id)
        for openid, given in (("demo-chenjing", 30), ("demo-linguofu", 20)):
            area = BAOJIA if openid == "demo-chenjing" else YILI
            points.grant(
                self._as(self._admin_of(area)),
                person_id=self._ids[openid],
                points=given,
                reason="纸质积分卡结余转入",
            )

    def _wishes(self) -> None:
        admin = self._as(self._admin_of(BAOJIA))
        for openid, form, published in _WISHES:
            made = wishes.make(self._as(openid), _loaded(WishFormSchema, **form))
            if published:
                wishes.publish(admin, _loaded(WishPublishSchema), made.wish.id)
        made = wishes.make(
            self._as("zhoumin"),
            _loaded(WishFormSchema, person_id=self._ids["demo-wangxiuying"], **_LAMP),
        )
        wishes.publish(admin, _loaded(WishPublishSchema), made.wish.id)
        wishes.claim(self._as("demo-zhaohaibo"), made.wish.id)
        wishes.approve(admin, made.wish.id)
        note = _loaded(WishDeliverSchema, note="换好了两盏声控灯，晚上试过，都亮。")
        wishes.deliver(self._as("demo-zhaohaibo"), note, made.wish.id)

    def _as(self, who: str) -> Actor:
        person_id = self._ids[who]
        held = tuple(
            RoleHeld(
                one.role,
                area_path=one.area.path if one.unit is None and one.site is None else None,
                unit_id=one.unit.id if one.unit else None,
                site_id=one.site.id if one.site else None,
            )
            for one in identities.roles_of(person_id)
        )
        return Actor(person_id, self._at, (RoleHeld(Role.RESIDENT), *held), request_id="demo-load")

    def _admin_of(self, area_code: str) -> str:
        return next(
            one.username
            for one in STAFF
            if one.role is Role.COMMUNITY_ADMIN and one.place == area_code
        )

    def _next_saturday(self) -> datetime:
        today = china_date(self._at)
        days = (SATURDAY - today.weekday()) % 7 or 7
        return datetime.combine(today + timedelta(days=days), time(), CHINA)


def _at(saturday: datetime, days: int, clock: str) -> str:
    hour, minute = map(int, clock.split(":"))
    return (saturday + timedelta(days=days, hours=hour, minutes=minute)).isoformat()


_OPPORTUNITIES: tuple[dict[str, Any], ...] = (
    {
        "kind": "micro_project",
        "category": "governance",
        "title": "周六清洁家园",
        "description": "清理楼道杂物，擦洗公共座椅。工具由社区准备，请穿便于活动的衣服。",
        "open_to": "everyone",
        "needs_approval": True,
        "shifts": [(0, "09:00", "11:00", 12), (7, "09:00", "11:00", 12)],
    },
    {
        "kind": "micro_post",
        "category": "safety",
        "title": "楼道安全巡查员",
        "description": "每次两小时，查看楼道堆物、飞线充电和消防通道，拍照记录后交给网格员。",
        "open_to": "members",
        "needs_approval": False,
        "shifts": [(1, "19:00", "21:00", 4), (3, "19:00", "21:00", 4), (5, "19:00", "21:00", 4)],
    },
    {
        "kind": "activity",
        "category": "health",
        "title": "老人手机课堂",
        "description": "一对一教老人用手机挂号、视频通话、识别诈骗电话。",
        "open_to": "everyone",
        "needs_approval": False,
        "points_rule": "fixed",
        "points_fixed": 15,
        "shifts": [(8, "14:00", "16:00", 20)],
    },
)

_REWARDS = (
    ("洗衣液一瓶", "2 千克装。", 20, 30),
    ("社区理发一次", "每周三上午，社区便民理发点。", 10, 50),
    ("五常大米一袋", "5 千克装。", 60, 10),
)

_WISHES: tuple[tuple[str, dict[str, Any], bool], ...] = (
    (
        "demo-wangxiuying",
        {
            "title": "想有人陪我去医院复查",
            "public_text": "下周去江北的医院复查眼睛，路上需要有人陪，大约半天。",
            "private_text": "住 3 幢 402，右眼白内障术后三个月，一个人住。",
            "category": "company",
        },
        True,
    ),
    (
        "demo-chenjing",
        {
            "title": "孩子想要一本二手字典",
            "public_text": "三年级，新华字典，旧的就好。",
            "category": "study",
        },
        False,
    ),
)

_LAMP: dict[str, Any] = {
    "title": "楼道灯不亮了",
    "public_text": "二楼到四楼的灯坏了，晚上看不清台阶。",
    "private_text": "3 幢 2 单元。老人摔过一次。",
    "category": "repair",
}
