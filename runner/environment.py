"""Interpreter + layer -> a fresh virtual environment for one run, made in process, deleted afterwards."""

from __future__ import annotations

import itertools
import os
import sys
import time

from .deletion import delete
from .errors import StoreError
from .layout import PROGRAMS, python_of
from .pip_inside import add_pip
from .store import Claim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .interpreter import Interpreter
    from .store import Store

INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside")
"""Folder of the modules that run inside the script's interpreter."""

_numbers = itertools.count()


class Environment:
    """The folder of one run: an environment in `env`, and beside it what goes in and comes out of the script.

    A context manager; leaving it deletes everything.
    """

    def __init__(self, store: Store, interpreter: Interpreter) -> None:
        self.store = store
        self._is_copied = False
        self._claim = Claim(store, "runs", f"{os.getpid()}-{time.time_ns():x}-{next(_numbers)}")
        self.folder = self._claim.folder
        self.interpreter = interpreter
        self.answer = os.path.join(self.folder, "answer.json")
        self._root = os.path.join(self.folder, "env")

    def __enter__(self) -> Environment:
        try:
            self._claim.__enter__()
        except OSError as error:
            raise StoreError(os.path.dirname(self.folder), f"cannot be written to ({error.strerror})") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._claim.__exit__()

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return python_of(self._root)

    def populate(self, layer: str, *, is_copied: bool = False) -> None:
        """Make the environment anew, over a layer ("" for none), or with a copy of all that is in it.

        Raises:
            StoreError: the file system refuses.
        """
        try:
            if os.path.isdir(self._root):
                delete(self._root)
            for leftover in (self.answer,):
                if os.path.exists(leftover):
                    os.unlink(leftover)
            make_skeleton(self._root, self.interpreter)
            self._is_copied = is_copied and bool(layer)
            if self._is_copied:
                from .private_copy import copy_layer

                copy_layer(layer, self._root)
            self._add_path_file("" if is_copied else layer)
            if not os.path.isdir(os.path.join(layer, self.interpreter.site_packages, "pip")):
                add_pip(self._root, self.interpreter)
        except OSError as error:
            raise StoreError(os.path.dirname(self.folder), f"cannot be written to ({error.strerror})") from error

    def _add_path_file(self, layer: str) -> None:
        """Write the `.pth` file (see `site` in the standard library) through which the layer and our hook are seen."""
        lines = []
        if layer:
            # Python reads the path files of an environment twice; the layer's own would be obeyed twice, too.
            folder = os.path.join(layer, self.interpreter.site_packages)
            lines.append(f"import site, sys; {folder!r} in sys.path or site.addsitedir({folder!r})")
        hook = f"(sys.path.append({INSIDE!r}), __import__('_forerun_child'), sys.path.remove({INSIDE!r}))"
        lines.append(f"import os, sys; 'FORERUN_ANSWER' in os.environ and {hook}")
        with open(
            os.path.join(self._root, self.interpreter.site_packages, "forerun.pth"), "w", encoding="utf-8"
        ) as file:
            file.write("\n".join(lines) + "\n")

    def variables(
        self, outer: Mapping[str, str], layer: str, *, may_retry: bool, translated: tuple[str, str] | None = None
    ) -> dict[str, str]:
        """Return the environment variables of the script: the outer ones, as after activation."""
        inner = dict(outer)
        for name in ("PYTHONHOME", "__PYVENV_LAUNCHER__"):
            inner.pop(name, None)
        programs = [
            os.path.join(self._root, PROGRAMS),
            *([] if self._is_copied or not layer else [os.path.join(layer, PROGRAMS)]),
        ]
        inner["PATH"] = os.pathsep.join([*programs, inner.get("PATH", os.defpath)])
        inner["VIRTUAL_ENV"] = self._root
        inner["FORERUN_ANSWER"] = self.answer
        if may_retry:
            inner["FORERUN_MAY_RETRY"] = "1"
        if translated:
            inner["FORERUN_PATHS"] = "\n".join(translated)
        return inner


def make_skeleton(root: str, interpreter: Interpreter) -> None:
    """Make an empty virtual environment (PEP 405) whose scripts can be moved with it.

    Raises:
        OSError: the file system refuses.
    """
    os.makedirs(os.path.join(root, interpreter.site_packages), mode=0o700)
    programs = os.path.join(root, PROGRAMS)
    os.mkdir(programs, 0o700)
    if sys.platform == "win32":
        from .windows_skeleton import add_programs

        add_programs(programs, interpreter)
    else:
        python = os.path.join(programs, "python")
        os.symlink(interpreter.path, python)
        for name in ("python3", f"python3.{interpreter.version[1]}"):
            _link(interpreter.path, os.path.join(programs, name), python)
    with open(os.path.join(root, "pyvenv.cfg"), "w", encoding="utf-8") as file:
        file.write(f"home = {os.path.dirname(interpreter.path)}\n")
        file.write("include-system-site-packages = false\n")
        file.write(f"version = {'.'.join(map(str, interpreter.version))}\nrelocatable = true\n")


def _link(target: str, path: str, alike: str) -> None:
    """Make a link to `target`, as another name of the link `alike` where that can be: a new one takes far longer."""
    try:
        os.link(alike, path, follow_symlinks=False)
    except (OSError, NotImplementedError):
        os.symlink(target, path)
