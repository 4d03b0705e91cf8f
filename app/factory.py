"""Puts the rooms together. The only place that knows them all."""

import importlib
import logging
from pathlib import Path
from typing import Final

from flask import Flask

from app.config import Settings, load_settings
from app.core.db import init_database
from app.web.kernel import Room, init_web, undeclared_routes

ROOMS: Final = (
    "community",
    "policies",
    "units",
    "identity",
    "sites",
    "points",
    "volunteer",
    "reporting_in",
    "micro_wish",
    "redemption",
    "notifications",
    "audit",
    "web",
)
"""Lowest first. A room's models, reactions and jobs register themselves when imported."""


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings`, or for those of the environment.

    Raises: SettingsError, UnsafeSqlite, or RuntimeError naming a route that says not who may call it.
    """
    settings = settings or load_settings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    app = Flask("app", static_folder=None)
    app.extensions["linli.settings"] = settings
    init_database(app, settings.database_url)
    rooms = _import_rooms()

    from app.identity.tokens import authenticate  # noqa: PLC0415 - after the models below it are mapped

    init_web(app, rooms, authenticate)
    if stray := undeclared_routes(app):
        raise RuntimeError(f"routes without a permission: {', '.join(stray)}")
    return app


def _import_rooms() -> tuple[Room, ...]:
    here = Path(__file__).parent
    found: list[Room] = []
    for name in ROOMS:
        for part in ("models", "reactions", "jobs", "routes"):
            if not (here / name / f"{part}.py").exists():
                continue  # a file appears only when it has something to hold
            module = importlib.import_module(f"app.{name}.{part}")
            if isinstance(room := getattr(module, "room", None), Room):
                found.append(room)
    return tuple(found)
