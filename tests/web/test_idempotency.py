"""Asked twice, done once."""

import pytest

from tests.support.probe_room import works_in
from tests.support.races import at_once
from tests.support.world import World

REPLAYED = "Idempotency-Replayed"


def test_a_repeat_gets_the_very_same_answer_and_does_nothing(probe: World) -> None:
    person = probe.person()
    first = person.post("/probe/notes", {"word": "一", "quantity": 3}, key="k-1")
    again = person.post("/probe/notes", {"quantity": 3, "word": "一"}, key="k-1")
    assert (first.status_code, first.headers.get(REPLAYED)) == (201, None)
    assert (again.status_code, again.headers.get(REPLAYED)) == (201, "true")
    assert again.get_data() == first.get_data()
    assert works_in(probe.app) == 1


def test_without_a_key_it_is_done_again(probe: World) -> None:
    person = probe.person()
    assert [person.post("/probe/notes", {"word": "a"}).json["works"] for _ in range(2)] == [1, 2]


def test_a_key_belongs_to_one_person(probe: World) -> None:
    one, other = probe.person(), probe.person()
    assert one.post("/probe/notes", {"word": "a"}, key="same").json["works"] == 1
    assert other.post("/probe/notes", {"word": "a"}, key="same").json["works"] == 2


@pytest.mark.parametrize(
    ("path", "body"), [("/probe/notes", {"word": "b"}), ("/probe/refuse", {"word": "a"})]
)
def test_a_key_cannot_be_used_for_something_else(probe: World, path: str, body: object) -> None:
    person = probe.person()
    person.post("/probe/notes", {"word": "a"}, key="k")
    answer = person.post(path, body, key="k")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "idempotency_key_reused")
    assert works_in(probe.app) == 1


def test_a_refusal_is_repeated_as_it_was_even_if_the_rule_would_now_say_yes(probe: World) -> None:
    person = probe.person()
    first = person.post("/probe/refuse", key="k")
    person.post("/probe/notes", {"word": "a"})
    again = person.post("/probe/refuse", key="k")
    assert first.status_code == again.status_code == 409
    assert again.headers[REPLAYED] == "true"
    assert again.get_data() == first.get_data()
    assert person.post("/probe/refuse").json["error"]["details"] == {"works": 2}


def test_a_refusal_by_the_database_is_kept_too(probe: World) -> None:
    person = probe.person()
    person.post("/probe/once/a")
    first = person.post("/probe/once/a", key="k")
    again = person.post("/probe/once/a", key="k")
    assert (first.status_code, first.json["error"]["code"]) == (409, "probe_taken")
    assert again.headers[REPLAYED] == "true"
    assert again.get_data() == first.get_data()


def test_a_malformed_body_is_not_kept_so_it_can_be_mended_under_the_same_key(probe: World) -> None:
    person = probe.person()
    assert person.post("/probe/notes", {"word": ""}, key="k").status_code == 422
    assert person.post("/probe/notes", {"word": "a"}, key="k").status_code == 201


def test_our_own_trouble_is_not_kept(probe: World) -> None:
    person = probe.person()
    for _ in range(2):
        answer = person.post("/probe/break", key="k")
        assert answer.status_code == 500
        assert REPLAYED not in answer.headers


@pytest.mark.parametrize("key", ["", "k" * 65, "two words", "钥匙".encode().decode("latin-1")])
def test_a_key_that_could_not_be_kept_is_refused(probe: World, key: str) -> None:
    answer = probe.person().post("/probe/notes", {"word": "a"}, key=key)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "idempotency_key_invalid")
    assert works_in(probe.app) == 0


def test_the_longest_key_is_kept(probe: World) -> None:
    person = probe.person()
    for _ in range(2):
        answer = person.post("/probe/notes", {"word": "a"}, key="~" * 64)
    assert answer.headers[REPLAYED] == "true"


@pytest.mark.parametrize("path", ["/probe/notes", "/probe/refuse"])
def test_twenty_at_once_under_one_key_do_it_once_and_hear_the_same(probe: World, path: str) -> None:
    person = probe.person()

    def ask() -> tuple[int, bytes, str | None]:
        answer = person.post(path, {"word": "a"}, key="same")
        said = answer.json.copy()
        said.get("error", {}).pop("request_id", None)
        return answer.status_code, repr(said).encode(), answer.headers.get(REPLAYED)

    heard = at_once([ask] * 20)
    assert len({(status, said) for status, said, _ in heard}) == 1
    assert works_in(probe.app) == (1 if path == "/probe/notes" else 0)
    # Two refusals may race to be kept; both hear the one that was.
    assert [replayed for *_, replayed in heard].count(None) == 1
