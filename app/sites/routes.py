"""Addresses of stations, of codes, and of the page behind every code."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.sites import actions, queries, rules
from app.sites.queries import SiteShown
from app.sites.schemas import NewSiteSchema, RotatingCodeSchema, SiteListQuery, SiteSchema
from app.sites.terms import CODE_PAGE_PREFIX, RotatingCode
from app.web import Room, page_of
from app.web.kernel import public_page

room = Room("sites", "服务点与二维码")

pages = Blueprint("codes", __name__, template_folder="templates")
"""What lies outside the API: the page that a code's link opens."""


@room.get("/sites", public=True, query=SiteListQuery, gives=page_of(SiteSchema))
def list_sites(actor: Actor, query: dict[str, Any]) -> Page[SiteShown]:  # noqa: ARG001 - the same for all
    """Open stations at and below an area."""
    return queries.list_sites(**query)


@room.post(
    "/sites", needs=Permission.SITE_MANAGE, takes=NewSiteSchema, gives=SiteSchema, status=201
)
def open_site(actor: Actor, body: dict[str, Any]) -> SiteShown:
    """Open a station in the own area."""
    return actions.open_site(actor, body)


@room.get("/sites/<id:site_id>", public=True, gives=SiteSchema)
def show_site(actor: Actor, site_id: int) -> SiteShown:  # noqa: ARG001 - the same for all
    """One station, open or closed."""
    return queries.show_site(site_id)


@room.get("/sites/<id:site_id>/code", needs=Permission.SITE_SHOW_CODE, gives=RotatingCodeSchema)
def site_code(actor: Actor, site_id: int) -> RotatingCode:
    """The code the station shows now; members scan it."""
    return actions.site_code(actor, site_id)


@room.get("/me/pass", needs=Permission.PROFILE_OWN, gives=RotatingCodeSchema)
def own_pass(actor: Actor) -> RotatingCode:
    """The own pass as it is now; station staff scan it."""
    return actions.own_pass(actor)


@pages.get(CODE_PAGE_PREFIX + "<code>")
@public_page
def code_page(code: str) -> Response:
    """What to do with a code that was opened with an ordinary scanner. It judges nothing and stores nothing."""
    response = make_response(render_template("code.html", guide=rules.guide_to(code)))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    return response
