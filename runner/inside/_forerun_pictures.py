"""Inside the script's interpreter: open figures and the last value -> pictures or a page, where they are any.

A library's types are recognised without importing it: a value of its own shows that it is loaded. Pictures that are
larger together than what is sent are drawn once more, smaller, beside the full ones: `small-NAME`. Standard library
only, Python 3.8 and later.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Draw = Callable[[str, float], object]
    """Writes a picture to a path, its sides scaled."""

MOST_FIGURES = 20
MOST_PIXELS = 40_000_000
MOST_BYTES = 5_000_000
"""Of all pictures together, as they are sent."""
MOST_STEPS = 8
"""Each makes the sides at least a fifth shorter."""
WRITABLE = ("1", "L", "LA", "I", "P", "RGB", "RGBA", "I;16")
"""Modes of Pillow that its PNG writer takes (Pillow handbook, "Image file formats")."""
BLENDED = {"1": "L", "P": "RGBA"}
"""Modes whose pixels cannot be blended -> those in which they can."""


def pictures_of(value: Any, beside: str) -> list[str]:
    """Save open matplotlib figures, a Pillow image as PNG and a plotly figure as HTML beside a path; return paths."""
    folder = os.path.dirname(beside)
    drawn = [(os.path.join(folder, name), draw) for name, draw in (*_figures(), *_of_value(value))]
    saved = [(path, draw) for path, draw in drawn if _draw(draw, path, 1.0)]
    _make_fitting([each for each in saved if each[0].endswith(".png")])
    return [path for path, _ in saved]


def _figures() -> Iterator[tuple[str, Draw]]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for number in pyplot.get_fignums()[:MOST_FIGURES]:
            yield f"figure-{number}.png", _drawing(pyplot, number)


def _drawing(pyplot: Any, number: int) -> Draw:
    def draw(path: str, scale: float) -> None:
        figure, smaller = pyplot.figure(number), {}
        if scale < 1:
            usual = pyplot.rcParams["savefig.dpi"]
            smaller["dpi"] = scale * (figure.dpi if usual == "figure" else usual)
        figure.savefig(path, format="png", bbox_inches="tight", **smaller)

    return draw


def _of_value(value: Any) -> Iterator[tuple[str, Draw]]:
    for origin, name, ending, save in KINDS:
        module = sys.modules.get(origin)
        if module is not None and isinstance(value, getattr(module, name, ())):
            yield "value" + ending, lambda path, scale, save=save: save(value, path, scale)  # type: ignore[misc]
            return


def _save_image(image: Any, path: str, scale: float) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels; at most {MOST_PIXELS:,} are possible")
    picture = image if image.mode in WRITABLE else image.convert("RGB")
    if scale < 1:
        picture = picture.convert(BLENDED.get(picture.mode, picture.mode))
        # Of wide integers only the nearest pixel can be taken (0, else Lanczos).
        filter_ = 0 if picture.mode.startswith("I") else 1
        picture = picture.resize((max(1, int(width * scale)), max(1, int(height * scale))), filter_)
    picture.save(path, "PNG")


def _save_page(figure: Any, path: str, _scale: float) -> None:
    # The library itself has four million characters; browsers fetch it from where plotly publishes it.
    figure.write_html(path, include_plotlyjs="cdn", auto_open=False)


KINDS: tuple[tuple[str, str, str, Callable[[Any, str, float], None]], ...] = (
    ("PIL.Image", "Image", ".png", _save_image),
    ("plotly.basedatatypes", "BaseFigure", ".html", _save_page),
)


def _draw(draw: Draw, path: str, scale: float) -> int:
    """Return the bytes that were written, 0 where the library raised instead, which is said."""
    try:
        draw(path, scale)
        return os.path.getsize(path)
    except Exception as error:
        name = os.path.basename(path).partition(".")[0]
        what = "the last value" if name.endswith("value") else name.replace("small-", "").replace("-", " ")
        print(f"{what} could not be drawn: {error}", file=sys.stderr)
        return 0


def _make_fitting(saved: list[tuple[str, Draw]]) -> None:
    """Draw what is larger than its share of the room once more; what small pictures leave of theirs is for others."""
    left = MOST_BYTES
    by_size = sorted(((os.path.getsize(path), path, draw) for path, draw in saved), key=lambda each: each[0])
    for place, (size, path, draw) in enumerate(by_size):
        share = left // (len(by_size) - place)
        left -= size if size <= share else _make_small(path, draw, size, share)


def _make_small(path: str, draw: Draw, size: int, share: int) -> int:
    """Draw a picture smaller and smaller until it fits, and return its size; 0 where that does not help."""
    small = os.path.join(os.path.dirname(path), "small-" + os.path.basename(path))
    scale = 1.0
    for _ in range(MOST_STEPS):
        # Bytes grow with the area.
        scale *= min(0.8, 0.95 * (share / size) ** 0.5)
        size = _draw(draw, small, scale)
        if size <= share:
            break
    if not 0 < size <= share:
        if os.path.exists(small):
            os.remove(small)
        return 0
    return size
