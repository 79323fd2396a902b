"""Inside the script's interpreter: values -> JSON data or repr. Standard library only."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_REPR = 100_000
MOST_ITEMS = 100_000
MOST_CHARACTERS = 10_000_000
LARGEST_INTEGER = 2048
"""Bits; Python may refuse to write longer ones down in decimals."""
DEEPEST = 50


class NotData(Exception):
    """A value that JSON cannot hold, or that is too large or too deep for it."""


def value_of(value: Any) -> dict[str, Any] | None:
    """Return {"repr": text, "data": JSON} for a value, without "data" where it is none, or None for None."""
    if value is None:
        return None
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} object whose repr failed: {type(error).__name__}>"
    answer = {"repr": text if len(text) <= LONGEST_REPR else text[:LONGEST_REPR] + "..."}
    try:
        answer["data"] = _Converter().data(value, 0)
    except (NotData, RecursionError):
        pass
    except Exception:  # A value's own conversion may raise anything; its repr is the answer then.
        pass
    return answer


class _Converter:
    """Turns a value into JSON data, and counts, so that a huge value is refused rather than copied."""

    def __init__(self) -> None:
        self._items = 0
        self._characters = 0

    def data(self, value: Any, depth: int) -> Any:
        """Return a value as JSON data, or raise NotData."""
        self._items += 1
        if depth > DEEPEST or self._items > MOST_ITEMS:
            raise NotData
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (int, float)):
            return self._number(value)
        if isinstance(value, dict):
            data = {self._key(key): self.data(each, depth + 1) for key, each in value.items()}
            return data if len(data) == len(value) else self._refuse()
        if isinstance(value, (list, tuple)):
            return [self.data(each, depth + 1) for each in value]
        return self.data(self._converted(value), depth + 1)

    def _text(self, text: str) -> str:
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            raise NotData
        return text

    def _number(self, number: int | float) -> int | float:
        if isinstance(number, int):
            return int(number) if int(number).bit_length() <= LARGEST_INTEGER else self._refuse()
        return float(number) if math.isfinite(number) else self._refuse()

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return self._text(key)
        if isinstance(key, (int, float, bool)):
            return str(key)
        raise NotData

    def _converted(self, value: Any) -> Any:
        """Return the plainer value that a library's own type stands for."""
        kind = type(value)
        origin = (kind.__module__ or "").partition(".")[0]
        if hasattr(kind, "__dataclass_fields__"):
            return {name: getattr(value, name) for name in kind.__dataclass_fields__}
        if origin == "numpy" and hasattr(value, "tolist"):
            if getattr(value, "size", 1) > MOST_ITEMS:
                raise NotData
            return value.tolist()
        if origin == "pandas" and kind.__name__ == "DataFrame":
            is_table = value.size <= MOST_ITEMS and value.columns.is_unique
            return value.to_dict(orient="records") if is_table else self._refuse()
        if origin == "pandas" and kind.__name__ in ("Series", "Index"):
            return value.tolist() if value.size <= MOST_ITEMS else self._refuse()
        if hasattr(kind, "model_dump"):
            return value.model_dump(mode="json")
        if hasattr(kind, "__fields__") and hasattr(kind, "parse_obj"):
            return _model_of_pydantic_1(value)
        return self._refuse()

    def _refuse(self) -> Any:
        raise NotData


def _model_of_pydantic_1(model: Any) -> Any:
    import json

    return json.loads(model.json())
