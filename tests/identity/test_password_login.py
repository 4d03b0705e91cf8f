"""Logging in as staff: password, lock-out, second factor."""

from datetime import UTC, datetime
from functools import partial

import pytest
import time_machine
from pyotp import TOTP

from app.core.permissions import Role
from app.identity.errors import (
    PasswordWeak,
    PhoneInvalid,
    PhoneTaken,
    RolePlaceWrong,
    UsernameInvalid,
    UsernameTaken,
)
from tests.support.identity_world import PASSWORD, caller, code_of, journal, rows, staff
from tests.support.races import at_once
from tests.support.world import BAOJIA, WAITAN_STREET, World

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def log_in(world: World, username="wuzhiqiang", password=PASSWORD, address="127.0.0.1", **more):
    return world.anonymous.post(
        "/auth/password",
        {"username": username, "password": password, **more},
        environ_overrides={"REMOTE_ADDR": address},
    )


def with_totp(world: World, at: datetime) -> str:
    """A staff member with a second factor, enrolled before `at`; the secret."""
    with time_machine.travel(at.timestamp() - 300, tick=False):
        staff(world)
        person = caller(world.app, log_in(world).json)
        secret = person.post("/me/totp", {}).json["secret"]
        assert person.post("/me/totp/confirm", {"totp": TOTP(secret).now()}).status_code == 204
    return secret


def test_staff_log_in_with_username_and_password(world: World) -> None:
    person_id = staff(world)
    answer = log_in(world, "WuZhiqiang")
    assert answer.status_code == 200
    person = caller(world.app, answer.json).get("/me").json
    assert person["id"] == person_id
    assert person["username"] == "wuzhiqiang"
    (role,) = person["roles"]
    assert (role["role"], role["role_name"], role["area"]["code"]) == (
        "community_admin",
        "社区管理员",
        BAOJIA,
    )
    assert "wish:review" in person["permissions"]
    assert [entry.subject_id for entry in journal(world.app, "staff_created")] == [person_id]


def test_a_wrong_password_and_an_unknown_username_get_the_same_answer(world: World) -> None:
    staff(world)
    answers = [log_in(world, password="x"), log_in(world, "nobody", "x")]
    assert [code_of(answer) for answer in answers] == [(401, "login_refused")] * 2
    assert answers[0].json["error"]["message"] == answers[1].json["error"]["message"]


def test_an_unknown_username_costs_a_comparison_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.identity import passwords  # noqa: PLC0415 - only here

    compared = []

    class Watching:
        def verify(self, password_hash, password):
            compared.append(password_hash)
            return real.verify(password_hash, password)

        def hash(self, password):
            return real.hash(password)

    real = passwords._hasher
    staff(world)
    monkeypatch.setattr(passwords, "_hasher", Watching())
    log_in(world, password="x")
    log_in(world, "nobody", "x")
    assert len(compared) == 2
    parameters = {password_hash.rsplit("$", 2)[0] for password_hash in compared}
    assert len(parameters) == 1, "both comparisons are equally slow"


@pytest.mark.parametrize("username", ["wuzhiqiang", "nobody"])
def test_five_failures_lock_the_username_for_a_quarter_of_an_hour(
    world: World, username: str
) -> None:
    staff(world)
    with time_machine.travel(NINE, tick=False) as clock:
        for _ in range(5):
            assert code_of(log_in(world, username, "x")) == (401, "login_refused")
        answer = log_in(world, username)
        assert code_of(answer) == (403, "account_locked")
        assert answer.json["error"]["details"] == {"minutes_left": 15}
        clock.shift(14 * 60 + 1)
        assert log_in(world, username).json["error"]["details"] == {"minutes_left": 1}
        clock.shift(60)
        answer = log_in(world, username)
    known = username == "wuzhiqiang"
    assert answer.status_code == (200 if known else 401)
    assert len(journal(world.app, "account_locked")) == (1 if known else 0)


def test_a_success_forgets_earlier_failures(world: World) -> None:
    staff(world)
    for _ in range(4):
        log_in(world, password="x")
    assert log_in(world).status_code == 200
    for _ in range(4):
        log_in(world, password="x")
    assert log_in(world).status_code == 200


def test_guesses_made_at_once_are_counted_one_by_one(world: World) -> None:
    staff(world)

    def guess(number: int) -> str:
        return log_in(world, password=f"x{number}", address=f"10.0.0.{number}").json["error"][
            "code"
        ]

    codes = sorted(at_once([partial(guess, number) for number in range(20)]))
    assert codes == ["account_locked"] * 15 + ["login_refused"] * 5
    assert len(journal(world.app, "account_locked")) == 1


