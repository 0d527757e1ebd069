"""What may be set once instead of with every command: which settings there are, where each value comes from, and what is wrong in a file.

A flag counts before the environment, that before the project's file, that before the user's, that before the default. Loads next to nothing.
"""

import difflib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any, Literal

from catalog.errors import UsageError

PROJECT_FILE = ".steward.toml"
USER_FILE = "STEWARD_CONFIG"
"""Environment variable that names the user's file."""
LONGEST = 100_000
"""Bytes of a file; people do not write longer ones."""
FORMATS = ("table", "json", "jsonl", "csv", "md", "parquet")
COLOURS = ("auto", "always", "never")
THEMES = ("dark", "light", "contrast", "terminal")
"""Of steward chat; ``terminal`` has the terminal's own colours."""
BACKENDS = "embedded, vllm[:MODEL or URL], vllm-plan[:MODEL or URL], vllm-engine:MODEL, transformers:MODEL, scripted:FILE"
"""What ``--backend`` takes, as help has it."""

BACKED = ("ask", "chat", "doctor")
ASKING = ("ask", "sql")
TIMED = ("ask", "sql", "chat")
PURPOSED = ("ask", "sql", "chat", "export")
TOKENED = (
    "ask", "sql", "chat", "views", "export", "watch", "status",
    "alerts ack", "alerts list", "alerts resolve", "alerts show",
    "catalog check", "catalog claims", "catalog disputes", "catalog impact", "catalog lineage", "catalog list", "catalog matches", "catalog merge",
    "catalog pii", "catalog show", "catalog similar", "catalog split",
    "suggest", "verified add", "verified export", "verified list", "verified remove", "verified review", "verified show",
    "feedback bad", "feedback dismiss", "feedback good", "feedback list", "feedback promote", "feedback show",
)  # fmt: skip
"""Commands with ``--token``."""

