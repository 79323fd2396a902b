"""First lines of a file -> the program that runs it, and whether that is a Python."""

from __future__ import annotations

import re

LONGEST = 400
"""Bytes of a file that are looked at; systems read fewer (Linux 256)."""

_PYTHON = re.compile(r"(?:python|pythonw|pypy|ipython|jython|graalpy)(?:\d+(?:\.\d+)*)?[a-z]?(?:\.exe)?", re.IGNORECASE)
_LAUNCHERS = frozenset({"uv", "uvx", "pipx"})
"""Programs that run the script with a Python that they choose."""

_SHELLS = frozenset({"sh", "bash", "dash"})


def program(head: bytes) -> str:
    """Return the name of the program in a `#!` line, `env` and its options passed over, or ""."""
    first = head[:LONGEST].partition(b"\n")[0].decode("latin-1").removeprefix("\xef\xbb\xbf")
    if not first.startswith("#!"):
        return ""
    words = first[2:].split()
    if words and _base(words[0]) == "env":
        words = _without_options(words[1:])
    return _base(words[0]) if words else ""


def is_python(head: bytes) -> bool:
    """Whether the first bytes of a file say that a Python runs it."""
    name = program(head)
    if name in _SHELLS:
        # So pip writes a script whose interpreter's path is too long: the shell reads a command, Python a string.
        return head[:LONGEST].partition(b"\n")[2].startswith((b"'''exec'", b'"exec"', b'""":"', b"''''"))
    return name in _LAUNCHERS or _PYTHON.fullmatch(name) is not None


def _base(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2]


def _without_options(words: list[str]) -> list[str]:
    """Return the words of an `env` line from the program on (env(1): options, then NAME=VALUE)."""
    while words and (words[0].startswith("-") or "=" in words[0]):
        option, words = words[0], words[1:]
        if option in ("-u", "--unset", "-C", "--chdir"):
            words = words[1:]
        elif option.startswith("-S") and len(option) > 2:
            words = [option[2:], *words]
        elif option.startswith("--split-string="):
            words = [option.partition("=")[2], *words]
    return words
