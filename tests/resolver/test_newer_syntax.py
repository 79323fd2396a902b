"""Syntax newer than our own loses no import, and one sentence says whether, why and where the target cannot run it."""

from __future__ import annotations

import sys

import pytest

from forerun.resolver.newer_syntax import newer_construct
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

NEWER = [
    pytest.param("type X = list[int]", (3, 12), "a type alias", id="type alias"),
    pytest.param("type X[T] = list[T]", (3, 12), "a type alias", id="generic type alias"),
    pytest.param("def f[T](x: T) -> T:\n    import zmq", (3, 12), "list of type parameters", id="generic function"),
    pytest.param("async def f[*T](x): pass", (3, 12), "list of type parameters", id="generic coroutine"),
    pytest.param("class C[T: int]:\n    import zmq", (3, 12), "list of type parameters", id="generic class"),
    pytest.param("class C[T = int]: pass", (3, 13), "a default of a type parameter", id="default of a type parameter"),
    pytest.param('x = f"{d["a"]}"', (3, 12), "its own quotes", id="nested quotes"),
    pytest.param("x = rf'{d['a']}' + ''", (3, 12), "its own quotes", id="nested quotes in a raw f-string"),
    pytest.param('x = f"{\n  d\n}"', (3, 12), "a line break", id="line break in an f-string"),
    pytest.param('x = f"{chr(10).join([a, "\\n"])}"', (3, 12), "a backslash", id="backslash in an f-string"),
    pytest.param('x = t"hello {name}"', (3, 14), "a template string", id="template string"),
    pytest.param('x = rt"""hello\nimport flask\n{name}"""', (3, 14), "a template string", id="long template string"),
    pytest.param("try:\n    import zmq\nexcept A, B:\n    pass", (3, 14), "except without parentheses", id="except"),
    pytest.param("lazy import zmq", (3, 15), "a lazy import", id="lazy import"),
]


def target(version: tuple[int, int]) -> Target:
    return Target(version, "linux", "posix")


@pytest.mark.parametrize(("code", "version", "said"), NEWER)
def test_no_import_is_lost_and_one_sentence_says_why(code: str, version: tuple[int, int], said: str) -> None:
    whole = f"import numpy\n{code}\nimport yaml\n"
    for older in ((3, 11), (version[0], version[1] - 1)):
        resolution = resolve_sources([from_code(whole)], target(older))
        (only,) = resolution.diagnostics
        assert only.is_fatal
        assert f"cannot run on Python 3.{older[1]}" in only.message
        # What our own parser knows it names itself; what it does not know is named by its looks.
        assert sys.version_info[:2] >= version or said in only.message
        assert only.line == 2 + code[: code.find("except A")].count("\n") if "except A" in code else only.line == 2
    names = {"numpy", "pyyaml"} | ({"pyzmq"} if "zmq" in code else set())
    assert {each.name for each in resolution.requirements} == names


@pytest.mark.parametrize(("code", "version", "said"), NEWER)
def test_a_target_that_has_it_can_run_it(code: str, version: tuple[int, int], said: str) -> None:
    resolution = resolve_sources([from_code(f"import numpy\n{code}\nimport yaml\n")], target(version))
    assert not any(each.is_fatal for each in resolution.diagnostics)
    assert {"numpy", "pyyaml"} <= {each.name for each in resolution.requirements}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("type = 3", id="a variable called type"),
        pytest.param("type(x) == y", id="type called"),
        pytest.param("type X == 3", id="compared"),
        pytest.param("except ValueError, e:", id="Python 2's except"),
        pytest.param("except (A, B):", id="in parentheses"),
        pytest.param("def f(x): return x[0]", id="plain function"),
        pytest.param('x = f"{d[0]}"', id="plain f-string"),
        pytest.param('x = "{d["', id="plain string"),
        pytest.param("format't'", id="a word that ends in t"),
        pytest.param("x = 'a t' + \"f\" + 'f{'", id="letters at the end of strings"),
        pytest.param("import lazy", id="a module called lazy"),
    ],
)
def test_what_is_not_new_is_not_called_so(line: str) -> None:
    assert newer_construct(line) is None


@pytest.mark.parametrize(
    ("code", "version", "line"),
    [
        pytest.param("import yaml\nmatch x:\n    case 1:\n        pass", (3, 10), 2, id="match"),
        pytest.param("import yaml\ntry:\n    pass\n\nexcept* A:\n    pass", (3, 11), 2, id="exception groups"),
        pytest.param("import yaml\nprint(y := 1)", (3, 8), 2, id="walrus"),
    ],
)
def test_a_target_older_than_ours_is_told_what_it_lacks(code: str, version: tuple[int, int], line: int) -> None:
    older = resolve_sources([from_code(code)], target((3, version[1] - 1)))
    (only,) = older.diagnostics
    assert (only.is_fatal, only.line) == (True, line)
    assert f"Python 3.{version[1]}" in only.message
    assert [each.name for each in older.requirements] == ["pyyaml"]
    assert resolve_sources([from_code(code)], target(version)).diagnostics == ()
