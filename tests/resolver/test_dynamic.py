"""Imports by calls are found where their names are constants, in the circumstances in which the calls stand."""

from __future__ import annotations

import pytest

from forerun.resolver.imports import find_imports
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 11), "linux", "posix")
IM = "from importlib import import_module\n"


def dynamic(code: str) -> dict[str, str]:
    """Map what is imported by calls to its other circumstances, joined."""
    reading = find_imports(from_code(code), LINUX)
    assert not reading.problem, reading.problem
    return {
        "." * each.level + each.module: "+".join(
            (*(name for name in each.circumstances if name != "dynamic"), *(f"choice {b}" for _, b in each.choices))
        )
        for each in reading.imports
        if "dynamic" in each.circumstances
    }


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import_module(name)", id="a name from nowhere"),
        pytest.param("name = input()\nimport_module(name)", id="input"),
        pytest.param("def f(name):\n import_module(name)", id="a parameter"),
        pytest.param("name = 'a'\nname = 'b'\nimport_module(name)", id="assigned twice"),
        pytest.param("name = 'a'\nname += x\nimport_module(name)", id="added to"),
        pytest.param("name = 'a'\ndef f():\n global name\n name = g()\nimport_module(name)", id="global elsewhere"),
        pytest.param("for name in names():\n import_module(name)", id="a loop over a call"),
        pytest.param("for name in ('a', 'b'):\n name = name + x\n import_module(name)", id="changed in the loop"),
        pytest.param("import_module('a' + x)", id="half a constant"),
        pytest.param("import_module(f'a.{x}')", id="half a formatted text"),
        pytest.param("import_module('%d' % 'a')", id="another mark"),
        pytest.param("import_module('%s.%s' % 'a')", id="too few for the marks"),
        pytest.param("import_module('{0:>9}'.format('a'))", id="a mark with a width"),
        pytest.param("import_module(*args)", id="starred"),
        pytest.param("import_module('')", id="empty"),
        pytest.param("import_module('.a')", id="relative to nothing"),
        pytest.param("import_module('...a', 'pkg')", id="too many dots"),
        pytest.param("self.import_module('a')", id="a method of the script's own"),
        pytest.param("exec(open('x').read())", id="exec of a file"),
        pytest.param("exec('import ' + x)", id="exec of half a constant"),
        pytest.param("exec('import a b')", id="exec of what does not parse"),
        pytest.param("exec('important = 1')", id="exec without an import"),
        pytest.param("session.exec('import a')", id="a method named exec"),
        pytest.param("def exec(x): ...\nexec('import a')", id="an exec of the script's own"),
        pytest.param("model.eval('import a')", id="a method named eval"),
        pytest.param("x = 'a'\nfor x in y:\n pass\nimport_module(x)", id="a name that a loop takes"),
        pytest.param("with f() as x:\n import_module(x)", id="with"),
        pytest.param("'a'; x: str\nimport_module(x)", id="declared only"),
    ],
)  # fmt: skip
def test_what_is_not_constant_is_not_guessed(code: str) -> None:
    assert dynamic(code) == {}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import importlib\nimportlib.import_module('a')", id="dotted"),
        pytest.param("import importlib as il\nil.import_module('a')", id="module by another name"),
        pytest.param("from importlib import import_module as im\nim('a')", id="function by another name"),
        pytest.param("import importlib\nim = importlib.import_module\nim('a')", id="assigned"),
        pytest.param("import importlib\nim = importlib.import_module\njm = im\njm('a')", id="assigned twice over"),
        pytest.param("imp = __import__\nimp('a')", id="dunder import, assigned"),
        pytest.param("import builtins\nbuiltins.__import__('a')", id="builtins"),
        pytest.param("import_module(name='a')", id="keyword"),
        pytest.param("import_module('a', *args)", id="more that is unknown"),
        pytest.param("x = import_module('a').b.c()", id="inside an expression"),
        pytest.param("class C:\n x = import_module('a')", id="in a class"),
        pytest.param("import_module('''a''')", id="long quotes"),
        pytest.param("import_module('' 'a')", id="implicit concatenation"),
        pytest.param("import_module('' + 'a')", id="added"),
        pytest.param("NAME = 'a'\nimport_module(NAME)", id="a module's constant"),
        pytest.param("NAME: str = 'a'\nimport_module(NAME)", id="an annotated constant"),
        pytest.param("A = ''\nB = A + 'a'\ndef f():\n return 1\nimport_module(B)", id="a constant of constants"),
        pytest.param("import_module(f'{\"a\"}')", id="formatted"),
        pytest.param("import_module('%s' % 'a')", id="percent"),
        pytest.param("import_module('%s%s' % ('', 'a'))", id="percent with several"),
        pytest.param("import_module('{}'.format('a'))", id="format"),
        pytest.param("import_module(''.join(['', 'a']))", id="joined"),
        pytest.param("[import_module(m) for m in ('a',)]", id="comprehension"),
        pytest.param("A, B = 'a', 1\nimport_module(A)", id="paired assignment"),
        pytest.param("(lambda: 1)() if (m := 'a') else 0\nimport_module(m)", id="walrus"),
        pytest.param("exec('import a')", id="exec"),
        pytest.param("exec('''\nx = 1\nimport a\n''')", id="exec of long quotes"),
        pytest.param("CODE = 'import a'\nexec(CODE)", id="exec of a constant"),
        pytest.param("exec(compile('import a', 'f', 'exec'))", id="exec of compile"),
        pytest.param("c = 1\neval(compile('import a', 'f', 'exec'))", id="eval of compile"),
        pytest.param("import textwrap\nexec(textwrap.dedent('import a'))", id="exec of dedent"),
        pytest.param("eval('__import__(\"a\")')", id="eval of a call"),
        pytest.param("exec('exec(\"import a\")')", id="exec in exec"),
    ],
)
def test_one_name_is_found(code: str) -> None:
    assert dynamic(code) == {"a": ""}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("for m in ('a', 'b.c'):\n import_module(m)", {"a": "", "b.c": ""}, id="loop over a tuple"),
        pytest.param("M = ['a', 'b']\nfor m in M:\n __import__(m)", {"a": "", "b": ""}, id="loop over a constant"),
        pytest.param(
            "for m in ['a']:\n import_module(m)\nfor m in ['b']:\n print(m)", {"a": ""}, id="loops of the same variable"
        ),
        pytest.param("for m, n in [('a', 'x'), ('b', f())]:\n __import__(m)", {"a": "", "b": ""}, id="loop over pairs"),
        pytest.param("for m in {'a': 1, 'b': 2}:\n __import__(m)", {"a": "", "b": ""}, id="loop over a dictionary"),
        pytest.param("for m, d in {'a': 'd'}.items():\n __import__(m)", {"a": ""}, id="loop over its items"),
        pytest.param("for m in ('a', x, 'b'):\n __import__(m)", {"a": "", "b": ""}, id="loop with an unknown element"),
        pytest.param("for m in 'x', 'y':\n import_module(f'a.{m}')", {"a.x": "", "a.y": ""}, id="loop and format"),
        pytest.param("import_module('.b', package='a')", {"a.b": ""}, id="relative to a package"),
        pytest.param("import_module('..b', 'a.c')", {"a.b": ""}, id="relative to a package above"),
        pytest.param("import_module('.b', __package__)", {".b": ""}, id="relative to the script's own"),
        pytest.param("import_module('a', 'b')", {"a": ""}, id="absolute in spite of a package"),
        pytest.param("__import__('b', globals(), locals(), ['c'], 1)", {".b": ""}, id="dunder import with a level"),
        pytest.param("def f():\n import_module('a')", {"a": "lazy"}, id="in a function"),
        pytest.param("f = lambda: import_module('a')", {"a": "lazy"}, id="in a lambda"),
        pytest.param("if TYPE_CHECKING:\n import_module('a')", {"a": "typing_only"}, id="for type checkers"),
        pytest.param("if sys.platform == 'win32':\n import_module('a')", {"a": "unreachable"}, id="elsewhere"),
        pytest.param("try:\n import_module('a')\nexcept ImportError:\n pass", {"a": "optional"}, id="tried"),
        pytest.param("try:\n import_module('a')\nexcept:\n pass", {"a": "optional"}, id="tried, with all caught"),
        pytest.param("try:\n x = __import__('a')\nexcept ImportError:\n raise", {"a": ""}, id="tried, raised again"),
        pytest.param(
            "try:\n x = import_module('a')\nexcept ImportError:\n x = import_module('b')",
            {"a": "choice 0", "b": "choice 1"},
            id="alternatives",
        ),
        pytest.param("a = import_module('a') if find_spec('a') else None", {"a": "optional"}, id="asked for first"),
        pytest.param("a = None if not find_spec('a') else __import__('a')", {"a": "optional"}, id="the other way"),
        pytest.param("a = find_spec('a') and import_module('a')", {"a": "optional"}, id="asked in the same breath"),
        pytest.param("@mark(\n import_module('a')\n)\n@other\ndef f():\n pass", {"a": ""}, id="in a decorator"),
        pytest.param("def f(\n x=import_module('a'),\n):\n pass", {"a": ""}, id="in a default"),
        pytest.param("class C(\n import_module('a').B\n):\n x = 1", {"a": ""}, id="in a base"),
        pytest.param("while import_module('a'):\n x = 1", {"a": ""}, id="in a condition"),
        pytest.param("pytest.importorskip('a', minversion='1')", {"a": "optional"}, id="importorskip"),
        pytest.param("from pytest import importorskip as i\ni('a')", {"a": "optional"}, id="importorskip, renamed"),
        pytest.param("exec('try:\\n import a\\nexcept ImportError:\\n import b')", {"a": "choice 0", "b": "choice 1"},
                     id="alternatives in exec"),
        pytest.param("try:\n exec('import a')\nexcept ImportError:\n pass", {"a": "optional"}, id="exec, tried"),
    ],
)  # fmt: skip
def test_names_and_circumstances(code: str, expected: dict[str, str]) -> None:
    assert dynamic(code) == expected


