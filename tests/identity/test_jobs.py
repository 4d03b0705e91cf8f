"""What logins and stored answers leave behind is cleared away, and nothing else."""

from datetime import UTC, datetime, timedelta

import time_machine

from app.core.actor import system
from app.core.clock import now
from app.identity.jobs import purge_logins
from app.web.jobs import purge_answers
from tests.support.identity_world import Phones, code_of, rows
from tests.support.world import World

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def run(world: World, job):
    with world.app.app_context():
        return job(lambda: system(now()))


def test_expired_logins_failures_and_codes_are_cleared_away(world: World, phones: Phones) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        _, login = phones.log_in("openid-old")
        staff = world.station_staff(world.site())
        person_id = staff.post("/people", {"name": "王秀英"}).json["id"]
        staff.post(f"/people/{person_id}/wechat-rebinding")
        world.anonymous.post("/auth/password", {"username": "nobody", "password": "x"})
        clock.shift(timedelta(minutes=10))
        world.anonymous.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
        assert run(world, purge_logins) == {
            "refresh_tokens": 0,
            "logins": 0,
            "attempts": 0,
            "codes": 0,
        }
        clock.shift(timedelta(days=30, minutes=-5))
        person, fresh = phones.log_in("openid-new")
        # The token of the first login is over, its successor has five minutes left, so the login stays.
        assert run(world, purge_logins) == {
            "refresh_tokens": 1,
            "logins": 1,
            "attempts": 1,
            "codes": 1,
        }
        assert person.get("/me").status_code == 200
        answer = world.anonymous.post("/auth/refresh", {"refresh_token": fresh["refresh_token"]})
        assert answer.status_code == 200
        clock.shift(timedelta(minutes=6))
        assert run(world, purge_logins)["logins"] == 1
        again = run(world, purge_logins)
    assert again == {"refresh_tokens": 0, "logins": 0, "attempts": 0, "codes": 0}


def test_a_sealed_successor_is_forgotten_when_no_double_tap_can_come(
    world: World, phones: Phones
) -> None:
    kept = "SELECT count(*) FROM refresh_token WHERE successor_sealed IS NOT NULL"
    with time_machine.travel(NINE, tick=False) as clock:
        _, login = phones.log_in("openid-li")
        world.anonymous.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
        clock.shift(20)
        run(world, purge_logins)
        assert rows(world.app, kept)[0][0] == 1
        clock.shift(1)
        run(world, purge_logins)
        assert rows(world.app, kept)[0][0] == 0
        answer = world.anonymous.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
        assert code_of(answer) == (401, "refresh_refused")


def test_stored_answers_are_kept_for_thirty_days(world: World) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        world.person().put("/me", {"name": "李明"}, key="mine-1")
        clock.shift(timedelta(days=30))
        assert run(world, purge_answers) == {"answers": 0}
        clock.shift(timedelta(seconds=1))
        assert run(world, purge_answers) == {"answers": 1}
        assert run(world, purge_answers) == {"answers": 0}
