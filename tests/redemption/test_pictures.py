"""Pictures of rewards: uploaded as phones do, drawn anew, shown to all, and gone when nobody shows them."""

import os
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from app.core.actor import system
from app.core.clock import now
from app.redemption import jobs
from tests.support.redemption_world import form, photo, reward
from tests.support.world import HUXI, Caller, World


@pytest.fixture
def world(world: World, tmp_path: Path) -> World:
    """With a folder for pictures of its own."""
    known = world.app.extensions["linli.settings"]
    world.app.extensions["linli.settings"] = replace(known, files_dir=tmp_path)
    yield world
    world.app.extensions["linli.settings"] = known


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def upload(
    caller: Caller, reward_id: int, content: bytes, *, key: str | None = None, name: str = "a.jpg"
) -> TestResponse:
    return caller.post(f"/rewards/{reward_id}/picture", key=key, **form(content, name=name))


def shown(world: World, link: str) -> TestResponse:
    assert link.startswith("http://linli.test/files/")
    return world.app.test_client().get(link.removeprefix("http://linli.test"), buffered=True)


def kept(tmp_path: Path) -> int:
    return len(list(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_a_picture_is_shown_to_all_without_its_place(
    world: World, kind: str, media_type: str
) -> None:
    reward_id, admin = reward(world), world.community_admin()
    assert world.anonymous.get(f"/rewards/{reward_id}").json["picture"] is None
    answer = upload(admin, reward_id, photo(kind))
    assert answer.status_code == 200, answer.json
    assert world.anonymous.get(f"/rewards/{reward_id}").json == answer.json
    page = shown(world, answer.json["picture"])
    assert (page.status_code, page.mimetype) == (200, media_type)
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Disposition"].startswith("inline; filename=picture.")
    assert page.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert page.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"31.23N" not in page.data
    assert Image.open(BytesIO(page.data)).size == (60, 40)
    again = world.app.test_client().get(
        page.request.path, headers={"If-None-Match": page.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304


def test_another_picture_has_another_link_and_the_former_goes_at_night(
    world: World, tmp_path: Path
) -> None:
    reward_id, admin = reward(world), world.community_admin()
    first = upload(admin, reward_id, photo()).json["picture"]
    second = upload(admin, reward_id, photo(colour="blue")).json["picture"]
    assert first != second
    assert shown(world, first).status_code == 200, "for those who look at the old list"

    def sweep() -> dict[str, Any]:
        with world.app.app_context():
            return jobs.sweep_pictures(lambda: system(now() + timedelta(days=1, minutes=1)))

    for path in tmp_path.iterdir():
        os.utime(path)
    assert sweep() == {"pictures": 1}
    assert shown(world, first).status_code == 404
    assert shown(world, second).status_code == 200
    answer = admin.delete(f"/rewards/{reward_id}/picture")
    assert (answer.status_code, answer.json["picture"]) == (200, None)
    assert sweep() == {"pictures": 1}
    assert kept(tmp_path) == 0


def test_the_same_upload_again_is_the_same_picture(world: World, tmp_path: Path) -> None:
    """Each try writes its form between boundaries of its own; what was meant is the same."""
    reward_id, admin = reward(world), world.community_admin()
    first = upload(admin, reward_id, photo(), key="tap")
    again = upload(admin, reward_id, photo(), key="tap")
    assert first.request.headers["Content-Type"] != again.request.headers["Content-Type"]
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert kept(tmp_path) == 1
    assert code(upload(admin, reward_id, photo(colour="blue"), key="tap")) == (
        422,
        "idempotency_key_reused",
    )


@pytest.mark.parametrize("content", [b"", b"GIF89a", photo()[:300], b"<svg/>", photo("GIF")])
def test_what_is_no_picture_is_refused_and_not_kept(
    world: World, tmp_path: Path, content: bytes
) -> None:
    reward_id = reward(world)
    refused = upload(world.community_admin(), reward_id, content)
    assert code(refused) == (422, "picture_unreadable")
    assert kept(tmp_path) == 0


def test_a_picture_of_too_many_bytes_or_pixels_is_refused(world: World, tmp_path: Path) -> None:
    reward_id, admin = reward(world), world.community_admin()
    refused = upload(admin, reward_id, b"\xff\xd8" + b"\x00" * (8 * 1024 * 1024))
    assert code(refused) == (413, "picture_too_large")
    many = BytesIO()
    Image.new("1", (8000, 5001)).save(many, "PNG")
    assert code(upload(admin, reward_id, many.getvalue())) == (413, "picture_too_large")
    far_more = upload(admin, reward_id, b"\x00" * (9 * 1024 * 1024))
    assert code(far_more) == (413, "body_too_large")
    assert "8 MB" in far_more.json["error"]["message"]
    assert kept(tmp_path) == 0


def test_only_the_upload_may_be_that_large(world: World) -> None:
    refused = world.community_admin().post("/rewards", {"description": "x" * (2 * 1024 * 1024)})
    assert code(refused) == (413, "body_too_large")
    assert "1 MB" in refused.json["error"]["message"]


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"file": "x"}},
        {"data": {}, "content_type": "multipart/form-data"},
        {"data": {"file": "a text"}, "content_type": "multipart/form-data"},
        form(b"x", field="photo"),
        {"data": photo(), "content_type": "image/jpeg"},
    ],
)
def test_a_form_without_the_file_is_malformed(world: World, sent: dict[str, Any]) -> None:
    answer = world.community_admin().post(f"/rewards/{reward(world)}/picture", **sent)
    assert code(answer) == (422, "malformed")


def test_only_those_who_run_the_shelf_change_its_pictures(world: World, tmp_path: Path) -> None:
    site_id = world.site()
    reward_id = reward(world, site_id)
    assert upload(world.anonymous, reward_id, photo()).status_code == 401
    assert upload(world.station_staff(site_id), reward_id, photo()).status_code == 403
    stranger = world.community_admin(HUXI)
    assert code(upload(stranger, reward_id, photo())) == (404, "not_found")
    assert code(stranger.delete(f"/rewards/{reward_id}/picture")) == (404, "not_found")
    assert kept(tmp_path) == 0


def test_a_closed_reward_keeps_the_picture_it_has(world: World) -> None:
    reward_id, admin = reward(world), world.community_admin()
    picture = upload(admin, reward_id, photo()).json["picture"]
    admin.post(f"/rewards/{reward_id}/close")
    assert code(upload(admin, reward_id, photo())) == (409, "reward_closed")
    assert code(admin.delete(f"/rewards/{reward_id}/picture")) == (409, "reward_closed")
    assert world.anonymous.get(f"/rewards/{reward_id}").json["picture"] == picture


@pytest.mark.parametrize("name", ["x.jpg", "..%2f..%2fetc%2fpasswd", "a" * 43 + ".jpg", "%00"])
def test_a_picture_that_is_not_there_is_not_found(world: World, name: str) -> None:
    answer = world.app.test_client().get(f"/files/{name}")
    assert code(answer) == (404, "not_found")
