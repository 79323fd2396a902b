"""Path, standard input, code string or folder -> `Source`s: text, where it came from, who wrote it."""

from __future__ import annotations

import os
import stat
import sys

from .errors import SourceError
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["script", "notebook", "code", "stdin"]
    Author = Literal["person", "caller"]

LARGEST = 100_000_000
"""Bytes; a larger file is not a script, and is refused before it is read into memory."""

ENDINGS = (".py", ".pyw", ".ipynb")
"""How the names of scripts end."""

ARCHIVES = (".pyz", ".pyzw", ".zip")
"""How the names of archives end that Python runs by their `__main__.py`."""

IGNORED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "__pypackages__"})

MARKS = ("%", "!", "?")
"""What begins a line that only IPython understands."""

ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta", "bin/python", "Scripts/python.exe")
"""What is in a virtual environment: by `venv`, by conda, and by releases of virtualenv before 20."""


class Source(Value):
    """The text of one script.

    `path` is "" for code that is in no file; `beside` is then the folder whose modules it can import, or "". What a
    caller sends may import nothing outside of `beside`.
    `author` says who wrote it, since that decides what its declarations are worth. `notes` say what reading showed.
    `search_path` are folders whose modules it can import too: those that it, or who imports it, added to `sys.path`.
    `cells` are the first lines of a notebook's cells; `not_executed` is a sentence about lines that only notebooks run.
    `project` is the folder whose project declares for it, "" where that is its own folder.
    """

    text: str
    path: str = ""
    kind: Kind = "script"
    author: Author = "person"
    notes: tuple[str, ...] = ()
    beside: str = ""
    search_path: tuple[str, ...] = ()
    cells: tuple[int, ...] = ()
    not_executed: str = ""
    project: str = ""

    def sees(self, folder: str) -> bool:
        """Whether modules in a folder may be looked at: of what a caller sends, only below `beside`, links followed."""
        if self.author != "caller":
            return True
        bound = os.path.realpath(self.beside) if self.beside else ""
        return bool(bound) and (os.path.realpath(folder) + os.sep).startswith(bound.rstrip(os.sep) + os.sep)

    @property
    def name(self) -> str:
        """What to call this source in a message."""
        return self.path or ("<stdin>" if self.kind == "stdin" else "main.py")

    @property
    def folder(self) -> str:
        """The folder that Python would put first on `sys.path`, or "" where nothing is known."""
        return os.path.dirname(os.path.abspath(self.path)) if self.path else self.beside


def from_code(code: str, author: Author = "person", beside: str = "") -> Source:
    """Return the Source of a code string that may import the modules in the folder `beside`.

    Lines of a notebook in it (`%pip install x`) are blanked, where it is no Python because of them.
    """
    return _pasted(Source(code, kind="code", author=author, beside=beside))


def _pasted(source: Source) -> Source:
    if not any(map(_may_be_magic, source.text.split("\n"))):
        return source
    from .notebook_lines import not_executed, python_of_cell

    text, skipped = python_of_cell(source.text)
    return source.replace(text=text, not_executed=not_executed([("", each) for each in skipped]))


def _may_be_magic(line: str) -> bool:
    """Whether a line looks as those do that IPython understands and Python does not."""
    bare = line.strip()
    return bare[:1] in MARKS or bare[-1:] == "?" or ("=" in bare and bare.partition("=")[2].lstrip()[:1] in MARKS)


def from_stdin(beside: str = "") -> Source:
    """Read standard input to its end.

    Raises:
        SourceError: it is closed, cannot be read, or is too long.
    """
    try:
        data = sys.stdin.buffer.read(LARGEST + 1)
    except (AttributeError, OSError, ValueError) as error:
        raise SourceError("<stdin>", "cannot be read; give a file, or pipe a script into it") from error
    return _pasted(from_bytes(data, "", "stdin").replace(beside=beside))


def from_file(path: str, author: Author = "person") -> Source:
    """Read a Python file or a notebook.

    Raises:
        SourceError: there is no such file, it is a folder, a device or a pipe, unreadable, or too large.
    """
    data = _read(path)
    if path.endswith(".ipynb"):
        return from_notebook(data, path, author)
    return from_bytes(data, path, "script", author)


def from_notebook(data: bytes, path: str, author: Author = "person") -> Source:
    """Return the code of a notebook."""
    from .notebook import read_notebook

    read = read_notebook(data)
    return Source(read.text, path, "notebook", author, read.notes, cells=read.cells, not_executed=read.not_executed)


def from_bytes(data: bytes, path: str, kind: Kind, author: Author = "person") -> Source:
    """Decode the bytes of a script as Python would (PEP 263), or as Latin-1 with a note where that fails.

    Raises:
        SourceError: there are more than `LARGEST` bytes.
    """
    if len(data) > LARGEST:
        raise SourceError(path or "<stdin>", f"is larger than {LARGEST // 1_000_000} MB; that is not a script")
    text, notes = decode(data)
    if data.startswith(b"#!") and not path.endswith(ENDINGS):
        notes = (*notes, *_other_program(data))
    return Source(text, path, kind, author, notes)


def _other_program(data: bytes) -> tuple[str, ...]:
    """Return a note where the first line names a program that is no Python."""
    if b"python" in data.partition(b"\n")[0]:
        return ()
    from .shebang import is_python, program

    name = program(data)
    return (f"is no Python script by its first line, which names {name}; it was read as one",) * (
        bool(name) and not is_python(data)
    )


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of Python source bytes and, where their encoding is wrong, a note that says so."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), ("is UTF-16, which Python does not read; save it as UTF-8",)
    encoding, note = _declared_encoding(data)
    try:
        return data.decode(encoding), (note,) if note else ()
    except (UnicodeError, LookupError):
        return data.decode("latin-1"), (note or _wrong_encoding(encoding),)


def _wrong_encoding(encoding: str) -> str:
    if encoding.startswith("utf-8"):
        return "is not UTF-8, and no coding line names its encoding; save it as UTF-8"
    return f"is not {encoding}, which its coding line names; save it as UTF-8"


def _declared_encoding(data: bytes) -> tuple[str, str]:
    head = data.split(b"\n", 2)[:2]
    if data[:3] == b"\xef\xbb\xbf":
        return "utf-8-sig", ""
    if not any(b"coding" in line for line in head):
        return "utf-8", ""
    import io
    import tokenize

    try:
        return tokenize.detect_encoding(io.BytesIO(b"\n".join(head) + b"\n").readline)[0], ""
    except (SyntaxError, UnicodeDecodeError):
        return "latin-1", "names an encoding in its coding line that Python does not know; save it as UTF-8"


def _read(path: str) -> bytes:
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise SourceError(path, "is a folder; name a file in it")
        if not stat.S_ISREG(found.st_mode) and not path.startswith(("/dev/fd/", "/proc/self/fd/", "/dev/stdin")):
            raise SourceError(path, "is not a regular file")
        with open(path, "rb") as file:
            # Room for the largest file is dear to make, and some files have more in them than they say.
            data = file.read(min(found.st_size, LARGEST) + 1)
            return data if len(data) <= found.st_size else data + file.read(LARGEST)
    except (OSError, ValueError) as error:
        raise SourceError(path, _why_unreadable(error)) from error


def _why_unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return f"cannot be read ({getattr(error, 'strerror', None) or error})"
