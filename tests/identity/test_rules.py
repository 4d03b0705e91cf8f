"""Decisions of identity, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest
from pyotp import TOTP

from app.community.terms import Level
from app.core.permissions import HeldAt, Role
from app.identity import rules

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CITY, STREET, BAOJIA, HUXI, COMPOUND = "/1/2/", "/1/2/3/", "/1/2/3/4/", "/1/2/3/5/", "/1/2/3/4/9/"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张*"),
        ("欧阳震华", "欧阳**"),
        ("欧阳修", "欧阳**"),
        ("欧阳", "欧*"),
        ("司马光", "司马**"),
        ("诸葛亮", "诸葛**"),
        ("上官婉儿", "上官**"),
        ("阿卜杜拉·买买提", "阿*"),
        ("John Smith", "J*"),
        ("张", "*"),
        ("", "未填姓名"),
        (None, "未填姓名"),
    ],
)
def test_a_name_is_masked_to_its_surname(name: str | None, shown: str) -> None:
    assert rules.masked_name(name) == shown


def test_a_phone_number_is_masked_in_the_middle() -> None:
    assert rules.masked_phone("13812341234") == "138****1234"


@pytest.mark.parametrize(
    ("role", "at", "held", "may"),
    [
        (Role.STATION_STAFF, BAOJIA, [(Role.COMMUNITY_ADMIN, BAOJIA)], True),
        (Role.STATION_STAFF, COMPOUND, [(Role.COMMUNITY_ADMIN, BAOJIA)], True),
        (Role.STATION_STAFF, HUXI, [(Role.COMMUNITY_ADMIN, BAOJIA)], False),
        (Role.COMMUNITY_ADMIN, BAOJIA, [(Role.COMMUNITY_ADMIN, BAOJIA)], False),
        (Role.UNIT_ADMIN, BAOJIA, [(Role.COMMUNITY_ADMIN, BAOJIA)], False),
        (Role.COMMUNITY_ADMIN, BAOJIA, [(Role.AREA_ADMIN, STREET)], True),
        (Role.UNIT_ADMIN, STREET, [(Role.AREA_ADMIN, STREET)], True),
        (Role.UNIT_ADMIN, CITY, [(Role.AREA_ADMIN, STREET)], False),
        (Role.AREA_ADMIN, STREET, [(Role.AREA_ADMIN, CITY)], True),
        (Role.AREA_ADMIN, STREET, [(Role.AREA_ADMIN, STREET)], False),
        (Role.AREA_ADMIN, CITY, [(Role.AREA_ADMIN, STREET)], False),
        (Role.STATION_STAFF, BAOJIA, [(Role.AREA_ADMIN, STREET)], False),
        (
            Role.STATION_STAFF,
            BAOJIA,
            [(Role.AREA_ADMIN, STREET), (Role.COMMUNITY_ADMIN, BAOJIA)],
            True,
        ),
        (Role.RESIDENT, BAOJIA, [(Role.AREA_ADMIN, CITY), (Role.COMMUNITY_ADMIN, BAOJIA)], False),
        (Role.STATION_STAFF, BAOJIA, [(Role.STATION_STAFF, BAOJIA)], False),
        (Role.STATION_STAFF, BAOJIA, [], False),
    ],
)
def test_who_may_give_which_role_where(
    role: Role, at: str, held: list[tuple[Role, str]], may: bool
) -> None:
    assert rules.may_give(role, at, held) is may


@pytest.mark.parametrize(
    ("role", "held_at", "level", "fits"),
    [
        (Role.COMMUNITY_ADMIN, HeldAt.AREA, Level.COMMUNITY, True),
        (Role.COMMUNITY_ADMIN, HeldAt.AREA, Level.STREET, False),
        (Role.COMMUNITY_ADMIN, HeldAt.AREA, Level.COMPOUND, False),
        (Role.COMMUNITY_ADMIN, HeldAt.SITE, Level.COMMUNITY, False),
        (Role.AREA_ADMIN, HeldAt.AREA, Level.PROVINCE, True),
        (Role.AREA_ADMIN, HeldAt.AREA, Level.STREET, True),
        (Role.AREA_ADMIN, HeldAt.AREA, Level.COMMUNITY, False),
        (Role.AREA_ADMIN, HeldAt.AREA, Level.GRID, False),
        (Role.STATION_STAFF, HeldAt.SITE, Level.COMPOUND, True),
        (Role.STATION_STAFF, HeldAt.AREA, Level.COMMUNITY, False),
        (Role.UNIT_ADMIN, HeldAt.UNIT, Level.CITY, True),
        (Role.UNIT_ADMIN, HeldAt.AREA, Level.CITY, False),
        (Role.RESIDENT, HeldAt.AREA, Level.COMMUNITY, False),
    ],
)
def test_each_role_has_its_kind_of_place(
    role: Role, held_at: HeldAt, level: Level, fits: bool
) -> None:
    assert rules.fits_place(role, held_at, level) is fits


@pytest.mark.parametrize(
    ("level", "home"),
    [
        (Level.CITY, False),
        (Level.STREET, False),
        (Level.COMMUNITY, True),
        (Level.COMPOUND, True),
        (Level.GRID, True),
    ],
)
def test_people_live_in_communities_and_below(level: Level, home: bool) -> None:
    assert rules.is_home(level) is home


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("Gulou-8848", True),
        ("Linli-2026", True),
        ("包家Baojia88", True),
        ("correct horse 9", True),
        ("Gu-8848", False),
        ("gulou8848", False),
        ("gulougulou", False),
        ("GULOU-GULOU", False),
        ("G8-" + "x" * 126, False),
        ("Password1", False),
        ("P@ssw0rd", False),
        ("P@ssw0rd!2026", False),
        ("Admin@123", False),
        ("Aa123456", False),
        ("Abc@123456", False),
        ("1qaz@WSX", False),
        ("Qwer!234", False),
        ("Zhoumin-8848", False),
    ],
)
def test_a_password_has_length_variety_and_is_not_well_known(password: str, fits: bool) -> None:
    assert (rules.password_weakness(password, "zhoumin") is None) is fits


@pytest.mark.parametrize(
    ("username", "fits"),
    [
        ("zhoumin", True),
        ("zhou.min-2", True),
        ("zh", False),
        ("Zhoumin", False),
        ("2zhou", False),
        ("周敏周敏", False),
        ("zhou min", False),
        ("z" * 41, False),
        ("zhoumin\n", False),
    ],
)
def test_a_username_is_lower_case_and_plain(username: str, fits: bool) -> None:
    assert rules.is_username(username) is fits


@pytest.mark.parametrize(
    ("failures", "locked_until", "after"),
    [
        (0, None, (1, None)),
        (3, None, (4, None)),
        (4, None, (5, AT + timedelta(minutes=15))),
        (5, AT - timedelta(seconds=1), (1, None)),
    ],
)
def test_the_fifth_failure_locks_and_an_ended_lock_starts_anew(
    failures: int, locked_until: datetime | None, after: tuple[int, datetime | None]
) -> None:
    assert rules.after_failure(failures, locked_until, AT) == after


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (900, 15)])
def test_minutes_left_are_rounded_up(seconds: int, minutes: int) -> None:
    assert rules.minutes_left(AT + timedelta(seconds=seconds), AT) == minutes


@pytest.mark.parametrize(
    ("seconds_off", "accepted"),
    [(-60, False), (-30, True), (0, True), (29, True), (30, True), (60, False)],
)
def test_a_totp_code_may_be_one_step_off(seconds_off: int, accepted: bool) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    code = TOTP(secret).at(AT + timedelta(seconds=seconds_off))
    step = int((AT + timedelta(seconds=seconds_off)).timestamp()) // 30
    assert rules.totp_step(secret, code, AT) == (step if accepted else None)


@pytest.mark.parametrize(("seconds", "again"), [(0, True), (20, True), (20.1, False)])
def test_a_double_tap_comes_within_twenty_seconds(seconds: float, again: bool) -> None:
    assert rules.is_double_tap(AT, AT + timedelta(seconds=seconds)) is again


@pytest.mark.parametrize(
    ("phone", "fits"),
    [
        ("13812341234", True),
        ("19912341234", True),
        ("12812341234", False),
        ("1381234123", False),
        ("138123412345", False),
        ("１３８12341234", False),
        ("13812341234\n", False),
    ],
)
def test_a_phone_number_is_a_mobile_number_of_the_mainland(phone: str, fits: bool) -> None:
    assert rules.is_phone(phone) is fits
