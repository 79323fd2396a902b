"""Expression -> the text that it stands for as far as the source shows it, with `*` for what it does not show."""

from __future__ import annotations

import _ast

from .conditions import dotted

UNKNOWN = "*"
"""What stands for a value, or a part of a text, that is not known before the script runs."""

LONGEST = 300
PATH_MAKERS = (
    "Path",
    "PurePath",
    "os.path.join",
    "path.join",
    "join",
    "str",
    "os.fspath",
    "abspath",
    "os.path.abspath",
)
"""Calls whose last known part shows how a file's name ends."""


class Literals:
    """The names that are bound to constants in a scope."""

    def __init__(self, around: Literals | None = None) -> None:
        self._around = around
        self._texts: dict[str, str] = {}

    def bind(self, name: str, value: _ast.expr | None) -> None:
        """Note what a name is bound to; one that is bound to different values is unknown."""
        text = self.text(value) if value is not None else UNKNOWN
        self._texts[name] = text if self._texts.get(name, text) == text else UNKNOWN

    def text(self, node: _ast.expr) -> str:
        """Return the text of an expression: of a string itself, of another constant its repr."""
        text = self._text(node)
        while "**" in text:
            text = text.replace("**", "*")
        return text if len(text) <= LONGEST else UNKNOWN

    def _text(self, node: _ast.expr) -> str:
        if isinstance(node, _ast.Constant):
            return node.value[:LONGEST] if isinstance(node.value, str) else repr(node.value)[:LONGEST]
        if isinstance(node, _ast.JoinedStr):
            return "".join(self._text(part) for part in node.values)
        if isinstance(node, _ast.FormattedValue):
            return self._text(node.value) if node.conversion == -1 and node.format_spec is None else UNKNOWN
        if isinstance(node, _ast.Name | _ast.Attribute):
            return self._bound(dotted(node))
        if isinstance(node, _ast.BinOp):
            return self._joined(node)
        if isinstance(node, _ast.Call):
            return self._called(node)
        return UNKNOWN

    def _bound(self, name: str) -> str:
        scope: Literals | None = self
        while scope is not None:
            if name in scope._texts:
                return scope._texts[name]
            scope = scope._around
        return UNKNOWN

    def _joined(self, node: _ast.BinOp) -> str:
        if isinstance(node.op, _ast.Add):
            return self._text(node.left) + self._text(node.right)
        if isinstance(node.op, _ast.Div):
            return f"{self._text(node.left)}/{self._text(node.right)}"
        if isinstance(node.op, _ast.Mod):
            return self._text(node.left).partition("%")[0] + UNKNOWN
        return UNKNOWN

    def _called(self, node: _ast.Call) -> str:
        """Follow calls that make a path or a formatted text of constants."""
        name = dotted(node.func)
        if name.endswith(PATH_MAKERS) and node.args:
            return UNKNOWN + self._text(node.args[-1]) if len(node.args) > 1 else self._text(node.args[0])
        if isinstance(node.func, _ast.Attribute) and node.func.attr == "format":
            whole = self._text(node.func.value)
            head, tail = whole.partition("{")[0], whole.rpartition("}")[2]
            return head + UNKNOWN + tail if head != whole else whole
        return UNKNOWN
