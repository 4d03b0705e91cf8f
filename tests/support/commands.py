"""The product's commands, run in the test's own process."""

from flask import Flask
from flask.testing import FlaskCliRunner

from app.cli import init_commands


def commands(app: Flask) -> FlaskCliRunner:
    """Runs `flask …` commands on the test's app."""
    if "ledger" not in app.cli.commands:
        init_commands(app)
    return app.test_cli_runner()
