"""QR pictures. Draws a text and knows nothing of what the text means."""

import base64
from io import BytesIO

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

MODULE_PIXELS = 8
QUIET_MODULES = 4
"""ISO/IEC 18004 asks for four light modules around the symbol."""


def png(text: str) -> bytes:
    """A black-and-white PNG of `text`, error correction M (15 % of the symbol may be unreadable).

    Raises: ValueError when the text is longer than a QR code holds.
    """
    code = QRCode(error_correction=ERROR_CORRECT_M, box_size=MODULE_PIXELS, border=QUIET_MODULES)
    code.add_data(text)
    code.make(fit=True)
    picture = BytesIO()
    code.make_image().save(picture)
    return picture.getvalue()


def png_data_url(text: str) -> str:
    """The same picture as a `data:` address, so that a page shows it without asking anybody."""
    return f"data:image/png;base64,{base64.b64encode(png(text)).decode()}"
