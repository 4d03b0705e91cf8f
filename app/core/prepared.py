"""Statements of the hot paths: put together and compiled once, then handed to the driver itself.

SQLAlchemy makes an execution context and a result for every statement it runs. That takes longer than most of our
statements do, and an award is eighteen of them. A `Prepared` statement runs on the connection of the session's
transaction like any other: what waits in the session is written first, listeners to `before_cursor_execute` see it,
values go through the processors of their columns' types, and a fault is the exception SQLAlchemy would raise.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, Executable, Insert, Select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from app.core.db import current_connection

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Processor = Callable[[Any], Any]

_GIVEN = object()
"""Stands where a constant would: the value comes with each run."""


class Prepared:
    """One statement with names for what changes. An INSERT without VALUES names its columns when it is run.

    A list for `IN` has a text of its own for every length.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._lists = [
            part.key
            for part in visitors.iterate(cast("ClauseElement", statement))
            if isinstance(part, BindParameter) and part.expanding and part.required
        ]
        self._texts: dict[tuple[str, tuple[Any, ...]], _Text] = {}

    def all(self, values: Values) -> list[Any]:
        """Every row, as a named tuple; none where the statement returns none."""
        return self._run([values], many=False)

    def first(self, values: Values) -> Any | None:
        """The first row, if there is one."""
        rows = self._run([values], many=False)
        return rows[0] if rows else None

    def scalar(self, values: Values) -> Any:
        """The first column of the first row; None when there is no row."""
        rows = self._run([values], many=False)
        return rows[0][0] if rows else None

    def run_each(self, values: Sequence[Values]) -> None:
        """Run it for each of several; the driver may send them together."""
        self._run(values, many=len(values) > 1)

    def _run(self, several: Sequence[Values], *, many: bool) -> list[Any]:
        connection = current_connection()
        values = several[0]
        if isinstance(self._statement, Insert):
            shape: tuple[Any, ...] = tuple(values)
        else:
            shape = tuple(len(values[name]) for name in self._lists)
        text = self._texts.get((connection.dialect.name, shape))
        if text is None:
            text = _Text(self._statement, values, self._lists, connection.dialect)
            self._texts[connection.dialect.name, shape] = text
        return text.run(connection, several, many=many)


class _Text:
    """The SQL for one engine, with what is done to values on their way in and out."""

    def __init__(
        self, statement: Executable, values: Values, lists: Sequence[str], dialect: Dialect
    ) -> None:
        # The lists of a SELECT are as long as those it is first run with.
        shaped = statement.params(values) if isinstance(statement, Select) else statement
        compiled = cast(
            "SQLCompiler",
            cast("ClauseElement", shaped).compile(
                dialect=dialect,
                column_keys=list(values) if isinstance(statement, Insert) else None,
                compile_kwargs={"render_postcompile": True},
            ),
        )
        constants = dict(compiled.params)
        for column in (*compiled.insert_prefetch, *compiled.update_prefetch):
            if not isinstance(column.default, ScalarElementColumnDefault):
                raise TypeError(f"{column} has a default that changes: it cannot be prepared")
            constants[column.key] = column.default.arg
        self._sql = str(compiled)
        self._dialect = dialect
        self._lists = lists
        self._named = not compiled.positional
        # One of a list is called after it: line_1, line_2.
        members = {f"{name}_{n}": name for name in lists for n in range(1, len(values[name]) + 1)}
        self._parameters: list[tuple[str, Any, Processor | None]] = []
        for name in compiled.positiontup or constants:
            bind = compiled.binds[members.get(name, name)]
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            constant = _GIVEN
            if not (bind.required or name in values or name in members):
                constant = constants[name]
                constant, process = (process(constant) if process else constant), None
            self._parameters.append((name, constant, process))
        columns = compiled._result_columns  # noqa: SLF001 - what comes back is named nowhere else
        self._types = [column.type.dialect_impl(dialect) for column in columns]
        names = [column.keyname for column in columns]
        row: Any = namedtuple("row", names, rename=True)  # type: ignore[misc] # noqa: PYI024
        self._row = row._make
        self._processors: list[tuple[int, Processor]] | None = None

    def run(self, connection: Connection, several: Sequence[Values], *, many: bool) -> list[Any]:
        """Run it on a connection, once or for each."""
        sql, cursor = self._sql, None
        given: Any = [self._given(values) for values in several]
        given = given if many else given[0]
        try:
            cursor = connection.connection.cursor()
            for listener in connection.dispatch.before_cursor_execute:
                sql, given = listener(connection, cursor, sql, given, None, many)
            (cursor.executemany if many else cursor.execute)(sql, given)
            description = cursor.description
            rows = cursor.fetchall() if description else []
            cursor.close()
        except connection.dialect.loaded_dbapi.Error as fault:
            # Not public, but the only place that wraps a driver's fault and gives up a connection that was lost.
            connection._handle_dbapi_exception(fault, sql, given, cursor, None)  # noqa: SLF001
        return self._shown(rows, description) if rows else []

    def _given(self, values: Values) -> Any:
        if self._lists:
            values = dict(values)
            for name in self._lists:
                values |= {f"{name}_{n}": one for n, one in enumerate(values[name], 1)}
        given = [
            constant
            if constant is not _GIVEN
            else process(values[name])
            if process
            else values[name]
            for name, constant, process in self._parameters
        ]
        if self._named:
            return {name: one for (name, _, _), one in zip(self._parameters, given, strict=True)}
        return tuple(given)

    def _shown(self, rows: Sequence[Sequence[Any]], description: Any) -> list[Any]:
        if self._processors is None:
            # Only the driver knows as what it brings a column, and only once it has.
            found = [
                kind.result_processor(self._dialect, description[place][1])
                for place, kind in enumerate(self._types)
            ]
            self._processors = [(place, process) for place, process in enumerate(found) if process]
        if not self._processors:
            return [self._row(row) for row in rows]
        shown = []
        for row in rows:
            columns = list(row)
            for place, process in self._processors:
                columns[place] = process(columns[place])
            shown.append(self._row(columns))
        return shown
