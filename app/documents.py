"""Documents written from the code: docs/*.md and docs/openapi.json. Tested equal, so none can grow stale.

`flask --app wsgi docs write` writes them. Only what is declared in the product counts: refusals and events that a
test made for itself are no part of it.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

from flask import Flask

from app import config
from app.core.errors import Refusal, all_refusals
from app.core.jobs import all_jobs
from app.core.journal import Event, all_events, readers_of
from app.core.permissions import GRANTS, ROLE_HELD_AT, ROLE_NAMES_ZH, Permission
from app.policies.terms import KEYS, PolicyKey
from app.web.openapi import openapi_document, without_room

_HEAD = "<!-- Written by `flask --app wsgi docs write`. Change the code instead. -->\n\n"


def write(app: Flask, folder: Path, progress: Callable[[str], None]) -> None:
    """Write every generated document into `folder`, telling `progress` which ones changed."""
    for name, text in generated(app).items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        progress(f"{path} written")


def generated(app: Flask) -> dict[str, str]:
    """Every generated document by file name."""
    with app.app_context():
        # Demo mode's own addresses are no part of what is promised.
        document = without_room("demo", openapi_document())
    return {
        "permissions.md": permissions(),
        "settings.md": settings(),
        "events.md": events(),
        "errors.md": errors(),
        "policies.md": policies(),
        "jobs.md": jobs(),
        "openapi.json": json.dumps(document, ensure_ascii=False, indent=2) + "\n",
    }


def permissions() -> str:
    """Which role grants which permission."""
    held = _table(
        ("Role", "角色", "Held at"),
        ([f"`{role}`", ROLE_NAMES_ZH[role], str(place)] for role, place in ROLE_HELD_AT.items()),
    )
    granted = _table(
        ("Permission", *(ROLE_NAMES_ZH[role] for role in GRANTS)),
        (
            [f"`{permission}`", *("●" if permission in of else "" for of in GRANTS.values())]
            for permission in Permission
        ),
    )
    return _page(
        "Permissions",
        "`needs=` on a route answers *may this kind of person*; every query answers *in which part of the tree*. "
        "A person has the sum of the roles held; everybody who is logged in is a resident.",
        held,
        granted,
    )


def settings() -> str:
    """What the environment may say."""
    return _page(
        "Settings",
        "Read once at start from the environment, in demo mode also from `instance/linli.env`; the environment wins. "
        "Secrets have no default. What is missing or unsafe is listed, all at once, and nothing starts.",
        _table(
            ("Name", "Meaning"), ([f"`{name}`", meaning] for name, meaning in config.NAMES.items())
        ),
    )


def events() -> str:
    """Every fact the journal may hold."""
    rooms: dict[str, list[type[Event]]] = {}
    for event in product_events():
        rooms.setdefault(_room(event), []).append(event)
    return _page(
        "Events",
        "One journal row per fact, written in the transaction that makes it true, kept for ever. Each has `subject_id` "
        "and `area_id` besides the fields named here. A fact without readers is there for the audit.",
        *(f"## {room}\n\n" + "\n".join(map(_event, found)) for room, found in rooms.items()),
    )


def errors() -> str:
    """Every refusal."""
    rooms: dict[str, list[type[Refusal]]] = {}
    for refusal in product_refusals():
        rooms.setdefault(_room(refusal), []).append(refusal)
    return _page(
        "Errors",
        "`code` never changes and is for programs; the sentence is for people. 401 who are you, 403 not your kind of "
        "task, 404 does not exist for you, 409 a rule says no, 422 malformed, 429 too often, 503 try again.",
        *(
            f"## {room}\n\n"
            + _table(
                ("Code", "Status", "Sentence", "Meaning"),
                (
                    [f"`{each.code}`", str(each.status), each.message, _first_sentence(each)]
                    for each in found
                ),
            )
            for room, found in rooms.items()
        ),
    )


def policies() -> str:
    """Every rule that a community may set."""
    return _page(
        "Policies",
        "Dated rows per area, inherited down the tree; where no row applies, the default does.",
        _table(
            ("Key", "规则", "Default", "Values"),
            (
                [f"`{key.name}`", key.title_zh, _value(key.default), _values(key)]
                for key in KEYS.values()
            ),
        ),
    )


def jobs() -> str:
    """What the clock asks for."""
    return _page(
        "Jobs",
        "Run by the scheduler process; times are in Asia/Shanghai. Each is harmless when run twice.",
        _table(
            ("Job", "When", "What"),
            (
                [
                    f"`{job.key}`",
                    f"daily at {job.daily_at}" if job.daily_at else f"every {job.every_seconds} s",
                    _first_sentence(job.work),
                ]
                for job in sorted(all_jobs(), key=lambda job: job.key)
            ),
        ),
    )


def product_events() -> list[type[Event]]:
    """The events that rooms declare, room by room."""
    return sorted(
        (event for event in all_events().values() if event.__module__.startswith("app.")),
        key=lambda event: (event.__module__, event.name),
    )


def product_refusals() -> list[type[Refusal]]:
    """The refusals that rooms declare, room by room."""
    return sorted(
        (refusal for refusal in all_refusals().values() if refusal.__module__.startswith("app.")),
        key=lambda refusal: (refusal.__module__, refusal.status, refusal.code),
    )


def _event(event: type[Event]) -> str:
    hints = get_type_hints(event)
    common = {field.name for field in fields(Event)}
    own = [
        f"`{field.name}` {_type(hints[field.name])}"
        for field in fields(event)
        if field.name not in common
    ]
    readers = ", ".join(f"`{reader}`" for reader in sorted(readers_of(event.name)))
    return "\n".join(
        (
            f"### `{event.name}`",
            "",
            f"{_first_sentence(event)}",
            "",
            f"- of: {event.subject}",
            f"- fields: {', '.join(own) or 'none'}",
            f"- readers: {'audit only' if event.audit_only else readers}",
            "",
        )
    )


def _type(hint: Any) -> str:
    if isinstance(hint, UnionType):
        return " or ".join(_type(part) for part in get_args(hint))
    names = {int: "integer", str: "text", bool: "yes or no", datetime: "moment", date: "day"}
    return names.get(hint, "nothing" if hint is type(None) else str(hint))


def _room(kind: type) -> str:
    return kind.__module__.split(".")[1]


def _first_sentence(documented: Any) -> str:
    text = " ".join((inspect.getdoc(documented) or "").split("\n\n")[0].split())
    return text.replace("|", "\\|")


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(key: PolicyKey[Any]) -> str:
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    if isinstance(key.default, bool):
        return "`true`, `false`"
    return f"{key.minimum} – {key.maximum}"


def _page(title: str, introduction: str, *parts: str) -> str:
    return (
        _HEAD + "\n\n".join((f"# {title}", introduction, *(part.rstrip() for part in parts))) + "\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
