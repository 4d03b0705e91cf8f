"""The road of a request: who are you → may you → asked before → read → do → dump → store → commit.

`Room` is the only way to register a route. A route says what it `needs` (a permission) or that it is `public`;
one that says neither does not register. GET runs in a read-only transaction; everything else in a writing one.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Protocol, TypeVar

from flask import Flask, Request, Response, current_app, request
from flask_smorest import Blueprint
from sqlalchemy.exc import IntegrityError
from typing_extensions import override
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, ValidationError

from app.core.actor import Actor, nobody
from app.core.clock import now
from app.core.db import CommitOutcomeUnknown, db, in_transaction
from app.core.errors import Forbidden, OutcomeUnknown, Refusal
from app.core.permissions import Permission
from app.web import idempotency
from app.web.body import BODY_BYTES_MAX, FORM_BYTES, json_of
from app.web.docs_page import docs_pages
from app.web.errors import TooManyRequests, envelope, refusal_of_http, refusal_of_integrity
from app.web.files import file_answer
from app.web.limits import asked_too_often, init_limits
from app.web.openapi import DocumentedApi, describe_access
from app.web.request_id import request_id
from app.web.schema import INT64_MAX, Schema

log = logging.getLogger(__name__)

API_PREFIX = "/api/v1"

View = TypeVar("View", bound=Callable[..., Any])

T = TypeVar("T")


class Read(Protocol):
    """Runs a query in a read-only transaction of its own and returns what it found."""

    def __call__(self, query: Callable[[], T], /) -> T:
        """What `query` found."""


Before = Callable[[Actor, dict[str, Any], Read], Any]
"""What is slow and must be known first: `before(actor, body, read)` runs outside any transaction, and again when
a request is repeated, so it asks and never changes anything."""


class Authenticate(Protocol):
    """What the factory hands the kernel, so that web need not know identity."""

    def __call__(self, request: Request, at: datetime, request_id: str, /) -> Actor:
        """The actor behind the request's token. Raises: Unauthenticated."""


class IdConverter(IntegerConverter):
    """`<id:wish_id>`: a positive 64-bit integer; anything larger does not exist."""

    regex = "[0-9]{1,19}"

    @override
    def to_python(self, value: str) -> int:
        number = int(value)
        if not 1 <= number <= INT64_MAX:
            raise ValidationError
        return number


class _Parser(FlaskParser):
    # Unknown names are refused in query strings too: a misspelt filter must not silently show everything.
    DEFAULT_UNKNOWN_BY_LOCATION = {}  # noqa: RUF012 - webargs declares it as an instance's

    @override
    def load_json(self, req: Any, schema: Any) -> Any:
        found = json_of(req)
        # An empty body stands for an empty object; `null` stands for itself and is refused by the schema.
        return missing if found is None and not req.get_data() else found


