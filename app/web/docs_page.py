"""GET /docs: the API as a page to read, made from the OpenAPI document alone, with nothing fetched from anywhere."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template
from markupsafe import Markup

from app.core.errors import Refusal, all_refusals
from app.core.permissions import GRANTS, ROLE_NAMES_ZH, Permission
from app.web.openapi import openapi_document
from app.web.schema import INT64_MAX

_RENDERED = "linli.docs_page"

# The page may load nothing at all; its own style stands inside it.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)

_TYPES_ZH = {
    "integer": "整数",
    "number": "数",
    "string": "文字",
    "boolean": "是或否",
    "object": "一组内容",
    "array": "列表",
    "null": "空",
}
_PLACES_ZH = {"path": "路径", "header": "请求头"}
_FORMATS_ZH = {"date-time": "时间", "date": "日期"}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table of fields; `name` is dotted inside nested objects, `[]` stands for each item."""

    name: str
    kind: str
    limits: str
    required: bool
    description: str
    place: str = ""
    """Where a parameter stands, if not in the query."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    permission: str | None
    roles: tuple[str, ...]
    query: tuple[Field, ...]
    body: tuple[Field, ...]
    status: str
    answer: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One room: its operations and the refusals it adds."""

    name: str
    title: str
    operations: tuple[Operation, ...]
    refusals: tuple[type[Refusal], ...]


docs_pages = Blueprint("docs", __name__, template_folder="templates")


@docs_pages.get("/docs")
def docs() -> Response:
    """The page, rendered once per process: the document does not change while it runs."""
    page = current_app.extensions.get(_RENDERED)
    if page is None:
        page = current_app.extensions[_RENDERED] = _render()
    response = make_response(page)
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    return response


def _render() -> str:
    document = openapi_document()
    return render_template(
        "docs.html",
        info=document["info"],
        prefix=current_app.config["OPENAPI_URL_PREFIX"],
        sections=_sections(document),
        common=_refusals_of("core", "web"),
        code_text=_code_text,
    )


def _sections(document: Mapping[str, Any]) -> list[Section]:
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict):
                read = _operation(document, path, method, methods.get("parameters", []), operation)
                found.setdefault(operation["tags"][0], []).append(read)
    packages = _packages()
    return [
        Section(
            tag["name"],
            tag["description"],
            tuple(found[tag["name"]]),
            _refusals_of(packages[tag["name"]]),
        )
        for tag in document.get("tags", ())
        if tag["name"] in found
    ]


def _packages() -> dict[str, str]:
    """The package of each room, by the name of its routes ("wishes" is made in "micro_wish")."""
    return {
        endpoint.partition(".")[0]: view.__module__.split(".")[1]
        for endpoint, view in current_app.view_functions.items()
        if "." in view.__module__
    }


def _refusals_of(*packages: str) -> tuple[type[Refusal], ...]:
    owned = (
        refusal
        for refusal in all_refusals().values()
        if refusal.__module__.startswith(tuple(f"app.{package}." for package in packages))
    )
    return tuple(sorted(owned, key=lambda refusal: (refusal.status, refusal.code)))


def _operation(
    document: Mapping[str, Any],
    path: str,
    method: str,
    shared: list[dict[str, Any]],
    operation: Mapping[str, Any],
) -> Operation:
    needs = operation.get("x-permission")
    status = next(code for code in operation["responses"] if code.startswith("2"))
    parameters = [
        _resolved(document, parameter) for parameter in (*shared, *operation.get("parameters", ()))
    ]
    return Operation(
        anchor=re.sub(r"\W+", "-", f"{method}{path}").strip("-"),
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        # The last paragraph says who may call; the page shows that in its own way.
        description=operation["description"].rpartition("\n\n")[0],
        permission=needs,
        roles=tuple(
            name
            for role, name in ROLE_NAMES_ZH.items()
            if needs is not None and Permission(needs) in GRANTS[role]
        ),
        query=tuple(
            _field(
                parameter["name"],
                parameter["schema"],
                required=parameter.get("required", False),
                description=parameter.get("description", ""),
                place=_PLACES_ZH.get(parameter["in"], ""),
            )
            for parameter in parameters
        ),
        body=tuple(_fields_of(document, operation.get("requestBody", {}))),
        status=status,
        answer=tuple(_fields_of(document, operation["responses"][status])),
    )


def _fields_of(document: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[Field]:
    schema = content.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        yield from _fields(document, "", schema, ())


def _fields(
    document: Mapping[str, Any], prefix: str, schema: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[Field]:
    reference = _reference(schema)
    if reference in above:
        return  # a shape inside itself is shown once
    whole = _resolved(document, schema)
    for name, part in whole.get("properties", {}).items():
        inner = _resolved(document, part)
        yield _field(
            prefix + name,
            inner | {"type": part.get("type", inner.get("type"))},
            required=name in whole.get("required", ()),
            description=part.get("description", ""),
        )
        items = inner.get("items")
        nested, mark = (part, ".") if items is None else (items, "[].")
        yield from _fields(document, f"{prefix}{name}{mark}", nested, (*above, reference or ""))


def _reference(schema: Mapping[str, Any]) -> str | None:
    if "anyOf" in schema:
        return next((found for part in schema["anyOf"] if (found := _reference(part))), None)
    reference: str | None = schema.get("$ref")
    return reference


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema or parameter itself, with a reference (or "that or nothing") followed."""
    reference = _reference(schema)
    if reference is None:
        return dict(schema)
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    if "anyOf" in schema:
        return {**found, "type": [found.get("type", "object"), "null"]}
    return dict(found)


def _field(
    name: str,
    schema: Mapping[str, Any],
    *,
    required: bool,
    description: str,
    place: str = "",
) -> Field:
    types = schema.get("type") or "object"
    words = [types] if isinstance(types, str) else types
    kind = _FORMATS_ZH.get(schema.get("format", "")) or _TYPES_ZH[words[0]]
    if isinstance(inner := schema.get("items", {}).get("type"), str):
        kind = f"{_TYPES_ZH[inner]}列表"
    if "null" in words:
        kind += "或空"
    return Field(name, kind, _limits(schema), required, description, place)


def _limits(schema: Mapping[str, Any]) -> str:
    said: list[str] = []
    if "enum" in schema:
        said.append(" · ".join(str(choice) for choice in schema["enum"] if choice is not None))
    said.extend(
        _range(schema.get(low), schema.get(high), unit)
        for low, high, unit in (
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", " 字"),
            ("minItems", "maxItems", " 项"),
        )
        if low in schema or high in schema
    )
    if (default := schema.get("default")) not in (None, ""):
        said.append(f"默认 {str(default).lower() if isinstance(default, bool) else default}")
    return "，".join(filter(None, said))


def _range(low: int | None, high: int | None, unit: str) -> str:
    if high is None or high >= INT64_MAX:
        return f"≥ {low}{unit}"
    return f"≤ {high}{unit}" if not low else f"{low} – {high}{unit}"


def _code_text(text: str) -> Markup:
    """Plain text with `quoted` words set as code; everything else is escaped."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )
