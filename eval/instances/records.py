"""Records of one generated catalog: a few of the demo's, varied, and for many golds the rows they look for with near misses.

A near miss fails one test or lacks one row, so that SQL without that test or join gives another answer (Shah et al., "Generating
test data for killing SQL mutants", ICDE 2011). Lineage, jurisdictions and quality scores come from records, as in a real catalog.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from catalog.semantic import views
from catalog.storage.records import Dataset, LineageEdge, Metric, Node, Record
from eval.instances.demands import Cell, Link, Situation, Test
from eval.instances.invariants import sound
from eval.instances.stock import IDENTITY, RECORD_OF, VIEW_OF, Stock, holds, near, optional

SHARES = (0.05, 0.3, 0.6, 0.9)
"""Share of the situations that an instance plays; small catalogs catch what large ones drown."""

MANY = 200
"""Situations that fill a catalog; fewer are played more often."""

EXACT = 0.3
"""Chance that the rows of a situation are what the query looks for; else they miss it by one test, link or row."""

UNLIKE = 0.2
"""Chance that a cell which no test asks about is not what the demo has there, where other columns would give it away."""

EMPTY_EVERY = 20

TWIN = 0.12
"""Chance of a second row that differs from the first in one field."""

Row = dict[str, Any]


def instance_records(stock: Stock, situations: Sequence[Situation], now: datetime, seed: int, number: int) -> list[Record]:
    """The records of one instance at ``now``; the same arguments give the same records.

    No two rows of a view share what its declaration calls the key: SQL that relies on it is right.
    """
    random = Random(f"{seed}/{number}")
    maker = _Maker(stock, random)
    made = list(maker.population())
    share, often = SHARES[number % len(SHARES)], 1 + min(MANY // max(len(situations), 1), 5)
    for situation in situations:
        if random.random() < share:
            for _ in range(random.randint(1, often * (2 + len(situation.tests) + len(situation.links)))):
                made += maker.play(situation)
    made = sound([_without(record, number) for record in made if _is_whole(record)], now, stock.records["quality_metrics"])
    random.shuffle(made)
    return list({_view_key(record): record for record in made}.values())


def _view_key(record: Record) -> tuple[Any, ...]:
    return record.table, *(getattr(record, name) for name in views()[VIEW_OF[type(record)]].key)


def _is_whole(record: Record) -> bool:
    """It has all that no record goes without, such as its name."""
    needed = {field.name for field in fields(record)} - optional(VIEW_OF[type(record)])
    return all(getattr(record, name) is not None for name in needed)


def _without(record: Record, number: int) -> Record:
    """A record without the columns that hold no value at all on this instance; every optional column is empty on one in twenty."""
    view = VIEW_OF[type(record)]
    empty: dict[str, Any] = {name: None for name in optional(view) if zlib.crc32(f"{view}.{name}".encode()) % EMPTY_EVERY == number % EMPTY_EVERY}
    return replace(record, **empty) if empty else record


class _Maker:
    def __init__(self, stock: Stock, random: Random) -> None:
        self.stock = stock
        self.random = random
        self.made = 0

    def population(self) -> Iterator[Record]:
        """A small part of the demo: some datasets and nodes, and what refers to them or to nothing that is left."""
        noise = self.random.choice((0.03, 0.1, 0.25))
        kept = set(self.random.sample([d.name for d in self.stock.records["datasets"] if isinstance(d, Dataset)], self.random.randint(6, 30)))
        for view, rows in self.stock.records.items():
            about = [row for row in rows if getattr(row, "dataset", getattr(row, "upstream", getattr(row, "name", None))) in kept]
            size = self.random.randint(3, 30)
            chosen = self.random.sample(about, min(len(about), size)) + self.random.sample(rows, min(len(rows), size // 3 + 2))
            for record in chosen:
                yield from self.records(view, self.varied(view, vars(record), noise))

    def play(self, situation: Situation) -> Iterator[Record]:
        """The rows of a situation, true to it or a near miss; several that share their group where it asks for that."""
        pins: dict[Cell, Any] = {}
        copies = max(1, situation.repeat + self.random.randint(-1, 1)) if situation.repeat > 1 else 1
        for copy in range(copies):
            rows = self.rows(situation, pins, exact=self.random.random() < (0.8 if copies > 3 else EXACT))
            if copy == 0:
                pins = {(row, column): rows[row].get(column) for row, column in situation.group if row in rows}
            for row, cells in rows.items():
                yield from self.records(situation.rows[row], cells)

    def rows(self, situation: Situation, pins: dict[Cell, Any], exact: bool) -> dict[int, Row]:
        """Cells of each row that is there."""
        tests, links = [(t, t.wanted) for t in situation.tests], [(k, k.wanted) for k in situation.links]
        left_out = {row for row in situation.absent if exact or self.random.random() < 0.3}
        hidden = situation.absent - left_out
        for _ in range(0 if exact else self.random.choice((1, 1, 1, 2))):
            asked: list[tuple[int, list[int]]] = [(i, [t.cell[0]]) for i, (t, _) in enumerate(tests)]
            asked += [(len(tests) + i, [k.left[0], k.right[0]]) for i, (k, _) in enumerate(links)]
            asked += [(-1 - row, [row]) for row in range(len(situation.rows)) if len(situation.rows) > 1]
            inner = [part for part in asked if hidden.intersection(part[1])]
            if not asked:
                break
            miss, _ = self.random.choice(inner if inner and self.random.random() < 0.6 else asked)
            if miss < 0:
                left_out.add(-1 - miss)
            elif miss < len(tests):
                tests[miss] = (tests[miss][0], not tests[miss][1])
            else:
                links[miss - len(tests)] = (links[miss - len(tests)][0], not links[miss - len(tests)][1])
        rows = [self.fresh(view) for view in situation.rows]
        classes = _classes([link for link, truth in links if link.op == "=" and truth])
        for cell in {test.cell: None for test in situation.tests} | {end: None for link in situation.links for end in (link.left, link.right)}:
            classes.setdefault(cell, [cell])
        for members in {id(m): m for m in classes.values()}.values():
            self.settle(situation, rows, members, [(t, truth) for t, truth in tests if t.cell in members])
        for cell, value in pins.items():
            for i, name in classes.get(cell, [cell]):
                rows[i][name] = value
        for link, truth in links:
            self.relate(situation, rows, link, truth)
        return {i: row for i, row in enumerate(rows) if i not in left_out}

    def settle(self, situation: Situation, rows: list[Row], members: list[Cell], tests: list[tuple[Test, bool | None]]) -> None:
        """Give cells that must agree one value, one that passes all their tests if there is such a value."""
        named = [cell for cell in members if IDENTITY.get(situation.rows[cell[0]]) == cell[1]]
        row, column = self.random.choice(named or members)
        view, value = situation.rows[row], rows[row].get(column)
        if tests:
            type_ = views()[view].columns[column].type
            close = [v for test, _ in tests for v in near(test.op, test.value, type_, value, self.random)]
            pool = self.stock.pool(view, column)
            found = [v for v in [*close, *self.random.sample(pool, min(6, len(pool))), value] if v is not None or column in optional(view)]
            passing = [v for v in found if all(truth is None or holds(t.op, v, t.value) is truth for t, truth in tests)]
            if not passing or self.random.random() < 0.1:
                passing = [v for v in found if all(truth is None or (holds(t.op, v, t.value) is True) == truth for t, truth in tests)] or [value]
            at_edge = [v for v in passing if v in close]
            value = self.random.choice(at_edge if at_edge and self.random.random() < 0.6 else passing)
        for i, name in members:
            rows[i][name] = value

    def relate(self, situation: Situation, rows: list[Row], link: Link, truth: bool | None) -> None:
        """Make two cells differ, hold one the other or stand in an order, as a link asks."""
        if truth is None:
            truth = self.random.random() < 0.5
        (i, left), (j, right) = link.left, link.right
        view, value = situation.rows[i], rows[j].get(right)
        if link.op == "has":
            others = tuple(part for part in rows[i].get(left) or () if part != value)
            rows[i][left] = (*others, value) if truth and value is not None else others
        elif link.op != "=" or (not truth and rows[i].get(left) == value):
            type_ = views()[view].columns[left].type
            found = [*near("=", value, type_, None, self.random), *self.stock.pool(view, left)]
            passing = [v for v in found if v is not None and value is not None and holds(link.op, v, value) is truth]
            if passing and not (left in optional(view) and self.random.random() < 0.1):
                rows[i][left] = self.random.choice(passing[:8])

    def fresh(self, view: str) -> Row:
        """Cells of a row like one of the demo's, under a name of its own."""
        row = self.varied(view, vars(self.random.choice(self.stock.records[view])), UNLIKE)
        self.made += 1
        if view in IDENTITY:
            stem = row[IDENTITY[view]]
            row[IDENTITY[view]] = 10_000 + self.made if isinstance(stem, int) else f"{stem}-{self.made}"
        if view == "training_rounds":
            row["round"] = self.random.randint(1, 30)
        if view == "lineage":
            row["depth"] = self.random.choice((1, 1, 1, 2, 3))
        return row

    def varied(self, view: str, cells: Row, noise: float) -> Row:
        """A row with some of its values swapped for others of the same column, or for NULL."""
        row, keys = dict(cells), RECORD_OF[view].key
        for name in row:
            if self.random.random() < noise and (name not in keys or name == "node") and (view, name) != ("nodes", "node"):
                pool = self.stock.pool(view, name)
                empty = name in optional(view) and self.random.random() < 0.4
                row[name] = None if empty or not pool else self.random.choice(pool) if pool else row[name]
                if row[name] is None and name not in optional(view):
                    row[name] = cells[name]
        return row

    def records(self, view: str, row: Row) -> Iterator[Record]:
        """The record of a row, with what makes the columns true that no record of its own type holds."""
        type_ = RECORD_OF[view]
        node = {name: row[name] for name in ("jurisdiction", "country") if view != "nodes" and row.get(name) is not None}
        if node:
            row = row | {"node": f"{row['node']}-{self.made}"}
            self.made += 1
            like = self.random.choice(self.stock.records["nodes"])
            assert isinstance(like, Node)
            yield replace(like, **{"node": row["node"], **node})
        record = type_(**{field.name: row[field.name] for field in fields(type_)})
        if isinstance(record, LineageEdge) and row.get("depth", 1) is not None and row.get("depth", 1) > 1:
            yield from self.hops(record, min(int(row["depth"]), 5))
            return
        yield record
        if isinstance(record, Dataset) and row.get("quality_score") is not None:
            yield self.score(record, row["quality_score"])
        if self.random.random() < TWIN and view not in ("datasets", "nodes"):
            self.made += 1
            name = self.random.choice([field.name for field in fields(type_)])
            pool = self.stock.pool(view, name)
            if "node" in views()[view].key and self.random.random() < 0.5:
                yield replace(record, node=self.random.choice(self.stock.pool("nodes", "node")))
                return
            fresh = {IDENTITY[view]: 10_000 + self.made if view == "audit_log" else f"T-{self.made}"} if view in IDENTITY else {}
            yield replace(record, **(({name: self.random.choice(pool)} if pool else {}) | fresh))

    def hops(self, edge: LineageEdge, depth: int) -> Iterator[Record]:
        """The same flow through other datasets, which nobody need know."""
        at, part = edge.upstream, edge.upstream_column
        for hop in range(1, depth + 1):
            self.made += 1
            to = (edge.downstream, edge.downstream_column) if hop == depth else (f"{edge.upstream} step {self.made}", part)
            kinds = {"upstream_kind": edge.upstream_kind if hop == 1 else "dataset", "downstream_kind": edge.downstream_kind if hop == depth else "dataset"}
            masked = edge.masking if hop == self.random.randint(1, depth) else False
            yield replace(edge, upstream=at, upstream_column=part, downstream=to[0], downstream_column=to[1], masking=masked, **kinds)  # type: ignore[arg-type]
            at, part = to

    def score(self, dataset: Dataset, value: float) -> Metric:
        """The measurement that gives a dataset its quality score."""
        like = self.random.choice(self.stock.records["quality_metrics"])
        assert isinstance(like, Metric)
        at = like.measured_at + timedelta(days=self.random.randrange(3))
        about = {"dataset": dataset.name, "node": dataset.node, "sensitivity": dataset.sensitivity, "column_name": None}
        return replace(like, **about, dimension="completeness", metric="completeness", unit="ratio", value=value, measured_at=min(at, datetime.max))  # type: ignore[arg-type]


def _classes(links: Sequence[Link]) -> dict[Cell, list[Cell]]:
    """Cells that links make equal, each with its whole class."""
    found: dict[Cell, list[Cell]] = {}
    for link in links:
        left, right = found.setdefault(link.left, [link.left]), found.setdefault(link.right, [link.right])
        if left is not right:
            left += right
            found |= dict.fromkeys(right, left)
    return found
