"""Expression -> the path that it stands for: constants, `__file__`, `os.path` and `pathlib`, nothing looked up."""

from __future__ import annotations

import _ast
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .bindings import Bindings, Namespace

DEEPEST = 30
LONGEST = 4_000
"""Characters; systems take no longer path."""

_SAME = frozenset(
    "str os.fspath os.path.abspath os.path.realpath os.path.normpath pathlib.Path pathlib.PurePath Path".split()
)
"""Functions that give back the path that they are given, for our purpose."""

_SAME_METHODS = frozenset("resolve absolute as_posix __str__ __fspath__ expanduser".split())
_HERE = frozenset("os.getcwd os.getcwdu pathlib.Path.cwd Path.cwd".split())
"""Where scripts are started is not known; most are started where they are."""

_THIS_FILE = frozenset("inspect.getfile inspect.getsourcefile inspect.stack".split())
_CONSTANTS = {"os.sep": os.sep, "os.path.sep": os.sep, "os.pardir": os.pardir, "os.path.pardir": os.pardir,
              "os.curdir": os.curdir}  # fmt: skip


class PathValues:
    """Evaluates path expressions of the script at `path` ("" for code in no file), which runs in `folder`."""

    def __init__(self, bindings: Bindings, path: str, folder: str) -> None:
        self._bindings = bindings
        self._file = os.path.abspath(path) if path else ""
        self._folder = folder

    def of(self, node: _ast.expr, names: Namespace) -> list[str]:
        """Return the absolute paths in an expression, of a list or tuple each one; [] where they are not known."""
        if isinstance(node, _ast.List | _ast.Tuple):
            return [path for each in node.elts for path in self.of(each, names)]
        text = self._text(node, names, 0)
        if text is None or "\0" in text or not self._folder or text.startswith("~"):
            return []
        return [os.path.normpath(os.path.join(self._folder, text))]

    def _text(self, node: _ast.expr, names: Namespace, depth: int) -> str | None:
        read = _READERS.get(type(node))
        text = read(self, node, names, depth + 1) if read and depth < DEEPEST else None
        return text if text is not None and len(text) <= LONGEST else None

    def _constant(self, node: _ast.Constant, _names: Namespace, _depth: int) -> str | None:
        return node.value if isinstance(node.value, str) else None

    def _name(self, node: _ast.Name, names: Namespace, depth: int) -> str | None:
        if node.id == "__file__":
            return self._file or None
        home = names.home(node.id)
        bound = home.bound[node.id] if home else []
        # A path that is made anew of itself (`here = dirname(here)`) is not known.
        if home is None or len(bound) != 1 or not isinstance(bound[0], _ast.expr):
            return self._dotted(node, names)
        return self._text(bound[0], home, depth)

    def _dotted(self, node: _ast.expr, names: Namespace) -> str | None:
        return next((_CONSTANTS[path] for path in self._bindings.paths(node, names) if path in _CONSTANTS), None)

    def _attribute(self, node: _ast.Attribute, names: Namespace, depth: int) -> str | None:
        if node.attr == "parent":
            inner = self._text(node.value, names, depth)
            return None if inner is None else os.path.dirname(self._whole(inner))
        return self._dotted(node, names)

    def _joined(self, node: _ast.BinOp, names: Namespace, depth: int) -> str | None:
        left, right = self._text(node.left, names, depth), self._text(node.right, names, depth)
        if left is None or right is None:
            return None
        if isinstance(node.op, _ast.Div):
            return os.path.join(left, right)
        return left + right if isinstance(node.op, _ast.Add) else None

    def _formatted(self, node: _ast.JoinedStr, names: Namespace, depth: int) -> str | None:
        inner = [each.value if isinstance(each, _ast.FormattedValue) else each for each in node.values]
        parts = [self._text(each, names, depth) for each in inner]
        return None if None in parts else "".join(part or "" for part in parts)

    def _item(self, node: _ast.Subscript, names: Namespace, depth: int) -> str | None:
        """Read `path.parents[n]`, `os.path.split(path)[0]` and `sys.path[0]`."""
        index = node.slice.value if isinstance(node.slice, _ast.Constant) else None
        if not isinstance(index, int) or not 0 <= index < DEEPEST:
            return None
        if isinstance(node.value, _ast.Attribute) and node.value.attr == "parents":
            path = self._text(node.value.value, names, depth)
            for _ in range(index + 1):
                path = None if path is None else os.path.dirname(self._whole(path))
            return path
        if index == 0 and "sys.path" in self._bindings.paths(node.value, names):
            return self._folder or None
        if index == 0 and isinstance(node.value, _ast.Call) and self._is_called(node.value, "os.path.split", names):
            path = self._text(node.value.args[0], names, depth) if node.value.args else None
            return None if path is None else os.path.dirname(path)
        return None

    def _call(self, node: _ast.Call, names: Namespace, depth: int) -> str | None:
        paths = self._bindings.paths(node.func, names)
        if not _HERE.isdisjoint(paths):
            return self._folder or None
        if not _THIS_FILE.isdisjoint(paths):
            return self._file or None
        parts = [self._text(each, names, depth) for each in node.args]
        if isinstance(node.func, _ast.Attribute) and node.func.attr in (*_SAME_METHODS, "joinpath"):
            inner = self._text(node.func.value, names, depth)
            parts = [inner, *(parts if node.func.attr == "joinpath" else [])]
        elif "os.path.dirname" in paths and len(parts) == 1:
            return None if parts[0] is None else os.path.dirname(parts[0])
        elif "os.path.join" not in paths and _SAME.isdisjoint(paths):
            return None
        if not parts or None in parts:
            return None
        return self._whole_where_asked(os.path.join(*(part or "" for part in parts)), paths)

    def _whole_where_asked(self, path: str, asked: list[str]) -> str:
        """Make a path absolute where the script does, so that its folders can be counted."""
        return self._whole(path) if any(each.endswith(("path", ".resolve", ".absolute")) for each in asked) else path

    def _whole(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._folder, path)) if self._folder else path

    def _is_called(self, node: _ast.Call, name: str, names: Namespace) -> bool:
        return name in self._bindings.paths(node.func, names)


_READERS: dict[type, Callable[[PathValues, Any, Namespace, int], str | None]] = {
    _ast.Constant: PathValues._constant,
    _ast.Name: PathValues._name,
    _ast.Attribute: PathValues._attribute,
    _ast.BinOp: PathValues._joined,
    _ast.JoinedStr: PathValues._formatted,
    _ast.Subscript: PathValues._item,
    _ast.Call: PathValues._call,
}
