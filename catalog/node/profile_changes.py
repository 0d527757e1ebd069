"""What changed in a node's files since they were profiled, by their sizes and times alone."""

from dataclasses import dataclass

from catalog.node.node import NodeFolder
from catalog.node.profile import Record, history, roots
from catalog.node.profile_sources import Source, find


@dataclass(frozen=True, slots=True)
class Change:
    """A dataset's state (new, changed, unchanged, gone), its last profile, and how many of its files are what."""

    dataset: str
    state: str
    record: Record
    files: dict[str, int]


def changes(node: NodeFolder) -> list[Change]:
    """Datasets that were profiled and those that lie under the same paths now, by name."""
    found = {source.name: source for source in find([path for path in roots(node) if path.exists()]).sources}
    told = [_change(name, records[-1], found.get(name), found) for name, records in history(node).items()]
    known = {file["path"] for change in told for file in change.record["files"]}
    for source in found.values():
        if all(str(file.path) not in known for file in source.files):
            told.append(Change(source.name, "new", {}, {"new": len(source.files)}))
    return sorted(told, key=lambda change: change.dataset)


def _change(name: str, record: Record, source: Source | None, found: dict[str, Source]) -> Change:
    before = {file["path"]: (file["bytes"], file["mtime_ns"]) for file in record["files"]}
    if source is None:  # its files may be part of a dataset of another name now
        now = {str(f.path): (f.bytes, f.mtime_ns) for each in found.values() for f in each.files if str(f.path) in before}
    else:
        now = {str(file.path): (file.bytes, file.mtime_ns) for file in source.files}
    counted = {
        "new": len(now.keys() - before.keys()),
        "changed": sum(now[path] != before[path] for path in now.keys() & before.keys()),
        "gone": len(before.keys() - now.keys()),
        "unchanged": sum(now[path] == before[path] for path in now.keys() & before.keys()),
    }
    changed = counted["new"] + counted["changed"] + counted["gone"]
    return Change(name, "gone" if not now else "changed" if changed else "unchanged", record, counted)
