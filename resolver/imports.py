"""`Source` -> the `Import`s in it, each with the circumstances in which it happens."""

from __future__ import annotations

import _ast
import sys
import warnings

from .circumstances import imports_in
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .source import Source
    from .statements import Import
    from .target import Target

LARGEST_TREE = 2_000_000
"""Characters above which the syntax tree would take too much memory, and the token pass reads the text."""


class Reading(Value):
    """What a source imports, its tree where our own parser gives one, and why the target cannot read it."""

    imports: tuple[Import, ...]
    tree: _ast.Module | None = None
    problem: str = ""
    problem_line: int = 0


def find_imports(source: Source, target: Target) -> Reading:
    """Read the imports of a source; what does not parse is read by tokens. Never raises on any text."""
    if len(source.text) > LARGEST_TREE:
        return _by_tokens(source, target, "")
    try:
        tree = parse(source.text)
        return Reading(imports_in(tree, target, source.text), tree, *_too_new(source.text, tree, target))
    except SyntaxError as error:
        return _by_tokens(source, target, error.msg or "invalid syntax", error.lineno or 0)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return _by_tokens(source, target, _odd_text(error))


def _by_tokens(source: Source, target: Target, problem: str, line: int = 0) -> Reading:
    from .tolerant import imports_by_tokens

    return Reading(imports_by_tokens(source.text, target), None, problem, line)


def _odd_text(error: BaseException) -> str:
    if "null byte" in str(error):
        return "holds null bytes, so Python cannot run it; is it a program's text at all?"
    return "is nested too deeply to parse here; its imports were read by tokens"


def _too_new(text: str, tree: _ast.Module, target: Target) -> tuple[str, int]:
    """Return why, and at which line, an older target cannot read what our own parser can; ("", 0) where it can."""
    if not (3, 4) <= target.python < sys.version_info[:2]:
        return "", 0
    try:
        parse(text, target.python[1])
    except SyntaxError as error:
        from .syntax import line_of_construct

        return error.msg or "invalid syntax", line_of_construct(error, tree)
    return "", 0


def parse(text: str, minor: int = -1) -> _ast.Module:
    """Return the syntax tree of a module without the cost of importing `ast`, and without warnings.

    `minor` is the Python 3 whose grammar counts, as far as our own parser knows it; -1 is our own.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError, OverflowError: as `compile` does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(text, "<source>", "exec", _ast.PyCF_ONLY_AST, dont_inherit=True, _feature_version=minor)
    assert isinstance(tree, _ast.Module)
    return tree
