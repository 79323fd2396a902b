"""The interpreter that scripts run under."""

from __future__ import annotations

import os
import sys

from .layout import library, machine

OLDEST = (3, 8)
"""What runs inside the script's interpreter needs this version."""


class Interpreter:
    """A base interpreter: its real path, version and the tag of its bytecode, which names the ABI too.

    `library` is where its own modules are, relative to where it is installed.
    """

    __slots__ = ("library", "path", "tag", "version")

    def __init__(self, path: str, version: tuple[int, int, int], tag: str, abi_thread: str = "") -> None:
        self.path = path
        self.version = version
        self.tag = tag
        self.library = library(version, abi_thread)

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
        return f"{self.library}/site-packages"


def this_interpreter() -> Interpreter:
    """Return the base interpreter that forerun itself runs on; never a version manager's shim.

    Raises:
        InterpreterUnusable: it is no CPython, and has environments of another form.
    """
    if sys.implementation.name != "cpython":
        from .errors import InterpreterUnusable

        raise InterpreterUnusable(sys.executable)
    base = getattr(sys, "_base_executable", "") or sys.executable
    tag = sys.implementation.cache_tag or sys.implementation.name
    abi_thread = "t" if "t" in getattr(sys, "abiflags", "") else ""
    return Interpreter(os.path.realpath(base), sys.version_info[:3], tag, abi_thread)