def test_right_logins_at_once_all_succeed_after_failures(world: World) -> None:
    staff(world)
    for number in range(4):
        log_in(world, password="x", address=f"10.0.1.{number}")
    answers = at_once([partial(log_in, world, address=f"10.0.0.{n}") for n in range(20)])
    assert {answer.status_code for answer in answers} == {200}
    assert rows(world.app, "SELECT * FROM login_attempts") == []


def test_one_address_may_try_twenty_times_a_minute(world: World) -> None:
    for number in range(20):
        assert code_of(log_in(world, f"nobody{number}", "x"))[0] == 401
    assert code_of(log_in(world, "nobody20", "x")) == (429, "too_many_requests")
    assert code_of(log_in(world, "nobody20", "x", address="10.0.0.9"))[0] == 401


def test_a_disabled_person_is_told_so_only_with_the_right_password(world: World) -> None:
    person_id = staff(world)
    rows(world.app, "UPDATE person SET disabled_at = created_at WHERE id = :id", id=person_id)
    assert code_of(log_in(world)) == (403, "account_disabled")
    assert code_of(log_in(world, password="x")) == (401, "login_refused")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "wuzhiqiang"},
        {"username": "wuzhiqiang", "password": ""},
        {"username": "wuzhiqiang", "password": "x" * 129},
        {"username": "wuzhiqiang", "password": "x\u0000"},
        {"username": "wuzhiqiang", "password": 8},
        {"username": "wuzhiqiang", "password": "x", "totp": "12345"},
        {"username": "wuzhiqiang", "password": "x", "totp": "１２３４５６"},
        {"username": "w" * 41, "password": "x"},
        {"username": "wuzhiqiang", "password": "x", "role": "area_admin"},
    ],
)
def test_a_malformed_login_is_refused_and_not_counted(world: World, body: dict) -> None:
    assert code_of(world.anonymous.post("/auth/password", body)) == (422, "malformed")
    assert rows(world.app, "SELECT count(*) FROM login_attempts")[0][0] == 0


def test_a_password_that_is_no_text_is_malformed(world: World) -> None:
    body = '{"username": "wuzhiqiang", "password": "\\ud800"}'
    answer = world.anonymous.post("/auth/password", data=body, content_type="application/json")
    assert code_of(answer) == (422, "malformed")


# --- second factor ------------------------------------------------------------------------------------------------


def test_with_a_second_factor_the_password_alone_is_not_enough(world: World) -> None:
    secret = with_totp(world, NINE)
    with time_machine.travel(NINE, tick=False):
        assert code_of(log_in(world)) == (401, "totp_required")
        assert code_of(log_in(world, password="x", totp=TOTP(secret).now()))[1] == "login_refused"
        answer = log_in(world, totp=TOTP(secret).now())
    assert answer.status_code == 200
    assert answer.json["person"]["totp_on"] is True


def test_a_totp_code_counts_once(world: World) -> None:
    secret = with_totp(world, NINE)
    with time_machine.travel(NINE, tick=False):
        code = TOTP(secret).now()
        assert log_in(world, totp=code).status_code == 200
        assert code_of(log_in(world, totp=code)) == (401, "totp_wrong")
        before = TOTP(secret).at(NINE.timestamp() - 30)
        assert code_of(log_in(world, totp=before)) == (401, "totp_wrong"), "nor an older one"
    with time_machine.travel(NINE.timestamp() + 30, tick=False):
        assert log_in(world, totp=TOTP(secret).now()).status_code == 200


def test_one_totp_code_used_twenty_times_at_once_logs_in_once(world: World) -> None:
    secret = with_totp(world, NINE)

    def use(number: int) -> int:
        return log_in(world, totp=code, address=f"10.0.0.{number}").status_code

    with time_machine.travel(NINE, tick=False):
        code = TOTP(secret).now()
        statuses = at_once([partial(use, number) for number in range(20)])
    assert statuses.count(200) == 1


def test_wrong_totp_codes_lock_too(world: World) -> None:
    with_totp(world, NINE)
    with time_machine.travel(NINE, tick=False):
        for _ in range(5):
            assert code_of(log_in(world, totp="000000")) == (401, "totp_wrong")
        assert code_of(log_in(world, totp="000000")) == (403, "account_locked")


def test_enrolment_counts_only_after_its_first_code(world: World) -> None:
    staff(world)
    person = caller(world.app, log_in(world).json)
    assert code_of(person.post("/me/totp/confirm", {"totp": "000000"})) == (409, "totp_not_started")
    started = person.post("/me/totp", {}).json
    assert started["otpauth_uri"].startswith("otpauth://totp/")
    assert started["secret"] in started["otpauth_uri"]
    assert log_in(world).status_code == 200, "not yet on"
    assert code_of(person.post("/me/totp/confirm", {"totp": "000000"})) == (401, "totp_wrong")
    assert (
        person.post("/me/totp/confirm", {"totp": TOTP(started["secret"]).now()}).status_code == 204
    )
    assert code_of(log_in(world)) == (401, "totp_required")
    assert len(journal(world.app, "totp_enrolled")) == 1


