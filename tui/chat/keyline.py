"""The line of keys at the bottom. One widget that is drawn anew: Textual's footer mounts one per key whenever the focus moves."""

from collections.abc import Callable, Iterator
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

MOST = 6
"""Keys besides help and palette: more than that nobody reads; F1 has them all."""
LAST = ("keys", "command_palette")
"""Actions that always have their place, at the right."""


class KeyLine(Widget):
    """What may be pressed here, or clicked."""

    DEFAULT_CSS = "KeyLine { dock: bottom; height: 1; background: $panel; color: $text-muted; text-wrap: nowrap; }"
    ALLOW_SELECT = False

    def __init__(self, is_of_use: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_of_use = is_of_use
        self._places: list[tuple[int, int, str]] = []
        """Where each key is drawn: from, to, key."""

    def on_mount(self) -> None:
        """Follow what is in force."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[Any]) -> None:
        if screen is self.screen:
            self.refresh()

    def _keys(self) -> Iterator[tuple[str, str, str, str]]:
        """Key, how it is shown, what it does in words and as an action; the focused widget's own keys come last."""
        found = {}
        for active in self.screen.active_bindings.values():
            if active.binding.show and active.binding.description and active.binding.action not in found and self._is_of_use(active.binding.action):
                found[active.binding.action] = active
        palette = self.screen.active_bindings.get(self.app.COMMAND_PALETTE_BINDING)
        if palette:
            found["command_palette"] = palette
        for active in sorted(found.values(), key=lambda active: active.node is not self.screen):
            yield active.binding.key, self.app.get_key_display(active.binding), active.binding.description[:1].upper() + active.binding.description[1:], active.binding.action.removeprefix("app.")

    def render(self) -> Content:
        """As many as there is room for."""
        keys = list(self._keys())
        own = [key for key in keys if key[3] not in LAST][:MOST]
        last = [key for key in keys if key[3] in LAST]
        room = self.size.width - sum(_width(shown, said) for _, shown, said, _ in last)
        while own and sum(_width(shown, said) for _, shown, said, _ in own) > room:
            own.pop()
        parts: list[Content] = []
        self._places, at = [], 0
        for key, shown, said, _ in own + last:
            if last and key == last[0][0]:
                gap = max(0, room - at)
                parts.append(Content(" " * gap))
                at += gap
            parts.append(Content.assemble((f" {shown}", "bold $accent"), f" {said} "))
            self._places.append((at, at + _width(shown, said), key))
            at += _width(shown, said)
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, end, key in self._places:
            if start <= event.x < end:
                event.stop()
                self.app.simulate_key(key)


def _width(shown: str, said: str) -> int:
    return cell_len(shown) + cell_len(said) + 3
