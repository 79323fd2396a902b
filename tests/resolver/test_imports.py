"""Imports are found with the circumstances in which they happen."""

from __future__ import annotations

import pytest

from forerun.resolver.imports import find_imports
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 11), "linux", "posix")


def circumstances(code: str, target: Target = LINUX) -> dict[str, str]:
    """Map each imported module to its circumstances, joined; what may be chosen is marked with its branch."""
    reading = find_imports(from_code(code), target)
    assert not reading.problem, reading.problem
    return {
        each.module: "+".join((*each.circumstances, *(f"choice {branch}" for _, branch in each.choices)))
        for each in reading.imports
    }


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("", id="empty"),
        pytest.param("x = 'import numpy'", id="in a string"),
        pytest.param("# import numpy", id="in a comment"),
        pytest.param('"""\nimport numpy\n"""', id="in a docstring"),
        pytest.param("import_module = 1", id="a variable"),
        pytest.param("import_module(name)", id="dynamic with a variable"),
        pytest.param("import_module('not a name')", id="dynamic with no name"),
        pytest.param("__import__()", id="dynamic without a name"),
    ],
)
def test_finds_nothing(code: str) -> None:
    assert circumstances(code) == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("import a", {"a": ""}, id="plain"),
        pytest.param("import a.b as c, d", {"a.b": "", "d": ""}, id="several in a statement"),
        pytest.param("class C:\n import a", {"a": ""}, id="class body"),
        pytest.param("for x in y:\n import a\nelse:\n import b", {"a": "", "b": ""}, id="loop and else"),
        pytest.param("while x:\n import a\nelse:\n import b", {"a": "", "b": ""}, id="while and else"),
        pytest.param("with x:\n import a", {"a": ""}, id="with"),
        pytest.param("match x:\n case 1:\n  import a", {"a": ""}, id="match"),
        pytest.param("def f():\n import a", {"a": "lazy"}, id="function"),
        pytest.param("async def f():\n import a", {"a": "lazy"}, id="async function"),
        pytest.param("if TYPE_CHECKING:\n import a", {"a": "typing_only"}, id="typing only"),
        pytest.param(
            "if t.TYPE_CHECKING:\n import a\nelse:\n import b",
            {"a": "typing_only", "b": ""},
            id="typing, else",
        ),
        pytest.param(
            "if not TYPE_CHECKING:\n import a\nelse:\n import b",
            {"a": "", "b": "unreachable"},
            id="not typing, else",
        ),
        pytest.param("if x and TYPE_CHECKING:\n import a", {"a": "unreachable"}, id="typing and more"),
        pytest.param("if __name__ == '__main__':\n import a", {"a": ""}, id="main guard"),
        pytest.param(
            "if x:\n import a\nelif y:\n import b\nelse:\n import c",
            {"a": "", "b": "", "c": ""},
            id="open test",
        ),
        pytest.param("importlib.import_module('a.b')", {"a.b": "dynamic"}, id="import_module"),
        pytest.param("__import__('a')", {"a": "dynamic"}, id="dunder import"),
        pytest.param("pytest.importorskip('a')", {"a": "dynamic+optional"}, id="importorskip"),
    ],
)
def test_plain_blocks(code: str, expected: dict[str, str]) -> None:
    assert circumstances(code) == expected


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param("except ValueError:\n pass", "", id="catches something else"),
        pytest.param("except ImportError:\n raise", "", id="raises again"),
        pytest.param("except ImportError:\n raise SystemExit('x')", "", id="raises SystemExit"),
        pytest.param("except ImportError:\n sys.exit(1)", "", id="exits"),
        pytest.param("except ImportError:\n print('x')\n exit()", "", id="prints and exits"),
        pytest.param("except ImportError:\n print('install a')", "", id="only prints"),
        pytest.param("except ImportError:\n import traceback\n traceback.print_exc()", "", id="imports to report"),
        pytest.param("except ImportError:\n if x:\n  raise\n else:\n  quit()", "", id="raises on every way"),
        pytest.param(
            "except ImportError:\n with open('x') as f:\n  f.write('no')\n  sys.exit(1)", "", id="exits in with"
        ),
        pytest.param("except ImportError:\n try:\n  install()\n finally:\n  sys.exit(1)", "", id="exits finally"),
        pytest.param("except ImportError:\n parser.error('x')", "", id="argparse ends it"),
        pytest.param("except ImportError:\n assert False, 'x'", "", id="asserts"),
        pytest.param("except ImportError:\n raise\nexcept Exception:\n pass", "", id="raises before a handler of all"),
        pytest.param("except ImportError:\n pass\nexcept Exception:\n raise", "optional", id="passes first"),
        pytest.param(
            "except ModuleNotFoundError:\n sys.exit()\nexcept ImportError:\n a = None",
            "",
            id="exits if missing",
        ),
        pytest.param("except ImportError:\n if x:\n  import b\n else:\n  import c", "choice 0", id="always another"),
        pytest.param("except ImportError:\n pass", "optional", id="passes"),
        pytest.param("except ImportError:\n a = None", "optional", id="sets None"),
        pytest.param("except ImportError:\n HAS = False", "optional", id="sets a flag"),
        pytest.param("except ImportError:\n if x:\n  raise", "optional", id="raises sometimes"),
        pytest.param("except ModuleNotFoundError:\n pass", "optional", id="ModuleNotFoundError"),
        pytest.param("except (AttributeError, ImportError):\n pass", "optional", id="in a tuple"),
        pytest.param("except builtins.ImportError:\n pass", "optional", id="dotted"),
        pytest.param("except Exception:\n pass", "optional", id="catches all around imports"),
        pytest.param("except:\n pass", "optional", id="bare"),
        pytest.param("except ImportError:\n import b", "choice 0", id="imports another"),
        pytest.param("except ImportError:\n pass\nfinally:\n x", "optional", id="finally"),
    ],
)
def test_guarded_import(handler: str, expected: str) -> None:
    assert circumstances(f"try:\n import a\n{handler}")["a"] == expected