class Room(Blueprint):  # type: ignore[misc]
    """A feature's routes. Deny by default: each names its permission or says it is public."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, title_zh: str) -> None:
        super().__init__(name, __name__, url_prefix=API_PREFIX, description=title_zh)
        self._prepare_doc_cbks.append(describe_access)

    def get(self, rule: str, **contract: Any) -> Callable[[View], View]:
        """A read. See `_declare` for the contract."""
        return self._declare("GET", rule, **contract)

    def post(self, rule: str, **contract: Any) -> Callable[[View], View]:
        """A step or a creation."""
        return self._declare("POST", rule, **contract)

    def put(self, rule: str, **contract: Any) -> Callable[[View], View]:
        """A change of the whole. There is no PATCH: the mini-program cannot send one."""
        return self._declare("PUT", rule, **contract)

    def delete(self, rule: str, **contract: Any) -> Callable[[View], View]:
        """A removal."""
        return self._declare("DELETE", rule, **contract)

    @override
    def route(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "declare routes with get, post, put or delete, so that each says who may call"
        )

    def _declare(
        self,
        method: str,
        rule: str,
        *,
        needs: Permission | None = None,
        public: bool = False,
        takes: type[Schema] | None = None,
        query: type[Schema] | None = None,
        gives: type[Schema] | None = None,
        file: str | None = None,
        status: int = 200,
        upload_bytes_max: int | None = None,
        before: Before | None = None,
        calls_per_minute_max: int | None = None,
    ) -> Callable[[View], View]:
        """Register a view as `view(actor, **path)`, plus the loaded query, then the loaded body, positionally.

        With `before`, what it learnt comes first after the actor. `calls_per_minute_max` counts per address.
        With `upload_bytes_max`, the body is a form with a file in it (`wx.uploadFile` sends nothing else), not JSON.
        `file` is the media type of a view that returns a `File` in place of what `gives` would dump.
        """
        if (needs is None) is not public:
            raise TypeError(f"{method} {rule}: say either needs= or public=True")
        if before is not None and (method == "GET" or takes is None):
            raise TypeError(f"{method} {rule}: before= needs a body to ask about")
        if file is not None and (method != "GET" or gives is not None):
            # An answer is kept under an Idempotency-Key as text; a file is only ever read.
            raise TypeError(f"{method} {rule}: file= is for a GET and stands in place of gives=")

        location = "json" if upload_bytes_max is None else "files"

        def decorate(view: View) -> View:
            if file is None:
                inner: Callable[..., Any] = self.response(status, gives)(view)
            else:
                inner = self._sends(view, file)
            if takes is not None:
                # A schema is made once; webargs would make it anew for every request.
                inner = self.arguments(takes(), location=location)(inner)
            if query is not None:
                inner = self.arguments(query(), location="query")(inner)

            def learn() -> tuple[Any, ...]:
                if before is None or takes is None:
                    return ()
                actor = _reading(lambda: _admit(needs))
                body = self.ARGUMENTS_PARSER.parse(takes, request, location=location)
                return (before(actor, body, _reading),)

            @wraps(inner)
            def serve(**path: Any) -> Response:
                if upload_bytes_max is not None:
                    request.max_content_length = upload_bytes_max + FORM_BYTES
                if calls_per_minute_max and asked_too_often(rule, calls_per_minute_max):
                    return envelope(TooManyRequests())
                if method == "GET":
                    return _read(inner, needs, path)
                return _write(inner, needs, path, learn)

            serve.access = needs or "public"  # type: ignore[attr-defined]
            serve._apidoc = {**inner._apidoc, "access": needs}  # type: ignore[attr-defined]  # noqa: SLF001 - read by describe_access
            super(Room, self).route(rule, methods=[method])(serve)
            return view

        return decorate

    def _sends(self, view: Callable[..., Any], media_type: str) -> Callable[..., Any]:
        @wraps(view)
        def send(*args: Any, **kwargs: Any) -> Response:
            return file_answer(view(*args, **kwargs), media_type)

        content = {"type": "string", "format": "binary"}
        sends: Callable[..., Any] = self.response(200, content, content_type=media_type)(send)
        return sends


def _admit(needs: Permission | None) -> Actor:
    """The actor of this request. Raises: Unauthenticated, Forbidden."""
    at = now()
    if needs is None and "Authorization" not in request.headers:
        return nobody(at, request_id())
    authenticate: Authenticate = current_app.extensions["linli.authenticate"]
    actor = authenticate(request, at, request_id())
    if needs is not None and not actor.may(needs):
        raise Forbidden
    return actor


def _reading(query: Callable[[], T]) -> T:
    return in_transaction(query, write=False)


def _read(
    view: Callable[..., Response], needs: Permission | None, path: dict[str, Any]
) -> Response:
    try:
        return _reading(lambda: view(_admit(needs), **path))
    except Refusal as refusal:
        return envelope(refusal)


def _write(
    view: Callable[..., Response],
    needs: Permission | None,
    path: dict[str, Any],
    learn: Callable[[], tuple[Any, ...]],
) -> Response:
    # What the first try learned, so that a refusal can be stored after its work was rolled back.
    admitted: list[Actor] = []

    def work() -> Response:
        admitted.clear()
        actor = _admit(needs)
        admitted.append(actor)
        if key is not None:
            stored = idempotency.replay_or_claim(actor.person_id, key, request_hash, actor.now)
            if stored is not None:
                return stored
        try:
            response = view(actor, *learnt, **path)
            db.session.flush()
        except Refusal as refusal:
            if not refusal.keeps_work:
                raise
            response = envelope(refusal)
        if key is not None:
            idempotency.keep(actor.person_id, key, response)
        return response

    def keep_refusal() -> Response:
        (actor,) = admitted
        assert key is not None  # noqa: S101 - only called under a key
        stored = idempotency.replay_or_claim(actor.person_id, key, request_hash, actor.now)
        if stored is not None:
            return stored
        response = envelope(refused)
        idempotency.keep(actor.person_id, key, response)
        return response

    try:
        key = None if needs is None else idempotency.key_of(request)
        request_hash = idempotency.hash_of(request) if key is not None else ""
        try:
            learnt = learn()
            return in_transaction(work, write=True, repeatable=key is not None)
        except CommitOutcomeUnknown as fault:
            raise OutcomeUnknown from fault
        except Refusal as refusal:
            refused = refusal
        except HTTPException as fault:
            # webargs aborts on a body that does not fit its schema.
            refused = refusal_of_http(fault)
        except IntegrityError as fault:
            refused = refusal_of_integrity(fault)
        if key is not None and admitted and refused.status in _DECIDED:
            return in_transaction(keep_refusal, write=True)
        return envelope(refused)
    except Refusal as refusal:
        return envelope(refusal)


# What was decided is stored under the key; a malformed payload (422), an unknown caller (401), too many
# requests (429) and our own trouble (5xx) were not decided.
_DECIDED = frozenset({403, 404, 409, 410})


def init_web(app: Flask, rooms: tuple[Room, ...], authenticate: Authenticate) -> None:
    """Put the rooms on the app and check that no route came in by another door."""
    app.config.update(
        API_TITLE="邻里 Linli",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=API_PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.converters["id"] = IdConverter
    app.extensions["linli.authenticate"] = authenticate
    init_limits(app)
    api = DocumentedApi(app)
    api.register_converter(IdConverter, lambda _: {"type": "integer", "minimum": 1})
    for room in rooms:
        api.register_blueprint(room)
    app.register_blueprint(docs_pages)
    public_page(app.view_functions["docs.docs"])
    app.after_request(_finish)


def undeclared_routes(app: Flask) -> list[str]:
    """Routes that neither came through a Room nor were marked public: must be empty, the factory checks."""
    own = {"api-docs.openapi_json", "static"}
    return [
        str(rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in own and not hasattr(app.view_functions[rule.endpoint], "access")
    ]


def public_page(view: View) -> View:
    """Mark a page outside the API (documents, client files) as open to all."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Frame-Options"] = "DENY"
    if request.path.startswith(API_PREFIX):
        response.headers["Cache-Control"] = "no-store"
    return response
