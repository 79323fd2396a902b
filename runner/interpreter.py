"""The interpreter that scripts run under."""

from __future__ import annotations

import os
import sys

from .layout import library, machine

OLDEST = (3, 8)
"""What runs inside the script's interpreter needs this version."""


class Interpreter:
    """A base interpreter: its real path, version and the tag of its bytecode, which names the ABI too."""

    __slots__ = ("path", "tag", "version")

    def __init__(self, path: str, version: tuple[int, int, int], tag: str) -> None:
        self.path = path
        self.version = version
        self.tag = tag

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interpreter) and other.identity == self.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def identity(self) -> str:
        """What a layer built for this interpreter depends on."""
        return f"{self.path} {self.release} {self.tag} {sys.platform} {machine()}"

    @property
    def release(self) -> str:
        """The version as text, such as "3.12.1"."""
        return ".".join(map(str, self.version))

    @property
    def site_packages(self) -> str:
        """Where distributions are in an environment, relative to its root."""
        return f"{library(self.version)}/site-packages"


def this_interpreter() -> Interpreter:
    """Return the base interpreter that forerun itself runs on; never a version manager's shim."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    tag = sys.implementation.cache_tag or sys.implementation.name
    return Interpreter(os.path.realpath(base), (sys.version_info[0], sys.version_info[1], sys.version_info[2]), tag)
