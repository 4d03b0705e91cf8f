"""An upload becomes a harmless picture or is refused; what is kept has a name that nobody guesses."""

import os
import struct
import warnings
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.integrations import files
from app.integrations.errors import PictureTooLarge, PictureUnreadable

BYTES_MAX = 8 * 1024 * 1024
SECRET = b"31.23N 121.47E"


def drawn(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **more: Any):
    picture = BytesIO()
    Image.new(mode, size, "red" if mode != "P" else 1).save(picture, kind, **more)
    return picture.getvalue()


def seen(picture: files.Picture) -> Image.Image:
    image = Image.open(BytesIO(picture.content))
    image.load()
    return image


def with_place() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    return exif


@pytest.mark.parametrize(("kind", "suffix"), files.SUFFIXES.items())
def test_a_picture_keeps_its_kind_and_nothing_else(kind: str, suffix: str) -> None:
    more: dict[str, Any] = {"exif": with_place(), "icc_profile": b"profile " + SECRET}
    if kind == "JPEG":
        more["comment"] = SECRET
    if kind == "PNG":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("place", SECRET.decode())
    upload = drawn(kind, **more)
    assert SECRET in upload
    kept = files.redrawn(upload, BYTES_MAX)
    assert SECRET not in kept.content
    assert b"Exif" not in kept.content
    image = seen(kept)
    assert (image.format, kept.suffix) == (kind, suffix)
    assert image.size == (40, 60), "upright, as the phone meant it"
    assert not image.getexif()
    assert not {"icc_profile", "comment", "place", "exif"} & image.info.keys()


@pytest.mark.parametrize("cargo", [b"<script>alert(1)</script>", b"PK\x03\x04 and a whole archive"])
def test_hidden_cargo_does_not_come_along(cargo: bytes) -> None:
    assert cargo not in files.redrawn(drawn("PNG") + cargo, BYTES_MAX).content


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_odd_pngs_are_drawn_in_plain_colours(mode: str) -> None:
    upload = BytesIO()
    Image.new(mode, (8, 8)).save(upload, "PNG")
    kept = seen(files.redrawn(upload.getvalue(), BYTES_MAX))
    assert kept.mode == ("RGBA" if mode in {"RGBA", "LA"} else "RGB")


def test_a_print_shops_cmyk_becomes_rgb() -> None:
    assert seen(files.redrawn(drawn(mode="CMYK"), BYTES_MAX)).mode == "RGB"


def test_a_phones_double_picture_is_its_first() -> None:
    upload = BytesIO()
    second = Image.new("RGB", (20, 20), "blue")
    Image.new("RGB", (60, 40), "red").save(upload, "MPO", save_all=True, append_images=[second])
    kept = files.redrawn(upload.getvalue(), BYTES_MAX)
    assert (kept.suffix, seen(kept).size) == (".jpg", (60, 40))


@pytest.mark.parametrize("kind", files.SUFFIXES)
def test_a_large_picture_shrinks_to_a_screen(kind: str) -> None:
    assert seen(files.redrawn(drawn(kind, (4000, 1000)), BYTES_MAX)).size == (1600, 400)


def test_more_bytes_than_allowed_are_too_many() -> None:
    upload = drawn()
    assert files.redrawn(upload, len(upload))
    with pytest.raises(PictureTooLarge):
        files.redrawn(upload, len(upload) - 1)


def png_of(width: int, height: int) -> bytes:
    """A PNG that says how large it is and leaves it at that."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(8000, 5001), (20000, 20000), (2**31 - 1, 4)])
def test_a_small_file_of_many_pixels_is_refused_before_it_unfolds(width: int, height: int) -> None:
    with warnings.catch_warnings():
        # As in the product, where pytest has not set the filters.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with pytest.raises(PictureTooLarge) as refused:
            files.redrawn(png_of(width, height), BYTES_MAX)
    assert "4000 万像素" in refused.value.sentence


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        drawn("GIF"),
        drawn("BMP"),
        drawn()[:200],
        drawn("PNG")[:60],
        drawn("WEBP")[:30],
        png_of(10, 10),
        b"\xff\xd8\xff\xe0" + b"\x00" * 500,
    ],
)
def test_what_is_no_whole_picture_of_ours_is_refused(upload: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        files.redrawn(upload, BYTES_MAX)


def test_a_kept_picture_has_a_random_name(tmp_path: Path) -> None:
    picture = files.Picture(b"x", ".png")
    folder = tmp_path / "not" / "there"
    names = {files.keep(folder, picture) for _ in range(3)}
    assert len(names) == 3
    for name in names:
        assert (folder / name).read_bytes() == b"x"
        assert files.media_type(name) == "image/png"


@pytest.mark.parametrize(
    "name", ["x.png", "../" + "a" * 43 + ".png", "a" * 43, "a" * 43 + ".exe", "a" * 43 + ".png\n"]
)
def test_any_other_name_is_none_of_ours(name: str) -> None:
    assert files.media_type(name) is None


def test_what_nobody_wants_is_swept_away_after_its_grace(tmp_path: Path) -> None:
    picture = files.Picture(b"x", ".jpg")
    wanted, former, fresh = (files.keep(tmp_path, picture) for _ in range(3))
    (tmp_path / "notes.txt").write_text("somebody else's")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for name in (wanted, former, "notes.txt"):
        os.utime(tmp_path / name, (0, 0))
    assert files.sweep(tmp_path, {wanted}, yesterday) == 1
    assert {path.name for path in tmp_path.iterdir()} == {wanted, fresh, "notes.txt"}
    assert files.sweep(tmp_path / "nowhere", set(), yesterday) == 0
