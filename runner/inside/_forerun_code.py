"""Inside the script's interpreter: runs a code string as `main.py`, and answers with its last expression's value.

Standard library only, Python 3.8 and later, and little of that: to import `ast`, `linecache` and `json` takes longer
than a short program takes to run. Started as `python _forerun_code.py MAIN ARGUMENTS...`; the code then is `__main__`,
and no frame of this file shows in its tracebacks. The cells of a notebook are compiled one by one, so that tracebacks
name them and count lines as Jupyter does.
"""

from __future__ import annotations

import os
import sys

import _forerun_child  # type: ignore[import-not-found]

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _forerun_lines import show_lines_of  # type: ignore[import-not-found]
from _forerun_pictures import pictures_of  # type: ignore[import-not-found]
from _forerun_values import value_of  # type: ignore[import-not-found]

del sys.path[0]

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    import types
    from collections.abc import Callable
    from typing import Any

    Hook = Callable[[type[BaseException], BaseException, types.TracebackType | None], object]
    Parts = list[tuple[str, str]]
    """Pieces of code, each with the name under which tracebacks show it."""

NAME = "main.py"

ONLY_AST, TOP_LEVEL_AWAIT = 0x400, 0x2000
"""Flags of `compile`: `ast.PyCF_ONLY_AST` and `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`."""
COROUTINE = 0x80
"""`inspect.CO_COROUTINE`."""


def main() -> None:
    """Run the code string in the file that the first argument names."""
    path = sys.argv[1]
    folder = os.environ.pop("FORERUN_FOLDER", "")
    variables = os.environ.pop("FORERUN_VARIABLES", "")
    cells = os.environ.pop("FORERUN_CELLS", "")
    sys.argv[:] = [os.environ.pop("FORERUN_PROGRAM", NAME), *sys.argv[2:]]
    if os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
        sys.path[0] = folder
    with open(path, encoding="utf-8", errors="surrogatepass", newline="") as file:
        source = file.read()
    parts = _cells(source, cells) if cells else [(NAME, source)]
    show_lines_of(parts)
    module = type(sys)("__main__")
    module.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
    if variables:
        module.__dict__.update(_load(variables))
    sys.modules["__main__"] = module
    sys.excepthook = _without_our_frames(sys.excepthook)
    _forerun_child.show = _show
    value = _Runner(module.__dict__).run(parts)
    told = {"value": value_of(value), "figures": pictures_of(value, path)}
    _forerun_child.write(_forerun_child.ANSWER, told)


def _cells(source: str, cells: str) -> Parts:
    """Return the cells of a notebook; `cells` is its name and, on another line, the first line of each."""
    title, _, numbers = cells.rpartition("\n")
    lines = source.split("\n")
    begins = [int(each) - 1 for each in numbers.split(",")]
    ends = [*begins[1:], len(lines)]
    return [
        (f"{title}, cell {number}", "\n".join([*lines[begin:end], ""]))
        for number, (begin, end) in enumerate(zip(begins, ends), 1)  # noqa: B905 - Python 3.10
    ]


def _load(path: str) -> dict[str, Any]:
    import json

    with open(path, encoding="utf-8") as file:
        return dict(json.load(file))


def _show(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
    """Show an exception with our text of the code: the interpreter would look for a file named `main.py`."""
    if sys.stderr is not None:
        sys.stderr.write(_forerun_child.formatted(kind, error, trace))


def _without_our_frames(show: Hook) -> Hook:
    def hook(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        while trace is not None and _is_ours(trace):
            trace = trace.tb_next
        show(kind, error.with_traceback(trace), trace)

    return hook


def _is_ours(trace: types.TracebackType) -> bool:
    name = trace.tb_frame.f_code.co_filename
    return name == __file__ or os.path.basename(os.path.dirname(name)) == "asyncio" or name == "<frozen runpy>"


class _Runner:
    """Runs the statements, then the last expression; `await` is allowed at the top level."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._loop: Any = None
        self._futures = 0

    def run(self, parts: Parts) -> Any:
        """Return the value of the last expression, or None; nothing is run where any part is no Python."""
        trees = [(self._parsed(text, name), name) for name, text in parts]
        filled = [each for each in trees if each[0].body] or trees[:1]
        try:
            for tree, name in filled[:-1]:
                self._execute(tree, name, "exec")
            return self._last(*filled[-1])
        finally:
            if self._loop is not None:
                self._close()

    def _parsed(self, source: str, name: str) -> Any:
        tree: Any = compile(source, name, "exec", TOP_LEVEL_AWAIT | ONLY_AST, dont_inherit=True)
        if _forerun_child.paths is not None:
            _forerun_child.paths.in_tree(tree)
        return tree

    def _last(self, tree: Any, name: str) -> Any:
        last = tree.body.pop() if tree.body and type(tree.body[-1]).__name__ == "Expr" else None
        self._execute(tree, name, "exec")
        return self._execute(_expression(last.value), name, "eval") if last is not None else None

    def _execute(self, tree: ast.Module | ast.Expression, name: str, mode: str) -> Any:
        code = compile(tree, name, mode, TOP_LEVEL_AWAIT | self._futures, dont_inherit=True)
        self._futures |= _futures_of(code)
        if not code.co_flags & COROUTINE:
            return eval(code, self._namespace)
        import asyncio
        import types

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(types.FunctionType(code, self._namespace)())

    def _close(self) -> None:
        import asyncio

        waiting = asyncio.all_tasks(self._loop)
        for task in waiting:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self._loop.close()


def _futures_of(code: types.CodeType) -> int:
    """Return the flags of `from __future__ import ...`, which in a notebook hold for later cells, too."""
    if "__future__" not in code.co_names:
        return 0
    import __future__

    return sum(code.co_flags & getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


def _expression(value: ast.expr) -> ast.Expression:
    """Return an expression to evaluate, made from an empty one, since its class would have to be imported."""
    made: Any = compile("0", NAME, "eval", ONLY_AST, dont_inherit=True)
    made.body = value
    expression: ast.Expression = made
    return expression


main()
