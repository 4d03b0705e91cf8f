"""A line that commits lives in core/db.py; a line that knows the time receives it."""

import ast

from tests.support.source import calls, modules

# What stands at a door and so may look at the clock. Everything behind it is told.
MAY_READ_THE_CLOCK = (
    "app/core/clock.py",
    "app/core/jobs.py",
    "app/web/",
    "app/scheduler.py",
    "app/processes.py",
    "app/cli.py",
    "app/community/importing.py",
    "app/demo",
    "app/road",
    "app/integrations/wechat/",
)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def test_only_core_db_commits_and_rolls_back() -> None:
    found = [
        module.at(call)
        for module in modules()
        if module.path != "app/core/db.py"
        for call in calls(module.tree)
        if _method(call) in {"commit", "rollback", "begin_nested"}
    ]
    assert found == []


def test_the_law_is_looked_for_in_the_right_place() -> None:
    (core_db,) = [module for module in modules() if module.path == "app/core/db.py"]
    assert {"rollback"} <= {_method(call) for call in calls(core_db.tree)}


def test_every_flush_by_hand_says_why() -> None:
    silent = []
    for module in modules():
        if module.path.startswith(("app/core/", "app/web/")):
            continue
        comments = module.comment_lines()
        silent += [
            module.at(call)
            for call in calls(module.tree)
            if _method(call) == "flush" and not comments & {call.lineno, call.lineno - 1}
        ]
    assert silent == []


def test_the_time_is_received_not_reached_for() -> None:
    reached = []
    for module in modules():
        if module.path.startswith(MAY_READ_THE_CLOCK):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module == "app.core.clock":
                reached += [module.at(node) for name in node.names if name.name == "now"]
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("datetime.now", "datetime.utcnow", "date.today", "clock.now", "time.time")
            ):
                reached.append(module.at(node))
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "func.now":
                reached.append(module.at(node))
    assert reached == []
