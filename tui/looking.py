"""One look at the lineage graph as somebody: opened under their policy, recorded like a question, and void if that changed meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.graph.names import Place
    from catalog.graph.walk import Graph
    from nl2sql.session import Session

LONGEST = 2000
"""Characters of what was asked that the audit log keeps."""
FLOWS = ("upstream", "downstream", "depth")
COLUMN_FLOWS = (*FLOWS, "upstream_column", "downstream_column")


@dataclass(slots=True)
class Look:
    """A connection to the asker's own snapshot, its tables made ready. ``rows`` is for the one who looks to set: what they found."""

    connection: Any
    plain: Mapping[str, frozenset[str]]
    """Columns by view that are shown to the asker as they are."""
    now: datetime
    session: "Session"
    snapshot: Path
    rows: int = 0

    def graph(self, asked: "Place | None" = None) -> "Graph":
        """The flows that the asker sees, ready to be walked from ``asked``."""
        from catalog.graph.kept import open_graph

        return open_graph(self.connection, self.snapshot, self.plain, asked)

    def require(self, view: str, *columns: str) -> None:
        """Raise `AccessDenied` unless the asker sees these columns as they are."""
        from catalog.errors import AccessDenied

        allowed = self.session.authorisation
        if view in allowed.denials:
            raise AccessDenied(f"The view {view} is not open to you.", allowed.denials[view].rule)
        closed = sorted(set(columns) - self.plain[view])
        if closed:
            raise AccessDenied(f"The view {view} is open to you without {', '.join(closed)}.", ", ".join(allowed.permits[view].rules))

    def about(self) -> dict[str, Any]:
        """Who looked at what, as JSON has it."""
        return {"principal": self.session.principal.name, "generation": self.session.generation.number}


@contextmanager
def looking(home: Path | None, token: str | None, asked: str, view: str = "lineage", columns: tuple[str, ...] = FLOWS) -> Iterator[Look]:
    """Look at the graph as the bearer of ``token``; what was found may be shown once this is left.

    Raises `AccessDenied` without these columns of ``view``, and when a rule, grant or token that counted has ended.
    """
    from catalog.engine.snapshot import prepare
    from catalog.errors import AccessDenied
    from catalog.graph.tables import TABLES, read_tables
    from catalog.quality.freshness import opened
    from catalog.storage.closure import Fixed
    from catalog.storage.generations import default_home, pinned
    from nl2sql.session import open_session, read_clock

    home = home or default_home()
    with pinned(home) as generation, closing(open_session(home, generation, token)) as session:
        session.renew()
        allowed, log = session.authorisation, session.audit
        seq = log.begin(session.principal.name, ",".join(session.principal.roles), "query", asked[:LONGEST], None, now=read_clock(home))
        plain = {
            name: frozenset(column for column, how in allowed.permits[name].columns.items() if how == "show")
            for name in TABLES
            if name in allowed.permits
        }
        rules = allowed.permits[view].rules if view in allowed.permits else (allowed.denials[view].rule,)
        look, verdict = Look(None, plain, session.now, session, Path()), "declined"
        try:
            look.require(view, *columns)
            snapshot = prepare(home, generation, log, allowed, plain, session.now, Fixed(hops=1))
            look.snapshot = snapshot
            with opened(snapshot) as look.connection:
                read_tables(look.connection, plain)
                yield look
            session.require_current()
            verdict = "allowed"
        except AccessDenied as denied:
            verdict, rules = "denied", (denied.rule,)
            raise
        finally:  # an interrupted look has an outcome too
            log.end(seq, verdict, ", ".join(rules) or None, look.rows if verdict == "allowed" else 0, now=read_clock(home))
