"""The app refuses to start unsafely, and says everything that is wrong at once."""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app import config
from app.config import ROOT, Mode, SettingsError, load_settings, write_demo_env
from app.core import db as core_db
from app.core.db import UnsafeSqlite, db, in_transaction
from app.factory import create_app
from app.identity.actions import find_or_register
from tests.conftest import test_settings
from tests.support.world import BAOJIA


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _production(**changes: str) -> dict[str, str]:
    return {
        "LINLI_MODE": "production",
        "DATABASE_URL": "postgresql+psycopg://linli@db/linli",
        "LINLI_TOKEN_KEYS": f"2:{_key()},1:{_key()}",
        "LINLI_CODE_KEYS": f"1:{_key()}",
        "LINLI_DATA_KEYS": f"1:{_key()}",
        "LINLI_INDEX_KEY": _key(),
        "WECHAT_APPID": "wx1234567890abcdef",
        "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
        **changes,
    }


def _problems(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return "\n".join(refused.value.problems)


def test_sound_production_settings_are_taken() -> None:
    settings = load_settings(_production())
    assert settings.mode is Mode.PRODUCTION
    assert list(settings.token_keys) == ["2", "1"]
    assert settings.wechat_api_base == "https://api.weixin.qq.com"


def test_an_empty_environment_is_production_and_lists_every_missing_secret() -> None:
    problems = _problems({})
    for name in ("LINLI_TOKEN_KEYS", "LINLI_CODE_KEYS", "LINLI_DATA_KEYS", "LINLI_INDEX_KEY"):
        assert f"{name} is missing" in problems
    assert "WECHAT_APPID" in problems


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"WECHAT_API_BASE": "http://127.0.0.1:8001"}, "stand-in"),
        ({"WECHAT_API_BASE": "https://localhost"}, "stand-in"),
        ({"WECHAT_APPID": config.STANDIN_APPID}, "stand-in"),
        ({"WECHAT_SECRET": config.STANDIN_SECRET}, "stand-in"),
        ({"LINLI_MODE": "staging"}, "LINLI_MODE"),
        ({"LINLI_TOKEN_KEYS": "1:c2hvcnQ="}, "shorter than 32 bytes"),
        ({"LINLI_TOKEN_KEYS": f"1:{base64.b64encode(b'a' * 32).decode()}"}, "not random"),
        ({"LINLI_DATA_KEYS": "1:***"}, "not base64"),
        ({"LINLI_CODE_KEYS": f"long:{_key()}"}, "key id"),
        ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL"),
        ({"PORT": "eighty"}, "PORT"),
    ],
)
def test_what_is_unsafe_in_production_is_named(change: dict[str, str], said: str) -> None:
    assert said in _problems(_production(**change))


def test_the_demo_machines_own_secrets_are_refused_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "ENV_FILE", tmp_path / "linli.env")
    write_demo_env(config.ENV_FILE)
    lines = dict(
        line.split("=", 1) for line in config.ENV_FILE.read_text().splitlines()[1:] if "=" in line
    )
    problems = _problems(_production(LINLI_TOKEN_KEYS=lines["LINLI_TOKEN_KEYS"]))
    assert problems == "LINLI_TOKEN_KEYS is the demo secret of instance/linli.env"
    assert config.ENV_FILE.stat().st_mode & 0o077 == 0
    before = config.ENV_FILE.read_text()
    write_demo_env(config.ENV_FILE)
    assert config.ENV_FILE.read_text() == before


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    environ = _production()
    shown = repr(load_settings(environ))
    assert environ["WECHAT_SECRET"] not in shown
    assert "token_keys" not in shown


def test_demo_accounts_are_refused_outside_demo_mode(app: Flask) -> None:
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
        in_transaction(_one_demo_person, write=True)
    environ = _production(DATABASE_URL=url)
    with pytest.raises(SettingsError, match="demo accounts"):
        create_app(load_settings(environ))


def _one_demo_person() -> None:
    from app.core.actor import system  # noqa: PLC0415 - used once
    from app.core.clock import now  # noqa: PLC0415

    find_or_register(system(now()), name="演示", phone="13900000001", area_code=BAOJIA, demo=True)


def test_production_has_no_demo_routes(app: Flask) -> None:
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    production = create_app(load_settings(_production(DATABASE_URL=url)))
    addresses = {str(rule) for rule in production.url_map.iter_rules()}
    assert "/api/v1/auth/wechat" in addresses
    assert not any("/demo/" in address for address in addresses)
    with production.app_context():
        db.engine.dispose()


def test_an_sqlite_that_can_corrupt_its_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_db, "SQLITE_VERSION_SAFE", (99, 0, 0))
    with pytest.raises(UnsafeSqlite, match=r"SQLite 99\.0\.0 or later is needed"):
        create_app(test_settings(f"sqlite:///{tmp_path / 'x.db'}"))


@pytest.mark.parametrize(
    "command", [["-m", "flask", "--app", "wsgi", "--help"], ["-c", "import wsgi"]]
)
def test_a_refused_start_says_why_without_a_stack(command: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "LINLI_MODE": "production",
            "LINLI_CODE_KEYS": "1:c2hvcnQ=",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "LINLI_CODE_KEYS is shorter than 32 bytes" in said
    assert "Traceback" not in said
