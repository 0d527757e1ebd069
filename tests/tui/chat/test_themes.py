"""Colours: text can be read on whatever it stands, in every theme that has colours of its own."""

import pytest
from textual.widgets import Input

from tests.tui.chat.conftest import Open, settle
from tui.chat.app import Chat
from tui.chat.prompt import Prompt
from tui.chat.themes import THEMES

pytestmark = pytest.mark.anyio

LEAST = {"dark": 4.5, "light": 4.5, "contrast": 7.0}
"""WCAG 2.1, 1.4.3 (AA) and 1.4.6 (AAA); the theme ``terminal`` has colours that only the terminal knows."""

Colour = tuple[int, int, int]


def luminance(colour: Colour) -> float:
    """Relative luminance, WCAG 2.1."""
    red, green, blue = ((v / 12.92) if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in (part / 255 for part in colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: Colour, other: Colour) -> float:
    """Contrast of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def faint(app: Chat, least: float) -> dict[str, float]:
    """Words on the screen with less contrast than that; lines and bars are no words."""
    found: dict[str, float] = {}
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if style and style.color and style.bgcolor and any(c.isalnum() for c in segment.text):
                contrast = ratio(style.color.get_truecolor(), style.bgcolor.get_truecolor())
                if contrast < least:
                    found[segment.text.strip()] = round(contrast, 1)
    return found


@pytest.mark.parametrize("name", LEAST)
async def test_every_word_has_contrast(chat: Open, name: str) -> None:
    assert set(LEAST) == {*THEMES} - {"terminal"}
    async with chat(size=(120, 36)) as pilot:
        app = pilot.app
        assert isinstance(app, Chat)
        app.theme = THEMES[name].name
        for question in ("", "/", "personal data", "which", "wrong", "drop it"):
            line = app.screen.query_one(Prompt)
            line.focus()
            line.value = question
            if question != "/":
                await pilot.press("enter")
            await settle(pilot)
            assert faint(app, LEAST[name]) == {}, question
            if question == "/":
                await pilot.press("escape")
        for key in ("f3", "f4", "f5", "f6", "f7"):
            await pilot.press(key)
            await settle(pilot)
            assert faint(app, LEAST[name]) == {}, key
            if key in ("f3", "f5", "f7"):
                app.screen.query(Input).first().focus()
                await pilot.press("down", "down")
                await settle(pilot)
                assert faint(app, LEAST[name]) == {}, f"{key} down"
