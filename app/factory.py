"""Puts the rooms together. The only place that knows them all."""

import importlib
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import flask_migrate
from flask import Flask, redirect
from sqlalchemy import inspect

from app.config import ROOT, Settings, SettingsError, load_settings
from app.core.db import db, in_transaction, init_database
from app.identity.queries import has_demo_people
from app.identity.tokens import authenticate
from app.identity.wechat import init_wechat
from app.redemption.routes import pages as picture_pages
from app.sites.routes import pages as code_pages
from app.web.kernel import Room, init_web, public_page, undeclared_routes

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
    for chatty in ("apscheduler", "httpx2", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    app = Flask("app", static_folder=None)
    app.extensions["linli.settings"] = settings
    init_database(app, settings.database_url)
    rooms = _import_rooms((*ROOMS, "demo") if settings.demo else ROOMS)
    init_wechat(app)
    init_web(app, rooms, authenticate)
    app.register_blueprint(code_pages)
    app.register_blueprint(picture_pages)
    app.add_url_rule("/", "root", public_page(lambda: redirect("/docs")))
    flask_migrate.Migrate(app, db, directory=str(ROOT / "migrations"))
    if not settings.demo:
        _refuse_demo_people(app)
    if stray := undeclared_routes(app):
        raise RuntimeError(f"routes without a permission: {', '.join(stray)}")
    return app


def _refuse_demo_people(app: Flask) -> None:
    with app.app_context():
        # Before the first migration there is no table to look at, and nobody to refuse.
        if not inspect(db.engine).has_table("person"):
            return
        if in_transaction(has_demo_people, write=False):
            db.engine.dispose()
            raise SettingsError(["the database holds demo accounts, which are for demo mode only"])


def _import_rooms(names: Iterable[str]) -> tuple[Room, ...]:
    here = Path(__file__).parent
    found: list[Room] = []
    for name in names:
        for part in ("models", "reactions", "jobs", "routes"):
            if not (here / name / f"{part}.py").exists():
                continue  # a file appears only when it has something to hold
            module = importlib.import_module(f"app.{name}.{part}")
            if isinstance(room := getattr(module, "room", None), Room):
                found.append(room)
    return tuple(found)
