"""Folder of a person's script -> the files of its project that declare requirements, found and searched cheaply."""

from __future__ import annotations

import os

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 20_000_000
"""Bytes; a larger file declares nothing for us. Locks of large projects have a few megabytes."""

VCS = (".git", ".hg")
NAMES = ("pyproject.toml", "setup.cfg", "requirements.txt", "requirements.in", "uv.lock", "pylock.toml")
DEEPEST = 40
"""Folders that are looked at on the way up."""


class ProjectFiles(Value):
    """`pyproject.toml`, `setup.cfg`, requirements files and locks at or above a folder, up to its project's root."""

    pyproject: str = ""
    setup_cfg: str = ""
    requirements: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file."""
        return (*filter(None, (self.pyproject, self.setup_cfg)), *self.requirements, *self.locks)

    def mention(self, names: Iterable[str]) -> bool:
        """Whether one of some canonical names may occur in them, or they include other files.

        A search in bytes: reading TOML and requirements costs more than a whole resolution without them.
        """
        wanted = [name.encode() for name in names]
        for path in self.paths:
            data = content_of(path).lower().replace(b"_", b"-").replace(b".", b"-")
            if any(name in data for name in wanted) or (path in self.requirements and b"\n-" in b"\n" + data):
                return True
        return False


def project_files(folder: str) -> ProjectFiles:
    """Return what declares requirements for the scripts of a folder: in the nearest folder that has any of it.

    The root is the nearest folder under version control, else the nearest one that declares anything. A file that
    somebody else put there (not the user, not root, not the folder's own owner) declares nothing.
    """
    owners = _owners(folder)
    found: list[tuple[str, ...]] = []
    current = os.path.abspath(folder)
    for _ in range(DEEPEST):
        here = _declaring(current, owners)
        found.append(here)
        if any(os.path.exists(os.path.join(current, name)) for name in VCS):
            break
        parent = os.path.dirname(current)
        if parent in (current, os.path.expanduser("~")):
            found = found[: next((index + 1 for index, paths in enumerate(found) if paths), 0)]
            break
        current = parent
    return _nearest(found)


def content_of(path: str) -> bytes:
    """Return a file's bytes; none where it cannot be read, is no file, or is too large."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError):
        return b""
    return data if len(data) <= LARGEST else b""


def _without_waiting(path: str, flags: int) -> int:
    """Open a file so that a named pipe in its place answers at once."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _owners(folder: str) -> frozenset[int]:
    try:
        return frozenset((0, os.geteuid(), os.stat(folder).st_uid))
    except (OSError, AttributeError):
        return frozenset()


def _declaring(folder: str, owners: frozenset[int]) -> tuple[str, ...]:
    """Return the declaring files in a folder; a folder without any of the usual names is not listed."""
    if not any(os.path.exists(os.path.join(folder, name)) for name in (*NAMES, *VCS)):
        return ()
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ()
    paths = (os.path.join(folder, name) for name in names if _kind(name))
    return tuple(path for path in paths if _is_ours(path, owners))


def _kind(name: str) -> str:
    if name in ("pyproject.toml", "setup.cfg"):
        return name
    if name.startswith("requirements") and name.endswith((".txt", ".in")):
        return "requirements"
    is_lock = name in ("uv.lock", "pylock.toml") or (name.startswith("pylock.") and name.endswith(".toml"))
    return "locks" if is_lock else ""


def _is_ours(path: str, owners: frozenset[int]) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return not owners or found.st_uid in owners


def _nearest(found: Iterable[tuple[str, ...]]) -> ProjectFiles:
    """Return the nearest folder's declarations, and the nearest folder's locks, which a workspace may have above."""
    kinds: dict[str, list[str]] = {}
    for paths in found:
        here: dict[str, list[str]] = {}
        for path in paths:
            here.setdefault(_kind(os.path.basename(path)), []).append(path)
        if "locks" not in kinds and "locks" in here:
            kinds["locks"] = here["locks"]
        if not {"pyproject.toml", "setup.cfg", "requirements"} & kinds.keys():
            kinds.update({kind: here[kind] for kind in here if kind != "locks"})
    project, setup = ("".join(kinds.get(name, [])) for name in ("pyproject.toml", "setup.cfg"))
    return ProjectFiles(project, setup, tuple(kinds.get("requirements", [])), tuple(kinds.get("locks", [])))
