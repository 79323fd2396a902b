"""Script -> what was predicted for it before, so that a warm run need not load what analyses it.

Only what follows from a script's text and our tables is kept: nothing that a local module, a project's file, a script
block or a change of `sys.path` had a part in. That none of them has one now is looked up each time.
"""

from __future__ import annotations

import marshal
import os
import sys

from forerun import __version__
from forerun.resolver.findings import Diagnostic, Evidence, Requirement, Resolution
from forerun.resolver.target import Target
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from forerun.resolver.source import Source

    from .interpreter import Interpreter
    from .request import Request
    from .store import Store

KINDS = {kind.__name__: kind for kind in (Diagnostic, Evidence, Requirement, Resolution, Target)}

FORM = "1"
"""Changed by hand whenever what is kept gets another meaning."""

PLACES = 4093
"""Files at most, of which the last comer has each: a prime, so that a remainder by it chooses well."""

LARGEST = 100_000
"""Characters; to tell a longer text takes as long as it saves."""

MARK, MARK_SIZE = 2**521 - 1, 66
"""A remainder by this prime, in bytes, stands for a text, and tells a damaged file: two texts have the same if somebody
makes them so, whose second script then begins with what the first needs. To load a hash takes half a millisecond."""

ABOVE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

IS_INSTALLED = os.path.basename(os.path.dirname(ABOVE)) in ("site-packages", "dist-packages")
"""Whether we lie on `sys.path` where an installer put us, and its folder changes when it puts others there."""


class Memory:
    """What is remembered in a store about one script, as it is to be run."""

    def __init__(self, store: Store, source: Source, request: Request, interpreter: Interpreter) -> None:
        self._source = source
        self._key = b""
        if _is_plain(source, request):
            options = (request.import_map, request.with_hints, request.all_optional)
            told = (source.kind, source.path, source.notes, source.not_executed, options)
            asked = "\0".join([FORM, __version__, interpreter.identity, *_own_state(), repr(told), source.text])
            self._key = _mark(asked.encode("utf-8", "surrogatepass"))
        self._path = store.path("predictions", str(int.from_bytes(self._key, "big") % PLACES))

    def recall(self) -> Resolution | None:
        """Return the resolution that analysing the script anew would give; None where that must be done."""
        if not self._key:
            return None
        try:
            with open(self._path, "rb") as file:
                key, check, data = file.read(MARK_SIZE), file.read(MARK_SIZE), file.read()
        except OSError:
            return None
        if key != self._key or check != _mark(data):
            return None
        resolution: Resolution = _revived(marshal.loads(data))
        return None if self._is_influenced(resolution) else resolution

    def keep(self, resolution: Resolution) -> None:
        """Remember a resolution, if the text alone has led to it; what cannot be written down is not."""
        if not self._key or not self._follows_from_text(resolution):
            return
        data = marshal.dumps(_flat(resolution))
        try:
            # Two who write at once, or one who is killed, leave what the check tells from a whole one.
            with open(self._path, "wb", buffering=0) as file:
                file.write(self._key + _mark(data) + data)
        except OSError:
            return

    def _follows_from_text(self, resolution: Resolution) -> bool:
        from forerun.resolver.looking import BLOCK, PATH_WORDS

        is_settled = not (resolution.unresolved or any(each.is_fatal for each in resolution.diagnostics))
        if not is_settled or any(word in self._source.text for word in (BLOCK, *PATH_WORDS)):
            return False
        return not resolution.local and not self._is_influenced(resolution)

    def _is_influenced(self, resolution: Resolution) -> bool:
        """Whether local modules or a project's files have something to say of what the script imports or needs."""
        # What the interpreter itself brings comes before local modules; what only Python 2 did comes after them.
        older = (name for name in resolution.standard_library if name not in sys.stdlib_module_names)
        sought = (*resolution.third_party, *older)
        if not self._source.folder or not (sought or resolution.requirements or resolution.optional):
            return False
        from forerun.resolver.local import Neighbourhood
        from forerun.resolver.project_files import project_files

        neighbourhood = Neighbourhood()
        starts = neighbourhood.starts(self._source)
        is_local = any(neighbourhood.find(module, starts) for module in sought)
        return is_local or bool(project_files(self._source.folder).paths)


def _is_plain(source: Source, request: Request) -> bool:
    """Whether a person's script runs on our own interpreter, with nothing added.

    One of an archive does not: it is unpacked at another path each time.
    """
    is_ours = source.author == "person" and source.kind != "notebook" and not (request.protects_store or source.project)
    if not is_ours or len(source.text) > LARGEST:
        return False
    return not (request.python or request.dependencies or request.preinstalled or request.is_refreshed)


def _mark(data: bytes) -> bytes:
    # With a one in front, so that zeros at the beginning count, too.
    return (int.from_bytes(b"\1" + data, "big") % MARK).to_bytes(MARK_SIZE, "big")


def _own_state() -> Iterator[str]:
    """Yield what changes when we, our tables or the packages whose tables we read are changed or exchanged."""
    for folder in sys.path:
        try:
            found = os.stat(folder)
            yield f"{folder} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}"
        except OSError:
            continue
    for folder in () if IS_INSTALLED else (os.path.join(ABOVE, "resolver"), os.path.join(ABOVE, "data")):
        with os.scandir(folder) as entries:
            yield repr([entry.stat().st_mtime_ns for entry in entries])


def _flat(value: Any) -> Any:
    """Return a value as what `marshal` can write: a list where it is one of ours, tuples and texts as they are."""
    if isinstance(value, Value):
        return [type(value).__name__, *map(_flat, value.astuple())]
    return tuple(map(_flat, value)) if isinstance(value, tuple) else value


def _revived(flat: Any) -> Any:
    if isinstance(flat, list):
        return KINDS[flat[0]](*map(_revived, flat[1:]))
    return tuple(map(_revived, flat)) if isinstance(flat, tuple) else flat
