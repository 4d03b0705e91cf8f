"""Every API test runs on SQLite and on a real PostgreSQL, each on a fresh copy of a migrated database.

`app` is parametrised over both engines. A test's own rows are real commits in a database of its own: SQLite's is
a copied file, PostgreSQL's is emptied back to its template. Nothing is mocked but WeChat, which is our stand-in.
"""

import base64
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import STANDIN_APPID, STANDIN_SECRET, Mode, Settings
from app.core.db import db
from app.factory import create_app
from tests.support import schema
from tests.support.postgresql import cluster
from tests.support.renewal import Renewal
from tests.support.world import World

ENGINES = ("sqlite", "postgresql")


def test_settings(database_url: str) -> Settings:
    """Settings in demo mode with fixed keys, so that a failing test can be repeated."""

    def key(letter: str) -> bytes:
        return base64.b64decode(base64.b64encode(bytes(ord(letter) ^ n for n in range(32))))

    return Settings(
        mode=Mode.DEMO,
        database_url=database_url,
        token_keys={"1": key("t")},
        code_keys={"1": key("c")},
        data_keys={"1": key("d")},
        index_key=key("i"),
        seal_keys={"1": key("s")},
        wechat_api_base="http://standin.invalid",
        wechat_appid=STANDIN_APPID,
        wechat_secret=STANDIN_SECRET,
        public_url="http://linli.test",
        rate_limit_storage="memory://",
        host="127.0.0.1",
        port=8000,
        web_processes=1,
        log_level="WARNING",
        files_dir=Path(tempfile.gettempdir()) / "linli-test-files",
    )


test_settings.__test__ = False


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with the test world's areas."""
    path = tmp_path_factory.mktemp("template") / "linli.db"
    schema.build(create_app(test_settings(f"sqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def postgresql_template() -> str:
    """Name of a migrated PostgreSQL database with the test world's areas."""
    cluster().create_database("linli_template")
    schema.build(create_app(test_settings(cluster().url("linli_template"))))
    return "linli_template"


@pytest.fixture(scope="session")
def postgresql_renewal(postgresql_template: str) -> Renewal:
    """Makes the database `linli_test` as good as a fresh copy of the template."""
    return Renewal(cluster(), postgresql_template, "linli_test")


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flask]:
    """One app per engine, made when first asked for."""
    return {}


@pytest.fixture(params=ENGINES)
def app(
    request: pytest.FixtureRequest, apps: dict[str, Flask], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application on a fresh database; the test runs once per engine."""
    engine: str = request.param
    if engine == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        if engine not in apps:
            path = tmp_path_factory.mktemp("sqlite") / "linli.db"
            apps[engine] = create_app(test_settings(f"sqlite:///{path}"))
            apps[engine].config["TESTING"] = True
        flask_app = apps[engine]
        with flask_app.app_context():
            path = Path(str(db.engine.url.database))
            db.engine.dispose()
        for leftover in path.parent.glob("linli.db*"):
            if leftover.suffix != ".writers":
                leftover.unlink()
        shutil.copyfile(template, path)
    else:
        renew: Renewal = request.getfixturevalue("postgresql_renewal")
        if engine not in apps:
            apps[engine] = create_app(test_settings(cluster().url("linli_test")))
            apps[engine].config["TESTING"] = True
        flask_app = apps[engine]
        with flask_app.app_context():
            db.engine.dispose()
        renew()
    flask_app.extensions["linli.rate_limiter"].storage.reset()
    yield flask_app
    with flask_app.app_context():
        db.engine.dispose()


@pytest.fixture
def world(app: Flask) -> World:
    """Makes people, sites and the rest, and speaks HTTP as them."""
    return World(app)
