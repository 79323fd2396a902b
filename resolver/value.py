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


class Value(metaclass=_ValueType):
    """Base of immutable values: compared, hashed and shown by their fields, as a frozen dataclass is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields: tuple[str, ...] = type(self)._fields  # type: ignore[attr-defined]
        if len(args) > len(fields):
            raise TypeError(f"{type(self).__name__} takes {len(fields)} fields, not {len(args)}")
        given = dict(zip(fields, args, strict=False))
        if not kwargs.keys().isdisjoint(given):
            raise TypeError(f"{type(self).__name__} was given {', '.join(kwargs.keys() & given)} twice")
        if len(given) < len(fields):
            given = {**type(self)._defaults, **given, **kwargs}  # type: ignore[attr-defined]
        if len(given) != len(fields) or not given.keys() >= {*fields, *kwargs}:
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(fields)}")
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def astuple(self) -> tuple[object, ...]:
        """Return the fields in order."""
        return tuple(getattr(self, name) for name in type(self)._fields)  # type: ignore[attr-defined]

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        current = {name: getattr(self, name) for name in type(self)._fields}  # type: ignore[attr-defined]
        return type(self)(**{**current, **changes})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.astuple()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.astuple() == other.astuple()

    def __hash__(self) -> int:
        return hash((type(self), *self.astuple()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self)._fields)  # type: ignore[attr-defined]
        return f"{type(self).__name__}({shown})"
