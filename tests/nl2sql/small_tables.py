"""Small tables by hand for tests of what plans find: the catalog's views as tables, and somebody who may see all of them."""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from catalog.access.policy import Authorisation, Permit, Principal
from catalog.describe import ddl
from catalog.semantic import views

EVERYTHING = Authorisation(
    Principal(name="ana", roles=("analyst",)),
    "v1",
    {name: Permit(name, dict.fromkeys(view.columns, "show"), "", (f"allow-{name}",)) for name, view in views().items()},
    {},
)


def filled(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> duckdb.DuckDBPyConnection:
    """A database with a table for every view, and in them the rows that are given."""
    connection = duckdb.connect()
    for view in views().values():
        connection.execute(ddl(view))
    for name, given in rows.items():
        for row in given:
            columns, places = ", ".join(map('"{}"'.format, row)), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({places})", list(row.values()))
    return connection
