"""pip's configuration files and variables -> the settings that people have there, as a mapping."""

from __future__ import annotations

import configparser

from .errors import RunnerError
from .index_files import pip_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS = ("global", "install")
"""Those that `pip install` reads, the later one overriding."""


def pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings by their long option's name, such as `index-url`; variables override files.

    Raises:
        RunnerError: a file is there and cannot be understood.
    """
    found: dict[str, str] = {}
    for path in pip_files(environment):
        found.update(_of_file(path))
    for name, value in environment.items():
        if name.startswith("PIP_") and value.strip():
            found[_option(name.removeprefix("PIP_"))] = value.strip()
    return found


def _of_file(path: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        with open(path, encoding="utf-8-sig") as file:
            parser.read_file(file)
    except OSError:
        return {}
    except (configparser.Error, ValueError) as error:
        reason = str(error).replace("\n", " ")
        raise RunnerError(f"pip's configuration file {path} cannot be read ({reason}); correct it") from error
    sections = (section for section in SECTIONS if parser.has_section(section))
    return {_option(name): value.strip() for section in sections for name, value in parser.items(section) if value}


def _option(name: str) -> str:
    return name.lower().replace("_", "-")
