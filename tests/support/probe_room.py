"""A room made to try the kernel on: it keeps one row for each piece of work that stood."""

from enum import StrEnum
from typing import Any

from flask import Flask
from marshmallow import fields, validate
from sqlalchemy import func, insert, select

from app.core.actor import Actor
from app.core.db import db, in_transaction
from app.core.errors import Refusal
from app.core.jobs import JobRun
from app.core.permissions import Permission
from app.web import Flag, Id, Moment, PageQuery, Room, Schema, Text, Whole, WholeList


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class PartSchema(Schema):
    word = Text(5, required=True)


class NoteSchema(Schema):
    word = Text(5, required=True)
    story = Text(50, multiline=True)
    quantity = Whole(1, 99)
    colour = fields.Enum(Colour, by_value=True)
    at = Moment()
    ids = WholeList(3)
    sure = Flag()
    parts = fields.List(fields.Nested(PartSchema), validate=validate.Length(0, 3))


class NoteQuery(PageQuery):
    word = Text(20)
    area_id = Id(metadata={"in_query": True})


class AnswerSchema(Schema):
    works = fields.Integer()
    word = fields.String()


class ProbeRefused(Refusal):
    code = "probe_refused"
    message = "这次不行，{works} 次之后再来。"


class ProbeTaken(Refusal):
    code = "probe_taken"
    message = "已经有了。"
    constraint = "pk_job_run"


class Undumpable:
    @property
    def works(self) -> int:
        raise RuntimeError("the answer cannot be written")


room = Room("probe", "试验")


def works() -> int:
    """How many pieces of work stand, within a transaction."""
    return db.session.scalar(
        select(func.count()).select_from(JobRun).where(JobRun.key.like("probe-%"))
    )


def works_in(app: Flask) -> int:
    with app.app_context():
        return in_transaction(works, write=False)


def work(actor: Actor, name: str | None = None) -> int:
    number = works() + 1
    row = {"key": f"probe-{name or number}", "period": "", "started_at": actor.now}
    db.session.execute(insert(JobRun), row)
    return number


@room.post(
    "/probe/notes",
    needs=Permission.PROFILE_OWN,
    takes=NoteSchema,
    gives=AnswerSchema,
    status=201,
)
def note(actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """Take a note."""
    return {"works": work(actor), "word": body["word"]}


@room.post(
    "/probe/optional", needs=Permission.PROFILE_OWN, takes=Schema.from_dict({"word": Text(5)})
)
def optional(actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """Take what may be left out."""
    return {"works": work(actor)}


@room.post("/probe/open", public=True, gives=AnswerSchema)
def open_to_all(actor: Actor) -> dict[str, Any]:
    """Open to all."""
    return {"works": work(actor), "word": str(actor.person_id)}


@room.post("/probe/refuse", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def refuse(actor: Actor) -> None:
    """Do the work, then refuse."""
    raise ProbeRefused(works=work(actor))


@room.post("/probe/once/<name>", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def once(actor: Actor, name: str) -> dict[str, Any]:
    """Do it once for each name."""
    work(actor, name)
    return {"works": 1, "word": name}


@room.post("/probe/break", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def break_down(actor: Actor) -> None:
    """Do the work, then break."""
    work(actor)
    raise RuntimeError("SELECT secret FROM somewhere")


@room.post("/probe/undumpable", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def undumpable(actor: Actor) -> Undumpable:
    """Do the work, then give what cannot be written."""
    work(actor)
    return Undumpable()


@room.get("/probe/notes", needs=Permission.PROFILE_OWN, query=NoteQuery, gives=AnswerSchema)
def notes(_: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """Read notes."""
    return {"works": works(), "word": query.get("word", "")}


@room.get("/probe/notes/<id:note_id>", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def one_note(_: Actor, note_id: int) -> dict[str, Any]:
    """Read one note."""
    return {"works": note_id, "word": ""}


@room.get("/probe/sneaky", needs=Permission.PROFILE_OWN, gives=AnswerSchema)
def sneaky(actor: Actor) -> dict[str, Any]:
    """Read, and try to write."""
    return {"works": work(actor), "word": ""}


@room.get("/probe/admin", needs=Permission.JOURNAL_READ, gives=AnswerSchema)
def for_admins(_: Actor) -> dict[str, Any]:
    """Read as an admin."""
    return {"works": 0, "word": ""}
