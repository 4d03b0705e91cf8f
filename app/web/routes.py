"""What the server says about itself."""

from marshmallow import fields
from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.web.kernel import Room
from app.web.schema import Schema

room = Room("web", "系统")


class HealthSchema(Schema):
    """Whether this process can do its work."""

    status = fields.String(required=True)


@room.get("/health", public=True, gives=HealthSchema)
def health(_actor: Actor) -> dict[str, str]:
    """Whether this process answers and reaches its database."""
    return {"status": "ok" if db.session.scalar(text("SELECT 1")) == 1 else "down"}
