"""Syntax tree -> what a script uses of each imported module: names, attributes, keywords of calls."""

from __future__ import annotations

import _ast

from .walking import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .statements import Import


class NamesInUse:
    """Answers, for a top-level module, which names of it the script imports, touches or passes as keywords.

    Keywords are written `name=`, and `@module` says that another module is imported too. `questions` counts the
    answers given.
    """

    def __init__(self, imports: Iterable[Import], tree: _ast.Module | None) -> None:
        self._imports = tuple(imports)
        self._tree = tree
        self._seen: dict[str, set[str]] | None = None
        self._asked: dict[str, frozenset[str]] = {}
        self._by_top: dict[str, list[Import]] = {}
        self._modules: frozenset[str] = frozenset()
        self.questions = 0

    def __call__(self, module: str) -> frozenset[str]:
        """Return what is used of a module or of anything below it."""
        self.questions += 1
        if module not in self._asked:
            self._asked[module] = self._answer(module)
        return self._asked[module]

    def _answer(self, module: str) -> frozenset[str]:
        if self._seen is None:
            self._seen = _uses(self._tree) if self._tree else {}
            for each in self._imports:
                self._by_top.setdefault(each.top, []).append(each)
            self._modules = frozenset(f"@{top}" for top in self._by_top)
        used = set(self._modules)
        for each in self._by_top.get(module.partition(".")[0], ()):
            if each.module == module or each.module.startswith(module + "."):
                used.update(each.names)
                used.update(each.module[len(module) + 1 :].split("."))
        for name, seen in self._seen.items():
            if name == module or name.startswith(module + "."):
                used.update(seen)
        return frozenset(used - {""})


def _uses(tree: _ast.Module) -> dict[str, set[str]]:
    """Map each imported module to the attributes and keywords used through the names bound to it."""
    nodes = list(walk(tree))
    bound = _bindings(nodes)
    roots = _roots(nodes)
    used: dict[str, set[str]] = {}
    for node in nodes:
        module = bound.get(roots.get(id(node), ""))
        if not module:
            continue
        if isinstance(node, _ast.Attribute):
            used.setdefault(module, set()).add(node.attr)
        elif isinstance(node, _ast.Call):
            used.setdefault(module, set()).update(f"{each.arg}=" for each in node.keywords if each.arg)
    return used


def _bindings(nodes: Iterable[_ast.AST]) -> dict[str, str]:
    bound: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, _ast.Import):
            for alias in node.names:
                bound[alias.asname or alias.name.partition(".")[0]] = alias.name
        elif isinstance(node, _ast.ImportFrom) and not node.level:
            for alias in node.names:
                bound[alias.asname or alias.name] = node.module or ""
    return bound


def _roots(nodes: Sequence[_ast.AST]) -> dict[int, str]:
    """Map the id of each node of a chain of attributes and calls to the name at the left end of the chain."""
    roots: dict[int, str] = {}
    # Nodes stand before those below them; backwards, each finds its answer one step to its left.
    for node in reversed(nodes):
        if isinstance(node, _ast.Name):
            roots[id(node)] = node.id
        elif isinstance(node, _ast.Attribute | _ast.Call):
            left = node.value if isinstance(node, _ast.Attribute) else node.func
            roots[id(node)] = roots.get(id(left), "")
    return roots
