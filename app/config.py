"""Settings: one frozen dataclass, the only reader of the environment.

What differs between machines is a setting; what differs between communities is a policy row. Secrets have no
default. `make run` writes `instance/linli.env` with fresh random secrets for demo mode; the environment
always wins over that file. Documented in docs/settings.md, tested equal.
"""

import base64
import binascii
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / "instance" / "linli.env"

SECRET_BYTES_MIN = 32
STANDIN_APPID = "wx0000000000000000"
STANDIN_SECRET = "standin-secret"  # noqa: S105 - the stand-in's own, worth nothing anywhere else


class Mode(StrEnum):
    """Demo mode allows the WeChat stand-in and demo accounts; production refuses both."""

    DEMO = "demo"
    PRODUCTION = "production"


class SettingsError(RuntimeError):
    """The settings are missing something or unsafe; every problem is listed at once."""

    def __init__(self, problems: list[str]) -> None:
        lines = ["cannot start:", *(f"  - {problem}" for problem in problems)]
        if not ENV_FILE.exists():
            lines.append("For a demo on this machine, `make run` writes settings of its own.")
        super().__init__("\n".join(lines))
        self.problems = problems


Keyring = Mapping[str, bytes]
"""Key id → key; the first one signs or encrypts, all of them verify or decrypt."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between machines."""

    mode: Mode
    database_url: str
    token_keys: Keyring = field(repr=False)
    code_keys: Keyring = field(repr=False)
    data_keys: Keyring = field(repr=False)
    index_key: bytes = field(repr=False)
    seal_keys: Keyring = field(repr=False)
    wechat_api_base: str
    wechat_appid: str
    wechat_secret: str = field(repr=False)
    public_url: str
    rate_limit_storage: str
    host: str
    port: int
    web_processes: int
    log_level: str
    files_dir: Path
    """Where pictures are kept: outside whatever a web server shows by itself."""

    @property
    def demo(self) -> bool:
        """Whether demo accounts and the WeChat stand-in are allowed."""
        return self.mode is Mode.DEMO


NAMES: dict[str, str] = {
    "LINLI_MODE": "`demo` or `production` (default). Demo allows the WeChat stand-in and demo accounts.",
    "DATABASE_URL": "`sqlite:////absolute/path.db` or `postgresql+psycopg://…`. Default: instance/linli.db.",
    "LINLI_TOKEN_KEYS": "Keys that sign access tokens: `id:base64[,id:base64…]`, newest first, ≥ 32 bytes. Secret.",
    "LINLI_CODE_KEYS": "Keys that sign QR codes, same form. Secret.",
    "LINLI_DATA_KEYS": "Keys that encrypt names and phone numbers, same form. Secret; losing them loses the data.",
    "LINLI_INDEX_KEY": "Key of the blind index over phone numbers and names, base64, ≥ 32 bytes. Secret.",
    "LINLI_SEAL_KEYS": "Keys that sign the sealed books, same form. Default: derived from the index key. Secret.",
    "WECHAT_API_BASE": "WeChat's server. Default in demo: our stand-in; in production: https://api.weixin.qq.com.",
    "WECHAT_APPID": "The mini-program's appid.",
    "WECHAT_SECRET": "The mini-program's secret. Secret.",
    "PUBLIC_URL": "Address under which phones reach this server; QR codes carry it. Default: http://HOST:PORT.",
    "RATE_LIMIT_STORAGE": "Where rate limits count: `memory://` (one process, default) or `redis://…` (several).",
    "HOST": "Address to listen on. Default 127.0.0.1.",
    "PORT": "Port to listen on. Default 8000.",
    "WEB_PROCESSES": "Number of web processes `serve` starts. Default 1.",
    "LOG_LEVEL": "Python log level. Default INFO.",
    "FILES_DIR": "Folder for uploaded pictures, shared by all web processes. Default: instance/files. Back it up.",
}

