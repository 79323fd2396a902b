"""PEP 723 blocks are found as the PEP says, and what is wrong with one is said."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forerun.resolver.findings import Resolution
from forerun.resolver.inline_metadata import inline_metadata
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target, this_target

LINUX = Target((3, 11), "linux", "posix")

PEP_EXAMPLE = """\
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",
#   "rich",
# ]
# ///

import requests
from rich.pretty import pprint
"""


def resolved(code: str) -> Resolution:
    return resolve_sources([from_code(code)], this_target())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("# /// script\n# dependencies = []\n", id="never closed (PEP 723)"),
        pytest.param("# /// script\n# dependencies = []\n\n# ///\n", id="interrupted (PEP 723)"),
        pytest.param("# /// script\n#dependencies = []\n# ///\n", id="no space after the hash"),
        pytest.param("# /// script\n# ///\n", id="no content"),
        pytest.param("# /// other\n# dependencies = []\n# ///\n", id="another type"),
        pytest.param("  # /// script\n  # dependencies = []\n  # ///\n", id="indented"),
        pytest.param("# /// script \n# dependencies = []\n# ///\n", id="space after the type"),
    ],
)
def test_finds_no_block(text: str) -> None:
    assert inline_metadata(text) is None


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_the_example_of_the_pep(ending: str) -> None:
    block = inline_metadata(PEP_EXAMPLE.replace("\n", ending))
    assert block is not None
    assert (block.dependencies, block.requires_python, block.line) == (("requests<3", "rich"), ">=3.11", 1)


@pytest.mark.parametrize(
    ("text", "dependencies"),
    [
        pytest.param("# /// script\n# dependencies = []\n# ///", (), id="empty list, no newline at the end"),
        pytest.param("# /// script\n# requires-python = '>=3.8'\n# ///\n", None, id="no dependencies key"),
        pytest.param(
            "# /// script\n# x = '''\n# ///\n# '''\n# dependencies = []\n# ///\n",
            (),
            id="last closing line wins",
        ),
        pytest.param(
            "# /// other\n# x\n# ///\n# /// script\n# dependencies = []\n# ///\n",
            None,
            id="inside another block",
        ),
        pytest.param("x\n\n# /// script\n#\n# dependencies = ['a']\n# ///\nx\n", ("a",), id="empty comment line"),
    ],
)
def test_finds_the_block(text: str, dependencies: tuple[str, ...] | None) -> None:
    block = inline_metadata(text)
    assert (block.dependencies if block else None) == dependencies


def test_an_empty_list_means_that_nothing_is_predicted() -> None:
    resolution = resolved("# /// script\n# dependencies = []\n# ///\nimport numpy, zzqxkcd")
    assert resolution.requirements == resolution.unresolved == ()
    assert resolution.is_declared
    assert [str(each) for each in resolution.diagnostics] == [
        "main.py:4: imports numpy, and the script block does not name numpy"
    ]


def test_without_a_dependencies_key_imports_are_predicted() -> None:
    resolution = resolved("# /// script\n# requires-python = '>=3.8'\n# ///\nimport numpy")
    assert [each.name for each in resolution.requirements] == ["numpy"]
    assert resolution.requires_python == ">=3.8"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("# dependencies = [", "not valid TOML", id="bad TOML"),
        pytest.param("# x = " + "9" * 6000, "not valid TOML", id="a number too long for Python"),
        pytest.param("# x = " + "[" * 5000, "not valid TOML", id="nested too deeply"),
        pytest.param("# dependencies = 'numpy'", "not a list of strings", id="text"),
        pytest.param("# dependencies = [1]", "not a list of strings", id="numbers"),
        pytest.param("# dependencies = []\n# requires-python = 3", "requires-python is not a string", id="python"),
        pytest.param("# x = 1\n# ///\n\n# /// script\n# y = 1", "second script block", id="two blocks"),
    ],
)
def test_what_is_wrong_with_a_block_is_fatal_and_said(content: str, said: str) -> None:
    resolution = resolved(f"# /// script\n{content}\n# ///\nimport numpy")
    (only,) = resolution.diagnostics
    assert said in only.message
    assert only.is_fatal
    assert [each.name for each in resolution.requirements] == ["numpy"]


@pytest.mark.parametrize(
    "text",
    [
        "not a requirement!",
        "numpy; x ==",
        "",
        "a\\nb",
        "numpy; python_version > '3\\nevil'",
        "-r x.txt",
        "-e .",
    ],
)
def test_what_is_no_requirement_is_refused_by_name(text: str) -> None:
    resolution = resolved(f'# /// script\n# dependencies = ["{text}"]\n# ///\n')
    (only,) = resolution.unresolved
    assert resolution.requirements == ()
    assert only.kind == "refused"
    assert only.reason.isprintable()


UV_BLOCK = """\
# /// script
# dependencies = []
# [tool.uv]
# exclude-newer = 2024-01-01T00:00:00Z
# find-links = ["wheels", "https://example.org/\\u00e9"]
# [tool.uv.sources]
# here = { path = "here", extras = [] }
# there = [{ path = "/there/x.whl", marker = "os_name == 'posix'" }, { git = "https://example.org/x" }]
# [[tool.uv.index]]
# "na me" = "a\\"\\u007f"
# explicit = true
# priority = 1.5
# ///
"""


def test_uv_settings_of_a_person_s_block_stay_what_they_are_with_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    source = from_code(UV_BLOCK, beside=str(tmp_path))
    made = tomllib.loads(resolve_sources([source], LINUX).uv_settings)
    assert made["requires-python"] == "==3.11.*"
    assert made["tool"]["uv"] == {
        "exclude-newer": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        "find-links": [str(tmp_path / "wheels"), "https://example.org/\xe9"],
        "sources": {
            "here": {"path": str(tmp_path / "here"), "extras": [], "editable": True},
            "there": [{"path": "/there/x.whl", "marker": "os_name == 'posix'"}, {"git": "https://example.org/x"}],
        },
        "index": [{"na me": 'a"\x7f', "explicit": True, "priority": 1.5}],
    }


def test_uv_settings_hold_for_one_script_alone() -> None:
    resolution = resolve_sources([from_code(UV_BLOCK), from_code("import os")], LINUX)
    assert resolution.uv_settings == ""
    assert "[tool.uv]" in resolution.diagnostics[0].message


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(["dependencies = ['a',", "  'b"], "4: has a script block that is not valid TOML:", id="TOML"),
        pytest.param(["dependencies = ["], "(line 3, column 3)", id="TOML at its end"),
        pytest.param(["", "x = 1", "dependencies = 3"], "5: has a script block whose dependencies are not a list of "
                     "strings (line 5, column 18)", id="type"),
        pytest.param(["dependencies = [", "  'a', # 'x'", "  5]"], "whose dependencies are not a list", id="item"),
        pytest.param(["requires-python = 3.8"], "3: has a script block whose requires-python is not a string "
                     "(line 3, column 21)", id="type of requires-python"),
        pytest.param(["'requires-python' = 'new'"], "no version specifier: 'new' (line 3, column 23)", id="specifier"),
    ],
)  # fmt: skip
def test_problems_have_a_place(lines: list[str], said: str) -> None:
    block = "\n".join(["import os", "# /// script", *(f"# {line}" for line in lines), "# ///"])
    (problem,) = (str(each) for each in resolved(block).diagnostics if each.is_fatal)
    assert said in problem


def test_each_dependency_has_its_own_place() -> None:
    resolution = resolved(
        "# /// script\n# x = \"[\"\n# dependencies = ['six', # ']'\n#\n#   'no requirement', 'rich']\n# ///\n"
    )
    assert [(each.name, each.evidence[0].line) for each in resolution.requirements] == [("six", 3), ("rich", 5)]
    (bad,) = resolution.unresolved
    assert (bad.line, bad.reason.endswith("(column 5)")) == (5, True)


FROM_THE_PEP = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
LINES = st.sampled_from(["# /// script", "# /// x", "# ///", "#", "# a = 1", "#b", "", "x", " # ///", "# /// "])


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.lists(LINES, max_size=12))
def test_blocks_are_those_of_the_expression_in_the_pep(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    expected = [match for match in FROM_THE_PEP.finditer(text) if match["type"] == "script"]
    block = inline_metadata(text)
    assert (block is not None) == bool(expected)
    if len(expected) == 1 and block:
        assert block.problem or block.line == text.count("\n", 0, expected[0].start()) + 1
    assert ("second" in block.problem if block else False) == (len(expected) > 1)


def test_a_hundred_thousand_openings_take_no_time() -> None:
    assert inline_metadata("# /// script\n" * 100_000) is None
