"""What a policy is made of: principals, what each kind of rule says, and the names in them. Decides nothing, see ``policy``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from catalog.errors import UsageError

CLEARANCES = ("public", "internal", "confidential", "restricted")
ATTRIBUTES = ("$clearance", "$jurisdictions", "$organisation", "$node", "$purposes")
BUILT_IN_ROLES = frozenset({"anonymous", "member"})
POLICY_FILE = "policy.yaml"
NO_RULE = "default"
"""What a denial cites when no rule allows: deny by default."""
PURPOSE_RULE = "purpose"
"""What a denial cites when an asker states a purpose that is not theirs and no rule names it."""
REVIEWERS = frozenset({"steward"})
"""Roles that decide about verified queries and feedback where the policy does not say which."""

Scalar = str | bool | int | float
Treatment = Literal["show", "partial", "bucket", "hash", "null"]
STRICTNESS: tuple[Treatment, ...] = ("show", "partial", "bucket", "hash", "null")


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """One dataset that a principal was given and that has neither ended nor been revoked; ``expires`` is ISO 8601, UTC."""

    dataset: str
    permission: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: roles and attributes. ``jurisdictions`` of ``("*",)`` are all of them; an empty attribute matches nothing.

    The policy gives the first of these; ``purpose`` is what this asker stated, ``grants`` what is live as they ask.
    """

    name: str
    roles: tuple[str, ...]
    organisation: str = ""
    clearance: str = "public"
    jurisdictions: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    node: str = ""
    purpose: str = ""
    grants: tuple[LiveGrant, ...] = ()


ANONYMOUS = Principal(name="anonymous", roles=("anonymous",))

Where = Mapping[str, tuple[Scalar, ...]]
"""Column to the values or attribute references it may hold; entries are AND-ed."""

Columns = Mapping[str, frozenset[str]]
"""View to column names."""


@dataclass(frozen=True, slots=True)
class AllowRule:
    """Principals with one of ``roles`` see these columns of the rows that ``where`` keeps, for one of ``purposes`` where it has some."""

    id: str
    roles: frozenset[str]
    columns: Columns
    where: Where
    purposes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FilterRule:
    """Principals with one of ``roles`` see at most the rows that ``where`` keeps."""

    id: str
    roles: frozenset[str]
    views: frozenset[str]
    where: Where


@dataclass(frozen=True, slots=True)
class MaskRule:
    """Everyone without one of the ``unless`` roles sees these ``view.column`` cells treated."""

    id: str
    treatments: Mapping[str, Treatment]
    unless: frozenset[str]


@dataclass(frozen=True, slots=True)
class DenyRule:
    """Principals with one of ``roles`` never see these columns; a view of which all columns are denied is denied."""

    id: str
    roles: frozenset[str]
    columns: Columns


@dataclass(frozen=True, slots=True)
class GrantRule:
    """Principals with one of ``roles`` see these columns of the rows that ``where`` keeps, of datasets they hold a grant for.

    With ``only`` it allows nothing: of the rows that ``where`` keeps they then see no others, and columns do not count.
    """

    id: str
    roles: frozenset[str]
    columns: Columns
    where: Where
    permission: str = "read"
    only: bool = False
    purposes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Measure:
    """``count`` of rows, which has no column, or ``sum`` or ``avg`` of one."""

    function: Literal["count", "sum", "avg"]
    column: str = ""

    @property
    def name(self) -> str:
        """What the column of a cube is called."""
        return f"{self.function}_{self.column}" if self.column else "row_count"


@dataclass(frozen=True, slots=True)
class AggregateRule:
    """Principals with one of ``roles`` see columns of a view in groups of at least ``k`` entities only.

    The groups are the relation ``name``; ``entity``, what is measured and ``protects`` are closed to them in the view itself.
    """

    id: str
    roles: frozenset[str]
    name: str
    view: str
    entity: str
    k: int
    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]
    where: Where
    protects: frozenset[str] = frozenset()

    @property
    def protected(self) -> frozenset[str]:
        return self.protects | {self.entity} | {m.column for m in self.measures if m.column}


Rule = AllowRule | FilterRule | MaskRule | DenyRule | GrantRule | AggregateRule


@dataclass(frozen=True, slots=True)
class Policy:
    """Principals and rules. ``version`` is the SHA-256 of their canonical form, hex. Who has a role of ``reviewers`` approves verified queries."""

    version: str
    principals: Mapping[str, Principal]
    rules: tuple[Rule, ...]
    reviewers: frozenset[str] = REVIEWERS

    def may_review(self, principal: Principal) -> bool:
        """Whether a principal may decide about verified queries and feedback; whoever is anonymous may not."""
        named = self.principals.get(principal.name)
        return named is not None and bool(self.reviewers & set(named.roles))

    def principal(self, name: str) -> Principal:
        """The principal of that name. Raises `UsageError` for any other: nobody is taken for anonymous in silence."""
        if name == ANONYMOUS.name:
            return ANONYMOUS
        if name not in self.principals:
            raise UsageError(f"The policy has no principal named {name!r}.", "Use a name from policy.yaml, or no name to ask anonymously.")
        return self.principals[name]
