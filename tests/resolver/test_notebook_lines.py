"""Lines that only notebooks run, in a code string: blanked in place, named, and nothing else is touched."""

from __future__ import annotations

import time

import pytest

from forerun.resolver.library import precheck, resolve
from forerun.resolver.source import from_code


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("x = 7\nx %= 4\ny = (x\n% 3)\nz = [\n!1\n" + "]", id="what does not parse for another reason"),
        pytest.param("s = '''\n%pip install x\n!ls\nwhy?\n'''\n", id="in a string"),
        pytest.param("x = (7\n  % 3)\n", id="in brackets"),
        pytest.param("x = 7 \\\n  % 3\n", id="after a backslash"),
        pytest.param("# %pip install x\n#!ls\n", id="in comments"),
        pytest.param("a = 1\nb = a != 2\nprint(f'{a!r:>10}' % ())\n", id="operators"),
        pytest.param("", id="nothing"),
        pytest.param("What is the answer?\nprint(42", id="prose"),
        pytest.param("if x = 3:\n    pass\n", id="a mistake"),
        pytest.param("x *= !ls\n", id="another mistake"),
        pytest.param("s = '''\n%pip install x\n", id="a string that is never closed"),
        pytest.param("f(\n!ls\n", id="a bracket that is never closed"),
    ],
)
def test_no_other_code_is_touched(code: str) -> None:
    source = from_code(code)
    assert (source.text, source.not_executed) == (code, "")


@pytest.mark.parametrize(
    ("code", "text", "lines"),
    [
        pytest.param("%pip install x\n1\n", "# %pip install x\n1\n", "line 1 (%pip)", id="a magic"),
        pytest.param("1\n!ls -l /x", "1\n# !ls -l /x", "line 2 (!ls)", id="a command"),
        pytest.param(
            "if 1:\n    !ls\nelse:\n\t%cd x",
            "if 1:\n    pass  # !ls\nelse:\n\tpass  # %cd x",
            "line 2 (!ls) and line 4 (%cd)",
            id="in blocks",
        ),
        pytest.param("x = !ls\nx", "x = []  # !ls\nx", "line 1 (!ls)", id="assigned"),
        pytest.param("x = %sx ls\nx", "x = []  # %sx ls\nx", "line 1 (%sx)", id="assigned by a magic of the shell"),
        pytest.param("x = %pwd\nx", "x = None  # %pwd\nx", "line 1 (%pwd)", id="assigned by another magic"),
        pytest.param("f() = !ls\nx", "f() = None  # !ls\nx", "line 1 (!ls)", id="assigned to what takes nothing"),
        pytest.param("%%time\n1", "# %%time\n1", "line 1 (%%time)", id="a timed cell"),
        pytest.param(
            "%%bash\nls \\\n  -l\nls\n\n",
            "# %%bash\n# ls  -l\n#\n# ls\n# \n# ",
            "lines 1 to 4 (%%bash)",
            id="a shell's cell",
        ),
        pytest.param("%%html\n<b>\n</b>\n", "\n\n\n", "lines 1 to 3 (%%html)", id="another language's cell"),
        pytest.param(
            "!pip install \\\n  a \\\n  b\n1", "# !pip install a b\n\n\n1", "lines 1 to 3 (!pip)", id="continued"
        ),
        pytest.param(
            "s = '''\n%d\n'''\n%matplotlib inline\ns",
            "s = '''\n%d\n'''\n# %matplotlib inline\ns",
            "line 4 (%matplotlib)",
            id="after a string with the like",
        ),
        pytest.param(
            "s = f(')', '''a''', \"\"\"b\n%d\"\"\" # (\n)\n!ls",
            "s = f(')', '''a''', \"\"\"b\n%d\"\"\" # (\n)\n# !ls",
            "line 4 (!ls)",
            id="after brackets and quotes",
        ),
        pytest.param("!echo it's (\n!ls", "# !echo it's (\n# !ls", "line 1 (!echo) and line 2 (!ls)", id="odd quotes"),
        pytest.param("x?\n??y.z", "# x?\n# ??y.z", "line 1 (x?) and line 2 (??y.z)", id="help"),
        pytest.param("%time x = 3\nx", "x = 3\nx", "", id="what is timed runs"),
        pytest.param("!a\r\n1\r\n", "# !a\n1\r\n", "line 1 (!a)", id="another line end"),
        pytest.param(
            "!a\n" * 7,
            "# !a\n" * 7,
            "line 1 (!a), line 2 (!a), line 3 (!a), line 4 (!a), line 5 (!a) and 2 more",
            id="many",
        ),
    ],
)
def test_lines_of_a_notebook_are_blanked_and_named(code: str, text: str, lines: str) -> None:
    source = from_code(code)
    assert source.text == text
    assert source.text.count("\n") == code.count("\n")
    said, _, why = source.not_executed.partition(" not executed")
    assert said.removesuffix(" is").removesuffix(" are") == lines
    assert not lines or "since only notebooks can" in why


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("x", {"x": []}),
        ("x, y", {"x": "", "y": ""}),
        ("x,", {"x": ""}),
        ("[x, y]", {"x": "", "y": ""}),
        ("(x, y), z", {"x": "", "y": "", "z": ""}),
        ("x, *y", {"x": "", "y": []}),
        ("*x, y, z", {"x": [], "y": "", "z": ""}),
        ("*x,", {"x": []}),
        ("d[0]", {"d": [[]]}),
    ],
)
def test_what_takes_the_output_of_a_line_is_empty(targets: str, expected: dict[str, object]) -> None:
    """So that what fails, if anything, is where the output matters, with the note beside it."""
    for indent in ("", "    "):
        source = from_code(f"{'if 1:' if indent else ''}\n{indent}{targets} = !ls -1")
        found: dict[str, object] = {"d": [0]}
        exec(source.text, found)
        assert {name: found[name] for name in expected} == expected
        why = "line 2 (!ls) is not executed, since only notebooks can; what is assigned there is empty"
        assert source.not_executed == why


def test_several_values_of_another_magic_are_none() -> None:
    found: dict[str, object] = {}
    exec(from_code("x, y = %sizes").text, found)
    assert (found["x"], found["y"]) == (None, None)


def test_what_such_a_line_installs_is_a_hint_at_its_own_trust() -> None:
    resolution = resolve("%pip install pandas==2.2.3\n!pip install dbutil\nimport pandas\n")
    assert [each.text for each in resolution.requirements] == ["pandas==2.2.3"]
    said = "\n".join(map(str, resolution.diagnostics))
    assert "dbutil, which is only registered" in said
    assert "main.py: line 1 (%pip) and line 2 (!pip) are not executed, since only notebooks can; " in said
    assert "what would be installed there counts as a hint" in said


def test_they_do_not_stand_in_the_way_of_a_run_and_a_mistake_does() -> None:
    assert precheck("%matplotlib inline\nprint(1)\n").would_run
    check = precheck("%matplotlib inline\n!ls\nif x = 3:\n    pass\n")
    assert not check.would_run
    assert "line 3" in check.problems[0]


def test_time_is_linear() -> None:
    def seconds(count: int) -> float:
        codes = ("!a\n" * count, "(\n" * count + "!ls", "x = '''" + "\n%a" * count, "!ls\n" + "''' \\\n" * count)
        began = time.process_time()
        for code in codes:
            from_code(code)
        return time.process_time() - began

    assert min(seconds(40_000) for _ in range(3)) < 30 * min(seconds(4_000) for _ in range(3)) + 0.5