_WECHAT = "https://api.weixin.qq.com"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. `environ` replaces the environment and the demo file in tests.

    Raises: SettingsError listing everything that is missing or unsafe.
    """
    values = {**_env_file(), **os.environ} if environ is None else dict(environ)
    problems: list[str] = []

    mode = Mode.PRODUCTION
    try:
        mode = Mode(values.get("LINLI_MODE", "production"))
    except ValueError:
        problems.append("LINLI_MODE must be demo or production")
    host = values.get("HOST", "127.0.0.1")
    port = _whole(values, "PORT", 8000, problems)

    index_key = _key("LINLI_INDEX_KEY", values.get("LINLI_INDEX_KEY", ""), problems)
    settings = Settings(
        mode=mode,
        database_url=values.get("DATABASE_URL") or f"sqlite:///{ROOT / 'instance' / 'linli.db'}",
        token_keys=_keyring(values, "LINLI_TOKEN_KEYS", problems),
        code_keys=_keyring(values, "LINLI_CODE_KEYS", problems),
        data_keys=_keyring(values, "LINLI_DATA_KEYS", problems),
        index_key=index_key,
        # The index key never changes, so what it signed can always be checked.
        seal_keys=_keyring(values, "LINLI_SEAL_KEYS", problems)
        if values.get("LINLI_SEAL_KEYS")
        else {"0": index_key},
        wechat_api_base=values.get("WECHAT_API_BASE")
        or (f"http://127.0.0.1:{port + 1}" if mode is Mode.DEMO else _WECHAT),
        wechat_appid=values.get("WECHAT_APPID") or (STANDIN_APPID if mode is Mode.DEMO else ""),
        wechat_secret=values.get("WECHAT_SECRET") or (STANDIN_SECRET if mode is Mode.DEMO else ""),
        public_url=(values.get("PUBLIC_URL") or f"http://{host}:{port}").rstrip("/"),
        rate_limit_storage=values.get("RATE_LIMIT_STORAGE", "memory://"),
        host=host,
        port=port,
        web_processes=_whole(values, "WEB_PROCESSES", 1, problems),
        log_level=values.get("LOG_LEVEL", "INFO").upper(),
        files_dir=Path(values.get("FILES_DIR") or ROOT / "instance" / "files").resolve(),
    )
    if not settings.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        problems.append("DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://")
    if not settings.demo:
        problems.extend(_unsafe_in_production(settings))
    if problems:
        raise SettingsError(problems)
    return settings


def _unsafe_in_production(settings: Settings) -> list[str]:
    problems: list[str] = []
    if not settings.wechat_appid or not settings.wechat_secret:
        problems.append("WECHAT_APPID and WECHAT_SECRET are missing")
    base = urlsplit(settings.wechat_api_base)
    if (
        settings.wechat_appid == STANDIN_APPID
        or settings.wechat_secret == STANDIN_SECRET
        or base.scheme != "https"
        or _is_loopback(base.hostname or "")
    ):
        problems.append("the WeChat stand-in is for demo mode only (WECHAT_API_BASE, WECHAT_APPID)")
    demo = _env_file()
    for name in (
        "LINLI_TOKEN_KEYS",
        "LINLI_CODE_KEYS",
        "LINLI_DATA_KEYS",
        "LINLI_INDEX_KEY",
        "LINLI_SEAL_KEYS",
    ):
        used = {
            "LINLI_TOKEN_KEYS": settings.token_keys,
            "LINLI_CODE_KEYS": settings.code_keys,
            "LINLI_DATA_KEYS": settings.data_keys,
            "LINLI_INDEX_KEY": {"": settings.index_key},
            "LINLI_SEAL_KEYS": settings.seal_keys,
        }[name]
        known = {part.partition(":")[2] or part for part in demo.get(name, "").split(",")}
        if any(base64.b64encode(key).decode() in known for key in used.values()):
            problems.append(f"{name} is the demo secret of instance/linli.env")
    return problems


def write_demo_env(path: Path = ENV_FILE) -> None:
    """Write fresh random secrets for demo mode, once; an existing file is left alone."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    lines = [
        "# Demo mode's settings, made by `make run`. The environment wins. Never use in production."
    ]
    lines.append("LINLI_MODE=demo")
    lines += [f"{name}=1:{_fresh()}" for name in NAMES if name.endswith("_KEYS")]
    lines.append(f"LINLI_INDEX_KEY={_fresh()}")
    draft.touch(mode=0o600)
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(path)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES_MIN)).decode()


def _env_file() -> dict[str, str]:
    if not ENV_FILE.exists():
        return {}
    pairs = (
        line.split("=", 1)
        for line in ENV_FILE.read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    return {name.strip(): value.strip() for name, value in pairs}


def _whole(values: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = values.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 - ports end there
        problems.append(f"{name} must be a whole number")
        return default
    return int(text)


def _keyring(values: Mapping[str, str], name: str, problems: list[str]) -> Keyring:
    ring: dict[str, bytes] = {}
    for part in filter(None, values.get(name, "").split(",")):
        kid, _, key = part.partition(":")
        if not kid.isalnum() or len(kid) != 1:
            problems.append(f"{name}: a key id is one letter or digit, then a colon")
            continue
        ring[kid] = _key(name, key, problems)
    if not ring:
        problems.append(f"{name} is missing")
    return ring


def _key(name: str, text: str, problems: list[str]) -> bytes:
    if not text:
        if f"{name} is missing" not in problems:
            problems.append(f"{name} is missing")
        return b""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        problems.append(f"{name} is not base64")
        return b""
    if len(key) < SECRET_BYTES_MIN:
        problems.append(f"{name} is shorter than {SECRET_BYTES_MIN} bytes")
    if len(set(key)) < SECRET_BYTES_MIN // 2:
        problems.append(f"{name} is not random")
    return key


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings() -> Settings:
    """The settings of the app at work."""
    found: Settings = current_app.extensions["linli.settings"]
    return found


if __name__ == "__main__":
    # `make run` begins here: without any word on the mode, this machine gets a demo with secrets of its own.
    if "LINLI_MODE" not in os.environ:
        write_demo_env()
