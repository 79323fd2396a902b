"""The machine -> its interpreters, each asked once what it is, and remembered for as long as its file is the same."""

from __future__ import annotations

import os
import sys
import tempfile
import time

from .errors import Cancelled, RunnerError
from .interpreter import OLDEST, Interpreter
from .masking import masked
from .process import run_tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .process import Cancellation
    from .store import Store

    Known = dict[tuple[str, str], "Interpreter | None"]

ANSWER = """\
import os, sys
parts = ["python.exe"] if os.name == "nt" else ["bin", "python%d.%d" % sys.version_info[:2]]
own = os.path.join(sys.base_prefix, *parts)
path = os.path.realpath(own if os.path.exists(own) else sys.executable)
flags = getattr(sys, "abiflags", "")
plain = sys.implementation.name == "cpython" and "t" not in flags and sys.version_info[3] == "final"
print(path, "%d.%d.%d" % sys.version_info[:3], sys.implementation.cache_tag, int(plain), sep="\\n")
"""
"""What an interpreter is asked: the path of its base, its version, its tag, and whether it is an ordinary CPython."""

DEADLINE = 60.0
"""Seconds; an interpreter that takes longer to start is none."""

LARGEST = 1_000_000
"""Bytes of the file in which interpreters are remembered."""


def ask(path: str, cancellation: Cancellation | None = None) -> Interpreter | None:
    """Start an interpreter, or a version manager's shim of one, and return what it is.

    Returns None for what cannot be started, is no CPython of 3.8 or later, or has no environments as we make them: a
    pre-release, a free-threaded build.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        told = run_tool([path, "-I", "-S", "-c", ANSWER], variables, "/", DEADLINE, cancellation)
    except Cancelled:
        raise
    except (RunnerError, ValueError):
        return None
    return _told(told.stdout.decode("utf-8", "surrogateescape")) if told.code == 0 else None


def _told(text: str) -> Interpreter | None:
    lines = text.splitlines()
    if len(lines) < 4 or lines[3] != "1":
        return None
    found = _made(*lines[:3])
    return found if found and found.version[:2] >= OLDEST else None


def _made(path: str, version: str, tag: str) -> Interpreter | None:
    try:
        major, minor, micro = map(int, version.split("."))
    except ValueError:
        return None
    return Interpreter(path, (major, minor, micro), tag)


def remembered(store: Store) -> list[Interpreter]:
    """Return the interpreters that were found before and are still the same files; starts none of them."""
    return _distinct(_read(store))


def at(path: str, store: Store, cancellation: Cancellation | None = None) -> Interpreter | None:
    """Return the interpreter behind a path, asked at most once for as long as the file is the same."""
    return _asked([path], store, cancellation)[path, _stamp(path)] if _stamp(path) else None


def installed(store: Store, cancellation: Cancellation | None = None) -> list[Interpreter]:
    """Look for interpreters: where uv does, and where pyenv keeps its own; ask those that are new.

    Raises:
        Cancelled: the run was cancelled.
        StoreError: what was found cannot be remembered.
    """
    return _distinct(_asked((*_of_uv(cancellation), *_of_pyenv()), store, cancellation))


def _asked(paths: Iterable[str], store: Store, cancellation: Cancellation | None) -> Known:
    known = _read(store)
    for key in {(path, _stamp(path)): None for path in paths}:
        if key[1] and key not in known:
            known[key] = ask(key[0], cancellation)
    _write(store, known)
    return known


def _distinct(known: Known) -> list[Interpreter]:
    return list({each.path: each for each in known.values() if each}.values())


def download(version: str, cancellation: Cancellation | None = None) -> None:
    """Have uv fetch an interpreter, such as "3.9" or ">=3.8,<3.11".

    Raises:
        RunnerError: there is no uv, or it has none, or cannot fetch it.
    """
    from .installer import Uv

    with tempfile.TemporaryDirectory() as folder:
        done = Uv(cancellation).run_once(["python", "install", "--no-bin", version], folder, "--no-progress")
    if done.code:
        raise RunnerError(f"uv cannot fetch Python {version}: {_why(masked(done.stderr.decode('utf-8', 'replace')))}")


def _why(log: str) -> str:
    """Return the first and the last reason that uv gives, without what it had done until then."""
    lines = [line.strip() for line in log.split("\n") if line.strip()]
    reasons = [line.partition(": ")[2] for line in lines if line.startswith(("error: ", "cause: "))]
    told = [*reasons[:1], *reasons[-1:]] or lines[-1:] or ["it gave no reason"]
    return "; ".join(dict.fromkeys(told))


def _of_uv(cancellation: Cancellation | None) -> Iterator[str]:
    """Yield the paths that `uv python list` knows, which are shims too; none where there is no uv."""
    import json

    from .errors import InstallerMissing
    from .installer import Uv

    try:
        with tempfile.TemporaryDirectory() as folder:
            command = ["python", "list", "--only-installed", "--output-format", "json"]
            # Told to be quiet, uv keeps the list to itself.
            done = Uv(cancellation).run_once(command, folder, "--no-progress")
        yield from (each["path"] for each in json.loads(done.stdout))
    except (InstallerMissing, ValueError, KeyError, TypeError):
        return


def _of_pyenv() -> Iterator[str]:
    """Yield the interpreters of pyenv, whose shims show only those that its user has activated."""
    own = ("pyenv-win",) if sys.platform == "win32" else ()
    root = os.environ.get("PYENV_ROOT") or os.path.join(os.path.expanduser("~"), ".pyenv", *own)
    versions = os.path.join(root, "versions")
    try:
        names = sorted(os.listdir(versions))
    except OSError:
        return
    program = ("python.exe",) if sys.platform == "win32" else ("bin", "python")
    yield from (os.path.join(versions, name, *program) for name in names)


def _stamp(path: str) -> str:
    """Return what changes when another interpreter takes a path's place, "" where there is nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def _read(store: Store) -> Known:
    """Read a line for each path that is as it was: path, stamp and, where we can use it, the interpreter."""
    from .exchange import read_file

    known: Known = {}
    for line in os.fsdecode(read_file(_file(store), LARGEST) or b"").split("\n"):
        fields = line.split("\t")
        if len(fields) < 2 or _stamp(fields[0]) != fields[1] or not _stamp(fields[2 if len(fields) == 5 else 0]):
            continue
        if len(fields) == 2:
            known[fields[0], fields[1]] = None
        elif len(fields) == 5:
            known[fields[0], fields[1]] = _made(*fields[2:])
    return known


def _write(store: Store, known: Known) -> None:
    lines = ["\t".join((*key, *_fields(each))) for key, each in known.items() if not {"\t", "\n"} & set(key[0])]
    written = f"{_file(store)}.{os.getpid()}-{time.time_ns():x}"
    try:
        with open(written, "wb") as file:
            file.write(os.fsencode("\n".join(lines)))
        os.replace(written, _file(store))
    except OSError as error:
        from .errors import StoreError

        raise StoreError(store.folder, f"cannot be written to ({error.strerror})") from error


def _fields(interpreter: Interpreter | None) -> Iterable[str]:
    return (interpreter.path, interpreter.release, interpreter.tag) if interpreter else ()


def _file(store: Store) -> str:
    return store.path("interpreters")