def test_replacing_a_second_factor_takes_a_code_of_the_present_one(world: World) -> None:
    secret = with_totp(world, NINE)
    with time_machine.travel(NINE, tick=False) as clock:
        person = caller(world.app, log_in(world, totp=TOTP(secret).now()).json)
        assert code_of(person.post("/me/totp", {})) == (401, "totp_required")
        assert code_of(person.post("/me/totp", {"totp": TOTP(secret).now()}))[1] == "totp_wrong"
        clock.shift(30)
        fresh = person.post("/me/totp", {"totp": TOTP(secret).now()}).json["secret"]
        assert person.post("/me/totp/confirm", {"totp": TOTP(fresh).now()}).status_code == 204
        clock.shift(30)
        assert code_of(log_in(world, totp=TOTP(secret).now())) == (401, "totp_wrong")
        assert log_in(world, totp=TOTP(fresh).now()).status_code == 200


def test_the_secret_is_sealed_in_the_database_also_under_an_idempotency_key(world: World) -> None:
    staff(world)
    person = caller(world.app, log_in(world).json)
    secret = person.post("/me/totp", {}, key="enrol-1").json["secret"]
    assert person.post("/me/totp", {}, key="enrol-1").json["secret"] == secret
    held = rows(world.app, "SELECT totp_pending_sealed FROM staff_credential")
    kept = rows(world.app, "SELECT body_sealed FROM idempotency")
    assert secret not in str(held + kept)


def test_without_a_password_login_there_is_nothing_to_strengthen(world: World) -> None:
    person = world.person()
    assert code_of(person.post("/me/totp", {})) == (409, "password_login_missing")
    change = {"password": "x", "new_password": "Haishu-7319"}
    assert code_of(person.post("/me/password", change)) == (409, "password_login_missing")


# --- changing the password ----------------------------------------------------------------------------------------


def test_a_new_password_replaces_the_old_one_and_ends_the_other_logins(world: World) -> None:
    staff(world)
    other = caller(world.app, log_in(world).json)
    person = caller(world.app, log_in(world).json)
    change = {"password": PASSWORD, "new_password": "Haishu-7319"}
    assert person.post("/me/password", change).status_code == 204
    assert person.get("/me").status_code == 200
    assert code_of(other.get("/me")) == (401, "unauthenticated")
    assert code_of(log_in(world)) == (401, "login_refused")
    assert log_in(world, password="Haishu-7319").status_code == 200
    assert len(journal(world.app, "password_changed")) == 1


def test_changing_a_password_takes_the_old_one_and_counts_guesses(world: World) -> None:
    staff(world)
    person = caller(world.app, log_in(world).json)
    change = {"password": "x", "new_password": "Haishu-7319"}
    for _ in range(5):
        assert code_of(person.post("/me/password", change)) == (401, "login_refused")
    assert code_of(person.post("/me/password", change)) == (403, "account_locked")


def test_a_weak_new_password_is_refused_with_the_reason(world: World) -> None:
    staff(world)
    person = caller(world.app, log_in(world).json)
    answer = person.post("/me/password", {"password": PASSWORD, "new_password": "P@ssw0rd1"})
    assert code_of(answer) == (409, "password_weak")
    assert "常见密码" in answer.json["error"]["message"]


# --- made by the command line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"username": "Wu Zhiqiang"}, UsernameInvalid),
        ({"password": "12345678"}, PasswordWeak),
        ({"phone": "12345"}, PhoneInvalid),
        ({"area_code": WAITAN_STREET}, RolePlaceWrong),
        ({"role": Role.AREA_ADMIN, "area_code": BAOJIA}, RolePlaceWrong),
    ],
)
def test_staff_who_do_not_fit_are_not_made(world: World, change: dict, refusal: type) -> None:
    with pytest.raises(refusal):
        staff(world, **{"username": "wuzhiqiang", **change})
    assert rows(world.app, "SELECT count(*) FROM person")[0][0] == 0


def test_username_and_phone_number_belong_to_one_person(world: World) -> None:
    staff(world, phone="13812341234")
    with pytest.raises(UsernameTaken):
        staff(world)
    with pytest.raises(PhoneTaken):
        staff(world, "zhoumin", phone="13812341234")


def test_a_password_is_stored_as_argon2id_only(world: World) -> None:
    staff(world)
    ((stored,),) = rows(world.app, "SELECT password_hash FROM staff_credential")
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
