"""Which columns a statement names that its asker may not use, though the semantic layer has them.

The guard knows no such column; what is said of one here is public documentation, and no data is near.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from catalog.errors import AccessDenied
from catalog.policy import Authorisation, Permit
from catalog.semantic import views
from nl2sql.errors import Repairable
from nl2sql.guard import approve, schema_of


def closed_columns(sql: str, authorisation: Authorisation, now: datetime) -> Mapping[str, tuple[str, ...]]:
    """``view.column`` that only policy keeps from this statement, each with the rules that decide about its view.

    Empty where the statement would not be approved with every column of the open views either.
    """
    try:
        approved = approve(sql, schema_of(_with_every_column(authorisation)), now)
    except (Repairable, AccessDenied):
        return {}
    named = columns_named(approved.sql)
    permits = [authorisation.permits[view] for view in sorted(approved.views - authorisation.cubes.keys())]
    return {f"{p.view}.{c}": p.rules for p in permits for c in views()[p.view].columns if c in named and c not in p.columns}


def columns_named(approved_sql: str) -> frozenset[str]:
    """Names after a dot or in a USING in SQL that the guard wrote: every column that it reads, and maybe some word of a text in it."""
    using = " ".join(re.findall(r"USING \(([^)]*)\)", approved_sql))
    return frozenset(re.findall(r'\."?(\w+)', approved_sql)) | frozenset(re.findall(r"\w+", using))


def _with_every_column(authorisation: Authorisation) -> Authorisation:
    def widened(permit: Permit) -> Permit:
        return replace(permit, columns=dict.fromkeys(views()[permit.view].columns, "show"))

    return replace(authorisation, permits={name: widened(permit) for name, permit in authorisation.permits.items()})
