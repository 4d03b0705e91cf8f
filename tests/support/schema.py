"""Builds the template databases that every test copies."""

from flask import Flask

from app.community.importing import import_areas
from app.config import ROOT
from app.core.db import Model, db

AREAS_CSV = ROOT / "data" / "areas-ningbo-ningde.csv"


def build(app: Flask) -> None:
    """Create every table (with its triggers) and load the real areas, as `areas import` does."""
    with app.app_context():
        Model.metadata.create_all(db.engine.execution_options(write=True))
        report = import_areas(AREAS_CSV, lambda _: None)
        assert not report.problems
        db.engine.dispose()
