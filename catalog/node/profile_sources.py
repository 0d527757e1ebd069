"""Which data files under given paths make up which dataset; nothing is read but names and sizes.

One file is one dataset. Like files of a folder are one: those below Hive partitions (``year=2024/…``), and those whose names
differ in digits alone (``part-0001``, ``sales_2024``). What a link leads out of the given paths to is not touched.
"""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from catalog.errors import UsageError

Kind = Literal["parquet", "csv", "json"]
KINDS: dict[str, Kind] = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
}  # fmt: skip
COMPRESSED = (".gz", ".zst")
"""Endings that a CSV or JSON file may have besides."""
TABLE_FORMATS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
"""Folders that say that the files beside them are not all rows of a table, or more than them."""
VAGUE = re.compile(r"(part|data|chunk|file|shard|batch|export|split|run|output|out|c)?")
"""What like files are called that says nothing of their content."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file's real path, its name below what was asked for, and its size and time of change."""

    path: Path
    name: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one dataset, in the order of their names."""

    name: str
    kind: Kind
    files: tuple[DataFile, ...]
    hive: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Datasets by name, what cannot be used with the reason, and how many files are no data."""

    sources: tuple[Source, ...]
    problems: tuple[tuple[str, str], ...]
    other: int


def kind_of(name: str) -> Kind | None:
    """The format that a file's name promises."""
    lower = name.lower()
    for ending in COMPRESSED:
        if lower.endswith(ending) and KINDS.get(Path(lower.removesuffix(ending)).suffix) in ("csv", "json"):
            lower = lower.removesuffix(ending)
    return KINDS.get(Path(lower).suffix)


def find(paths: Iterable[Path]) -> Found:
    """Datasets under files and folders. Raises UsageError for a path that does not exist."""
    problems: list[tuple[str, str]] = []
    sources: list[tuple[Path, Source]] = []
    other, seen = 0, set[Path]()
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.", "Check the path.")
        root = path.resolve()
        if not root.is_dir() and kind_of(root.name) is None:
            problems.append((str(path), "neither Parquet, CSV, TSV nor JSON by its name"))
            continue
        groups: dict[tuple[Path, Kind, str], list[DataFile]] = {}
        for file, wrong in _walk(root, root if root.is_dir() else root.parent):
            if wrong:
                problems.append((str(file), wrong))
            elif (kind := kind_of(file.name)) is None:
                other += 1
            elif (real := file.resolve()) not in seen:
                seen.add(real)
                about = real.stat()
                relative = file.relative_to(root if root.is_dir() else root.parent)
                base = _base(relative)
                groups.setdefault((base, kind, _shape(relative, base)), []).append(
                    DataFile(real, relative.as_posix(), about.st_size, about.st_mtime_ns)
                )
        for (base, kind, shape), files in groups.items():
            hive = "=" in Path(files[0].name).parent.as_posix()
            alone = len(files) == 1 and not hive and (root.is_file() or not VAGUE.fullmatch(shape.lower()))
            name = _name(root, base, _stem(Path(files[0].name).name) + "\0" if alone else shape)
            sources.append((root, Source(name, kind, tuple(sorted(files, key=lambda f: f.name)), hive)))
    return Found(_told_apart(sources), tuple(problems), other)


def _walk(folder: Path, within: Path) -> Iterator[tuple[Path, str]]:
    """Files below, with what is wrong with them; hidden ones and those that tools keep for themselves are left out."""
    if not folder.is_dir():
        yield folder, _wrong(folder, within)
        return
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        yield folder, (error.strerror or "cannot be read").lower()
        return
    for child in inside:
        if child.name in TABLE_FORMATS:
            yield folder, f"a {TABLE_FORMATS[child.name]} table, whose files are not its rows: export it"
            return
    for child in inside:
        if child.name.startswith((".", "_")):
            continue
        if child.is_dir() and not child.is_symlink():
            yield from _walk(child, within)
        else:
            yield child, _wrong(child, within)


def _wrong(path: Path, within: Path) -> str:
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(within.resolve()):
            return "a link that leads out of the folder"
        if not stat.S_ISREG(real.stat().st_mode):
            return "a link to a folder" if real.is_dir() else "not a regular file"
        if not os.access(real, os.R_OK):
            return "not readable"
        if re.search(r"[*?\[]", str(real)):
            return "a name with *, ? or [, which would be read as a pattern: rename it"
        return "empty" if kind_of(path.name) and real.stat().st_size == 0 else ""
    except (OSError, RuntimeError):
        return "a link that leads nowhere"


def _base(relative: Path) -> Path:
    """The folder of a file, above its Hive partitions."""
    for at, part in enumerate(relative.parts[:-1]):
        if "=" in part:
            return Path(*relative.parts[:at])
    return relative.parent


def _stem(name: str) -> str:
    """A file's name without the endings of formats and compression."""
    while (suffix := Path(name).suffix.lower()) in (*KINDS, *COMPRESSED, ".snappy", ".zstd", ".lz4") and Path(name).stem:
        name = name[: -len(suffix)]
    return name


def _shape(relative: Path, base: Path) -> str:
    """What like files have in common: nothing below partitions, else the name without what counts or dates it."""
    if relative.parent != base:
        return ""
    stem = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![a-z])(?=\w*\d)[0-9a-f]{8,}(?![a-z])|\d+", "#", _stem(relative.name), flags=re.I)
    shape = re.sub(r"([#\-_.]|(?<=[#\-_.])(of|c|t|w)(?=[#\-_.]))*#([#\-_. ]|(of|c|t|w)(?=[#\-_.]))*$", "", stem)
    return shape if shape != stem else stem + "\0"  # a name without a number is like no other


def _name(root: Path, base: Path, stem: str) -> str:
    """A dataset's name: its folder below the root and its stem; the folder alone where the stem says nothing."""
    above = [*base.parts]
    if VAGUE.fullmatch(stem.lower()):
        return "/".join(above) or root.name
    return "/".join([*above, stem.removesuffix("\0").strip("-_. #") or root.name])


def apart(source: Source) -> tuple[Source, ...]:
    """Each file of a dataset as one of its own, for files that are alike in name alone."""
    above = source.name.rpartition("/")[0]
    return tuple(
        replace(source, name="/".join(filter(None, (above, _stem(Path(file.name).name)))), files=(file,)) for file in source.files
    )


def _told_apart(sources: list[tuple[Path, Source]]) -> tuple[Source, ...]:
    """Sources with distinct names: of two with one name each tells its format, then its root, then a number."""
    for told in ("format", "root"):
        count = Counter(source.name for _, source in sources)
        sources = [(root, replace(s, name=_longer(root, s, told)) if count[s.name] > 1 else s) for root, s in sources]
    taken: Counter[str] = Counter()
    named = []
    for _, source in sources:
        taken[source.name] += 1
        named.append(replace(source, name=f"{source.name}-{taken[source.name]}") if taken[source.name] > 1 else source)
    return tuple(sorted(named, key=lambda s: s.name))


def _longer(root: Path, source: Source, told: str) -> str:
    if told == "format":
        return f"{source.name}.{source.kind}"
    return f"{root.name if root.is_dir() else root.parent.name}/{source.name}"
