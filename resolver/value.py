"""Frozen, slotted values that cost microseconds to define, for the path where importing dataclasses is too dear."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**_options):
        """Stand in for typing.dataclass_transform (PEP 681), which only type checkers read."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class _ValueType(type):
    """Turns the annotations of a class body into slots, and its assignments into defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _ValueType:
        inherited = tuple(field for base in bases for field in getattr(base, "_fields", ()))
        named = tuple(body.get("__annotations__", ()))
        fields = tuple(field for field in named if field not in inherited)
        defaults = {field: body.pop(field) for field in named if field in body}
        body["__slots__"] = fields
        made = super().__new__(cls, name, bases, body)
        type.__setattr__(made, "_fields", inherited + fields)
        type.__setattr__(made, "_defaults", {**getattr(made, "_defaults", {}), **defaults})
        return made


_set = object.__setattr__


class Value(metaclass=_ValueType):
    """Base of immutable values: compared, hashed and shown by their fields, as a frozen dataclass is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields: tuple[str, ...] = type(self)._fields  # type: ignore[attr-defined]
        for name, value in zip(fields, args, strict=False):
            _set(self, name, value)
        if len(args) != len(fields) or kwargs:
            self._fill(fields[len(args) :], kwargs, len(args) > len(fields))

    def _fill(self, fields: tuple[str, ...], given: dict[str, Any], is_too_much: bool) -> None:
        """Set the fields that no position gave, by keyword or default."""
        defaults: dict[str, Any] = type(self)._defaults  # type: ignore[attr-defined]
        for name in fields:
            if name in given:
                _set(self, name, given.pop(name))
            elif name in defaults:
                _set(self, name, defaults[name])
            else:
                is_too_much = True
        if given or is_too_much:
            wanted = ", ".join(type(self)._fields)  # type: ignore[attr-defined]
            raise TypeError(f"{type(self).__name__} has the fields {wanted}, each given once")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def astuple(self) -> tuple[object, ...]:
        """Return the fields in order."""
        return tuple(getattr(self, name) for name in type(self)._fields)  # type: ignore[attr-defined]

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        fields = type(self)._fields  # type: ignore[attr-defined]
        values = [changes.pop(name) if name in changes else getattr(self, name) for name in fields]
        return type(self)(*values, **changes)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.astuple()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.astuple() == other.astuple()

    def __hash__(self) -> int:
        return hash((type(self), *self.astuple()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self)._fields)  # type: ignore[attr-defined]
        return f"{type(self).__name__}({shown})"
