"""Values behave as frozen, slotted dataclasses do."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from forerun.resolver.value import Value


class Point(Value):
    x: int
    y: int = 2

    @property
    def total(self) -> int:
        return self.x + self.y


class Deep(Point):
    z: int = 3


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        pytest.param((), {}, id="missing"),
        pytest.param((1, 2, 3), {}, id="too many"),
        pytest.param((1,), {"x": 1}, id="twice"),
        pytest.param((1,), {"z": 1}, id="unknown"),
        pytest.param((1, 2), {"z": 1}, id="unknown beside all"),
        pytest.param((), {"y": 1}, id="only the one with a default"),
    ],
)
def test_wrong_fields_are_refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*args, **kwargs)


def test_fields_defaults_and_order() -> None:
    assert Point(1).astuple() == Point(y=2, x=1).astuple() == (1, 2)
    assert Deep(1).astuple() == (1, 2, 3)
    assert Point(1).total == 3
    assert repr(Point(1)) == "Point(x=1, y=2)"


def test_values_are_immutable_and_have_no_dict() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="immutable"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_equality_asks_for_the_same_type() -> None:
    assert Point(1) == Point(1)
    assert Point(1) != Deep(1)
    assert Point(1) != (1, 2)
    assert len({Point(1), Point(1, 2), Point(2)}) == 2


def test_values_can_be_copied_and_pickled() -> None:
    assert pickle.loads(pickle.dumps(Deep(1, z=5))) == copy.deepcopy(Deep(1, z=5)) == Deep(1, 2, 5)
    assert Point(1).replace(y=9) == Point(1, 9)
