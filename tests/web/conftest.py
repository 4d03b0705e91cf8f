"""The app on the same fresh database, with one more room made to try the kernel on."""

import pytest
from flask import Flask

from app.core.db import db
from app.factory import create_app
from tests.conftest import test_settings
from tests.support import probe_room
from tests.support.world import World


@pytest.fixture(scope="session")
def probed_apps() -> dict[str, Flask]:
    """One app with the probe room per database, made when first asked for: making one takes a while."""
    return {}


@pytest.fixture
def probe(app: Flask, probed_apps: dict[str, Flask]) -> World:
    """As in production: what nobody expected becomes an answer, not an exception in the test."""
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    if url not in probed_apps:
        probed_apps[url] = _probed(url)
    yield World(probed_apps[url])
    with probed_apps[url].app_context():
        db.engine.dispose()


@pytest.fixture
def own_probe(app: Flask) -> World:
    """As `probe`, on an app that has answered nothing yet, so that the test may add to it."""
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    probed = _probed(url)
    yield World(probed)
    with probed.app_context():
        db.engine.dispose()


def _probed(url: str) -> Flask:
    probed = create_app(test_settings(url))
    probed.extensions["linli.api"].register_blueprint(probe_room.room)
    return probed
