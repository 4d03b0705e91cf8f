"""The OpenAPI document: what flask-smorest reads off the routes, completed by what only the kernel knows.

Who may call an operation, the Idempotency-Key of a write, the one shape of every error, and that an answer always
has all its fields. Kept as a snapshot in docs/openapi.json, shown to people at /docs.
"""

from collections.abc import Iterator
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, current_app, jsonify
from flask_smorest import Api
from marshmallow import Schema as AnySchema
from marshmallow import fields
from marshmallow.class_registry import get_class
from typing_extensions import override
from werkzeug.exceptions import HTTPException

from app.core.permissions import GRANTS, ROLE_NAMES_ZH, Permission
from app.web.errors import answer_http
from app.web.schema import Schema

_EXTENSION = "linli.api"

INTRODUCTION = """\
The API of Linli (邻里): report-in, service, points and wishes of a community.

- Moments are RFC 3339 with offset; days are cut in Asia/Shanghai. Minutes and points are integers.
- Lists take `limit` and an opaque `cursor`; `next_cursor` is null on the last page.
- A write repeated with the same `Idempotency-Key` is done once and answered alike, refusals included.
- Every error has one shape: a stable `code` for programs, a Chinese `message` for people, a `request_id` for us.
- What lies outside the caller's areas does not exist for them: 404, never 403.
"""


class ErrorSchema(Schema):
    """What went wrong."""

    code = fields.String(required=True, metadata={"description": "Stable English name."})
    message = fields.String(required=True, metadata={"description": "Chinese sentence to show."})
    details = fields.Dict(
        required=True, metadata={"description": "What the sentence was filled with."}
    )
    request_id = fields.String(required=True, metadata={"description": "Also in X-Request-Id."})


class ErrorEnvelopeSchema(Schema):
    """The one shape of every error."""

    error = fields.Nested(ErrorSchema, required=True)


class DocumentedApi(Api):  # type: ignore[misc]
    """flask-smorest's Api with our errors in place of its own."""

    ERROR_SCHEMA = ErrorEnvelopeSchema
    spec: APISpec

    @override
    def init_app(self, app: Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None:
        app.extensions[_EXTENSION] = self
        app.config["API_SPEC_OPTIONS"] = {"info": {"description": INTRODUCTION}}
        names = MarshmallowPlugin(schema_name_resolver=_SchemaNames())
        super().init_app(app, spec_kwargs={"marshmallow_plugin": names, **(spec_kwargs or {})})
        self.ma_plugin.converter.add_attribute_function(_type_of_enum)
        self.spec.components.security_scheme(
            "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        )
        self.spec.components.parameter(
            "IdempotencyKey",
            "header",
            {
                "name": "Idempotency-Key",
                "description": "Made once by the device for one intention and kept across retries. "
                "A repeat gets the very same answer, with `Idempotency-Replayed: true`.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"},
            },
        )

    @override
    def handle_http_exception(self, error: HTTPException) -> Response:
        return answer_http(error)

    @override
    def _openapi_json(self) -> Response:
        return jsonify(openapi_document())

    @override
    def _register_pagination_header(self) -> None:
        """Our pages carry their cursor in the body."""

    @override
    def _register_etag_headers(self) -> None:
        """No route uses them."""


def _type_of_enum(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Our enums are words; apispec leaves their type out."""
    if not isinstance(field, fields.Enum):
        return {}
    return {"type": ["string", "null"] if field.allow_none else "string"}


class _SchemaNames:
    """One name per schema class; a second class of the same name is prefixed with its room."""

    def __init__(self) -> None:
        self._owners: dict[str, type[AnySchema]] = {}

    def __call__(self, schema: Any) -> str:
        kind = get_class(schema) if isinstance(schema, str) else schema
        if isinstance(kind, AnySchema):
            if kind.only is not None or kind.exclude or kind.partial:
                return ""  # a variant is written out where it is used
            kind = type(kind)
        name: str = kind.__name__.removesuffix("Schema")
        if self._owners.setdefault(name, kind) is kind:
            return name
        room = kind.__module__.split(".")[1].title().replace("_", "")
        return room + name


def describe_access(
    operation: dict[str, Any],
    declared: dict[str, Any],
    *,
    method: str,
    **_: Any,
) -> dict[str, Any]:
    """Say in one operation's document who may call it, and that a write may be repeated safely."""
    needs: Permission | None = declared["access"]
    if needs is None:
        who = "Open to everybody."
        operation["security"] = [{}, {"bearer": []}]
    else:
        roles = "、".join(ROLE_NAMES_ZH[role] for role, held in GRANTS.items() if needs in held)
        who = f"Needs `{needs}`: {roles}."
        operation["security"] = [{"bearer": []}]
        operation["x-permission"] = str(needs)
        if method != "get":
            operation.setdefault("parameters", []).append("IdempotencyKey")
    docstring = declared["docstring"]
    docstring["description"] = "\n\n".join(filter(None, (docstring.get("description"), who)))
    return operation


def openapi_document() -> dict[str, Any]:
    """The whole document of the app at work, as plain data."""
    api: DocumentedApi = current_app.extensions[_EXTENSION]
    document: dict[str, Any] = api.spec.to_dict()
    _promise_whole_answers(document)
    order = ("openapi", "info", "tags", "paths", "components")
    return {name: document[name] for name in order if name in document}


def without_room(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document without the operations of one room and the shapes that only they use."""
    paths = {
        path: operations
        for path, operations in document["paths"].items()
        if not any(name in operation["tags"] for operation in _operations(operations))
    }
    components = document["components"]
    schemas = components["schemas"]
    used = set(_referred([paths, components["responses"]], schemas))
    kept = {key: schema for key, schema in schemas.items() if key in used}
    return document | {
        "tags": [tag for tag in document["tags"] if tag["name"] != name],
        "paths": paths,
        "components": components | {"schemas": kept},
    }


def _promise_whole_answers(document: dict[str, Any]) -> None:
    """In what is only ever answered every field is there; a later version may add more."""
    schemas: dict[str, Any] = document["components"].get("schemas", {})
    operations = [
        operation for path in document["paths"].values() for operation in _operations(path)
    ]
    asked = set(_referred([operation.get("requestBody") for operation in operations], schemas))
    for name, schema in schemas.items():
        if name not in asked:
            schema["required"] = sorted(schema["properties"])
            schema.pop("additionalProperties", None)


def _operations(path: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (part for part in path.values() if isinstance(part, dict))


def _referred(part: Any, schemas: dict[str, Any]) -> Iterator[str]:
    """Names of the schemas that `part` refers to, directly or through others."""
    waiting, seen = [part], set()
    while waiting:
        match waiting.pop():
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                if name in schemas and name not in seen:
                    seen.add(name)
                    waiting.append(schemas[name])
                    yield name
            case dict() as mapping:
                waiting.extend(mapping.values())
            case list() as items:
                waiting.extend(items)
