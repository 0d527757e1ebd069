"""Rows asked of directly: a view of which nothing but the name is used only passes that name on, and loses the rows that name what it does not list."""

from dataclasses import replace

from catalog.semantic import views
from nl2sql.plan.canonical import naming
from nl2sql.plan.language import Condition, Exists, Item, Join, Predicate, Query, column_of
from nl2sql.plan.parts import ENTITIES, each_item, items_of, own_key, tokens_of_item, view_tokens


def of_ends(query: Query) -> Query:
    """Rows that are related by what a third view says of its name alone are related without it: events on nodes that hold such datasets."""
    return replace(query, where=tuple(map(_straight, query.where)))


def _straight(predicate: Predicate) -> Predicate:
    match predicate:
        case Exists(Join(first, middle), (Exists(Join(second, view), conditions, False),), negated) if middle in ENTITIES:
            key = own_key(middle)[0]
            ends = [end for edge in (first, second) for end in edge.split("=") if end != key]
            if len(ends) == 2 and not any(column_of(end).is_list for end in ends) and any(naming(end, middle) == () for end in ends):
                return Exists(Join("=".join(ends), view), conditions, negated)
    return predicate


def of_what_names_it(query: Query) -> Query:
    """Per thing of which nothing but the name is used, rows that name it say all: who holds most datasets, datasets by the model that generated them."""
    if len(query.joins) != 1 or query.latest or query.per or any(item.fn == "SHOW" for item in query.select):
        return query
    (join,) = query.joins
    for key, other in (join.edge.split("="), join.edge.split("=")[::-1]):
        entity, view = key.split(".")[0], other.split(".")[0]
        if entity not in ENTITIES or key != own_key(entity)[0] or column_of(other).is_list or not _uses_name_alone(query, key):
            continue
        is_per_thing = query.is_grouped and Item("", (key,)) in query.select
        named = naming(other, entity)
        if named is not None and (query.view == view or (is_per_thing and not any(isinstance(p, Exists) for p in query.where))):
            return _of_the_rows(query, view, key, other, named)
    return query


def _uses_name_alone(query: Query, key: str) -> bool:
    """The one column of the view that a query uses is what it is called by, as it is shown or tested."""
    entity = key.split(".")[0]
    items = {token for item in items_of(query) for token in tokens_of_item(item)}
    tested = {token for p in query.where if not (isinstance(p, Condition) and p.column == key) for token in view_tokens(p)}
    inside = {token for item in items_of(query) for p in item.conditions for token in view_tokens(p)}
    return key not in tested | inside and not any(t != key and t.split(".")[0].split("#")[0] == entity for t in items | tested)


def _of_the_rows(query: Query, view: str, key: str, other: str, named: tuple[Condition, ...]) -> Query:
    """The query of the rows alone that name a thing, in the place of what it is called by."""

    def item(one: Item) -> Item:
        is_of_things = one.fn == "COUNT" and query.view != view and len(own_key(view)) < len(views()[view].key)  # one thing in several rows
        return Item("COUNT_DISTINCT", own_key(view)) if is_of_things else replace(one, args=tuple(other if a == key else a for a in one.args))

    def test(one: Predicate) -> Predicate:
        return replace(one, column=other) if isinstance(one, Condition) and one.column == key else one

    where = tuple(dict.fromkeys((*map(test, query.where), *named)))
    return replace(each_item(query, item), view=view, joins=(), where=where)


def of_what_events_name(query: Query) -> Query:
    """Things that have one kind of row and none of another of one view are told by its rows alone, whether the catalog lists them or not: listed and never rated."""
    key = own_key(query.view)[0]
    asked = ((Item("", (key,)),), (Item("COUNT"),), (Item("COUNT_DISTINCT", (key,)),))
    if query.view not in ENTITIES or query.joins or query.latest or query.having or query.order or query.limit or query.select not in asked:
        return query
    related = [p for p in query.where if isinstance(p, Exists) and key in p.join.edge.split("=")]
    wanted, unwanted = [p for p in related if not p.negated], [p for p in related if p.negated]
    if len(related) < len(query.where) or len(wanted) != 1 or not unwanted or any(p.join != wanted[0].join for p in unwanted):
        return query
    view, end = wanted[0].join.view, next(e for e in wanted[0].join.edge.split("=") if e != key)
    if naming(end, query.view) != () or column_of(end).is_list or any(isinstance(c, Exists) for p in related for c in p.conditions):
        return query
    itself = Join(f"{end}={end}", view)
    select = Item("", (end,)) if query.select == asked[0] else Item("COUNT_DISTINCT", (end,))
    return Query(view=view, where=(*wanted[0].conditions, *(Exists(itself, p.conditions, True) for p in unwanted)), select=(select,))
