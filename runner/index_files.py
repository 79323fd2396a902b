"""Environment variables -> the configuration files of pip and uv that say where distributions come from."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def pip_files(environment: Mapping[str, str]) -> list[str]:
    """Return where pip's configuration may be, each file overriding those before ("Configuration" in pip's guide)."""
    chosen = environment.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return []
    shared = [os.path.join(folder, "pip", "pip.conf") for folder in reversed(_shared(environment))]
    own = [os.path.expanduser("~/.pip/pip.conf"), os.path.join(_own(environment), "pip", "pip.conf")]
    if sys.platform == "darwin":
        own.append(os.path.expanduser("~/Library/Application Support/pip/pip.conf"))
    return [*shared, "/etc/pip.conf", *own, os.path.join(sys.prefix, "pip.conf"), *([chosen] if chosen else [])]


def uv_files(environment: Mapping[str, str]) -> list[str]:
    """Return where uv's configuration may be, each file overriding those before ("Configuration files" of uv).

    Those of a project are left out: what a script lies beside does not choose where distributions come from.
    """
    if environment.get("UV_NO_CONFIG", "").lower() in ("1", "true"):
        return []
    chosen = environment.get("UV_CONFIG_FILE")
    if chosen:
        return [chosen]
    shared = [os.path.join(folder, "uv", "uv.toml") for folder in reversed(_shared(environment))]
    return ["/etc/uv/uv.toml", *shared, os.path.join(_own(environment), "uv", "uv.toml")]


def index_files(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each configuration file that exists, another one when the file changes.

    Read by every warm run, so that the files are looked at and not opened.
    """
    lines = []
    for path in (*pip_files(environment), *uv_files(environment)):
        try:
            status = os.stat(path)
        except OSError:
            continue
        lines.append(f"{path} {status.st_mtime_ns} {status.st_size} {status.st_ino}")
    return lines


def _shared(environment: Mapping[str, str]) -> list[str]:
    return [each for each in (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep) if each]


def _own(environment: Mapping[str, str]) -> str:
    chosen = environment.get("XDG_CONFIG_HOME", "")
    return chosen if os.path.isabs(chosen) else os.path.expanduser("~/.config")
