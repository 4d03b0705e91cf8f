"""Personal text at rest: AES-256-GCM per field, and a keyed blind index to find it by; and what we sign.

The envelope is `kid.nonce.ciphertext` in base64url; table, column and row are bound in as associated data, so a
sealed value moved elsewhere does not open. The blind index leaks equality and nothing else; its key lives
outside the database because phone numbers are few (10^10). Source: GB/T 22239-2019 (storage secrecy), PIPL 51.
"""

import base64
import hmac
import secrets
from functools import cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import Keyring, settings

_NONCE_BYTES = 12


class SealBroken(RuntimeError):
    """A sealed value does not open: its key is unknown, or the value was moved or changed."""


def seal(text: str, where: str) -> str:
    """Encrypt `text` for the place `where` ("person.name")."""
    kid, key = next(iter(settings().data_keys.items()))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_derived(key, "seal")).encrypt(nonce, text.encode(), where.encode())
    return f"{kid}.{_b64(nonce)}.{_b64(sealed)}"


def unseal(envelope: str, where: str) -> str:
    """The text sealed for `where`. Raises: SealBroken."""
    kid, nonce, sealed = envelope.split(".")
    key = settings().data_keys.get(kid)
    if key is None:
        raise SealBroken(f"no data key {kid} for {where}")
    try:
        return (
            AESGCM(_derived(key, "seal"))
            .decrypt(_unb64(nonce), _unb64(sealed), where.encode())
            .decode()
        )
    except InvalidTag as fault:
        raise SealBroken(where) from fault


def blind_index(text: str, column: str) -> str:
    """A keyed digest of an already normalised `text`, to find equal values of `column`."""
    return hmac.new(settings().index_key, f"{column}\x00{text}".encode(), sha256).hexdigest()


def signature(
    keyring: Keyring, kid: str, purpose: str, message: str, length_bytes: int
) -> str | None:
    """The first `length_bytes` of HMAC-SHA256 under the purpose's own key, base64url; None for an unknown `kid`."""
    key = keyring.get(kid)
    if key is None:
        return None
    return _b64(hmac.new(_derived(key, purpose), message.encode(), sha256).digest()[:length_bytes])


def sign(message: str) -> tuple[str, str]:
    """The newest seal key's public half and its Ed25519 signature over `message`, both in base64."""
    key = _signing_key(next(iter(settings().seal_keys.values())))
    return _public_half(key), base64.b64encode(key.sign(message.encode())).decode()


def public_keys() -> tuple[str, ...]:
    """Public halves of the seal keys, newest first, in base64: what anybody needs to check a signature of ours."""
    return tuple(_public_half(_signing_key(key)) for key in settings().seal_keys.values())


def is_signed(message: str, public_key: str, signature_: str) -> bool:
    """Whether `signature_` is that of `public_key` over `message`."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature_, validate=True), message.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


@cache
def _signing_key(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derived(key, "block signature"))


def _public_half(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


@cache
def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"linli:{purpose}".encode()).derive(
        key
    )


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
