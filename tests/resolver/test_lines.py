"""Lines that may hold an import are found, so that only statements that cannot import are passed over."""

from __future__ import annotations

import pytest

from forerun.resolver.circumstances import CALLS
from forerun.resolver.lines import Lines, lines_with
from forerun.resolver.naming_lines import MOST_NAMES, lines_naming


def touched(lines: Lines, count: int) -> list[int]:
    return [number for number in range(1, count + 1) if lines.touch(number, number)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x = 1\nimport_module('a')\ny = 2\n", [2], id="the call itself"),
        pytest.param("f = import_module\nx = 1\nf('a')\n", [1, 3], id="another name"),
        pytest.param("from importlib import import_module as load\nx = 1\nload('a')\n", [1, 3], id="an imported name"),
        pytest.param("f = __import__\ng = f\nh = 1\n\ng('a')\n", [1, 2, 5], id="a name of a name"),
        pytest.param("def f(load=__import__):\n x = 1\n load('a')\ndef g(): 1\n", [1, 3], id="a parameter"),
        pytest.param("f = import_module\nleaf = 1\nfig = f('a')\n", [1, 3], id="not a part of a name"),
        pytest.param("a = import_module('a')\na.b()\n", [1], id="what a call returns is something else"),
        pytest.param("f = importlib.import_module\nf('a')\n", [1, 2], id="an attribute"),
        pytest.param("execute('a')\nre_eval('a')\nimport_modules('a')\n", [], id="longer names"),
        pytest.param("model.eval()\ncursor.exec('x')\n", [], id="methods"),
        pytest.param("builtins.exec('x')\n__builtins__.eval('x')\n", [1, 2], id="by the name of their module"),
        pytest.param("a\n\nb\n", [], id="nothing of the kind"),
        pytest.param("x\r\nexec('import a')\r\n", [2], id="lines of Windows"),
        pytest.param("x\rexec('import a')\ny\n", [1, 2], id="other ends of lines: everything"),
        pytest.param("", [1], id="no text: everything"),
    ],
)
def test_lines_with_a_call_or_with_a_name_given_to_one_are_known(text: str, expected: list[int]) -> None:
    assert touched(lines_naming(CALLS, text), max(1, text.count("\n"))) == expected


def test_with_too_many_names_every_line_counts() -> None:
    text = "".join(f"f{index} = import_module\nx\n" for index in range(MOST_NAMES + 1))
    assert lines_naming(CALLS, text).touch(2, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x = 1\nimport a\ny = 2\nfrom b import c\n", [2, 4], id="statements"),
        pytest.param("x\n\x0c\nimport a\n", [3], id="a form feed ends no line"),
        pytest.param("x\r\nimport a\r\n", [2], id="lines of Windows"),
        pytest.param("x\rimport a\ny\n", [1, 2], id="other ends of lines: everything"),
    ],
)
def test_lines_with_a_word_are_known(text: str, expected: list[int]) -> None:
    assert touched(lines_with(["import"], text), text.count("\n")) == expected


@pytest.mark.parametrize(
    ("numbers", "first", "last", "expected"),
    [
        ([2, 5], 1, 2, True),
        ([2, 5], 3, 4, False),
        ([2, 5], 6, 9, False),
        ([], 1, 9, False),
        ([], 1, None, True),
        (None, 1, 1, True),
    ],
)
def test_a_statement_touches_lines_that_it_covers(
    numbers: list[int] | None, first: int, last: int | None, expected: bool
) -> None:
    assert Lines(numbers).touch(first, last) is expected


def test_lines_of_two_kinds_are_all_or_nothing() -> None:
    assert (Lines([3]) | Lines([1])).numbers == [1, 3]
    assert (Lines([3]) | Lines(None)).numbers is None
