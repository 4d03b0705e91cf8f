"""Reading a scanned text and judging its age, as tables of cases."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Refusal
from app.sites import rules
from app.sites.errors import CodeExpired, CodeInvalid, CodeNotYetValid, CodeOfAnotherPlace
from app.sites.terms import CODE_LENGTH_MAX, CodeKind, Distance, Place

OURS = "https://linli.example.cn"
MAC = "AbCdEfGhIjKl-_"
CODE = f"s1.2s.tgqvr0.{MAC}"
MADE_AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "scanned",
    [
        CODE,
        f"{OURS}/q/{CODE}",
        f"http://linli.example.cn/q/{CODE}",
        f"HTTPS://LINLI.example.cn/q/{CODE}",
        f"{OURS}/q/{CODE}?scancode_time=1#top",
    ],
)
def test_a_bare_code_and_its_link_say_the_same(scanned):
    assert rules.code_in(scanned, OURS) == CODE


def test_a_public_address_with_a_path_keeps_it():
    assert rules.code_in(f"{OURS}/linli/q/{CODE}", f"{OURS}/linli") == CODE
    with pytest.raises(CodeInvalid):
        rules.code_in(f"{OURS}/q/{CODE}", f"{OURS}/linli")


@pytest.mark.parametrize(
    ("scanned", "refusal"),
    [
        (f"https://other.example.cn/q/{CODE}", CodeOfAnotherPlace),
        (f"https://linli.example.cn.evil.cn/q/{CODE}", CodeOfAnotherPlace),
        (f"https://linli.example.cn@evil.cn/q/{CODE}", CodeOfAnotherPlace),
        (f"https://linli.example.cn:8443/q/{CODE}", CodeOfAnotherPlace),
        ("weixin://wxpay/bizpayurl?pr=abc", CodeOfAnotherPlace),
        (f"{OURS}/m/{CODE}", CodeInvalid),
        (OURS, CodeInvalid),
        ("http://[", CodeInvalid),
        ("http://linli.example.cn:99999999/q/x", CodeInvalid),
    ],
)
def test_a_link_that_holds_no_code_of_ours_is_refused(scanned, refusal):
    with pytest.raises(refusal):
        rules.code_in(scanned, OURS)


def test_a_code_is_read_into_its_parts():
    parts = rules.read(CODE)
    assert (parts.kind, parts.kid, parts.subject_id) == (CodeKind.SITE, "1", 100)
    assert parts.step == int("tgqvr0", 36)
    assert (parts.signed, parts.mac) == ("s1.2s.tgqvr0", MAC)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "s",
        "😀",
        "你好",
        CODE + "x",
        CODE.upper(),
        CODE.replace(".", "-"),
        f"s1.2S.tgqvr0.{MAC}",
        f"s1..tgqvr0.{MAC}",
        f"x1.2s.tgqvr0.{MAC}",
        f"s1.2s.tgqvr0.{MAC}\n",
        f"s1.+2.tgqvr0.{MAC}",
        f"s1.2_s.tgqvr0.{MAC}",
        f"s1.٢.tgqvr0.{MAC}",
        f"s1.zzzzzzz.zzzzzzz.{MAC}",
        "6901234567892",
        "A" * 4096,
    ],
)
def test_what_has_not_the_form_of_a_code_is_no_code(code):
    with pytest.raises(CodeInvalid):
        rules.read(code)


@given(st.text(max_size=60))
def test_no_text_can_do_more_than_be_refused(text):
    with suppress(Refusal):
        rules.read(rules.code_in(text, OURS))


@given(
    st.sampled_from(CodeKind),
    st.integers(1, 36**6 - 1),
    st.integers(1_790_000_000, 2_140_000_000),
    st.integers(10, 120),
)
def test_every_code_we_make_fits_a_scene_and_is_read_back(kind, subject_id, seconds, step_seconds):
    step = rules.step_at(datetime.fromtimestamp(seconds, UTC), step_seconds)
    code = f"{rules.signed_part(kind, '1', subject_id, step)}.{MAC}"

    assert len(code) <= CODE_LENGTH_MAX
    parts = rules.read(code)
    assert (parts.kind, parts.subject_id, parts.step) == (kind, subject_id, step)


# Seconds after the step began at which the device says it scanned, and at which the server is asked.
@pytest.mark.parametrize(
    ("scanned_after", "asked_after", "refusal"),
    [
        (0, 0, None),
        (29, 29, None),
        (59, 59, None),  # one step late is tolerated
        (60, 60, CodeExpired),
        (10, 500, None),  # a queued scan: what counts is when it was scanned
        (500, 500, CodeExpired),
        (-90, 10, None),  # a device whose clock is slow
        (-91, 10, CodeNotYetValid),
        (-1, -1, CodeNotYetValid),  # the next step, which nobody can have yet
    ],
)
def test_a_code_is_good_for_its_step_and_the_tolerated_ones(scanned_after, asked_after, refusal):
    def judge():
        rules.check_fresh(
            int(MADE_AT.timestamp()),
            30,
            1,
            at=MADE_AT + timedelta(seconds=scanned_after),
            now=MADE_AT + timedelta(seconds=asked_after),
        )

    if refusal is None:
        judge()
    else:
        with pytest.raises(refusal):
            judge()


def test_a_step_begins_at_whole_multiples_of_its_length():
    moment = MADE_AT + timedelta(seconds=47)
    assert rules.step_at(moment, 30) == int(MADE_AT.timestamp()) + 30
    assert rules.step_at(moment, 120) == int(MADE_AT.timestamp())


CENTRE = Place(29.8836, 121.5551)


@pytest.mark.parametrize(
    ("latitude", "longitude", "bucket"),
    [
        (29.8836, 121.5551, Distance.WITHIN_100),
        (29.8844, 121.5551, Distance.WITHIN_100),  # 89 m north
        (29.8836, 121.5570, Distance.WITHIN_300),  # 183 m east
        (29.8900, 121.5551, Distance.WITHIN_1000),  # 712 m north
        (26.6657, 119.5482, Distance.BEYOND),  # 宁德
        (-29.8836, -58.4449, Distance.BEYOND),  # the other side of the earth
    ],
)
def test_of_a_place_only_the_rough_distance_is_told(latitude, longitude, bucket):
    assert rules.distance(CENTRE, Place(latitude, longitude)) is bucket