def test_a_handler_that_imports_the_same_again_needs_it() -> None:
    code = (
        "try:\n import a\nexcept ImportError:\n if ask():\n  pip.main(['install', 'a'])\n  import a\n else:\n  x = 1\n"
    )
    first, again = find_imports(from_code(code), LINUX).imports
    assert (first.line, first.circumstances) == (2, ())
    assert (again.line, again.circumstances) == (6, ("optional",))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("try:\n run()\n import a\nexcept Exception:\n pass", {"a": ""}, id="catch-all around a program"),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n import b\nelse:\n import c\nfinally:\n import d",
            {"a": "choice 0", "b": "choice 1", "c": "choice 0", "d": ""},
            id="else goes with the body, finally always",
        ),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n try:\n  import b\n except ImportError:\n  import c",
            {"a": "choice 0", "b": "choice 1+choice 0", "c": "choice 1+choice 1"},
            id="nested alternatives",
        ),
        pytest.param(
            "try:\n import a\n a.use('x')\nexcept Exception:\n a = None",
            {"a": "optional"},
            id="replaces",
        ),
        pytest.param(
            "try:\n import a as subprocess\nexcept ImportError:\n import subprocess",
            {"a": "choice 0", "subprocess": "choice 1"},
            id="a substitute under the same name",
        ),
        pytest.param(
            "from contextlib import suppress as quiet\nwith quiet(ImportError):\n import a",
            {"contextlib": "", "a": "optional"},
            id="suppress by another name",
        ),
        pytest.param(
            "import contextlib as c\nwith c.suppress(ImportError, OSError):\n import a",
            {"contextlib": "", "a": "optional"},
            id="contextlib by another name",
        ),
        pytest.param("with suppress(Exception):\n import a", {"a": "optional"}, id="suppress all around an import"),
        pytest.param("with suppress(Exception):\n import a\n a.run()", {"a": ""}, id="suppress all around a program"),
        pytest.param("with other(ImportError):\n import a\nsuppress", {"a": ""}, id="with something else"),
        pytest.param(
            "try:\n import a\nexcept ImportError:\n if x:\n  import b",
            {"a": "optional", "b": "optional"},
            id="import below a test in a handler",
        ),
        pytest.param(
            "try:\n try:\n  import a\n finally:\n  x\nexcept ImportError:\n a = None",
            {"a": "optional"},
            id="nested try",
        ),
        pytest.param("with suppress(ImportError):\n import a", {"a": "optional"}, id="suppress"),
        pytest.param(
            "with contextlib.suppress(ModuleNotFoundError):\n import a",
            {"a": "optional"},
            id="contextlib.suppress",
        ),
        pytest.param("with suppress(OSError):\n import a", {"a": ""}, id="suppress something else"),
        pytest.param("try:\n import a\nexcept* ImportError:\n pass", {"a": "optional"}, id="exception group"),
    ],
)
def test_compound_guards(code: str, expected: dict[str, str]) -> None:
    assert circumstances(code) == expected


