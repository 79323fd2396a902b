"""What is asked for, or what a script needs -> one of the machine's interpreters; imported where ours will not do."""

from __future__ import annotations

import os

from forerun.resolver.errors import ResolverError
from forerun.resolver.syntax import first_python

from .errors import InterpreterMissing, InterpreterUnusable, RunnerError
from .interpreter import OLDEST, this_interpreter
from .interpreters import at, download, installed, remembered
from .store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packaging.specifiers import SpecifierSet

    from forerun.resolver.findings import Resolution
    from forerun.resolver.source import Source

    from .interpreter import Interpreter
    from .process import Cancellation
    from .request import Request

    Fits = Callable[[Interpreter], bool]


def named(request: Request, cancellation: Cancellation | None) -> Interpreter:
    """Return the interpreter that a request names by its version ("3.9", "3.9.18"), or by its path.

    Raises:
        ResolverError: it is neither.
        RunnerError: there is none, or it is none that scripts can be run with.
    """
    wanted = request.python
    if os.sep in wanted:
        found = at(os.path.abspath(os.path.expanduser(wanted)), open_store(), cancellation)
        if found is None:
            raise InterpreterUnusable(wanted)
        return found
    parts = version_parts(wanted)
    if parts[:2] < OLDEST[: len(parts[:2])]:
        raise InterpreterUnusable(f"Python {wanted}")
    return _one_that(lambda each: each.version[: len(parts)] == parts, wanted, request, cancellation)


def version_parts(text: str) -> tuple[int, ...]:
    """Return the parts of a Python version of one to three numbers.

    Raises:
        ResolverError: it is none.
    """
    parts = text.split(".")
    if len(parts) > 3 or not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts):
        raise ResolverError(f"{text[:100]!r} is neither a Python version, such as 3.12, nor the path of a Python")
    return tuple(map(int, parts))


def fitting(
    source: Source, resolution: Resolution, request: Request, cancellation: Cancellation | None
) -> Interpreter | None:
    """Return the interpreter for a script that ours cannot run, or None where another one would be no better.

    The script's `requires-python` decides, or else the newest construct in a line that our parser refuses.

    Raises:
        RunnerError: there is none that fits.
    """
    allowed = _another(source, resolution)
    if allowed is None:
        return None
    return _one_that(lambda each: allowed.contains(each.release), str(allowed), request, cancellation)


def foreseen(source: Source, resolution: Resolution) -> tuple[tuple[int, int] | None, bool]:
    """Return the version of Python that would run a script which ours cannot, None where ours would; starts nothing.

    That is an interpreter's that was found before, which the second value says, or else the nearest that would do.
    """
    allowed = _another(source, resolution)
    if allowed is None:
        return None, False
    try:
        found = _newest(each for each in remembered(open_store()) if allowed.contains(each.release))
    except RunnerError:
        found = None
    if found is not None:
        return found.version[:2], True
    ours = this_interpreter().version[1]
    nearest = sorted(range(OLDEST[1], ours + 10), key=lambda minor: (abs(minor - ours), minor))
    # A last part as high as any lets every bound of a minor version in.
    return next(((3, minor) for minor in nearest if allowed.contains(f"3.{minor}.99")), None), False


def _another(source: Source, resolution: Resolution) -> SpecifierSet | None:
    """Return which versions of Python a script needs, None where they are not known, or ours is one of them."""
    wanted = resolution.requires_python or _by_syntax(source)
    if not wanted:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(wanted)
    except InvalidSpecifier:
        return None
    return None if allowed.contains(this_interpreter().release) else allowed


def _by_syntax(source: Source) -> str:
    needed = first_python(source.text)
    return f">={needed[0]}.{needed[1]}" if needed else ""


def _one_that(fits: Fits, wanted: str, request: Request, cancellation: Cancellation | None) -> Interpreter:
    store = open_store()
    if fits(this_interpreter()):
        return this_interpreter()
    found = _newest(filter(fits, remembered(store))) or _newest(filter(fits, installed(store, cancellation)))
    if found is None and request.may_download:
        download(wanted, cancellation)
        found = _newest(filter(fits, installed(store, cancellation)))
    if found is None:
        present = {each.version: each.release for each in (*remembered(store), this_interpreter())}
        there = [present[each] for each in sorted(present)]
        raise InterpreterMissing(wanted, there, was_fetched=request.may_download)
    return found


def _newest(found: Iterable[Interpreter]) -> Interpreter | None:
    return max(found, key=lambda each: each.version, default=None)
