"""Takes rights away from the running process: Landlock (Linux 5.13 or newer), no_new_privs and resource limits.

Without Landlock (older kernels, macOS) the process keeps its user's file rights; the engine's own locks and the redacted
file still hold, and ``confine`` says so. Knows nothing about DuckDB.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_NO_NEW_PRIVS = 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System call numbers, the same on every architecture that has Landlock; see linux/landlock.h for the rest."""

RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many file rights each Landlock version knows, from bit 0; the newest count holds for later versions."""

NET_RIGHTS = 0b11
"""Binding and connecting TCP sockets, from version 4."""

SCOPES = 0b11
"""Abstract Unix sockets and signals to outside, from version 6."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


@dataclass(frozen=True, slots=True)
class Reach:
    """What a confined process may still read: files and whole folders, and folders of which only names are seen."""

    readable: tuple[Path, ...]
    listable: tuple[Path, ...]


def confine(reach: Reach) -> bool:
    """Give up all file access but reading within ``reach``, and TCP, for good; True when the kernel holds it.

    Binds this thread and those it starts later, so it comes before any library that starts threads.
    Raises `OSError` when a kernel that has Landlock refuses.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    _call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), RULESET_VERSION)
    if version < 1:
        return False
    rules = _Ruleset((1 << FILE_RIGHTS.get(version, 16)) - 1, NET_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call(libc.syscall, CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    for path in reach.readable:
        _add(libc, ruleset, path, READ_FILE | READ_DIR if path.is_dir() else READ_FILE)
    for path in reach.listable:
        _add(libc, ruleset, path, READ_DIR)
    _call(libc.syscall, RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def limit_process(files: int) -> None:
    """No core dumps, no file growth, at most ``files`` open files."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, files)


def limit_work(memory_mb: int, cpu_s: int) -> None:
    """Bound the whole address space, and processor time from this moment on; both can be set anew."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit_soft(resource.RLIMIT_AS, memory_mb << 20)
    _limit_soft(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + cpu_s)


def _limit(kind: int, value: int) -> None:
    resource.setrlimit(kind, (value, value))


def _limit_soft(kind: int, value: int) -> None:
    with suppress(OSError, ValueError):  # macOS has RLIMIT_AS in name only
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def _add(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = _PathBeneath(access, descriptor)
        _call(libc.syscall, ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> int:
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def existing(paths: Iterable[str]) -> tuple[Path, ...]:
    """Those of the paths that are there, links resolved."""
    return tuple(dict.fromkeys(Path(path).resolve() for path in paths if path and Path(path).exists()))
