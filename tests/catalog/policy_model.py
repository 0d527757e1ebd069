"""What a policy file means, written down a second time from its documentation: one row in, the cells that are seen out.

Takes the file's content, decides cell by cell and shares no code with ``catalog``: where the two part, one is wrong. Knows no cubes.
"""

from typing import Any

from tests.catalog.mask_model import masked

LEVELS = ["public", "internal", "confidential", "restricted"]
KINDS = ["allow", "filter", "deny", "grant"]
ORDER = ["show", "partial", "bucket", "hash", "null"]
Rule = dict[str, Any]


def cells(policy: Rule, principal: str, view: str, row: Rule, types: dict[str, str], asked: Rule) -> Rule | None:
    """Column to what ``principal`` sees of ``row`` of ``view``; None where the row is hidden. ``types`` are its DuckDB types.
    ``asked``: the ``purpose`` stated, datasets ``held`` by permission, the view's column that names one (``of``), the mask ``key``.
    """
    person = {**policy.get("principals", {}).get(principal, {}), **asked}
    roles = {"anonymous"} if principal == "anonymous" else {*person["roles"], "member"}
    about = [r for r in policy["rules"] if roles & set(next((r[k] for k in KINDS if k in r), ())) and view in scope(r, view, types)]
    allows = [r for r in about if ("allow" in r or "grant" in r) and not r.get("only") and serves(r, person)]
    usable = [r for r in allows if not blank(r, person)] or allows
    counted = [a for a in usable if not any(wider(b, a, person, view, types) and not wider(a, b, person, view, types) for b in usable)]
    if not any(keeps(r, person, row) for r in counted):
        return None
    if not all(keeps(r, person, row) for r in about if "filter" in r) or any(shut(r, person, row) for r in about if r.get("only")):
        return None
    seen = [c for c in types if all(c in scope(r, view, types)[view] for r in counted)]
    seen = [c for c in seen if not any("deny" in r and c in scope(r, view, types)[view] for r in about)]
    strictest = dict.fromkeys(seen, "show")
    for rule in policy["rules"]:
        if "mask" in rule and not roles & set(rule.get("unless", [])):
            for column in seen:
                how = rule["mask"].get(f"{view}.{column}", "show") or "null"
                strictest[column] = max(strictest[column], how, key=ORDER.index)
    return {c: masked(row[c], how, types[c], asked["key"]) for c, how in strictest.items()} if seen else None


def scope(rule: Rule, view: str, types: dict[str, str]) -> dict[str, set[str]]:
    """View to columns that a rule speaks of; of other views than this one, no columns."""
    entry = rule["views"]
    if entry == "*" or isinstance(entry, list):
        return {name: set(types) for name in ([view] if entry == "*" else entry)}
    chosen = entry.get(view, [])
    columns = set(types) if chosen == "*" else set(types) - set(chosen["except"]) if isinstance(chosen, dict) else set(chosen)
    return {name: columns if name == view else set() for name in entry}


def wanted(rule: Rule, person: Rule) -> dict[str, set[Any]]:
    """Column to the values that it may hold; an attribute that is every value leaves its column out."""
    where = {}
    for column, given in rule.get("where", {}).items():
        values = given if isinstance(given, list) else [given]
        if not ("$jurisdictions" in values and "*" in person.get("jurisdictions", [])):
            where[column] = {x for value in values for x in meant(value, person)}
    if "grant" in rule and not rule.get("only"):
        where[person["of"]] = where.get(person["of"], held(rule, person)) & held(rule, person)
    return where


def meant(value: Any, person: Rule) -> list[Any]:
    if value == "$clearance":
        return LEVELS[: LEVELS.index(person.get("clearance", "public")) + 1]
    has = (person.get(value[1:]) or []) if isinstance(value, str) and value.startswith("$") else [value]
    return [has] if isinstance(has, str) else has


def held(rule: Rule, person: Rule) -> set[str]:
    return set(person["held"].get(rule.get("permission", "read"), []))


def serves(rule: Rule, person: Rule) -> bool:  # who states one of its purposes that is theirs
    return "purposes" not in rule or person["purpose"] in set(rule["purposes"]) & set(person.get("purposes", []))


def blank(rule: Rule, person: Rule) -> bool:
    return any(not values for values in wanted(rule, person).values())


def wider(b: Rule, a: Rule, person: Rule, view: str, types: dict[str, str]) -> bool:
    """Whether ``b`` has every column of ``a``, and each of its conditions stands in ``a`` with no other values."""
    ours, theirs = wanted(b, person), wanted(a, person)
    return scope(a, view, types)[view] <= scope(b, view, types)[view] and all(c in theirs and theirs[c] <= ours[c] for c in ours)


def keeps(rule: Rule, person: Rule, row: Rule) -> bool:
    """Each condition holds; nothing is known of a cell that is null, and that keeps no row."""
    return all(matches(row[c], values) for c, values in wanted(rule, person).items())


def shut(rule: Rule, person: Rule, row: Rule) -> bool:
    """A gate keeps back a row of a dataset that is not held, unless one of its conditions, all of which have values, certainly fails."""
    fails = [row[c] is not None and not matches(row[c], values) for c, values in wanted(rule, person).items()]
    return row[person["of"]] not in held(rule, person) and (blank(rule, person) or not any(fails))


def matches(cell: Any, values: set[Any]) -> bool:
    return cell is not None and not values.isdisjoint(cell if isinstance(cell, list) else [cell])
