"""Laws of the resolver, on invented text."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from forerun.resolver.findings import Resolution
from forerun.resolver.logical_lines import blank_strings
from forerun.resolver.names import canonical
from forerun.resolver.notebook import read_notebook
from forerun.resolver.report import as_json, explanation, problem_lines, requirement_lines
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_bytes, from_code
from forerun.resolver.target import Target
from forerun.resolver.tolerant import imports_by_tokens
from forerun.resolver.trust import policy
from forerun.resolver.value import Value

LINUX = Target((3, 11), "linux", "posix")
WORDS = st.sampled_from(
    [
        "import ",
        "from ",
        "yaml",
        "numpy.x",
        "google.cloud",
        ".",
        "..",
        ",",
        "(",
        ")",
        ":",
        "\n",
        "\n    ",
        "\n\t",
        " as ",
        "try:",
        "except ImportError:",
        "except A, e:",
        "else:",
        "finally:",
        "if sys.platform == 'win32':",
        "def f():",
        "pass",
        "raise",
        "'''",
        '"""',
        "'",
        '"',
        "\\",
        "\\\n",
        "#",
        "# /// script\n",
        "# dependencies = ['x']\n",
        "# ///\n",
        ";",
        "\0",
        "\f",
        "\r",
        "print 1",
        "@",
        "lambda x: ",
        "import_module('a')",
        "with suppress(ImportError):",
        "if TYPE_CHECKING:",
        "not ",
        "sys.version_info",
        "[0]",
        " >= (3,)",
        "é",
        "\ufeff",
        "\ud800",
        "match x:",
        "case 1:",
        "async ",
        "=",
        "x",
    ]
)
TEXT = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=25).map("".join))
HEADS = st.sampled_from(
    [
        b"# coding: undefined\n",
        b"# coding: idna\n",
        b"# coding: utf-16\n",
        b"# coding: hex\n",
        b"# -*- coding: x\0 -*-\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"#coding:utf-7\n",
    ]
)
often = settings(deadline=None, derandomize=True, max_examples=400)


def shown(resolution: Resolution) -> str:
    rules = policy()
    lines = [
        *requirement_lines(resolution, rules),
        *problem_lines(resolution),
        *explanation(resolution, rules),
    ]
    return json.dumps(as_json(resolution, rules)) + "\n".join(lines)


@often
@given(TEXT)
def test_any_text_is_resolved_twice_the_same(text: str) -> None:
    assert shown(resolve_sources([from_code(text)], LINUX)) == shown(resolve_sources([from_code(text)], LINUX))


@often
@given(st.one_of(st.binary(max_size=60), st.tuples(HEADS, st.binary(max_size=30)).map(b"".join)))
def test_any_bytes_are_resolved(data: bytes) -> None:
    source = from_bytes(data, "x.py", "script")
    shown(resolve_sources([source], LINUX))


@often
@given(TEXT)
def test_the_token_pass_never_raises_and_keeps_the_lines(text: str) -> None:
    assert all(1 <= each.line <= len(text) + 1 for each in imports_by_tokens(text, LINUX))
    if not set(text) & set("\r\0\f\x01"):
        assert blank_strings(text).count("\n") <= text.count("\n")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just("code"), st.just("import yaml")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "input", "worksheets"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@often
@given(JSON)
def test_any_json_is_a_notebook_or_is_said_to_be_none(value: object) -> None:
    read = read_notebook(json.dumps(value).encode())
    assert isinstance(read.text, str)
    assert all("is not a notebook" in note for note in read.notes)


@often
@given(
    st.lists(
        st.sampled_from(["%", "!", "?", "x", "=", " ", "\n", "'", '"', "'''", "(", ")", "\\", "#", "\r", "install"])
    )
)
def test_blanking_the_lines_of_a_notebook_keeps_all_lines_in_place(parts: list[str]) -> None:
    code = "".join(parts)
    source = from_code(code)
    assert source.text.count("\n") == code.count("\n")
    assert bool(source.not_executed) == (source.text != code)


@often
@given(st.permutations(["yaml", "serial", "numpy", "zzqxkcd", "utils", "google.cloud.storage", "bpy", "os"]))
def test_the_order_of_imports_changes_no_name(modules: list[str]) -> None:
    resolution = resolve_sources([from_code("".join(f"import {each}\n" for each in modules))], LINUX)
    assert [each.name for each in resolution.requirements] == [
        "google-cloud-storage",
        "numpy",
        "pyserial",
        "pyyaml",
    ]
    assert {each.module for each in resolution.unresolved} == {"bpy", "utils", "zzqxkcd"}


@often
@given(st.text(max_size=20))
def test_canonical_names_are_canonical_and_stay_so(name: str) -> None:
    once = canonical(name)
    assert canonical(once) == once
    assert not set(once) - set("abcdefghijklmnopqrstuvwxyz0123456789-")


class Pair(Value):
    left: int
    right: str = "x"


@often
@given(st.integers(), st.text(max_size=3), st.integers(), st.text(max_size=3))
def test_values_are_equal_exactly_when_their_fields_are(a: int, b: str, c: int, d: str) -> None:
    assert (Pair(a, b) == Pair(left=c, right=d)) == ((a, b) == (c, d))
    assert hash(Pair(a, b)) == hash(Pair(a).replace(right=b))
