"""Rich's console, to which text is only ever text: nothing in it styles, links or moves the cursor."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from polysteer.cli.visible import show_controls

_BLOCK, _ASCII_BLOCK = "█", "#"  # the one character that our tables draw themselves


class PlainConsole(Console):
    """No markup, no emoji, no highlighting; control characters are seen."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Cells and titles, before they are measured."""
        return super().render_str(self._spell(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Whatever came here another way; what Rich itself says to the terminal is marked as control."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=self._spell(segment.text))

    def _spell(self, text: str) -> str:
        text = show_controls(text)
        if self.encoding.startswith("utf"):
            return text
        text = text.replace(_BLOCK, _ASCII_BLOCK)
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)
