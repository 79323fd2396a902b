"""Text that does not parse keeps its imports and their circumstances, in linear time."""

from __future__ import annotations

import time

import pytest

from forerun.resolver.imports import find_imports
from forerun.resolver.logical_lines import blank_strings, logical_lines
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.syntax import why_not_python
from forerun.resolver.target import Target
from forerun.resolver.tolerant import imports_by_tokens

LINUX = Target((3, 11), "linux", "posix")


def by_tokens(code: str) -> dict[str, str]:
    return {
        "." * each.level + each.module: "+".join((*each.circumstances, *(f"choice {b}" for _, b in each.choices)))
        for each in imports_by_tokens(code, LINUX)
    }


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("print 'import a'", id="string"),
        pytest.param("print 1 # import a", id="comment"),
        pytest.param('print """\nimport a\n"""', id="long string"),
        pytest.param("print 'x\\\nimport a'", id="continued string"),
        pytest.param("important = 1", id="a name that begins with import"),
        pytest.param("fromage import a", id="a word that begins with from"),
        pytest.param("import 1", id="not a name"),
        pytest.param("import class", id="a keyword"),
    ],
)
def test_finds_nothing(code: str) -> None:
    assert by_tokens(code) == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("print 1\nimport a, b.c as d", {"a": "", "b.c": ""}, id="print statement"),
        pytest.param("from a import (b,\n  c)\nprint 1", {"a": ""}, id="bracketed names"),
        pytest.param("from a import b, \\\n  c\nprint 1", {"a": ""}, id="continued line"),
        pytest.param("from . import a\nfrom .. b import c\nprint 1", {".": "", "..b": ""}, id="relative"),
        pytest.param("x = 1; import a; print x", {"a": ""}, id="semicolons"),
        pytest.param("if x: import a\nprint 1", {"a": ""}, id="on the line of a header"),
        pytest.param("def f():\n\timport a\n\tprint 1", {"a": "lazy"}, id="tabs"),
        pytest.param("def f(x=lambda y: 1): import a; print 1", {"a": "lazy"}, id="colon of a lambda"),
        pytest.param("@x(\n)\ndef f():\n import a\n print 1", {"a": "lazy"}, id="decorator"),
        pytest.param("if TYPE_CHECKING:\n import a\nprint 1", {"a": "typing_only"}, id="typing"),
        pytest.param("try:\n import a\nexcept ImportError, e:\n a = None", {"a": "optional"}, id="except comma"),
        pytest.param("try:\n import a\nexcept ImportError, e:\n print e\n raise", {"a": ""}, id="handler raises"),
        pytest.param("try:\n import a\nexcept ImportError:\n print 'x'", {"a": ""}, id="handler only prints"),
        pytest.param("try:\n import a\nexcept ImportError:\n print 1\n sys.exit(1)", {"a": ""}, id="handler exits"),
        pytest.param(
            "try:\n import a\nexcept (ImportError, X), e:\n import b",
            {"a": "choice 0", "b": "choice 1"},
            id="choice",
        ),
        pytest.param("if sys.platform == 'linux':\n import a\nprint 1", {"a": ""}, id="our platform"),
        pytest.param(
            "if sys.platform == 'win32':\n import a\nelse:\n import b\nprint 1",
            {"a": "unreachable", "b": ""},
            id="other",
        ),
        pytest.param(
            "if sys.platform != 'linux':\n import a\nelse:\n import b\nprint 1",
            {"a": "unreachable", "b": ""},
            id="differs",
        ),
        pytest.param("if sys.version_info < (3,):\n import a\nprint 1", {"a": "unreachable"}, id="version"),
        pytest.param("with suppress(ImportError):\n import a\nprint 1", {"a": "optional"}, id="suppress"),
        pytest.param("if find_spec('a'):\n import a\nprint 1", {"a": "optional"}, id="asked for"),
        pytest.param("x = __import__('a')\nprint 1", {"a": "dynamic"}, id="dunder import"),
        pytest.param("def f():\n return import_module(u'a.b')\nprint 1", {"a.b": "lazy+dynamic"}, id="import_module"),
        pytest.param(
            "try:\n x = __import__('a')\nexcept ImportError, e:\n x = None\nif x:\n import b\nprint 1",
            {"a": "optional+dynamic", "b": ""},
            id="dunder import, tried",
        ),
        pytest.param("print 1\n__import__('a' + x)\n__import__(x)\n__import__('a b')", {}, id="not a constant"),
        pytest.param("foo(\nimport a\nx = 1", {"a": ""}, id="bracket never closed"),
        pytest.param("x = 'abc\nimport a", {"a": ""}, id="string never closed"),
        pytest.param("import a\nx = '''\nimport b", {"a": "", "b": ""}, id="long string never closed"),
        pytest.param("    import a\n  import b\nprint 1", {"a": "", "b": ""}, id="odd indents"),
        pytest.param("else:\n import a", {"a": ""}, id="no structure at all"),
        pytest.param("print 1\r\nimport a\rimport b", {"a": "", "b": ""}, id="line endings"),
        pytest.param("\fimport a\nprint 1", {"a": ""}, id="form feed"),
        pytest.param("from a import \u00b2\nprint 1", {"a": ""}, id="a digit that is no name"),
        pytest.param("def f[T = int](x: T):\n import a\n??", {"a": "lazy"}, id="newer syntax"),
    ],
)
def test_imports_keep_their_circumstances(code: str, expected: dict[str, str]) -> None:
    assert by_tokens(code) == expected