WINDOWS = Target((3, 8), "win32", "nt")


@pytest.mark.parametrize(
    ("test", "on_linux", "on_windows"),
    [
        pytest.param("sys.platform == x", None, None, id="unknown value"),
        pytest.param("sys.platform.startswith((1, 2))", None, None, id="prefixes that are not text"),
        pytest.param("sys.version_info[1:2] == (11,)", None, None, id="slice that does not start at the front"),
        pytest.param("x < sys.version_info < y", None, None, id="chain"),
        pytest.param("sys.platform == 'win32'", False, True, id="platform"),
        pytest.param("sys.platform != 'win32'", True, False, id="platform differs"),
        pytest.param("sys.platform in ('linux', 'linux2')", True, False, id="platform in a tuple"),
        pytest.param("sys.platform.startswith('lin')", True, False, id="prefix"),
        pytest.param("platform.system() == 'Windows'", False, True, id="platform.system"),
        pytest.param("os.name == 'nt'", False, True, id="os.name"),
        pytest.param("not os.name == 'nt'", True, False, id="not"),
        pytest.param("os.name == 'nt' or x", None, True, id="or"),
        pytest.param("os.name == 'nt' and x", False, None, id="and"),
        pytest.param("sys.version_info >= (3, 11)", True, False, id="at least"),
        pytest.param("sys.version_info > (3, 8)", True, True, id="3.8.x is above (3, 8)"),
        pytest.param("sys.version_info <= (3, 8)", False, False, id="3.8.x is not at most (3, 8)"),
        pytest.param("sys.version_info < (3, 8, 1)", False, False, id="the latest micro version"),
        pytest.param("sys.version_info[:2] == (3, 8)", False, True, id="slice"),
        pytest.param("sys.version_info[0] == 2", False, False, id="index"),
        pytest.param("sys.version_info.minor < 9", False, True, id="minor"),
        pytest.param("six.PY2", False, False, id="six"),
        pytest.param("0", False, False, id="constant"),
    ],
)
def test_target_tests_are_evaluated(test: str, on_linux: bool | None, on_windows: bool | None) -> None:
    code = f"if {test}:\n import a\nelse:\n import b"
    said = {True: ("", "unreachable"), False: ("unreachable", ""), None: ("", "")}
    for target, holds in ((LINUX, on_linux), (WINDOWS, on_windows)):
        found = circumstances(code, target)
        assert (found["a"], found["b"]) == said[holds]


def test_circumstances_add_up() -> None:
    code = "def f():\n if sys.platform == 'win32':\n  try:\n   import a\n  except ImportError:\n   pass"
    assert circumstances(code) == {"a": "lazy+unreachable+optional"}


def test_names_lines_columns_and_levels_are_kept() -> None:
    reading = find_imports(from_code("import a\nif x:\n  from ..b.c import d as e, f\nfrom . import g"), LINUX)
    assert [(each.module, each.names, each.line, each.column, each.level) for each in reading.imports] == [
        ("a", (), 1, 0, 0), ("b.c", ("d", "f"), 3, 2, 2), ("", ("g",), 4, 0, 1),
    ]  # fmt: skip
    assert reading.imports[1].top == "b"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("if x" + "[0]" * 1400 + " == 1:\n import a", id="subscripts"),
        pytest.param("if " + "not " * 900 + "x:\n import a", id="not"),
        pytest.param("if x:\n pass\n" + "elif y:\n pass\n" * 5000 + "import a", id="elif"),
        pytest.param("x = (1\n" + "+ 1\n" * 20000 + ")\nimport a", id="long expression"),
        pytest.param("x = " + "[" * 100_000 + "]" * 100_000 + "\nimport a", id="brackets"),
        pytest.param("x = '\0'\nimport a", id="null byte"),
    ],
)
def test_text_that_is_too_odd_to_parse_keeps_its_imports(code: str) -> None:
    assert "a" in [each.module for each in find_imports(from_code(code), LINUX).imports]
