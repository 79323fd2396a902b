"""Inside the script's interpreter: the last value -> a picture or a page, where it is one. Standard library only.

A library's types are recognised without importing it: a value of its own shows that it is loaded.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MOST_PIXELS = 40_000_000
WRITABLE = ("1", "L", "LA", "I", "P", "RGB", "RGBA", "I;16")
"""Modes of Pillow that its PNG writer takes (Pillow handbook, "Image file formats")."""


def pictures_of(value: Any, beside: str) -> list[str]:
    """Save a Pillow image as PNG, or a plotly figure as HTML, beside a path; return the path of that, else nothing."""
    for origin, name, ending, save in KINDS:
        module = sys.modules.get(origin)
        if module is not None and isinstance(value, getattr(module, name, ())):
            path = os.path.join(os.path.dirname(beside), "value" + ending)
            try:
                save(value, path)
            except Exception as error:
                print(f"the last value could not be drawn: {error}", file=sys.stderr)
                return []
            return [path]
    return []


def _save_image(image: Any, path: str) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels; at most {MOST_PIXELS:,} are possible")
    (image if image.mode in WRITABLE else image.convert("RGB")).save(path, "PNG")


def _save_page(figure: Any, path: str) -> None:
    # The library itself has four million characters; browsers fetch it from where plotly publishes it.
    figure.write_html(path, include_plotlyjs="cdn", auto_open=False)


KINDS: tuple[tuple[str, str, str, Callable[[Any, str], None]], ...] = (
    ("PIL.Image", "Image", ".png", _save_image),
    ("plotly.basedatatypes", "BaseFigure", ".html", _save_page),
)
