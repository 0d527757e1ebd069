"""What a statement may read: relations and their columns, which of them are closed, and the rules that decide.

Steward's own comes from an authorisation (`schema_of`), any other from the tables of a file. Knows names and types, no data.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from catalog.access.policy import Authorisation, masked_type
from catalog.semantic import views
from nl2sql.guard import kinds
from nl2sql.guard.identifiers import fold

SYSTEM = ("duckdb_", "information_schema", "pg_", "pragma_", "sqlite_")
"""How names of the engine's own relations begin. A table that is called so is never found, since the engine might mean its own."""

Declared = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Relations with their columns and SQL types, in order."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A relation as it is spelt where it is stored, and its columns by folded name."""

    name: str
    columns: Mapping[str, kinds.Kind]


@dataclass(frozen=True)
class Schema:
    """Relation to column to SQL type, closed relation to the rule that closes it, relation to the rules that open it.

    What is not in ``relations`` does not exist. Of what is, a name of the engine's own or one that does not print, and a
    column without a kind (STRUCT, BLOB, UUID …), cannot be guarded and does not exist either. Two names that differ in the
    case of ASCII letters only are one to the engine: the schema that holds both raises `ValueError`.
    """

    relations: Mapping[str, Mapping[str, str]]
    closed: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for names in (self.relations, *self.relations.values()):
            if len({fold(name) for name in names}) < len(names):
                raise ValueError("two names of a schema differ in case only")

    @cached_property
    def declared(self) -> Declared:
        """The part that can be guarded, as a value that stands for it."""
        known = (
            (name, tuple((c, sql_type) for c, sql_type in columns.items() if _prints(c) and kinds.of_column(sql_type)))
            for name, columns in self.relations.items()
            if _prints(name) and not is_system(name)
        )
        return tuple((name, columns) for name, columns in known if columns)

    @cached_property
    def readable(self) -> Mapping[str, Readable]:
        """Every relation that may be read, by folded name."""
        return {
            fold(name): Readable(name, {fold(c): kind for c, sql_type in columns if (kind := kinds.of_column(sql_type))})
            for name, columns in self.declared
        }

    @cached_property
    def closed_by(self) -> Mapping[str, str]:
        """Rule that closes a relation, by folded name."""
        return {fold(name): rule for name, rule in self.closed.items()}

    def rules_of(self, relations: Collection[str]) -> tuple[str, ...]:
        """Every rule that opens one of the relations, each once and sorted."""
        return tuple(sorted({rule for name in relations for rule in self.rules.get(name, ())}))


def schema_of(authorisation: Authorisation) -> Schema:
    """The asker's views and cubes as their snapshot has them: permitted columns in the views' order, masked ones with their mask's type."""
    permits = {name: permit for name, permit in authorisation.permits.items() if name in views()}
    return Schema(
        relations={
            name: {c.name: masked_type(c, permit.columns[c.name]) for c in views()[name].columns.values() if c.name in permit.columns}
            for name, permit in permits.items()
        }
        | {name: cube.columns for name, cube in authorisation.cubes.items()},
        closed={name: denial.rule for name, denial in authorisation.denials.items()},
        rules={name: permit.rules for name, permit in permits.items()} | {name: cube.rules for name, cube in authorisation.cubes.items()},
    )


def is_system(name: str) -> bool:
    """Whether a relation of that name might be the engine's own: ``sqlite_master``, ``duckdb_tables``, ``pg_class``."""
    return fold(name).startswith(SYSTEM)


def _prints(name: str) -> bool:
    return name.isprintable() and name != ""
