"""Laws of the resolver on sources that nobody would write, made of what people write."""

from __future__ import annotations

import codecs

from hypothesis import given, settings
from hypothesis import strategies as st

from forerun.resolver.findings import Resolution
from forerun.resolver.imports import find_imports
from forerun.resolver.report import problem_lines, requirement_lines
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_bytes, from_code
from forerun.resolver.target import Target
from forerun.resolver.trust import policy

often = settings(deadline=None, derandomize=True, max_examples=120)
LINUX = Target((3, 11), "linux", "posix")
TARGETS = st.sampled_from(
    [Target((2, 7), "linux", "posix"), Target((3, 8), "win32", "nt"), Target((3, 11), "linux", "posix")]
)

NAMES = st.one_of(
    st.sampled_from(["numpy", "yaml", "google.cloud.storage", "flask.ext.sqlalchemy", "utils", "bpy", "os", "zzqxkcd"]),
    st.text(alphabet=st.characters(categories=("Lu", "Ll", "Lo", "Nd", "Pc")), min_size=1, max_size=12),
)
IMPORTING = st.sampled_from(
    [
        "import {0}", "import {0} as {1}", "from {0} import {1}", "from .{0} import *", "__import__('{0}')",
        "import_module('{0}')", "exec('import {0}')", "exec('''\nimport {0}\n''')", "{1} = '{0}'\nimport_module({1})",
        "for {1} in ('{0}', 'x'): __import__({1})", "pytest.importorskip('{0}')", "sys.path.append('{0}')",
        "from importlib import import_module as {1}\n{1}('{0}')", "import_module('.{0}', '{1}')", "# pip install {0}",
    ]
)  # fmt: skip
BLOCKS = st.sampled_from(
    [
        "try:\n{0}\nexcept ImportError:\n{1}",
        "try:\n{0}\nexcept ImportError, e:\n{1}",
        "if find_spec('x'):\n{0}\nelse:\n{1}",
        "if TYPE_CHECKING:\n{0}\n{1}",
        "def f():\n{0}\n{1}",
        "class C[T]:\n{0}\n{1}",
        "with suppress(ImportError):\n{0}\n{1}",
        "if sys.version_info >= (3, 9):\n{0}\nelse:\n{1}",
        "while x:\n{0}\nelse:\n{1}",
        "match x:\n case 1:\n{0}\n case _:\n{1}",
        "try:\n{0}\n x = True\nexcept ImportError:\n x = False\nif x:\n{1}",
        "async def f():\n{0}\n await x\n{1}",
    ]
)


def indented(code: str) -> str:
    return "\n".join(f" {line}" for line in code.split("\n"))


LINES = st.tuples(IMPORTING, NAMES, NAMES).map(lambda each: each[0].format(each[1], each[2]))
CODE = st.recursive(
    LINES,
    lambda inner: (
        st.tuples(BLOCKS, inner, inner).map(lambda each: each[0].format(indented(each[1]), indented(each[2])))
        | st.tuples(inner, inner).map("\n".join)
    ),
    max_leaves=10,
)
SPOILED = st.tuples(
    CODE,
    st.integers(0, 400),
    st.sampled_from(["", "\0", "\x01", "\x1b[2J", "\u202e", "\ud800", "\ufeff", "(" * 300, "'''", '"', "\\", "\t \f"]),
    st.sampled_from(["\n", "\r", "\r\n", "\n\r", "\f\n", "\u2028"]),
    st.booleans(),
).map(lambda each: (each[0][: each[1]] + each[2] + ("" if each[4] else each[0][each[1] :])).replace("\n", each[3]))
ENCODINGS = st.sampled_from(
    ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-32", "shift_jis", "utf-7"]
)
COOKIES = st.sampled_from(
    ["", "# coding: {0}\n", "#!/usr/bin/python\n# -*- coding: {0} -*-\n", "# vim: set fileencoding={0} :\n"]
)
MARKS = st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE])


def shown(resolution: Resolution) -> list[str]:
    rules = policy()
    return [*requirement_lines(resolution, rules), *problem_lines(resolution), *map(repr, resolution.astuple())]


@often
@given(SPOILED, TARGETS)
def test_spoiled_code_is_resolved_twice_the_same(text: str, target: Target) -> None:
    once = shown(resolve_sources([from_code(text)], target))
    assert once == shown(resolve_sources([from_code(text)], target))


@often
@given(SPOILED, ENCODINGS, ENCODINGS, COOKIES, MARKS, st.integers(0, 600))
def test_bytes_in_any_encoding_cut_anywhere_are_resolved(
    text: str, real: str, said: str, cookie: str, mark: bytes, end: int
) -> None:
    data = mark + (cookie.format(said) + text).encode(real, "replace")[:end]
    shown(resolve_sources([from_bytes(data, "x.py", "script")], LINUX))


@often
@given(st.lists(CODE, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_scripts_changes_no_requirement(codes: list[str], chance: object) -> None:
    sources = [from_code(code).replace(path=f"/nowhere/{index}.py") for index, code in enumerate(codes)]
    once = resolve_sources(sources, LINUX)
    chance.shuffle(sources)  # type: ignore[attr-defined]
    again = resolve_sources(sources, LINUX)
    assert shown(once) == shown(again)


@often
@given(CODE, TARGETS)
def test_every_import_stands_on_a_line_of_the_text(code: str, target: Target) -> None:
    lines = code.count("\n") + 1
    assert all(1 <= each.line <= lines for each in find_imports(from_code(code), target).imports)
