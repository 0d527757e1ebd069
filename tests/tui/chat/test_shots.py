"""What every screen looks like, line by line. ``STEWARD_SNAPSHOTS=write pytest tests/tui/chat/test_shots.py`` writes them anew: read the diff."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tui.chat.app import Chat
from tui.chat.shots import STEWARD, draw, scenes

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent / "snapshots"
NARROW = ("answer", "quality")


def lines(app: Chat) -> str:
    return "".join(f"{strip.text.rstrip()}\n" for strip in app.screen._compositor.render_strips())


def _unnumbered(frame: str) -> str:
    """Without the place in the log, which depends on who else asked of the catalog before it was copied."""
    return re.sub(r"action \d+ of the audit log", "action N of the audit log", frame)


async def frames(home: Path, size: tuple[int, int], names: tuple[str, ...]) -> dict[str, str]:
    return {f"{name}-{size[0]}x{size[1]}": lines(app) async for name, app in scenes(home, size, lambda name: name in names)}


@pytest.mark.parametrize(("size", "names"), [((120, 40), (*STEWARD, "denied")), ((60, 24), NARROW)], ids=["usual", "narrow"])
async def test_screens_look_as_they_did(demo_home: Path, tmp_path: Path, size: tuple[int, int], names: tuple[str, ...]) -> None:
    home = Path(shutil.copytree(demo_home, tmp_path / "catalog"))
    found = await frames(home, size, names)
    if os.environ.get("STEWARD_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        for name, frame in found.items():
            (FOLDER / f"{name}.txt").write_text(frame, encoding="utf-8")
    assert set(found) == {f"{name}-{size[0]}x{size[1]}" for name in names}
    for name, frame in found.items():
        assert _unnumbered(frame) == _unnumbered((FOLDER / f"{name}.txt").read_text(encoding="utf-8")), name
        assert str(tmp_path) not in frame


@pytest.mark.slow
async def test_pictures_are_the_same_each_time_small_and_nameless(tmp_path: Path) -> None:
    first, again = [await draw(tmp_path / name, (80, 24)) for name in ("first", "again")]
    assert {path.stem for path in first} == {*STEWARD, "denied", "answer-light", "answer-high-contrast"}
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.stem
        assert str(Path.home()) not in one.read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in first) < 2_000_000


def test_the_documented_pictures_are_there() -> None:
    folder = Path(__file__).parents[3] / "docs" / "shots"
    names = {path.stem for path in folder.glob("*.svg")}
    assert names == {*STEWARD, "denied", "answer-light", "answer-high-contrast"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000
