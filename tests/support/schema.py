"""Builds the template databases that every test copies."""

from datetime import date

from flask import Flask

from app.community.models import Area
from app.core.db import Model, db, in_transaction

# Real codes; a small part of data/areas-ningbo-ningde.csv that has two cities, two districts, siblings at each level.
AREAS = (
    ("330000000000", None, "浙江省", "province"),
    ("330200000000", "330000000000", "宁波市", "city"),
    ("330205000000", "330200000000", "江北区", "district"),
    ("330205001000", "330205000000", "外滩街道", "street"),
    ("330205001015", "330205001000", "包家社区", "community"),
    ("330205001016", "330205001000", "湖西社区", "community"),
    ("350000000000", None, "福建省", "province"),
    ("350900000000", "350000000000", "宁德市", "city"),
    ("350902000000", "350900000000", "蕉城区", "district"),
    ("350902500000", "350902000000", "东侨开发区", "street"),
    ("350902500009", "350902500000", "亿利社区", "community"),
)


def build(app: Flask) -> None:
    """Create every table (with its triggers) and the areas above."""
    with app.app_context():
        Model.metadata.create_all(db.engine.execution_options(write=True))
        in_transaction(_areas, write=True)
        db.engine.dispose()


def _areas() -> None:
    made: dict[str | None, Area] = {}
    for code, parent_code, name, level in AREAS:
        parent = made.get(parent_code)
        area = Area(
            code=code,
            parent_id=None if parent is None else parent.id,
            name=name,
            pinyin="",
            level=level,
            path="",
            valid_from=date(2023, 9, 11),
        )
        db.session.add(area)
        db.session.flush()
        area.path = f"{'/' if parent is None else parent.path}{area.id}/"
        made[code] = area
