"""Every route says who may call it, and its view is one statement."""

import ast
from collections.abc import Iterator

from flask import Flask

from app.core.permissions import GRANTS, Permission
from tests.support.source import Module, modules

METHODS = {"get", "post", "put", "delete"}


def _views() -> Iterator[tuple[Module, ast.FunctionDef, str]]:
    for module in modules():
        for node in module.tree.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                match decorator:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="room"), attr=method)) if (
                        method in METHODS
                    ):
                        yield module, node, method


def test_every_route_of_the_app_says_who_may_call_it(app: Flask) -> None:
    silent = [
        str(rule)
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "access")
        and rule.endpoint != "api-docs.openapi_json"  # the document itself, open to all
    ]
    assert silent == []


def test_every_view_is_one_statement() -> None:
    long = []
    for module, view, _ in _views():
        _, *body = view.body
        match body:
            case [ast.Return(value=ast.expr())] | [ast.Expr(value=ast.Call())]:
                pass
            case _:
                long.append(f"{module.at(view)} {view.name}")
    assert long == []


def test_every_view_is_documented_in_one_sentence() -> None:
    bad = []
    for module, view, _ in _views():
        said = ast.get_docstring(view) or ""
        if not said.endswith(".") or "\n" in said.split("\n\n")[0]:
            bad.append(f"{module.at(view)} {view.name}: {said!r}")
    assert bad == []


def test_routes_live_in_routes_files() -> None:
    assert [
        module.at(view) for module, view, _ in _views() if not module.path.endswith("routes.py")
    ] == []
    assert len(list(_views())) > 20


def test_every_permission_is_granted_to_some_role() -> None:
    assert frozenset().union(*GRANTS.values()) == set(Permission)


def test_permissions_stand_in_alphabetical_order() -> None:
    assert list(Permission) == sorted(Permission)
