"""`setup.cfg` -> the requirements that setuptools takes from it ("Configuring setuptools using setup.cfg files")."""

from __future__ import annotations

import configparser

from .pyproject_file import Listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def setup_cfg(text: str) -> tuple[tuple[Listed, ...], str]:
    """Return what a `setup.cfg` lists, and what is wrong with it, or ""."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return (), f"is not a configuration file: {str(error).splitlines()[0]}"
    lines = {line.strip(): number for number, line in reversed(list(enumerate(text.split("\n"), 1)))}
    return tuple(Listed(each, lines.get(each, 0), is_optional) for each, is_optional in _listed(parser)), ""


def _listed(parser: configparser.ConfigParser) -> Iterator[tuple[str, bool]]:
    required = parser.get("options", "install_requires", fallback="")
    yield from ((each, False) for each in _values(required))
    if parser.has_section("options.extras_require"):
        for _, values in parser.items("options.extras_require"):
            yield from ((each, True) for each in _values(values))


def _values(text: str) -> Iterator[str]:
    """Yield the values of a list, one a line or divided by semicolons where it has one line; files stay unread."""
    if not text.strip().startswith("file:"):
        yield from filter(None, (line.partition(" #")[0].strip() for line in text.split("\n")))
