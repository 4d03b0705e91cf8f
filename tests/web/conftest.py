"""The app on the same fresh database, with one more room made to try the kernel on."""

import pytest
from flask import Flask

from app.core.db import db
from app.factory import create_app
from tests.conftest import test_settings
from tests.support import probe_room
from tests.support.world import World


@pytest.fixture
def probe(app: Flask) -> World:
    """As in production: what nobody expected becomes an answer, not an exception in the test."""
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    probed = create_app(test_settings(url))
    probed.extensions["linli.api"].register_blueprint(probe_room.room)
    yield World(probed)
    with probed.app_context():
        db.engine.dispose()
