"""What an environment looks like on this system: its folders and its programs (PEP 405; schemes of `sysconfig`)."""

from __future__ import annotations

import os
import sys

PROGRAMS = "Scripts" if sys.platform == "win32" else "bin"
"""Folder of an environment's programs."""
PYTHON = "python.exe" if sys.platform == "win32" else "python"


def python_of(root: str) -> str:
    """Return the interpreter of an environment."""
    return os.path.join(root, PROGRAMS, PYTHON)


def library(version: tuple[int, ...], abi_thread: str = "") -> str:
    """Return the folder of a Python's own modules, relative to where it is installed.

    `abi_thread` is "t" for a free-threaded build (PEP 703), which has a folder of its own but on Windows.
    """
    return "Lib" if sys.platform == "win32" else f"lib/python{version[0]}.{version[1]}{abi_thread}"


def site_packages_of(python: str) -> str:
    """Return the folder in which an environment of ours, given by its interpreter, has its distributions."""
    root = os.path.dirname(os.path.dirname(python))
    if sys.platform == "win32":
        return os.path.join(root, "Lib", "site-packages")
    above = os.path.join(root, "lib")
    return os.path.join(above, os.listdir(above)[0], "site-packages")


def prefix_of(python: str) -> str:
    """Return the folder that a base interpreter is installed in."""
    folder = os.path.dirname(python)
    return folder if sys.platform == "win32" else os.path.dirname(folder)


def machine() -> str:
    """Return the name of this machine's architecture."""
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
