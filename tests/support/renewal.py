"""A fresh PostgreSQL database for every test, in milliseconds.

CREATE DATABASE … TEMPLATE costs a copy and DROP DATABASE a checkpoint, most of a second on a busy machine. So what a
test added is deleted again; only when it touched the area tree, which the template fills, is the copy made anew.
"""

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from app.core.db import Model
from tests.support.postgresql import Cluster

_TREE = "SELECT count(*), sum(hashtextextended(area::text, 0)) FROM area"


class Renewal:
    """Call it before a test. Nobody else may be connected to the database then."""

    def __init__(self, cluster: Cluster, template: str, name: str) -> None:
        self._cluster, self._template, self._name = cluster, template, name
        self._url = make_url(cluster.url(name))
        self._made = False
        self._tree: object = None
        self._journal_id_max = 0

    def __call__(self) -> None:
        if not self._made or not self._emptied():
            self._make()

    def _make(self) -> None:
        self._cluster.drop_database(self._name)
        self._cluster.create_database(self._name, template=self._template)
        self._made = True
        with self._connected() as connection:
            self._tree = connection.execute(_TREE).fetchone()
            row = connection.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()
            self._journal_id_max = row[0] if row else 0

    def _emptied(self) -> bool:
        kept = {"area", "journal"}
        tables = [name for name in Model.metadata.tables if name not in kept]
        with self._connected() as connection:
            # Bypasses foreign keys and the append-only triggers, which a product's role cannot.
            connection.execute("SET session_replication_role = replica")
            connection.execute(
                sql.SQL("; ").join(
                    sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables
                )
            )
            connection.execute("DELETE FROM journal WHERE id > %s", [self._journal_id_max])
            return connection.execute(_TREE).fetchone() == self._tree

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self._url.query.get("host") or self._url.host,
            port=self._url.port,
            user=self._url.username,
            password=self._url.password,
            dbname=self._url.database,
        )
