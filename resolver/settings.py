"""The nearest `pyproject.toml` of a person's script -> their settings in `[tool.forerun]`."""

from __future__ import annotations

import os

from .errors import FileError, ResolverError
from .trust import TRUST_CHOICES, over_settings
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from .trust import Policy, TrustLevel

KEYS = ("trust", "allow", "deny", "import-map", "server")


class SettingsError(FileError):
    """Settings that cannot be read or make no sense."""


class Settings(Value):
    """What a person set for their project; `trust` is "" where they said nothing.

    `server` is the table of a server's own options, as it was written.
    """

    trust: TrustLevel | Literal[""] = ""
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    import_map: tuple[tuple[str, str], ...] = ()
    server: tuple[tuple[str, Any], ...] = ()
    path: str = ""

    def under(self, rules: Policy, *, is_trust_given: bool) -> Policy:
        """Return the policy of a command line with what these settings add; where they disagree, it stands.

        Raises:
            ResolverError: something in the lists is no distribution's name.
        """
        if not self.path:
            return rules
        trust = self.trust if self.trust and not is_trust_given else rules.trust
        return over_settings(rules.replace(trust=trust), self.allow, self.deny)


def settings_for(folder: str) -> Settings:
    """Return the settings in the nearest `pyproject.toml` at or above a folder that has a `[tool.forerun]` table.

    Raises:
        SettingsError: that table is invalid.
    """
    current = os.path.abspath(folder)
    while True:
        path = os.path.join(current, "pyproject.toml")
        data = _read(path)
        # Parsing TOML costs more than a whole resolution, so only a file that names us is parsed.
        if b"tool.forerun" in data:
            return _parsed(path, data)
        parent = os.path.dirname(current)
        if data or parent == current:
            return Settings()
        current = parent


def own_import_map(path: str) -> tuple[tuple[str, str], ...]:
    """Return the import map in a TOML file: import names and the requirements that provide them.

    Raises:
        SettingsError: the file cannot be read or is no such map.
    """
    data = _read(path)
    if not data and not os.path.isfile(path):
        raise SettingsError(path, "is a folder; name a file in it" if os.path.isdir(path) else "no such file")
    table = _toml(path, data)
    return _import_map(path, table.get("import-map", table))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1_000_000)
    except OSError:
        return b""


def _toml(path: str, data: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(path, f"is not valid TOML: {error}") from error


def _parsed(path: str, data: bytes) -> Settings:
    tool = _toml(path, data).get("tool")
    table = tool.get("forerun") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return Settings()
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise SettingsError(path, f"[tool.forerun] has no setting {unknown[0]!r}; there are {', '.join(KEYS)}")
    trust = table.get("trust", "")
    if trust and trust not in TRUST_CHOICES:
        raise SettingsError(path, f"trust must be one of {', '.join(TRUST_CHOICES)}")
    allow, deny = _names(path, table, "allow"), _names(path, table, "deny")
    server = table.get("server", {})
    if not isinstance(server, dict):
        raise SettingsError(path, "server must be a table, [tool.forerun.server]")
    return Settings(trust, allow, deny, _import_map(path, table.get("import-map", {})), tuple(server.items()), path)


def _names(path: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SettingsError(path, f"{key} must be a list of names")
    return tuple(value)


def _import_map(path: str, table: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(table, dict) or not all(isinstance(each, str) for each in table.values()):
        raise SettingsError(path, "import-map must map import names to distributions, as in sklearn = 'scikit-learn'")
    from .own_map import check_map

    try:
        check_map(table)
    except ResolverError as error:
        raise SettingsError(path, str(error)) from error
    return tuple(sorted(table.items()))
