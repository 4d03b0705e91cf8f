"""Tables that are only added to, by the database's own word.

The triggers are created with the tables in tests of single models; in every real database the migrations create
them (see migrations/), and PostgreSQL's application role is granted no UPDATE or DELETE on these tables besides.
"""

from sqlalchemy import DDL, Table, event

from app.core.db import Model

_tables: list[str] = []


def append_only(model: type[Model]) -> None:
    """Declare that rows of `model` are never changed or deleted."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - tells the type checker; a mapped class always has one
    _tables.append(table.name)
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_ddl(table.name, dialect):
            ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def append_only_tables() -> tuple[str, ...]:
    """Names of all append-only tables, for the test that tries to change each."""
    return tuple(_tables)


def append_only_ddl(table: str, dialect: str) -> tuple[str, ...]:
    """The statements that make `table` append-only on `dialect` ("sqlite" or "postgresql")."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        ),
        (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        ),
        (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        ),
    )
