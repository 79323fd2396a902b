"""Only statements that cannot import by a call are passed over."""

from __future__ import annotations

import pytest

from forerun.resolver.call_lines import MOST_NAMES, CallLines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x = 1\nimport_module('a')\ny = 2\n", [2], id="the call itself"),
        pytest.param("f = import_module\nx = 1\nf('a')\n", [1, 3], id="another name"),
        pytest.param("from importlib import import_module as load\nx = 1\nload('a')\n", [1, 3], id="an imported name"),
        pytest.param("f = __import__\ng = f\nh = 1\n\ng('a')\n", [1, 2, 5], id="a name of a name"),
        pytest.param("a\n\nb\n", [], id="nothing of the kind"),
        pytest.param("x\r\nexec('import a')\r\n", [1, 2, 3], id="other ends of lines: everything"),
        pytest.param("", [1, 2], id="no text: everything"),
    ],
)
def test_lines_with_a_call_or_with_a_name_given_to_one_are_known(text: str, expected: list[int]) -> None:
    lines = CallLines(text)
    last = max([*expected, text.count("\n")])
    assert [number for number in range(1, last + 1) if lines.may_be_in(number, number)] == expected
    assert lines.may_be_in(1, last) is bool(expected)


def test_with_too_many_names_every_statement_is_looked_at() -> None:
    lines = CallLines("".join(f"f{index} = import_module\nx\n" for index in range(MOST_NAMES + 1)))
    assert lines.may_be_in(2, 2)
