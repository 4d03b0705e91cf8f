"""Pictures: made harmless, then kept under a random name. Knows nothing of what a picture shows.

Nothing of an upload is ever served as it came. It is decoded and drawn anew on an empty canvas, so that no place,
camera, comment, colour profile or hidden cargo comes along, and it fits a phone's screen.
"""

import os
import re
import threading
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from app.core.ids import new_token
from app.integrations.errors import PictureTooLarge, PictureUnreadable

PIXELS_MAX = 40_000_000
EDGE_PIXELS_MAX = 1600
"""What a phone's screen shows at most; a list of twenty then stays under a few megabytes."""
QUALITY = 85
MEGABYTE = 1024 * 1024

SUFFIXES: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_NAME = re.compile(r"[A-Za-z0-9_-]{43}\.(?:jpg|png|webp)")

# Pillow warns above the limit and refuses above twice of it; here the limit is the limit.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX
warnings.simplefilter("error", Image.DecompressionBombWarning)

# Forty million pixels unfold to 160 MB; two at once are not worth it.
_unfolding = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn anew, ready to be kept."""

    content: bytes
    suffix: str


def redrawn(upload: bytes, bytes_max: int) -> Picture:
    """The picture in an upload, upright and at most EDGE_PIXELS_MAX wide or high. Takes up to a second.

    Raises: PictureTooLarge, PictureUnreadable.
    """
    too_large = PictureTooLarge(
        megabytes_max=bytes_max // MEGABYTE,
        pixels_max=PIXELS_MAX // 10_000,  # the sentence says 万
    )
    if len(upload) > bytes_max:
        raise too_large
    try:
        with _unfolding, Image.open(BytesIO(upload), formats=tuple(SUFFIXES)) as image:
            return _redrawn(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as fault:
        raise too_large from fault
    except Exception as fault:  # whatever broken bytes lead a decoder to
        raise PictureUnreadable from fault


def keep(folder: Path, picture: Picture) -> str:
    """Write the picture to disk for good, under a random name that is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    name = new_token() + picture.suffix
    with (folder / name).open("xb") as file:
        file.write(picture.content)
        file.flush()  # out of our own buffer, so that fsync has something to sync
        os.fsync(file.fileno())
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
    return name


def media_type(name: str) -> str | None:
    """The media type of a name that `keep` may have given; None for any other."""
    return MEDIA_TYPES[Path(name).suffix] if _NAME.fullmatch(name) else None


def sweep(folder: Path, wanted: Collection[str], before: datetime) -> int:
    """Remove pictures written before a moment that nobody wants; how many. Files of others are left alone."""
    removed = 0
    for path in folder.iterdir() if folder.exists() else ():
        if (
            _NAME.fullmatch(path.name)
            and path.name not in wanted
            and path.stat().st_mtime < before.timestamp()
        ):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _redrawn(image: Image.Image) -> Picture:
    # Phones put a second, deeper picture behind a JPEG and call it MPO; the first one is all we want.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    image.draft("RGB", (EDGE_PIXELS_MAX, EDGE_PIXELS_MAX))  # a JPEG is decoded at the size needed
    image.load()
    upright = ImageOps.exif_transpose(image)
    mode = "RGBA" if kind != "JPEG" and upright.has_transparency_data else "RGB"
    drawn = upright.convert(mode)
    drawn.thumbnail((EDGE_PIXELS_MAX, EDGE_PIXELS_MAX))
    canvas = Image.new(mode, drawn.size)
    canvas.paste(drawn)
    written = BytesIO()
    canvas.save(written, kind, quality=QUALITY)
    return Picture(written.getvalue(), SUFFIXES[kind])
