"""Text of scripts and of the runner -> text to show to a model: encodable, bounded, in virtual paths."""

from __future__ import annotations

import re
from typing import Any

CLOSING_TAG = re.compile(r"<(?=/\s*(?:status|dependencies|files|output|return_value|error|notes)\b)", re.IGNORECASE)


def encodable(text: str) -> str:
    """Return text that UTF-8 can carry: lone surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """Return text of printable characters only, fit to be shown in one line: anything else is a blank."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def encodable_data(data: Any) -> Any:
    """Return JSON data whose every string UTF-8 can carry."""
    if isinstance(data, str):
        return encodable(data)
    if isinstance(data, dict):
        return {encodable(str(key)): encodable_data(value) for key, value in data.items()}
    if isinstance(data, list):
        return [encodable_data(each) for each in data]
    return data


def shortened(text: str, limit: int, missing: int = 0) -> str:
    """Return the head and the tail of a text longer than `limit`, and between them how much was cut.

    `missing` is what was cut out of the text before.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half + missing} characters cut ...]\n{text[-half:]}"


def in_virtual_paths(text: str, mount: tuple[str, str]) -> str:
    """Return text with the real folder written as the virtual one, wherever a path begins with it."""
    virtual, folder = mount
    if folder in (virtual, "/"):
        return text
    if not folder.startswith("/"):
        return _with_slashes(_with_slashes(text, virtual, folder), virtual, folder.replace("\\", "\\\\"))
    if folder not in text:
        return text
    return re.sub(rf"{re.escape(folder)}(?![\w-]|\.\w)", lambda _: virtual, text)


def _with_slashes(text: str, virtual: str, folder: str) -> str:
    """Return text in which paths of Windows below a folder are virtual ones, whose parts are divided by slashes.

    `folder` is written as in the text: in a `repr`, backslashes stand twice.
    """
    below = r"(?![\w-]|\.\w)((?:\\+[^\\/:*?\"'<>|\s]+)*)"
    return re.sub(
        rf"{re.escape(folder)}{below}", lambda found: virtual + re.sub(r"\\+", "/", found[1]), text, flags=re.IGNORECASE
    )


def without_closing_tags(text: str) -> str:
    """Return text that cannot end one of our own tags, and so cannot pass for another part of the answer."""
    return CLOSING_TAG.sub(r"<\\", text)
