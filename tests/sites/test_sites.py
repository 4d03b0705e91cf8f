"""Stations, their rotating codes and the members' passes."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
import zxingcpp
from flask import Flask
from PIL import Image

from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.errors import Refusal
from app.sites import actions, queries
from app.sites.models import Site
from app.sites.routes import pages
from app.sites.terms import Direction
from tests.support.sites_world import member_pass, site_code
from tests.support.world import BAOJIA, HUXI, WAITAN_STREET, YILI

NEW_SITE = {
    "area": BAOJIA,
    "name": "红锋驿站",
    "address": "人民路 132 号",
    "phone": "0574-87654321",
    "place": {"latitude": 29.8836, "longitude": 121.5551},
}


@pytest.mark.parametrize("path", ["/sites/1/code", "/me/pass"])
def test_codes_are_shown_to_nobody_anonymous(world, path):
    assert world.anonymous.get(path).status_code == 401


def test_an_anonymous_visitor_opens_no_station(world):
    assert world.anonymous.post("/sites", NEW_SITE).status_code == 401


def test_an_admin_opens_a_station_that_everybody_sees(world):
    opened = world.community_admin().post("/sites", NEW_SITE)

    assert opened.status_code == 201
    assert opened.json == {
        "id": opened.json["id"],
        "kind": "station",
        "name": "红锋驿站",
        "address": "人民路 132 号",
        "phone": "0574-87654321",
        "place": {"latitude": 29.8836, "longitude": 121.5551},
        "area": {"code": BAOJIA, "name": "包家社区", "level": "community"},
        "closed_at": None,
    }
    assert world.anonymous.get(f"/sites/{opened.json['id']}").json == opened.json


@pytest.mark.parametrize(
    "wrong",
    [
        {"place": {"latitude": 91, "longitude": 0}},
        {"place": {"latitude": 29.9}},
        {"place": {"latitude": "NaN", "longitude": 0}},
        {"place": [29.9, 121.6]},
        {"name": ""},
        {"name": "驿" * 61},
        {"address": 7},
        {"open": True},
    ],
)
def test_a_station_of_the_wrong_shape_is_malformed(world, wrong):
    answer = world.community_admin().post("/sites", NEW_SITE | wrong)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "malformed")


def test_an_admin_opens_no_station_in_another_community(world):
    answer = world.community_admin(HUXI).post("/sites", NEW_SITE)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "unknown_area")


def test_stations_are_listed_by_subtree_without_the_closed_ones(world):
    baojia, huxi, yili = (world.site(code) for code in (BAOJIA, HUXI, YILI))
    close(world, world.site(BAOJIA))

    def listed(query: str) -> list[int]:
        return [site["id"] for site in world.anonymous.get(f"/sites{query}").json["items"]]

    assert listed(f"?area={BAOJIA}") == [baojia]
    assert listed(f"?area={WAITAN_STREET}") == [baojia, huxi]
    assert listed("") == [baojia, huxi, yili]
    assert world.anonymous.get("/sites?area=999").json["error"]["code"] == "unknown_area"
    assert world.anonymous.get("/sites/999").status_code == 404


def test_the_stations_code_is_shown_to_its_staff_and_its_admin_only(world):
    site_id, elsewhere = world.site(BAOJIA), world.site(HUXI)

    assert world.station_staff(site_id).get(f"/sites/{site_id}/code").status_code == 200
    assert world.community_admin(BAOJIA).get(f"/sites/{site_id}/code").status_code == 200
    assert world.person().get(f"/sites/{site_id}/code").status_code == 403
    assert world.station_staff(elsewhere).get(f"/sites/{site_id}/code").status_code == 404
    assert world.community_admin(HUXI).get(f"/sites/{site_id}/code").status_code == 404


def test_a_closed_station_shows_no_code(world):
    site_id = world.site()
    staff = world.station_staff(site_id)
    close(world, site_id)
    assert staff.get(f"/sites/{site_id}/code").json["error"]["code"] == "site_closed"


def test_code_and_pass_are_links_drawn_as_pictures_that_a_scanner_reads(world):
    site_id = world.site()
    member = world.person()
    shown = [
        world.station_staff(site_id).get(f"/sites/{site_id}/code").json,
        member.get("/me/pass").json,
    ]

    for code in shown:
        assert code["link"] == f"http://linli.test/q/{code['code']}"
        assert len(code["code"]) <= 32
        kind, _, picture = code["image"].partition(",")
        assert kind == "data:image/png;base64"
        (read,) = zxingcpp.read_barcodes(Image.open(BytesIO(base64.b64decode(picture))))
        assert read.text == code["link"]
        left = datetime.fromisoformat(code["expires_at"]) - now()
        assert timedelta(seconds=-1) <= left <= timedelta(seconds=code["step_seconds"])
    assert [code["code"][0] for code in shown] == ["s", "p"]


def read_site(world, code, *, at=None, asked=None):
    asked = asked or now()
    with world.app.app_context():
        return in_transaction(
            lambda: actions.read_site_code(Actor(1, asked), code, at=at or asked).id, write=False
        )


def read_pass(world, code, site_id, *, at=None, asked=None):
    asked = asked or now()
    with world.app.app_context():
        return in_transaction(
            lambda: actions.read_pass(
                Actor(1, asked), code, at=at or asked, site=queries.scan_site(site_id, asked)
            ),
            write=False,
        )


def test_a_shown_code_leads_to_its_station_and_a_pass_to_its_person(world):
    site_id, member = world.site(), world.person()
    assert read_site(world, site_code(world, site_id)) == site_id
    assert read_pass(world, member_pass(world, member.id), site_id) == member.id


def changed(code: str, place: int) -> str:
    return code[:place] + ("a" if code[place] != "a" else "b") + code[place + 1 :]


@pytest.mark.parametrize("place", [1, 3, 7, -14, -1])
def test_a_code_with_any_part_changed_is_invalid(world, place):
    code = site_code(world, world.site())
    place = place if place > 0 else len(code) + place
    with pytest.raises(Refusal) as refused:
        read_site(world, changed(code, place))
    assert refused.value.code == "code_invalid"


def test_a_code_of_another_deployment_is_invalid(world):
    site_id = world.site()
    ours = world.app.extensions["linli.settings"]
    world.app.extensions["linli.settings"] = replace(ours, code_keys={"1": b"another's" * 4})
    try:
        code = site_code(world, site_id)
    finally:
        world.app.extensions["linli.settings"] = ours
    with pytest.raises(Refusal) as refused:
        read_site(world, code)
    assert refused.value.code == "code_invalid"


def test_keys_rotate_with_overlap(world):
    site_id = world.site()
    before = site_code(world, site_id)
    old = world.app.extensions["linli.settings"]
    world.app.extensions["linli.settings"] = replace(
        old, code_keys={"2": b"a newer key" * 3, **old.code_keys}
    )
    try:
        after = site_code(world, site_id)
        assert (before[1], after[1]) == ("1", "2")
        assert read_site(world, before) == read_site(world, after) == site_id
    finally:
        world.app.extensions["linli.settings"] = old
    with pytest.raises(Refusal) as refused:
        read_site(world, after)
    assert refused.value.code == "code_invalid"


def test_a_signed_code_of_a_site_that_is_not_here_is_invalid(world):
    with pytest.raises(Refusal) as refused:
        read_site(world, site_code(world, 999))
    assert refused.value.code == "code_invalid"


def test_the_two_kinds_are_not_taken_for_each_other(world):
    site_id, member = world.site(), world.person()
    with pytest.raises(Refusal) as refused:
        read_site(world, member_pass(world, member.id))
    assert refused.value.code == "code_wrong_kind"
    assert refused.value.sentence == "您扫的是个人码，这里需要扫描服务点的签到码。"
    with pytest.raises(Refusal) as refused:
        read_pass(world, site_code(world, site_id), site_id)
    assert refused.value.code == "code_wrong_kind"


def test_a_photo_sent_to_a_friend_is_dead_after_a_minute(world):
    site_id, at = world.site(), now().replace(second=0, microsecond=0)
    code = site_code(world, site_id, at)
    assert read_site(world, code, asked=at + timedelta(seconds=59)) == site_id
    with pytest.raises(Refusal) as refused:
        read_site(world, code, asked=at + timedelta(seconds=60))
    assert refused.value.code == "code_expired"


def test_a_pass_is_good_when_it_is_on_show_now_or_was_when_the_person_came(world):
    site_id, member, asked = world.site(), world.person(), now()
    came = asked - timedelta(minutes=45)
    shown_now, shown_then = (
        member_pass(world, member.id, asked),
        member_pass(world, member.id, came),
    )

    assert read_pass(world, shown_now, site_id, at=came, asked=asked) == member.id
    assert read_pass(world, shown_then, site_id, at=came, asked=asked) == member.id
    with pytest.raises(Refusal) as refused:
        read_pass(world, shown_then, site_id, asked=asked)
    assert refused.value.code == "code_expired"


def test_a_code_is_used_once_per_person_and_direction_and_at_one_site(world):
    here, there, member = world.site(), world.site(), world.person()
    code = member_pass(world, member.id)

    def use(site_id: int, direction: Direction) -> bool:
        with world.app.app_context():
            return in_transaction(
                lambda: (
                    actions.use_code(
                        Actor(1, now()),
                        code,
                        person_id=member.id,
                        direction=direction,
                        site_id=site_id,
                    ).first
                ),
                write=True,
            )

    assert use(here, Direction.IN) is True
    assert use(here, Direction.IN) is False
    assert use(here, Direction.OUT) is True
    with pytest.raises(Refusal) as refused:
        use(there, Direction.IN)
    assert refused.value.code == "code_replayed"


def close(world, site_id: int) -> None:
    def work() -> None:
        db.session.get_one(Site, site_id).closed_at = now()

    with world.app.app_context():
        in_transaction(work, write=True)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("s1.2s.tgqvr0.AbCdEfGhIjKl-_", "服务点签到码"),
        ("p1.2s.tgqvr0.AbCdEfGhIjKl-_", "个人码"),
        ("<script>", "邻里二维码"),
    ],
)
def test_the_page_behind_a_code_says_what_to_do_and_fetches_nothing(code, title):
    app = Flask("page")
    app.register_blueprint(pages)
    answer = app.test_client().get(f"/q/{code}")

    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    assert "扫码" in answer.text
    for foreign in ("http://", "https://", "src=", "<script", "url("):
        assert foreign not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
