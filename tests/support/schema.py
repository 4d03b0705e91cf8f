"""Builds the template databases that every test copies."""

import flask_migrate
from flask import Flask

from app.community.importing import import_areas
from app.config import ROOT
from app.core.db import db

AREAS_CSV = ROOT / "data" / "areas-ningbo-ningde.csv"


def build(app: Flask) -> None:
    """Run the real migrations and load the real areas, as `make run` does."""
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        report = import_areas(AREAS_CSV, lambda _: None)
        assert not report.problems
        db.engine.dispose()
