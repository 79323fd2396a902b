"""The names that a person always allows, in a small file of their own among their user's configuration."""

from __future__ import annotations

import os
import stat
import sys
import time

from forerun.resolver.errors import FileError
from forerun.resolver.names import canonical
from forerun.resolver.ownership import is_trustworthy
from forerun.runner.locking import lock
from forerun.runner.opening import WAIT_FOR_NOBODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from forerun.runner.locking import Held

LARGEST = 1_000_000
"""Bytes; a larger file is not ours."""


class AnswersError(FileError):
    """The stored answers cannot be used."""


def answers_path() -> str:
    """Return where the answers are: in `FORERUN_CONFIG_DIR`, or as the XDG base directories say."""
    own = os.environ.get("FORERUN_CONFIG_DIR", "")
    if own:
        return os.path.join(os.path.abspath(own), "allowed.json")
    if sys.platform == "win32" and os.environ.get("APPDATA"):
        return os.path.join(os.environ["APPDATA"], "forerun", "allowed.json")
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification has relative paths ignored.
    folder = base if os.path.isabs(base) else os.path.expanduser(os.path.join("~", ".config"))
    return os.path.join(folder, "forerun", "allowed.json")


def allowed_always() -> frozenset[str]:
    """Return the canonical names that were always allowed.

    Raises:
        AnswersError: the file could be written by others, or is none of ours.
    """
    path = answers_path()
    data = _read(path)
    if not data:
        return frozenset()
    import json

    try:
        table = json.loads(data)
        names = [canonical(name) for name in table["allow"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AnswersError(path, "does not hold what was stored in it; delete it, and answer again") from error
    return frozenset(filter(None, names))


def allow_always(names: Iterable[str]) -> str:
    """Store more names, and return the file's path.

    Raises:
        AnswersError: what is there cannot be used.
        OSError: the file cannot be written.
    """
    return _change(lambda present: present | frozenset(names))


def allow_no_longer(names: Iterable[str]) -> str:
    """Take names back, and return the file's path.

    Raises:
        AnswersError: what is there cannot be used.
        OSError: the file cannot be written.
    """
    return _change(lambda present: present - frozenset(names))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | WAIT_FOR_NOBODY)) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise AnswersError(path, "is not a regular file; delete it")
            if not is_trustworthy(found, owners=(0,)):
                raise AnswersError(path, "belongs to others, or they can write to it; run: chmod 600, or delete it")
            return file.read(LARGEST)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise AnswersError(path, f"cannot be read ({error.strerror})") from error


def _change(change: Callable[[frozenset[str]], frozenset[str]]) -> str:
    import json

    path = answers_path()
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with _Locked(os.path.dirname(path)):
        names = sorted(change(allowed_always()))
        part = f"{path}.{os.getpid()}"
        with open(part, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            json.dump({"version": 1, "allow": names}, file, indent=1)
            file.write("\n")
        os.replace(part, path)
    return path


class _Locked:
    """Holds the answers alone, so that two runs that store at once both do; without contextlib, which is dear."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._held: Held | None = None

    def __enter__(self) -> None:
        while (held := lock(os.path.join(self._folder, "allowed.lock"))) is None:
            time.sleep(0.02)
        self._held = held

    def __exit__(self, *_problem: object) -> None:
        if self._held is not None:
            self._held.release()
