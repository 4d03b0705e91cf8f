"""Chance, in one place: everything random that the product hands out is made here."""

import secrets

# No 0/O, 1/I/L, 2/Z: these are read aloud at a counter and typed by elders.
_SPOKEN = "3456789ABCDEFGHJKMNPQRSTUVWXY"


def new_token() -> str:
    """256 random bits as URL-safe text, for refresh tokens and one-time secrets."""
    return secrets.token_urlsafe(32)


def new_spoken_code(length: int) -> str:
    """`length` characters that cannot be misread; 29 ** 10 is about 48 bits."""
    return "".join(secrets.choice(_SPOKEN) for _ in range(length))
