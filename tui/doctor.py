"""``steward doctor``: which backend will draft and why, and what each of them lacks here."""

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tui.safe import safe
from tui.settings import BACKENDS

LOOK_S = 5.0
"""Seconds that a model server has to say what it serves."""
UNAVAILABLE = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was looked at: what it is, whether it can be used, and what there is to say of it."""

    name: str
    ok: bool
    note: str


@click.command()
@click.option("--backend", default="embedded", envvar="STEWARD_BACKEND", help=f"Drafts: {BACKENDS}.  [env: STEWARD_BACKEND; default: embedded]")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, backend: str, as_json: bool) -> None:
    """Say which model will draft, why, and what is missing; exit code 3 when that one cannot.

    \b
    steward doctor
    steward doctor --backend vllm
    """  # noqa: D301  click reads the backspace
    from tui.envelope import dumps

    sources = {"COMMANDLINE": "--backend says so", "ENVIRONMENT": "STEWARD_BACKEND says so", "DEFAULT_MAP": "your settings say so: steward config show backend"}
    source = ctx.get_parameter_source("backend")
    why = sources.get(source.name if source else "", "it is the default")
    kind, _, argument = backend.partition(":")
    is_served = kind in ("vllm", "vllm-plan")  # two kinds of models, one server
    looked = {"versions": _versions(), "catalog": _catalog(ctx.obj), "embedded": _embedded(), "vllm": _vllm(argument if is_served else ""), "transformers": _transformers(), "gpu": _gpu(), "model": _model(), "settings": _settings()}
    chosen = looked["vllm" if is_served else kind] if is_served or kind in ("embedded", "transformers") else _engine(argument) if kind == "vllm-engine" else _named(backend)
    if as_json:
        click.echo(dumps({"backend": backend, "why": why, "ok": chosen.ok, "findings": [asdict(f) for f in looked.values()]}))
    else:
        click.echo(f"{safe(backend)} will draft, because {why}{'.' if chosen.ok else f', but it cannot: {safe(chosen.note)}'}")
        for finding in looked.values():
            click.echo(f"  {'ok' if finding.ok else '--'}  {finding.name:<13} {safe(finding.note)}")
    ctx.exit(0 if chosen.ok else UNAVAILABLE)


def _versions() -> Finding:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    parts = [f"{name} {of(package)}" for name, package in (("steward", "datasteward"), ("duckdb", "duckdb"), ("onnxruntime", "onnxruntime"), ("textual", "textual"))]
    return Finding("versions", not any("not installed" in part for part in parts), f"{', '.join(parts)}, Python {platform.python_version()}, {platform.system()} {platform.release()}")


def _catalog(home: Path | None) -> Finding:
    from catalog.errors import GovernanceError
    from catalog.storage.generations import current, default_home

    home = home or default_home()
    try:
        return Finding("catalog", True, f"generation {current(home).number} in {home}")
    except GovernanceError as error:
        return Finding("catalog", False, f"{error.what} {error.hint}")


def _embedded() -> Finding:
    from nl2sql.embedded.parser import WEIGHTS

    files = [path for path in WEIGHTS.glob("*") if path.is_file()]
    if not any(path.suffix == ".onnx" for path in files):
        return Finding("embedded", False, "its weights are missing: reinstall the package")
    return Finding("embedded", True, f"{sum(path.stat().st_size for path in files) / 1e6:.0f} MB, on this machine, no network needed")


def _vllm(argument: str) -> Finding:
    from dataclasses import replace

    from catalog.errors import GovernanceError
    from nl2sql.backends.server import Server, address

    try:
        where = replace(address(argument), total_s=LOOK_S)
        model = Server(where).model
    except GovernanceError as error:
        return Finding("vllm", False, f"{error.what} {error.hint}")
    longest = f", {model.longest:,} tokens" if model.longest else ""
    return Finding("vllm", True, f"{model.name}{longest}, at {where.url}")


def _transformers() -> Finding:
    from importlib.util import find_spec

    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        return Finding("transformers", False, f"{' and '.join(missing)} missing: pip install 'datasteward[transformers]'")
    return Finding("transformers", True, "installed; name a model with --backend transformers:MODEL")


def _settings() -> Finding:
    from tui.settings import files

    counted = [str(file.path) for file in files() if file.exists and not file.ignored]
    return Finding("settings", True, f"from {' and '.join(counted)}" if counted else "no file of settings counts here")


def _gpu() -> Finding:
    from nl2sql.serving import gpu_memory

    free = gpu_memory()
    if free is None:
        return Finding("gpu", False, "no NVIDIA GPU is found; the embedded model needs none")
    return Finding("gpu", True, f"{len(free)} with {', '.join(f'{memory / 1e9:.0f} GB' for memory in free)} free")


def _model() -> Finding:
    """What 'steward serve-model' serves where it is given no model, and whether its weights are here."""
    from nl2sql.recommended import for_memory, models
    from nl2sql.serving import gpu_memory
    from nl2sql.weights import folder_of

    free = gpu_memory()
    if free is None:
        return Finding("model", False, "none is recommended without a GPU; the embedded one needs none")
    found = for_memory(max(free))
    if found is None:
        return Finding("model", False, f"none is recommended: the smallest needs {models()[0].memory / 1e9:.1f} GB of one GPU free")
    folder = folder_of(found.id)
    where = f"its weights are in {folder}" if folder else f"{found.weights / 1e9:.1f} GB to fetch, which 'steward serve-model' does once you agree"
    return Finding("model", folder is not None, f"{found.id} ({found.licence}) for {found.memory / 1e9:.1f} GB of one GPU; {where}")


def _engine(model: str) -> Finding:
    """VLLM in process: whether it and the weights are here; to load them takes minutes."""
    from importlib.util import find_spec

    from catalog.errors import GovernanceError
    from nl2sql.backends.vllm_engine import NO_VLLM
    from nl2sql.weights import located

    if find_spec("vllm") is None:
        return Finding("vllm-engine", False, f"vLLM is not here. {NO_VLLM}")
    try:
        return Finding("vllm-engine", True, f"vLLM is here, the weights are in {located(model)}")
    except GovernanceError as error:
        return Finding("vllm-engine", False, f"{error.what} {error.hint}")


def _named(backend: str) -> Finding:
    """Any other backend: whether it opens."""
    from catalog.errors import GovernanceError
    from nl2sql.backends import open_backend

    try:
        open_backend(backend)
    except GovernanceError as error:
        return Finding(backend, False, f"{error.what} {error.hint}")
    return Finding(backend, True, "opens")
