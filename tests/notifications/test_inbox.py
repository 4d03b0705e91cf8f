"""The inbox over HTTP, and what happens when a fact is delivered more than once, badly, or too late."""

import pytest
from sqlalchemy import insert, select, update

from app.core.clock import now
from app.core.db import db, in_transaction
from app.core.journal import JournalDelivery, JournalEntry
from app.notifications import reactions
from app.notifications.models import InboxMessage
from tests.support.points_world import earn
from tests.support.world import Caller, World


def told(world: World, times: int = 1) -> Caller:
    """Somebody with that many messages: each time points were earned."""
    person = world.person()
    for number in range(times):
        earn(world, person, number + 1)
    world.deliver_journal()
    return person


def run(world: World, work):
    with world.app.app_context():
        return in_transaction(work, write=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/inbox"),
        ("get", "/inbox/unread"),
        ("post", "/inbox/1/read"),
        ("post", "/inbox/read-all"),
    ],
)
def test_nobody_reads_without_logging_in(world: World, method: str, path: str) -> None:
    assert getattr(world.anonymous, method)(path).status_code == 401


def test_a_message_is_there_once_the_fact_is_delivered(world: World) -> None:
    person = world.person()
    transfer_id = earn(world, person, 20).transfer_id
    assert person.get("/inbox").json == {"items": [], "next_cursor": None}
    assert world.deliver_journal() == 1

    (message,) = person.get("/inbox").json["items"]
    assert (message["kind"], message["title"]) == ("points", "积分到账")
    assert message["body"].startswith("“志愿服务”获得爱心积分 20 分，有效期至 ")
    assert message["link"] == {"kind": "transfer", "id": transfer_id}
    assert message["read_at"] is None
    assert person.get("/inbox/unread").json == {"count": 1}


def test_messages_come_newest_first_page_by_page(world: World) -> None:
    person = told(world, 5)
    first = person.get("/inbox?limit=3").json
    second = person.get(f"/inbox?limit=3&cursor={first['next_cursor']}").json
    amounts = [message["body"].split(" ")[1] for message in first["items"] + second["items"]]
    assert amounts == ["5", "4", "3", "2", "1"]
    assert second["next_cursor"] is None


def test_reading_counts_the_first_time(world: World) -> None:
    person = told(world)
    (message,) = person.get("/inbox").json["items"]
    first = person.post(f"/inbox/{message['id']}/read").json
    again = person.post(f"/inbox/{message['id']}/read").json
    assert first["read_at"] is not None
    assert again == first
    assert person.get("/inbox/unread").json == {"count": 0}


def test_what_came_after_the_screen_was_drawn_stays_unread(world: World) -> None:
    person = told(world, 3)
    newest, shown, _ = person.get("/inbox").json["items"]
    assert person.post("/inbox/read-all", {"up_to": shown["id"]}).json == {"count": 1}
    unread = [m["id"] for m in person.get("/inbox").json["items"] if m["read_at"] is None]
    assert unread == [newest["id"]]
    assert person.post("/inbox/read-all").json == {"count": 0}


def test_nobody_sees_or_marks_what_is_anothers(world: World) -> None:
    person, other = told(world), told(world)
    (message,) = person.get("/inbox").json["items"]
    assert message["id"] not in {m["id"] for m in other.get("/inbox").json["items"]}
    refused = other.post(f"/inbox/{message['id']}/read")
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "not_found")
    other.post("/inbox/read-all")
    assert person.get("/inbox/unread").json == {"count": 1}


def test_a_fact_delivered_again_gives_no_second_message(world: World) -> None:
    person = told(world)

    def deliver_again() -> None:
        entry_id = db.session.scalar(
            select(JournalEntry.id).where(JournalEntry.name == "points_earned")
        )
        reader = "notifications.reactions.points_earned"
        row = {"entry_id": entry_id, "reader": reader, "due_at": now(), "attempts": 0}
        db.session.execute(insert(JournalDelivery), row)

    run(world, deliver_again)
    assert world.deliver_journal() == 1
    assert len(person.get("/inbox").json["items"]) == 1


def test_a_message_that_could_not_be_written_is_written_later_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.person()
    earn(world, person, 20)
    tell = reactions.actions.tell

    def tell_and_fail(*args, **kwargs) -> None:
        tell(*args, **kwargs)
        raise ConnectionError

    monkeypatch.setattr(reactions.actions, "tell", tell_and_fail)
    assert world.deliver_journal() == 0
    assert person.get("/inbox").json["items"] == []

    monkeypatch.undo()
    run(world, lambda: db.session.execute(update(JournalDelivery).values(due_at=now())))
    assert world.deliver_journal() == 1
    assert len(person.get("/inbox").json["items"]) == 1


def test_whoever_deletes_the_account_leaves_no_messages_and_is_told_nothing_more(
    world: World,
) -> None:
    person = told(world, 2)
    earn(world, person, 3)  # told only after the account is gone
    deleted = person.delete("/me")
    assert deleted.status_code in {200, 204}, deleted.json
    world.deliver_journal()
    with world.app.app_context():
        left = in_transaction(
            lambda: db.session.scalars(
                select(InboxMessage.id).where(InboxMessage.person_id == person.id)
            ).all(),
            write=False,
        )
        waiting = in_transaction(
            lambda: db.session.scalars(select(JournalDelivery.error)).all(), write=False
        )
    assert (left, waiting) == ([], [])


def test_messages_are_part_of_what_the_person_may_take_along(world: World) -> None:
    person = told(world, 2)
    exported = person.get("/me/export").json
    said = [message["body"] for message in exported["parts"]["inbox"]]
    assert said == [message["body"] for message in person.get("/inbox").json["items"]]
