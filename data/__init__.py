"""Tables, no logic: where the shipped data files are."""

from __future__ import annotations

import os

FOLDER = os.path.dirname(os.path.abspath(__file__))


def path(name: str) -> str:
    """Return the absolute path of the data file `name`."""
    return os.path.join(FOLDER, name)


def read(name: str) -> bytes:
    """Return the bytes of the data file `name`."""
    with open(path(name), "rb") as file:
        return file.read()
