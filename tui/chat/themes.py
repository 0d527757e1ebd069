"""Colours: dark, light, and one of high contrast (WCAG 2.1 AAA: 7:1 and more on its background)."""

from textual.theme import Theme

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
    variables={"text-muted": "#e0e0e0", "text-disabled": "#c0c0c0", "border": "#ffffff", "border-blurred": "#c0c0c0", "footer-key-foreground": "#ffff00"},
)
THEMES = (DARK, LIGHT, CONTRAST)