def test_lines_survive() -> None:
    code = '"""a\nb\n"""\nx = (1,\n\n 2)\ny = 1 \\\n + 2\nif z:\n    import a\nprint 1\n'
    assert [each.line for each in imports_by_tokens(code, LINUX)] == [10]


def test_lines_survive_where_nothing_has_structure() -> None:
    assert [each.line for each in imports_by_tokens("x = '''\n\n'''\nelse:\n  import a", LINUX)] == [5]


def test_the_tree_and_the_tokens_agree_on_valid_code() -> None:
    code = "import a\nif x:\n  from b import c\ntry:\n  import d\nexcept ImportError:\n  d = None\n"
    code += "def f():\n  import e\n"
    assert imports_by_tokens(code, LINUX) == find_imports(from_code(code), LINUX).imports


def test_blanking_keeps_the_names_of_systems_only() -> None:
    assert blank_strings("'win32' 'other' # c") == "'win32' '' "


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("print 1", "Python 2 code: print statement, line 1", id="print"),
        pytest.param("exec 'x'", "Python 2 code: exec statement, line 1", id="exec"),
        pytest.param("try:\n x\nexcept A, e:\n y", "Python 2 code: except with a comma, line 3", id="except"),
        pytest.param("x = 0777", "Python 2 code: octal", id="octal"),
        pytest.param("x = 10L", "Python 2 code: long integer", id="long"),
        pytest.param("x <> y", "Python 2 code: the <> operator", id="not equal"),
        pytest.param("x = `y`", "Python 2 code: backquotes", id="backquotes"),
        pytest.param("raise A, 'b'", "Python 2 code: raise with a comma", id="raise"),
        pytest.param(
            "\fx = 1\n\x0c\nraise A, 'b'",
            "Python 2 code: raise with a comma, line 3",
            id="form feeds are no lines",
        ),
        pytest.param("x = = 1", "cannot run on Python 3.11: invalid syntax, line 1", id="broken"),
        pytest.param("x = 12abc", "cannot run on Python 3.11: invalid decimal literal, line 1", id="not a long"),
    ],
)
def test_a_sentence_says_why_it_cannot_run(code: str, said: str) -> None:
    (only,) = resolve_sources([from_code(code)], LINUX).diagnostics
    assert said in only.message
    assert only.is_fatal


@pytest.mark.parametrize("python", [(3, 99), (2, 7)], ids=["newer than ours", "Python 2"])
def test_what_another_python_may_run_is_not_called_broken(python: tuple[int, int]) -> None:
    resolution = resolve_sources([from_code("print 1\nimport yaml")], LINUX.replace(python=python))
    assert not any(each.is_fatal or "cannot run" in each.message for each in resolution.diagnostics)
    assert [each.name for each in resolution.requirements] == ["pyyaml"]


def test_a_problem_without_a_line_speaks_for_itself() -> None:
    assert why_not_python("is odd", 0, "", LINUX) == "is odd"


HOSTILE = {
    "escaped long quotes": "\\'''\n",
    "escaped quotes": "\\'",
    "escaped double quotes": '\\"',
    "long quotes": "'''",
    "mixed long quotes": "'''\"\"\"x\\",
    "spaces after from": " ",
    "dots after from": ".",
    "open brackets": "(\n",
    "closed brackets": ")\n",
    "headers": "if x:\n",
    "semicolons": ";",
    "colons": "lambda:",
    "backslashes": "\\\n",
    "imports": "import a\n",
    "tries": "try:\n import a\nexcept ImportError:\n import b\n",
    "indents": " \n  x\n",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_time_is_linear(unit: str) -> None:
    def seconds(count: int) -> float:
        code = "print 1\nfrom" + unit * count + "x\n'" + unit * count
        begin = time.process_time()
        imports_by_tokens(code, LINUX)
        return time.process_time() - begin

    seconds(100)
    # Ten times the text: linear takes about 10 times as long, quadratic 100 times, and does so whenever it is measured.
    assert any(seconds(20_000) < 35 * max(seconds(2_000), 0.004) for _ in range(3))


def test_each_physical_line_is_in_one_logical_line() -> None:
    code = "a\n(\nb\n)\n'''\n\n'''\nc \\\n d\n((\nimport x\n"
    assert sum(line.swallowed + 1 for line in logical_lines(code)) == code.count("\n") + 1
