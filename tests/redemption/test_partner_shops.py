"""Partner shops (爱心商家): their staff hand out at their own counter, settle by their own totals, and see no more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.clock import china_date, china_midnight, now
from app.core.db import db
from app.core.permissions import GRANTS, Permission, Role
from app.redemption.models import Redemption
from app.sites.terms import SiteKind
from tests.support.books import breaches
from tests.support.points_world import act, earn
from tests.support.redemption_world import collect, redeem, reward, stock
from tests.support.world import BAOJIA, HUXI, Caller, World

TODAY = china_date(now())


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def shop(world: World, area: str = BAOJIA, name: str = "老王粮油店") -> int:
    return world.site(area, name=name, kind=SiteKind.SHOP)


def with_points(world: World, points: int = 100, **kwargs: Any) -> Caller:
    person = world.person(**kwargs)
    earn(world, person, points)
    return person


def settlement(caller: Caller, site_id: int, first: Any = TODAY, last: Any = TODAY, more: str = ""):
    return caller.get(f"/redemptions?site={site_id}&from={first}&to={last}{more}")


def handed_out(world: World, site_id: int, reward_id: int, quantity: int = 1, **person: Any) -> int:
    order = redeem(with_points(world, **person), reward_id, site_id, quantity).json
    assert collect(world.community_admin(), order, site_id=site_id).status_code == 200
    redemption_id: int = order["id"]
    return redemption_id


def test_an_admin_opens_a_shop_and_gives_its_staff_their_role(world: World) -> None:
    admin, person = world.community_admin(), world.person()
    body = {"area": BAOJIA, "name": "老王粮油店", "address": "包家路 9 号", "kind": "shop"}
    opened = admin.post("/sites", body)
    assert (opened.status_code, opened.json["kind"]) == (201, "shop")
    site_id = opened.json["id"]
    role = {"person_id": person.id, "role": "partner_staff", "site_id": site_id}
    given = admin.post("/roles", role)
    assert given.status_code == 201, given.json
    assert given.json["role_name"] == "爱心商家店员"
    reward_id = reward(world, site_id, admin=admin, points=15)
    order = redeem(with_points(world, name="王秀英"), reward_id, site_id, 2).json
    handed = collect(person, order)
    assert handed.status_code == 200, handed.json
    assert (handed.json["person_name"], handed.json["points"]) == ("王*", 30)
    admin.post(f"/roles/{given.json['id']}/end")
    assert settlement(person, site_id).status_code == 403
    assert breaches(world) == []


def test_each_role_has_its_kind_of_site(world: World) -> None:
    admin, person = world.community_admin(), world.person()
    place = {"partner_staff": world.site(), "station_staff": shop(world)}
    for role, site_id in place.items():
        body = {"person_id": person.id, "role": role, "site_id": site_id}
        assert code(admin.post("/roles", body)) == (409, "role_place_wrong")
    body = {"person_id": person.id, "role": "partner_staff", "area": BAOJIA}
    assert code(admin.post("/roles", body)) == (409, "role_place_wrong")


def test_stations_and_shops_are_listed_apart(world: World) -> None:
    centre, grocer = world.site(), shop(world)

    def listed(more: str) -> list[int]:
        items = world.anonymous.get(f"/sites?area={BAOJIA}{more}").json["items"]
        return [item["id"] for item in items]

    assert (listed(""), listed("&kind=station"), listed("&kind=shop")) == (
        [centre, grocer],
        [centre],
        [grocer],
    )


def test_a_shops_staff_may_hand_out_and_nothing_else(world: World) -> None:
    assert GRANTS[Role.PARTNER_STAFF] == {Permission.REDEMPTION_COLLECT}
    site_id = shop(world)
    staff = world.partner_staff(site_id)
    for path in ("/people?phone_tail=1234", f"/sites/{site_id}/code", "/stock-counts"):
        assert staff.get(path).status_code == 403
    assert staff.post(f"/rewards/{reward(world, site_id)}/stock", {}).status_code == 403


def test_a_shop_hands_out_at_its_own_counter_only(world: World) -> None:
    own, other, station = shop(world), shop(world, name="邻家超市"), world.site()
    staff = world.partner_staff(own)
    for elsewhere in (other, station):
        order = redeem(with_points(world), reward(world, elsewhere), elsewhere).json
        assert code(collect(staff, order)) == (409, "collection_elsewhere")
        assert code(collect(staff, order, site_id=elsewhere)) == (409, "collection_elsewhere")
        assert code(settlement(staff, elsewhere)) == (404, "not_found")
    assert breaches(world) == []


def test_a_shop_settles_by_what_it_handed_out(world: World) -> None:
    admin, site_id, other = world.community_admin(), shop(world), shop(world, name="邻家超市")
    rice = reward(world, site_id, admin=admin, points=15, quantity=50)
    oil = reward(world, site_id, admin=admin, points=20, quantity=50, title="食用油")
    elsewhere = reward(world, other, admin=admin)
    first = handed_out(world, site_id, rice, 2, name="王秀英")
    second = handed_out(world, site_id, oil, name="欧阳文博")
    third = handed_out(world, site_id, rice, name="李明")
    handed_out(world, other, elsewhere)
    waiting = redeem(with_points(world), rice, site_id).json
    with_points(world).post(f"/redemptions/{waiting['id']}/cancel")
    shown = settlement(world.partner_staff(site_id), site_id).json
    assert (shown["site_name"], shown["from"], shown["to"]) == (
        "老王粮油店",
        TODAY.isoformat(),
        TODAY.isoformat(),
    )
    assert (shown["redemptions"], shown["pieces"], shown["points"]) == (3, 4, 65)
    assert shown["rewards"] == [
        {"reward_id": rice, "title": "大米一袋", "redemptions": 2, "pieces": 3, "points": 45},
        {"reward_id": oil, "title": "食用油", "redemptions": 1, "pieces": 1, "points": 20},
    ]
    assert [(item["id"], item["person_name"]) for item in shown["items"]] == [
        (third, "李*"),
        (second, "欧阳**"),
        (first, "王*"),
    ]
    assert set(shown["items"][0]) == {
        "id", "title", "quantity", "points", "person_name", "collected_at",
    }  # fmt: skip
    assert "王秀英" not in str(shown)
    assert settlement(admin, site_id).json == shown


def test_totals_cover_all_pages(world: World) -> None:
    site_id = shop(world)
    reward_id = reward(world, site_id, points=5, quantity=50)
    made = [handed_out(world, site_id, reward_id) for _ in range(5)]
    staff = world.partner_staff(site_id)
    first = settlement(staff, site_id, more="&limit=3").json
    rest = settlement(staff, site_id, more=f"&limit=3&cursor={first['next_cursor']}").json
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert (first["points"], rest["points"], rest["next_cursor"]) == (25, 25, None)


def test_days_are_cut_at_midnight_in_china(world: World) -> None:
    site_id = shop(world)
    reward_id = reward(world, site_id, points=5, quantity=50)
    early, late = (handed_out(world, site_id, reward_id) for _ in range(2))
    day = datetime(2026, 5, 10, tzinfo=UTC).date()

    def backdate(_: Any) -> None:
        for redemption_id, at in (
            (early, china_midnight(day)),
            (late, china_midnight(day + timedelta(days=1)) - timedelta(seconds=1)),
        ):
            db.session.execute(
                update(Redemption).where(Redemption.id == redemption_id).values(closed_at=at)
            )

    act(world, backdate)
    staff = world.partner_staff(site_id)

    def seen(first: int, last: int) -> list[int]:
        days = (day + timedelta(days=first), day + timedelta(days=last))
        return [item["id"] for item in settlement(staff, site_id, *days).json["items"]]

    assert (seen(0, 0), seen(-1, 1)) == ([late, early], [late, early])
    assert (seen(-1, -1), seen(1, 1)) == ([], [])


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "site=1&from=2026-05-01",
        "site=x&from=2026-05-01&to=2026-05-02",
        "site=1&from=2026-05-02&to=2026-05-01",
        "site=1&from=2025-05-01&to=2026-05-02",
        "site=1&from=May&to=2026-05-02",
    ],
)
def test_a_settlement_needs_a_site_and_at_most_a_year(world: World, asked: str) -> None:
    staff = world.partner_staff(shop(world))
    assert code(staff.get(f"/redemptions?{asked}")) == (422, "malformed")


def test_nobody_else_sees_what_a_shop_handed_out(world: World) -> None:
    site_id = shop(world)
    assert settlement(world.anonymous, site_id).status_code == 401
    assert settlement(world.person(), site_id).status_code == 403
    assert code(settlement(world.community_admin(HUXI), site_id)) == (404, "not_found")
    assert code(settlement(world.station_staff(world.site()), site_id)) == (404, "not_found")
    assert stock(world, reward(world, site_id)) == {site_id: 5}