Scope = Literal["user", "project"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in a file, what it is, and how it reaches the commands.

    ``env`` is the environment variable that counts before files. ``option`` is the parameter of ``commands`` that it is the default of; where
    there is none, the variable itself is set. ``anywhere`` is false where only the user's own file may say it, ``trust`` true where a
    project's file may if the user's own trusts its folder.
    """

    name: str
    about: str
    kind: type[str] | type[int] | type[float] | type[Path] = str
    env: str = ""
    default: str = ""
    option: str = ""
    commands: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = 0
    anywhere: bool = True
    trust: bool = False


SETTINGS = (
    Setting("trusted", "folders whose project files may say catalog, purpose and backend, with : between", anywhere=False),
    Setting("catalog", "folder of the catalog", Path, "STEWARD_CATALOG", "the user data folder", trust=True),
    Setting("token_file", "file that holds your token and that only you may read", Path, "STEWARD_TOKEN_FILE", anywhere=False),
    Setting("purpose", "what you ask for, one of your own purposes", option="purpose", commands=PURPOSED, trust=True),
    Setting("backend", f"what drafts: {BACKENDS}", str, "STEWARD_BACKEND", "embedded", "backend", BACKED, trust=True),
    Setting("fallback", "what drafts where that cannot be reached", option="fallback", commands=("ask",), trust=True),
    Setting("base_url", "address of the model server", str, "STEWARD_VLLM_URL", "http://127.0.0.1:8000/v1", anywhere=False),
    Setting("model", "which of the server's models is asked", str, "STEWARD_VLLM_MODEL", "the only one"),
    Setting("key_file", "file that holds the server's key alone", Path, "STEWARD_VLLM_KEY_FILE", anywhere=False),
    Setting("server_timeout", "seconds that the server has", float, "STEWARD_VLLM_TIMEOUT", "60", least=1, most=3600),
    Setting("format", "how rows are written", str, "STEWARD_FORMAT", "table", "form", ASKING, FORMATS),
    Setting("limit", "most rows shown", int, "STEWARD_LIMIT", "500; 5000 in chat", "limit", TIMED, least=1, most=1_000_000),
    Setting("timeout", "seconds a query may run", float, "STEWARD_TIMEOUT", "10; 30 in chat", "timeout", TIMED, least=0.1, most=3600),
    Setting("theme", "colours of steward chat", str, "STEWARD_THEME", "those chosen last", "theme", ("chat",), THEMES),
    Setting("color", "colour: auto is on a terminal without NO_COLOR", str, "STEWARD_COLOR", "auto", choices=COLOURS),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class File:
    """A file of settings: where it is or would be, and whose it is. ``ignored`` says why it does not count, where it does not."""

    scope: Scope
    path: Path
    exists: bool
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """What a setting is, and who says so: ``flag``, ``environment``, ``project``, ``user`` or ``default``; ``where`` is the variable or file and line."""

    setting: Setting
    value: Any
    source: str
    where: str = ""


def user_file() -> Path:
    """The user's own file."""
    if named := os.environ.get(USER_FILE):
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("steward") / "config.toml"


def files() -> tuple[File, File]:
    """The user's file and the project's, that of this folder or of the nearest one above.

    A project's file of somebody else is ignored: in a shared folder anybody could put one.
    """
    user = user_file()
    try:
        here = Path.cwd()
    except OSError:  # the folder is gone
        return File("user", user, user.is_file()), File("project", Path(PROJECT_FILE), False)
    for folder in (here, *here.parents):
        path = folder / PROJECT_FILE
        with suppress(OSError):  # one that may not be looked into has none
            found = path.stat()
            wrong = "it belongs to somebody else" if found.st_uid != os.getuid() else "" if S_ISREG(found.st_mode) else "it is no file"
            return File("user", user, user.is_file()), File("project", path, True, wrong)
    return File("user", user, user.is_file()), File("project", here / PROJECT_FILE, False)


def read_file(file: File) -> dict[str, Value]:
    """What a file sets. Raises `UsageError` for the first fault, with file and line; what is meant where a name is nearly right."""
    import tomllib  # only who has a file pays

    try:
        with file.path.open("rb") as opened:
            raw = opened.read(LONGEST + 1)
        written = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{file.path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as bad:
        raise UsageError(f"{file.path}: {bad}.", "Settings are lines such as: limit = 100") from bad
    if len(raw) > LONGEST:
        raise UsageError(f"{file.path} is longer than {LONGEST:,} bytes.")
    lines = _lines(raw.decode("utf-8"))
    return {name: _value(file, name, value, f"{file.path}:{lines.get(name, 1)}") for name, value in written.items()}


def _lines(text: str) -> dict[str, int]:
    """The line on which each key stands first."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"""\s*\[*\s*["']?([\w-]+)""", line):
            found.setdefault(match[1], number)
    return found


def _value(file: File, name: str, value: object, where: str) -> Value:
    setting = BY_NAME.get(name)
    if setting is None:
        near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.5)
        raise UsageError(f"{where}: there is no setting {name!r}.", f"Did you mean {near[0]}?" if near else f"The settings are: {', '.join(BY_NAME)}.")
    is_own = setting.anywhere and not (name in ("backend", "fallback") and "://" in str(value))
    if file.scope == "project" and not is_own:
        raise UsageError(f"{where}: {name} is not for a project's file.", f"Where questions go and who you are is yours to say: move it to {user_file()}.")
    return Value(setting, _checked(setting, value, where, file.path.parent), file.scope, where)


def _checked(setting: Setting, value: object, where: str, base: Path) -> Any:
    """The value as the commands take it; a path is relative to the file that names it. Raises `UsageError`."""
    numbers = setting.kind in (int, float)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and (setting.kind is float or isinstance(value, int)) if numbers else isinstance(value, str)
    if not fits:
        raise UsageError(f"{where}: {setting.name} is {_shown(value)}, not {'a number' if numbers else 'a text'}.")
    if numbers and not setting.least <= value <= setting.most:  # type: ignore[operator]  # never as a float: TOML has numbers that are too long for one
        raise UsageError(f"{where}: {setting.name} is {_shown(value)}, not {setting.least:g} to {setting.most:,.0f}.")
    if setting.choices and value not in setting.choices:
        near = difflib.get_close_matches(str(value), setting.choices, n=1)
        raise UsageError(f"{where}: {setting.name} is {_shown(value)}.", f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(setting.choices)}.")
    return base / Path(str(value)).expanduser() if setting.kind is Path else value


def _shown(value: object) -> str:
    """A value as a fault tells it."""
    is_long = isinstance(value, int) and value.bit_length() > 128
    return "a number of many digits" if is_long else repr(value)[:40]


def resolve(flags: Mapping[str, Any] | None = None) -> dict[str, Value]:
    """Every setting with its value and source.

    Raises `UsageError` for a file with a fault, and where a project's file that nobody trusts would choose what is opened or who is asked:
    the folder may be a stranger's, unpacked a minute ago.
    """
    own, here = files()
    user, project = ({} if not file.exists or file.ignored else read_file(file) for file in (own, here))
    found: dict[str, Value] = {}
    for setting in SETTINGS:
        name, written = setting.name, os.environ.get(setting.env, "") if setting.env else ""
        if flags and flags.get(name) is not None:
            found[name] = Value(setting, flags[name], "flag", f"--{name}")
        elif written:
            found[name] = Value(setting, written, "environment", setting.env)
        else:
            found[name] = project.get(name) or user.get(name) or Value(setting, setting.default or None, "default")
            if setting.trust and found[name].source == "project":
                _require_trust(here.path.parent, str(user["trusted"].value) if "trusted" in user else "", found[name].where, own.path)
    return found


def _require_trust(folder: Path, trusted: str, where: str, own: Path) -> None:
    """Raise `UsageError` unless the folder is one of those, or below one."""
    places = [Path(place).expanduser() for place in trusted.split(":") if place]
    real = folder.resolve()
    if not any(place.is_absolute() and real.is_relative_to(place.resolve()) for place in places):
        line = ":".join([*map(str, places), str(real)])
        raise UsageError(f"{where}: you do not trust {folder} to choose what is opened or asked.", f'If its files are yours, say so in {own}: trusted = "{line}"')


def apply(found: Mapping[str, Value]) -> dict[str, Any]:
    """What environment and files set, as click takes defaults: by command, then by parameter. What has no option becomes the environment's."""
    defaults: dict[str, Any] = {}
    for name, value in found.items():
        if value.setting.option and value.source in ("environment", "project", "user"):
            _put(defaults, value.setting.commands, value.setting.option, value.value)
        elif value.source in ("project", "user") and value.setting.env and name not in ("catalog", "color", "token_file"):
            os.environ[value.setting.env] = str(value.value)
    file = found["token_file"]
    if file.source != "default":
        _put(defaults, TOKENED, "token", lambda: read_token(Path(file.value).expanduser()))
    return defaults


def _put(defaults: dict[str, Any], commands: tuple[str, ...], option: str, value: Any) -> None:
    for command in commands:
        place = defaults
        for word in command.split():
            place = place.setdefault(word, {})
        place[option] = value


def read_token(path: Path) -> str:
    """The token that a file holds, read by the command that needs it. Raises `UsageError` for a file that others may read."""
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(10_000).decode("utf-8").strip()
    except (OSError, ValueError) as bad:
        raise UsageError(f"The token file {path} cannot be read.", "token_file names a file that holds the token alone.") from bad
    if mode & 0o077:
        raise UsageError(f"The token file {path} may be read by others.", f"Keep it to yourself: chmod 600 {path}")
    return text


TEMPLATE = """\
# Settings of steward; a flag or an environment variable counts before this file. See: steward config show
"""


def template(project: bool) -> str:
    """A file with every setting that it may hold, each commented out."""
    lines = [TEMPLATE]
    for setting in SETTINGS:
        if project and not setting.anywhere:
            continue
        choices = f" ({', '.join(setting.choices)})" if setting.choices else ""
        example = setting.choices[0] if setting.choices else "…"
        shown = "100" if setting.kind is int else "30" if setting.kind is float else f'"{example}"'
        trust = "; counts where your own file trusts this folder" if project and setting.trust else ""
        lines.append(f"# {setting.about}{choices}{trust}\n# {setting.name} = {shown}\n")
    return "\n".join(lines)
