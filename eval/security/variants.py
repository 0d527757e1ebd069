"""Variants of a catalog that agree with it on all that one asker may see, and differ in everything else.

Other are hidden rows, hidden names wherever they stand, cells of closed columns, the masked part of masked ones, and which member
of a group has what only a cube tells of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from random import Random
from typing import Any

from catalog.semantic import views
from catalog.storage.records import RECORD_TYPES, Dataset, Document, LineageEdge, Metric, Model, Node, Record
from eval.security.askers import EU, Asker
from eval.security.worlds import LEVELS, US, VIEW_OF, cell, key_of, random_record, unique


def variant(records: Sequence[Record], asker: Asker, random: Random) -> list[Record]:
    """Another catalog that agrees with ``records`` on all that ``asker`` may see."""
    return _Variant(records, asker, random).records()


class _Variant:
    def __init__(self, records: Sequence[Record], asker: Asker, random: Random) -> None:
        self.before, self.asker, self.random = records, asker, random
        self.keys = {key_of(record) for record in records}
        self.areas = {r.node: r.jurisdiction for r in records if isinstance(r, Node)}
        self.fresh = 0
        self.renamed = {slot: self._hidden(type_, name) for slot, type_, name in (("dataset", Dataset, "name"), ("model", Model, "name"), ("node", Node, "node"))}

    def _hidden(self, type_: type[Record], name: str) -> Mapping[str, str]:
        """Names that the asker may know nothing of, and what they are called in the variant."""
        mine = [r for r in self.before if isinstance(r, type_)]
        known = {getattr(r, name) for r in mine if self.may_see(r)}
        return {n: self.unheard(n) for n in sorted({getattr(r, name) for r in mine} - known)}

    def unheard(self, name: str) -> str:
        self.fresh += 1
        return self.random.choice((f"hidden {self.fresh} of {self.random.random()}", f"{name}~{self.fresh}", f"h{self.fresh}"))

    def may_see(self, record: Record) -> bool:
        """By its own cells, whatever it refers to."""
        rule = self.asker.rows.get(VIEW_OF.get(record.table, ""))
        return rule is not None and rule(record, self.areas.get(record.node, "unknown"))

    def records(self) -> list[Record]:
        made: list[Record] = []
        for record in self.before:
            made += self.intruders()
            if self.may_see(record) and not self._tells_of_hidden(record):
                made.append(self.names_changed(self.cells_changed(record)))
            elif (changed := self.hidden_record(record)) is not None:
                made.append(changed)
        return unique(self.regrouped(made))

    def _tells_of_hidden(self, record: Record) -> bool:
        """Rows about a dataset that one may not know of are hidden with it."""
        view = views().get(VIEW_OF.get(record.table, ""))
        if view is None or isinstance(record, Metric):
            return False
        about = [c.name for c in view.columns.values() if c.ref == "datasets.name" and hasattr(record, c.name)]
        return any(getattr(record, name) in self._names("dataset", record) for name in about)

    def _names(self, slot: str, record: Record) -> Mapping[str, str]:
        """Hidden names that may stand in a slot; an edge joins models as well as datasets."""
        edge = isinstance(record, LineageEdge) and slot == "dataset"
        return {**self.renamed["dataset"], **self.renamed["model"]} if edge else self.renamed.get(slot, {})

    def names_changed(self, record: Record) -> Record:
        """Hidden names stand under their new ones everywhere, so that they stay hidden."""
        view = views().get(VIEW_OF.get(record.table, ""))
        if view is None:
            return record
        changed: dict[str, Any] = {}
        for f in fields(record):
            column = view.columns.get(f.name)
            slot = "dataset" if f.name == "aliases" else column.slot if column else ""
            names, value = self._names(slot, record), getattr(record, f.name)
            if names and isinstance(value, tuple):
                kept = [names.get(v, v) for v in value if v not in names or self.random.random() < 0.7]
                extra = [self.random.choice(sorted(names.values())) for _ in range(self.random.randrange(2))] if f.name != "aliases" or value else []
                changed[f.name] = tuple(kept + extra)
            elif names and value in names:
                changed[f.name] = names[value]
        return replace(record, **changed)

    def cells_changed(self, record: Record) -> Record:
        """Closed cells anew, masked ones within what their mask shows."""
        view = VIEW_OF.get(record.table, "")
        changed: dict[str, Any] = {}
        for name in self.asker.closed.get(view, ()):
            if name not in record.key and hasattr(record, name) and name not in ("country", "jurisdiction", "sensitivity"):
                changed[name] = cell(type(record), name, self.random)
        for name, how in self.asker.masked.get(view, {}).items():
            changed[name] = self.masked(type(record), name, how, getattr(record, name))
        return replace(record, **changed)

    def masked(self, type_: type[Record], name: str, how: str, value: Any) -> Any:
        match how, value:
            case "null", _:
                return cell(type_, name, self.random)
            case ("hash", _) | (_, None) | (_, 0) | (_, ""):
                return value
            case "partial", str():
                return value[0] + self.random.choice(("", "x", "hidden", "it''s", str(self.random.random())))
            case "bucket", datetime():
                return value.replace(day=self.random.randint(1, 28), hour=self.random.randrange(24), minute=self.random.randrange(60))
            case "bucket", int():
                digits = len(str(abs(value)))
                return self.random.randrange(10 ** (digits - 1), 10**digits) * (1 if value > 0 else -1)
            case "bucket", float():
                power = 10.0 ** (len(str(int(abs(value)))) - 1) if abs(value) >= 1 else 0.1
                return (power + self.random.randrange(8) * power) * (1 if value > 0 else -1) if abs(value) >= 0.125 else value
        raise AssertionError(how)

    def hidden_record(self, record: Record) -> Record | None:
        """A row that the asker does not see, made anew so that it stays hidden; gone, where no name goes with it."""
        if isinstance(record, Metric):
            return self.hidden_metric(record)
        if not isinstance(record, Node | Dataset | Model) and self.random.random() < 0.3:
            return None
        keep = {*record.key, "node"} | {c for c in ("name", "upstream", "downstream", "dataset", "target", "jurisdiction", "sensitivity") if hasattr(record, c)}
        made: dict[str, Any] = {f.name: cell(type(record), f.name, self.random) for f in fields(record) if f.name not in keep}
        if isinstance(record, Node) and record.node in self.renamed["node"] and not self.asker.areas:
            made["jurisdiction"] = self.random.choice((EU, US, "CH"))
        if not isinstance(record, Node) and self.asker.rows.get(VIEW_OF[record.table]) is None:
            made["sensitivity"] = self.random.choice(LEVELS)  # of a closed view any row is hidden
        return self.names_changed(replace(record, **made))

    def hidden_metric(self, record: Metric) -> Record:
        """Measurements make the quality score of their dataset, which is seen; the variant leaves those that do."""
        counted = record.unit == "ratio" and record.dimension in ("completeness", "uniqueness", "validity")
        scored = self.asker.rows.get("datasets") is not None
        if self.may_see(record) or (counted and scored):
            return self.names_changed(record) if record.dataset in self.renamed["dataset"] or not counted else record
        changed = {name: cell(Metric, name, self.random) for name in ("version", "baseline", "z_score", "is_anomaly", "origin", "value")}
        return self.names_changed(replace(record, **changed))

    def intruders(self) -> list[Record]:
        """Now and then a row that is not there in the other catalog, in a view that is closed or of a sensitivity that is."""
        if self.random.random() > 0.15:
            return []
        type_ = self.random.choice([t for t in RECORD_TYPES if t not in (Document, Metric)])
        fixed: dict[str, Any] = {"node": self.random.choice([r.node for r in self.before]), "sensitivity": "restricted"}
        if type_ in (Node, Dataset, Model):
            fixed["node" if type_ is Node else "name"] = self.unheard("new")
        made = random_record(type_, self.random, **fixed)
        if self.may_see(made) or key_of(made) in self.keys:
            return []
        if isinstance(made, LineageEdge) and self.random.random() < 0.5:  # a way around, through what is hidden
            return [replace(made, upstream_kind="dataset", downstream_kind="dataset")]
        return [made]

    def regrouped(self, made: list[Record]) -> list[Record]:
        """Within each finest group of a cube, the rows that it shows exchange what only the cube tells of."""
        for view, (exchanged, dimensions) in self.asker.grouped.items():
            groups: dict[tuple[Any, ...], list[int]] = {}
            for at, record in enumerate(made):
                if VIEW_OF.get(record.table) == view and self.may_see(record) and not self._tells_of_hidden_now(record):
                    groups.setdefault(tuple(getattr(record, name) for name in dimensions), []).append(at)
            for places in groups.values():
                cells = [{name: getattr(made[at], name) for name in exchanged} for at in places]
                self.random.shuffle(cells)
                for at, row in zip(places, cells, strict=True):
                    made[at] = replace(made[at], **row)
        return made

    def _tells_of_hidden_now(self, record: Record) -> bool:
        return getattr(record, "dataset", None) in set(self.renamed["dataset"].values())
