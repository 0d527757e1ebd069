"""Colours: dark and light (WCAG 2.1 AA: text 4.5:1 and more on its background), one of high contrast (AAA: 7:1), and the terminal's own. Which one is kept between starts."""

from contextlib import suppress
from pathlib import Path

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="steward-dark",
    primary="#7aa2f7",
    secondary="#9d8cf2",
    accent="#5fd7c4",
    success="#8fd16f",
    warning="#e8b95c",
    error="#f2777a",
    foreground="#d8dee9",
    background="#12151c",
    surface="#181c25",
    panel="#232936",
    dark=True,
    variables={"text-disabled": "#8a92a2", "block-cursor-blurred-background": "#27344f"},
)
LIGHT = Theme(
    name="steward-light",
    primary="#1f5fbf",
    secondary="#5b3fc4",
    accent="#00706a",
    success="#22700f",
    warning="#8a5a00",
    error="#b3261e",
    foreground="#1d222b",
    background="#fbfbfc",
    surface="#f1f3f6",
    panel="#e2e6ec",
    dark=False,
    variables={"text-disabled": "#606875", "block-cursor-blurred-background": "#e0e9f8"},
)
CONTRAST = Theme(
    name="steward-high-contrast",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#00ffff",
    success="#7dff7d",
    warning="#ffd75f",
    error="#ff9d9d",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1a1a1a",
    dark=True,
    text_alpha=1.0,
    variables={"text-muted": "#e0e0e0", "text-disabled": "#c0c0c0", "border": "#ffffff", "border-blurred": "#c0c0c0", "block-cursor-blurred-background": "#222222", "footer-key-foreground": "#ffff00"},
)
TERMINAL = Theme(
    name="steward-terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_magenta",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={**BUILTIN_THEMES["ansi-dark"].variables, "block-cursor-background": "ansi_blue", "block-cursor-blurred-background": "ansi_bright_black", "block-cursor-blurred-foreground": "ansi_bright_white", "input-cursor-text-style": "reverse"},
)
THEMES = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "terminal": TERMINAL}
"""By the name that people give them."""


def remembered(file: Path) -> str:
    """The name of the theme chosen last; the first one where none was, or what is kept is no name of one."""
    with suppress(OSError, ValueError):
        if (name := file.read_text(encoding="utf-8").strip()) in THEMES:
            return name
    return next(iter(THEMES))


def remember(file: Path, name: str) -> None:
    """Keep the name of a theme; where that cannot be, the next start has the first one."""
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(f"{name}\n", encoding="utf-8")
