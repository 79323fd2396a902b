"""Interpreter + layer -> a fresh virtual environment for one run, made in process, deleted afterwards."""

from __future__ import annotations

import os
import sys
import time

from .layout import PROGRAMS, python_of
from .store import Claim, unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .ahead import Waiting
    from .errors import StoreError
    from .interpreter import Interpreter
    from .store import Store
    from .supervisor import Job

INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside")
"""Folder of the modules that run inside the script's interpreter."""

WAITS = "FORERUN_WAITS"
"""The variable that tells an interpreter at which descriptor to wait before it begins; see `ahead`."""

HOOK = f"""
try:
    sys.path.append({INSIDE!r})
    import _forerun_child
    sys.path.remove({INSIDE!r})
except BaseException as error:
    if {WAITS!r} in os.environ:
        os.write(2, f"forerun: an interpreter failed before it got to the script: {{error!a}}\\n".encode())
        os._exit(1)
    raise
"""
"""What our path file does: `site` would only complain of what fails, and go on with a script that may not run yet."""

_numbers = iter(range(sys.maxsize))


class Environment:
    """The folder of one run: an environment in `env`, and beside it what goes in and comes out of the script.

    A context manager, which may be entered and left more than once; leaving it deletes everything. `waiting` is an
    interpreter that was started in it before it was known what the script needs.
    """

    waiting: Waiting | None = None

    def __init__(self, store: Store, interpreter: Interpreter) -> None:
        self.store = store
        self._distributions = ""
        self._is_copied = False
        self._is_prepared = False
        self._is_claimed = False
        self._claim = Claim(store, "runs", f"{os.getpid()}-{time.time_ns():x}-{next(_numbers)}")
        self.folder = self._claim.folder
        self.interpreter = interpreter
        self.answer = os.path.join(self.folder, "answer.json")
        self._root = os.path.join(self.folder, "env")

    def __enter__(self) -> Environment:
        if not self._is_claimed:
            try:
                self._claim.__enter__()
            except OSError as error:
                raise self._unusable(error) from error
            self._is_claimed = True
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end_waiting()
        finally:
            if self._is_claimed:
                self._claim.__exit__()
                self._is_claimed = False

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return python_of(self._root)

    @property
    def hold(self) -> int:
        """The descriptor by which a process holds the folder as we do."""
        return self._claim.descriptor

    def prepare(self) -> None:
        """Make the environment as far as that can be done before its layer is known: its interpreter can be started.

        Raises:
            StoreError: the file system refuses.
        """
        try:
            make_skeleton(self._root, self.interpreter)
            self._write_path_file(self._path_file)
        except OSError as error:
            raise self._unusable(error) from error
        self._is_prepared = True

    def populate(self, layer: str, *, is_copied: bool = False) -> None:
        """Make the environment, over a layer ("" for none), or with a copy of all that is in it.

        It is made anew, unless `prepare` has begun it.

        Raises:
            StoreError: the file system refuses.
        """
        try:
            if not self._is_prepared:
                self._clear()
                make_skeleton(self._root, self.interpreter)
            self._is_copied = is_copied and bool(layer)
            if self._is_copied:
                from .private_copy import copy_layer

                copy_layer(layer, self._root)
            self._distributions = os.path.join(layer, self.interpreter.site_packages) if layer and not is_copied else ""
            self._add_path_file()
            add_names(self._root, self.interpreter)
            if not os.path.isdir(os.path.join(layer, self.interpreter.site_packages, "pip")):
                from .pip_inside import add_pip

                add_pip(self._root, self.interpreter)
        except OSError as error:
            raise self._unusable(error) from error
        self._is_prepared = False

    def end_waiting(self) -> None:
        """End the interpreter that waits, if one does: the script is started as any other is."""
        if self.waiting is not None:
            self.waiting.end()

    def begin(self, job: Job) -> int:
        """Let the interpreter that waits become a job, and return its process number; 0 where none waits for it."""
        return self.waiting.go_on(job, self._distributions) if self.waiting is not None else 0

    def _clear(self) -> None:
        if os.path.isdir(self._root):
            from .deletion import delete

            delete(self._root)
        if os.path.exists(self.answer):
            os.unlink(self.answer)

    def _unusable(self, error: OSError) -> StoreError:
        return unusable(self.store, f"cannot be written to ({error.strerror})")

    @property
    def _path_file(self) -> str:
        return os.path.join(self._root, self.interpreter.site_packages, "forerun.pth")

    def _add_path_file(self) -> None:
        if not self._is_prepared:
            self._write_path_file(self._path_file)
        elif self._distributions:
            # An interpreter that was started meanwhile reads the whole of the one or of the other.
            self._write_path_file(f"{self._path_file}.part")
            os.replace(f"{self._path_file}.part", self._path_file)

    def _write_path_file(self, path: str) -> None:
        """Write the `.pth` file (see `site` in the standard library) through which the layer and our hook are seen."""
        folder, lines = self._distributions, []
        if folder:
            # Python reads the path files of an environment twice; the layer's own would be obeyed twice, too. Who waits
            # is told of it.
            is_known = f"{WAITS!r} in os.environ or {folder!r} in sys.path"
            lines.append(f"import os, site, sys; {is_known} or site.addsitedir({folder!r})")
        lines.append(f"import os, sys; 'FORERUN_ANSWER' in os.environ and exec({HOOK!r})")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def variables(
        self, outer: Mapping[str, str], layer: str, *, may_retry: bool, translated: tuple[str, str] | None = None
    ) -> dict[str, str]:
        """Return the environment variables of the script: the outer ones, as after activation."""
        inner = dict(outer)
        for name in ("PYTHONHOME", "__PYVENV_LAUNCHER__", WAITS):
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
    """Make an empty virtual environment (PEP 405) whose scripts can be moved with it, as far as Python needs it.

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
        os.symlink(interpreter.path, os.path.join(programs, "python"))
    with open(os.path.join(root, "pyvenv.cfg"), "w", encoding="utf-8") as file:
        file.write(f"home = {os.path.dirname(interpreter.path)}\n")
        file.write("include-system-site-packages = false\n")
        file.write(f"version = {'.'.join(map(str, interpreter.version))}\nrelocatable = true\n")


def add_names(root: str, interpreter: Interpreter) -> None:
    """Add the other names that an environment's interpreter has.

    Raises:
        OSError: the file system refuses.
    """
    if sys.platform != "win32":
        python = python_of(root)
        for name in ("python3", f"python3.{interpreter.version[1]}"):
            _link(interpreter.path, os.path.join(os.path.dirname(python), name), python)


def _link(target: str, path: str, alike: str) -> None:
    """Make a link to `target`, as another name of the link `alike` where that can be: a new one takes far longer."""
    try:
        os.link(alike, path, follow_symlinks=False)
    except (OSError, NotImplementedError):
        os.symlink(target, path)