def test_alternatives_in_a_string_do_not_mix_with_those_around_it() -> None:
    code = "try:\n import numpy\nexcept ImportError:\n import yaml\n"
    code += "exec('try:\\n import zmq\\nexcept ImportError:\\n import json')"
    names = [each.name for each in resolve_sources([from_code(code)], LINUX).requirements]
    assert names == ["numpy"]


def test_the_line_is_that_of_the_call() -> None:
    reading = find_imports(from_code("x = 1\n\nexec('\\n\\nimport a')"), LINUX)
    assert [(each.module, each.line) for each in reading.imports] == [("a", 3)]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("a0 = 'x'\n" + "".join(f"a{n} = a{n - 1} + a{n - 1}\n" for n in range(1, 300))
                     + "import_module(a299)", id="doubled"),
        pytest.param("".join(f"a{n} = a{n + 1}\n" for n in range(30_000)) + "a30000 = 'x'\n", id="a long chain"),
        pytest.param("a0 = 'abcdefgh'\n" + "".join(f"a{n} = a{n - 1} + a{n - 1}\n" for n in range(1, 25))
                     + "".join(f"exec(a24 + '{n}')\n" for n in range(200)), id="texts put together"),
        pytest.param(f"M = {tuple(map(str, range(20_000)))}\nfor m in M:\n"
                     + " import_module(m)\n" * 5_000 + "a0 = 1", id="a long tuple"),
        pytest.param("a0 = a0\n", id="a name of itself"),
        pytest.param("a0 = b\nb = a0\n", id="a circle"),
        pytest.param("a0 = '{}' * 10**9\n", id="a product"),
        pytest.param("a0 = '%999999999s' % 'x'\n", id="a width"),
        pytest.param("".join(f"for i{n} in {tuple('abcdefgh')}:\n{' ' * (n + 1)}" for n in range(12)) + "a0 = 1\n"
                     + " " * 12 + "import_module(" + "+".join(f"i{n}" for n in range(12)) + ")\n", id="many loops"),
        pytest.param("exec(" * 80 + "'import a'" + ")" * 80 + "\n", id="nested calls"),
        pytest.param("f = g\ng = f\nf('x')\n", id="functions in a circle"),
        pytest.param("def a():\n return a()\nif a():\n import b\nfind_spec\n", id="a test that asks itself"),
    ],
)  # fmt: skip
def test_hostile_constants_end(code: str) -> None:
    find_imports(from_code(f"{code}\nimport_module(a0)\na0('x')\nexec(a0)"), LINUX)
