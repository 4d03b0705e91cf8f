"""How many SQL statements the counter costs: a number that may fall and must not creep up."""

from app.core.journal import readers_of
from tests.support.points_world import earn
from tests.support.redemption_world import collect, redeem, reward
from tests.support.statements import statements
from tests.support.world import World


def test_an_order_takes_at_most_twelve_statements_with_login_and_key(world: World) -> None:
    person, site_id = world.person(), world.site()
    earn(world, person, 50)
    reward_id = reward(world, site_id)
    redeem(person, reward_id, site_id)
    with statements(world.app) as sent:
        assert redeem(person, reward_id, site_id, key="tap").status_code == 201
    assert len(sent) <= 12, "\n".join(sent)


def test_a_collection_takes_at_most_twelve_statements_with_login_and_key(world: World) -> None:
    person, site_id = world.person(), world.site()
    earn(world, person, 50)
    reward_id = reward(world, site_id)
    staff = world.station_staff(site_id)
    collect(staff, redeem(person, reward_id, site_id).json)
    order = redeem(person, reward_id, site_id).json
    with statements(world.app) as sent:
        answer = staff.post("/redemptions/collect", {"code": order["code"]}, key="scan")
    assert answer.status_code == 200
    assert len(sent) <= 12, "\n".join(sent)


def test_points_are_shown_in_two_statements_and_a_statement_page_in_three(world: World) -> None:
    person = world.person()
    earn(world, person, 50)
    with statements(world.app) as sent:
        person.get("/me/points")
    assert len(sent) == 2, "\n".join(sent)
    with statements(world.app) as sent:
        person.get("/me/points/transfers")
    assert len(sent) == 3, "\n".join(sent)


def test_earning_takes_at_most_six_statements(world: World) -> None:
    person = world.person()
    earn(world, person, 1)
    with statements(world.app) as sent:
        earn(world, person, 1)
    mine = [
        statement
        for statement in sent
        if " FROM area" not in statement and " FROM policy" not in statement
    ]
    assert len(mine) <= 6, "\n".join(mine)
    assert readers_of("points_earned") is not None
