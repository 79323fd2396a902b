"""Arguments of a tool call -> checked against our bounds, or one sentence that says what is wrong."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from .settings import LONGEST_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_TEXT = 5_000_000
"""Characters of code, of standard input, or of the global variables written as JSON."""
MOST_ITEMS = 200
"""Dependencies; and arguments of a program."""

VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}")
"""A path is not for a caller to choose."""

RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"

Code = Annotated[str, Field(description="Python source")]
FilePath = Annotated[str, Field(description="A file under the mounted folder, by its virtual or relative path")]
Variables = Annotated[dict[str, Any], Field(description="Global variables that the code finds, with JSON values")]
Dependencies = Annotated[
    list[str],
    Field(description="Requirements beyond what the imports say, such as 'pandas<3'. Rarely needed."),
]
Arguments = Annotated[list[str], Field(description="The program's sys.argv[1:]")]
Stdin = Annotated[str, Field(description="What the program reads from standard input")]
Timeout = Annotated[
    float,
    Field(
        description="Seconds after which the program is ended",
        json_schema_extra={"exclusiveMinimum": 0, "maximum": LONGEST_TIMEOUT},
    ),
]
PythonVersion = Annotated[
    str, Field(description=f"A version such as '3.9', if this machine has it; by default {RUNNING}, or what fits")
]

NO_VARIABLES: dict[str, Any] = {}
NO_TEXTS: list[str] = []


class BadArgument(Exception):
    """An argument that is out of bounds; `str()` says which, and what the bound is."""


def check_text(name: str, text: str) -> None:
    """Refuse a text that is too long.

    Raises:
        BadArgument: it is.
    """
    if len(text) > MOST_TEXT:
        raise BadArgument(f"{name} is longer than {MOST_TEXT:,} characters")


def check_items(name: str, texts: Sequence[str]) -> None:
    """Refuse a list of too many or too long texts, or one with NUL characters.

    Raises:
        BadArgument: it is one.
    """
    if len(texts) > MOST_ITEMS:
        raise BadArgument(f"{name} has {len(texts):,} entries; at most {MOST_ITEMS} are possible")
    if any(len(each) > 10_000 or "\0" in each for each in texts):
        raise BadArgument(f"{name} has an entry with a NUL character, or one longer than 10,000 characters")


def check_variables(variables: Mapping[str, Any]) -> None:
    """Refuse global variables that are too long.

    Raises:
        BadArgument: they are.
    """
    check_text("global_variables", json.dumps(variables))


def check_timeout(timeout: float) -> None:
    """Refuse a time that cannot be had.

    Raises:
        BadArgument: it is too short or too long.
    """
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise BadArgument(f"timeout must be above 0 and at most {LONGEST_TIMEOUT:g} seconds")


def check_python(python_version: str) -> None:
    """Refuse what is no version of Python.

    Raises:
        BadArgument: it is none.
    """
    if python_version and not VERSION.fullmatch(python_version):
        raise BadArgument(f"python_version must be a version such as 3.12, not {python_version[:100]!r}")
