"""The interpreter and system that a script is meant for."""

from __future__ import annotations

import os
import sys

from .errors import ResolverError
from .value import Value


class Target(Value):
    """A Python version (major, minor) on a system, named as `sys.platform` and `os.name` name it."""

    python: tuple[int, int]
    platform: str
    os_name: str

    @property
    def version(self) -> str:
        """The Python version as text, such as "3.12"."""
        return f"{self.python[0]}.{self.python[1]}"

    @property
    def release(self) -> str:
        """The version with its last part where that is known: ours, or the newest that can be meant."""
        micro = sys.version_info[2] if self.python == sys.version_info[:2] else 99
        return f"{self.version}.{micro}"


def this_target() -> Target:
    """Return the target that this process itself runs on."""
    return Target(sys.version_info[:2], sys.platform, os.name)


def target_for(python: str | None) -> Target:
    """Return this system with the Python version `python`, such as "3.9"; None means our own.

    Raises:
        ResolverError: `python` is not a version.
    """
    here = this_target()
    if python is None:
        return here
    parts = python.split(".")
    if len(parts) < 2 or not all(part.isdecimal() and len(part) < 4 for part in parts[:2]):
        raise ResolverError(f"{python!r} is not a Python version; write it like 3.12")
    return here.replace(python=(int(parts[0]), int(parts[1])))
