"""The private folders below ``snapshots/``: one of each principal, and one of each purpose that they state.

Snapshots lie there, and whatever else is one asker's own. Knows how the folders are called and when they are emptied, nothing of what is in them.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from catalog.access.policy import Principal
from catalog.errors import CatalogUnavailable

FOLDERS = "snapshots"
FOLDER = re.compile(r"([0-9a-f]{24})(?:-[0-9a-f]{24})?")
"""What they are called: by their principal and, where one is stated, the purpose."""


def directory(home: Path, principal: Principal) -> Path:
    """The private folder of a principal's snapshots, made when it is missing; each purpose that they state has one of its own.

    Raises `CatalogUnavailable` for a link: whoever made the catalog's folder may have put one there.
    """
    name = _folder(principal.name)
    if principal.purpose:
        name += f"-{_folder(principal.purpose)}"
    path = home / FOLDERS / name
    for folder in (path.parent, path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink():
            raise CatalogUnavailable(f"{folder} is a link, and leads out of the catalog.", "Remove it: the folder is made anew.")
    return path


def forget(home: Path, principal_name: str) -> None:
    """Remove the snapshots of a principal and the names kept beside them, whatever purpose they were made for."""
    for folder, name in _folders(home):
        if name == _folder(principal_name):
            _empty(folder)


def forget_others(home: Path, principal_names: Iterable[str]) -> None:
    """Remove the folders of everybody who is not among these: they left the policy, and what they might see goes."""
    kept = {_folder(name) for name in principal_names}
    for folder, name in _folders(home):
        if name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def forget_everything(home: Path) -> None:
    """Remove every kept snapshot: somebody is erased, and any of them may name who that is."""
    for folder, _ in _folders(home):
        _empty(folder)


def _folders(home: Path) -> Iterator[tuple[Path, str]]:
    """The private folders and whose each is. A link is none: what it leads to is not the catalog's to remove."""
    root = home / FOLDERS
    for folder in () if root.is_symlink() else root.glob("*"):
        match = FOLDER.fullmatch(folder.name)
        if match and not folder.is_symlink():
            yield folder, match[1]


def _empty(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink(missing_ok=True)


def _folder(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]
