"""A person's script block -> the part of it that uv's script locking reads beside the dependencies, as TOML again."""

from __future__ import annotations

import os
import tomllib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .target import Target


def uv_settings(content: str, folder: str, target: Target) -> str:
    """Return `requires-python`, narrowed to a target, and `[tool.uv]` of a block.

    Paths in it count from the script's folder, and are made absolute, since uv is given a copy in another one.
    """
    settings = tomllib.loads(content)["tool"]["uv"]
    lines = [f'requires-python = "=={target.version}.*"', "[tool.uv]"]
    if isinstance(settings, dict):
        lines += [f"{_key(key)} = {_written(_anchored(key, value, folder))}" for key, value in settings.items()]
    return "\n".join(lines)


def _anchored(key: str, value: Any, folder: str) -> Any:
    """Return a setting with its relative paths made absolute ("Sources", "Indexes" and "find-links" in uv's docs)."""
    if key == "sources" and isinstance(value, dict):
        return {name: _anchored_source(source, folder) for name, source in value.items()}
    if key in ("index", "find-links") and isinstance(value, list):
        return [_anchored_source(each, folder) if isinstance(each, dict) else _absolute(each, folder) for each in value]
    return value


def _anchored_source(source: Any, folder: str) -> Any:
    if isinstance(source, list):
        return [_anchored_source(each, folder) for each in source]
    if not isinstance(source, dict):
        return source
    made = {name: _absolute(each, folder) if name in ("path", "url") else each for name, each in source.items()}
    if os.path.isdir(str(made.get("path", ""))):
        # What is installed is kept; a folder's own files are read where they are, so that their changes are seen.
        made.setdefault("editable", True)
    return made


def _absolute(path: Any, folder: str) -> Any:
    return path if not isinstance(path, str) or "://" in path else os.path.join(folder, os.path.expanduser(path))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)} = {_written(each)}" for name, each in value.items()) + "}"
    # Numbers, and dates, which their ISO form writes as TOML does.
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("-", "").replace("_", "").isalnum() else _quoted(name)


def _quoted(text: str) -> str:
    """Return a basic string of TOML, on one line."""
    escapes = {"\\": "\\\\", '"': '\\"'}
    return (
        '"'
        + "".join(escapes.get(each) or (each if each.isprintable() else f"\\U{ord(each):08x}") for each in text)
        + '"'
    )
