"""WeChat in the app's own process, and rate limits that begin anew with every test."""

import pytest
from flask import Flask

from tests.support.identity_world import Phones


@pytest.fixture
def phones(app: Flask) -> Phones:
    return Phones(app)


@pytest.fixture(autouse=True)
def _fresh_limits(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames:
        request.getfixturevalue("app").extensions["linli.rate_limiter"].storage.reset()
