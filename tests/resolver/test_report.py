"""A resolution reads the same for people and programs, whatever the order of the imports."""

from __future__ import annotations

import json
import random

import pytest

from forerun.resolver.findings import Resolution
from forerun.resolver.names import printable
from forerun.resolver.report import as_json, explanation, problem_lines, requirement_lines, unresolved_line
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target
from forerun.resolver.trust import policy

LINUX = Target((3, 11), "linux", "posix")
CODE = """\
import os
import yaml, zzqxkcd
from sklearn import svm
import utils
try:
    import simplejson
except ImportError:
    simplejson = None
import yaml.nodes
import bpy
import reqeusts
"""


def resolved(code: str = CODE) -> Resolution:
    return resolve_sources([from_code(code)], LINUX)


def test_one_requirement_a_line_sorted() -> None:
    assert requirement_lines(resolved(), policy())[:2] == ["pyyaml", "scikit-learn"]


def test_what_would_not_be_installed_carries_the_reason_as_a_comment() -> None:
    (line,) = requirement_lines(resolved("\nimport yaml"), policy(deny=["pyyaml"]))
    assert line == "pyyaml  # not installed by default: line 2, pyyaml is on the deny list"


def test_each_problem_names_its_place_and_what_to_do() -> None:
    lines = problem_lines(resolved())
    assert any(line.startswith("main.py:2: no distribution is known to provide zzqxkcd") for line in lines)
    assert any(line.startswith("main.py:4: utils looks like a module of the script's own") for line in lines)
    assert any("run the script inside" in line for line in lines)
    assert all(line.startswith("main.py:") for line in lines)


def test_a_look_alike_is_named_with_what_it_resembles() -> None:
    (only,) = resolved("import reqeustz").unresolved or resolved("import requezts").unresolved
    assert "did you mean requests?" in unresolved_line(only.replace(guess="reqeusts"))
    assert "did you mean" not in unresolved_line(only.replace(guess="zzqxkcdqq"))


def test_json_holds_the_whole_resolution() -> None:
    answer = json.loads(json.dumps(as_json(resolved(), policy())))
    assert list(answer) == [
        "version", "target", "declared", "requires_python", "requirements", "optional", "unresolved",
        "standard_library", "local", "diagnostics",
    ]  # fmt: skip
    yaml = next(each for each in answer["requirements"] if each["name"] == "pyyaml")
    assert yaml["level"] == "curated"
    assert yaml["installed_by_default"] is True
    assert [(each["module"], each["path"], each["line"]) for each in yaml["evidence"]] == [
        ("yaml", "main.py", 2), ("yaml.nodes", "main.py", 9),
    ]  # fmt: skip
    assert [each["name"] for each in answer["optional"]] == ["simplejson"]
    assert answer["standard_library"] == ["os"]
    assert {each["module"]: each["kind"] for each in answer["unresolved"]}["bpy"] == "host"
    assert answer["target"] == {"python": "3.11", "platform": "linux"}


def test_the_explanation_shows_lines_and_rules() -> None:
    text = "\n".join(explanation(resolved(), policy("declared")))
    assert "pyyaml  [curated]  not installed by default\n    main.py:2  yaml\n    main.py:9  yaml.nodes" in text
    assert "because import map: yaml -> pyyaml" in text
    assert "refused: pyyaml is only curated; allow it with --allow pyyaml" in text
    assert "optional, not installed: simplejson" in text
    assert "standard library: os" in text


def test_the_explanation_counts_what_it_leaves_out() -> None:
    assert "    and 3 more" in list(explanation(resolved("import yaml\n" * 8), policy()))


def test_the_order_of_imports_does_not_matter() -> None:
    lines = ["import yaml", "import PIL", "import zzqxkcd", "import requests", "import jwt", "import Image"]
    expected: list[tuple[object, ...]] = []
    for seed in range(10):
        random.Random(seed).shuffle(lines)
        resolution = resolved("\n".join(lines))
        found: list[tuple[object, ...]] = [
            (each.name, each.level, each.alternatives) for each in resolution.requirements
        ]
        expected = expected or found
        assert found == expected
        assert {each.module for each in resolution.unresolved} == {"zzqxkcd", "Image"}


def test_the_surest_import_decides_the_level() -> None:
    own = {"aaa": "pyyaml"}
    for code in ("import aaa\nimport yaml", "import yaml\nimport aaa"):
        (only,) = resolve_sources([from_code(code)], LINUX, import_map=own).requirements
        assert (only.name, only.level, len(only.evidence)) == ("pyyaml", "declared", 2)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("plain ä", "plain ä", id="plain"),
        pytest.param("a\nb\x1b[31m", r"a\nb\x1b[31m", id="control characters"),
        pytest.param("a\u202eb\udc80", r"a\u202eb\udc80", id="direction and surrogates"),
        pytest.param("x" * 9000, "x" * 2000 + "[...]" + "x" * 2000, id="endless"),
    ],
)
def test_what_reaches_a_terminal_is_printable(line: str, shown: str) -> None:
    assert printable(line) == shown
