"""Tests on platform and version in an `if` -> true or false on the target, or None where that cannot be told."""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .target import Target


def is_type_checking(test: _ast.expr) -> bool:
    """Whether a test is `TYPE_CHECKING`, by itself or as an attribute (PEP 484)."""
    return dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def dotted(node: _ast.AST) -> str:
    """Return the dotted name that an expression spells, or "" where it is anything else."""
    parts: list[str] = []
    while isinstance(node, _ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, _ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def evaluate(test: _ast.expr, target: Target) -> bool | None:
    """Return whether a test on `sys.platform`, `os.name`, `sys.version_info` or a constant holds on the target."""
    if isinstance(test, _ast.Constant):
        return bool(test.value)
    if is_type_checking(test):
        return False
    if isinstance(test, _ast.UnaryOp) and isinstance(test.op, _ast.Not):
        inner = evaluate(test.operand, target)
        return None if inner is None else not inner
    if isinstance(test, _ast.BoolOp):
        return _combine(test, target)
    if isinstance(test, _ast.Compare) and len(test.ops) == 1:
        return _compare(_known(test.left, target), test.ops[0], _known(test.comparators[0], target))
    if isinstance(test, _ast.Call):
        return _starts_with(test, target)
    known = _known(test, target)
    return known if isinstance(known, bool) else None


def _combine(test: _ast.BoolOp, target: Target) -> bool | None:
    values = [evaluate(value, target) for value in test.values]
    deciding = isinstance(test.op, _ast.Or)
    if deciding in values:
        return deciding
    return None if None in values else not deciding


def _known(node: _ast.expr, target: Target) -> object:
    """Return the value that an expression has on the target, or None."""
    if isinstance(node, _ast.Constant):
        return node.value
    if isinstance(node, _ast.Tuple | _ast.List | _ast.Set):
        values = [_known(element, target) for element in node.elts]
        return None if None in values else tuple(values)
    if isinstance(node, _ast.Subscript):
        return _known_item(node, target)
    if isinstance(node, _ast.Call):
        return SYSTEMS.get(target.platform) if dotted(node.func) == "platform.system" else None
    return _names(target).get(dotted(node))


def _known_item(node: _ast.Subscript, target: Target) -> object:
    value = _known(node.value, target)
    if not isinstance(value, tuple):
        return None
    if isinstance(node.slice, _ast.Slice):
        lower, stop, step = node.slice.lower, node.slice.upper, node.slice.step
        if lower or step or not isinstance(stop, _ast.Constant) or not isinstance(stop.value, int):
            return None
        return value[: stop.value]
    index = node.slice.value if isinstance(node.slice, _ast.Constant) else None
    return value[index] if isinstance(index, int) and -len(value) <= index < len(value) else None


LATEST = 99
"""Stands for the micro version: of a minor version, scripts run on the latest."""

SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
"""What `platform.system()` answers where `sys.platform` is the key."""


def _names(target: Target) -> dict[str, object]:
    major, minor = target.python
    return {
        "sys.platform": target.platform,
        "os.name": target.os_name,
        "sys.version_info": (major, minor, LATEST),
        "sys.version_info.major": major,
        "sys.version_info.minor": minor,
        "six.PY2": major == 2,
        "six.PY3": major == 3,
    }


def _compare(left: object, operator: _ast.cmpop, right: object) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, tuple) and isinstance(right, tuple) and not isinstance(operator, _ast.In | _ast.NotIn):
        size = min(len(left), len(right), 2) if isinstance(operator, _ast.Eq | _ast.NotEq) else None
        left, right = left[:size], right[:size]
    try:
        return bool(_COMPARE[type(operator)](left, right))  # type: ignore[no-untyped-call]
    except (KeyError, TypeError):
        return None


_COMPARE = {
    _ast.Eq: lambda left, right: left == right,
    _ast.NotEq: lambda left, right: left != right,
    _ast.Lt: lambda left, right: left < right,
    _ast.LtE: lambda left, right: left <= right,
    _ast.Gt: lambda left, right: left > right,
    _ast.GtE: lambda left, right: left >= right,
    _ast.In: lambda left, right: left in right,
    _ast.NotIn: lambda left, right: left not in right,
}


def _starts_with(call: _ast.Call, target: Target) -> bool | None:
    function = call.func
    if not (isinstance(function, _ast.Attribute) and function.attr == "startswith" and len(call.args) == 1):
        return None
    value, prefix = _known(function.value, target), _known(call.args[0], target)
    prefixes = prefix if isinstance(prefix, tuple) else (prefix,)
    if not isinstance(value, str) or not all(isinstance(each, str) for each in prefixes):
        return None
    return value.startswith(prefixes)
