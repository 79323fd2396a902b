"""What is imported only where it is there is optional, whichever way the script asks."""

from __future__ import annotations

import pytest

from forerun.resolver.imports import find_imports
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 11), "linux", "posix")
ASKED = "from importlib.util import find_spec\n"


def circumstances(code: str) -> dict[str, str]:
    reading = find_imports(from_code(code), LINUX)
    assert not reading.problem, reading.problem
    return {
        each.module: "+".join((*each.circumstances, *(f"choice {branch}" for _, branch in each.choices)))
        for each in reading.imports
        if each.module in ("a", "b", "a.c")
    }


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("x", id="something else"),
        pytest.param("not x", id="not"),
        pytest.param("find()", id="another call"),
        pytest.param("find_spec is None", id="a function that is not called"),
        pytest.param("find_spec('a') or x", id="or something else"),
        pytest.param("find_spec('a') > x", id="compared with something else"),
        pytest.param("len(found)", id="a count"),
    ],
)  # fmt: skip
def test_other_tests_leave_it_required(test: str) -> None:
    assert circumstances(f"{ASKED}if {test}:\n import a") == {"a": ""}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("if find_spec('a'):\n import a", id="plain"),
        pytest.param("if find_spec('a') is not None:\n import a", id="is not None"),
        pytest.param("if find_spec('a') != None:\n import a", id="!= None"),
        pytest.param("if not find_spec('a'):\n pass\nelse:\n import a", id="not, else"),
        pytest.param("if find_spec('a') is None:\n a = None\nelse:\n import a", id="is None, else"),
        pytest.param("if find_spec('a') and x:\n import a", id="and more"),
        pytest.param("if find_spec('a') and find_spec('b'):\n import a", id="two"),
        pytest.param("if (spec := find_spec('a')) is not None:\n import a", id="walrus"),
        pytest.param("if bool(find_spec('a')):\n import a", id="bool"),
        pytest.param("import importlib\nif importlib.util.find_spec('a'):\n import a", id="dotted"),
        pytest.param("import importlib.util as u\nif u.find_spec('a'):\n import a", id="module by another name"),
        pytest.param("from importlib.util import find_spec as fs\nif fs('a'):\n import a", id="function renamed"),
        pytest.param("fs = find_spec\nif fs('a'):\n import a", id="function assigned"),
        pytest.param("import pkgutil\nif pkgutil.find_loader('a'):\n import a", id="find_loader"),
        pytest.param("HAS = find_spec('a') is not None\nif HAS:\n import a", id="flag"),
        pytest.param("HAS = bool(find_spec('a'))\nif HAS and x:\n import a", id="flag and more"),
        pytest.param("spec = find_spec('a')\nif spec is not None:\n import a", id="spec in a variable"),
        pytest.param("spec = find_spec('a')\nfound = spec is not None\nif found:\n import a", id="flag of a flag"),
        pytest.param("NO = find_spec('a') is None\nif not NO:\n import a", id="flag the other way round"),
        pytest.param("if find_spec('a'):\n try:\n  import a\n finally:\n  x", id="nested"),
        pytest.param("if find_spec('a'):\n class C:\n  import a", id="nested in a class"),
        pytest.param("def has():\n 'doc'\n return find_spec('a') is not None\nif has():\n import a", id="function"),
        pytest.param(
            "from transformers.utils import is_a_available\nif is_a_available():\n import a", id="is available"
        ),
    ],
)
def test_a_guarded_import_is_optional(code: str) -> None:
    assert circumstances(ASKED + code) == {"a": "optional"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("if not find_spec('a'):\n raise SystemExit\nelse:\n import a", {"a": ""}, id="raises without"),
        pytest.param("if find_spec('a'):\n import a\nelse:\n sys.exit('no a')", {"a": ""}, id="exits without"),
        pytest.param("if find_spec('a') is None:\n sys.exit(1)\nimport a", {"a": ""}, id="exits before"),
        pytest.param(
            "if find_spec('a'):\n import a\nelse:\n import b", {"a": "choice 0", "b": "choice 1"}, id="alternatives"
        ),
        pytest.param(
            "if not find_spec('a'):\n import b\nelse:\n import a", {"a": "choice 0", "b": "choice 1"}, id="turned round"
        ),
        pytest.param("def f():\n if find_spec('a'):\n  import a", {"a": "lazy+optional"}, id="in a function"),
        pytest.param("if find_spec('x') is None:\n import a", {"a": "choice 1"}, id="only without another"),
        pytest.param(
            "if find_spec('a') is None:\n import subprocess\n subprocess.run(pip)\nelse:\n import a",
            {"a": "optional"},
            id="what only installs is no alternative",
        ),
    ],
)
def test_what_happens_without_it_decides(code: str, expected: dict[str, str]) -> None:
    assert circumstances(ASKED + code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("try:\n import a\n HAS = True\nexcept ImportError:\n HAS = False\nif HAS:\n import a.c",
                     {"a": "optional", "a.c": "optional"}, id="flag of a try"),
        pytest.param("try:\n import a\nexcept ImportError:\n a = None\nif a is not None:\n import a.c",
                     {"a": "optional", "a.c": "optional"}, id="None for the module"),
        pytest.param("NO = False\ntry:\n import a\nexcept ImportError:\n NO = True\nif not NO:\n import b",
                     {"a": "optional", "b": "optional"}, id="flag of its absence"),
        pytest.param("try:\n import a\nexcept ImportError:\n a = None\nif a is None:\n import b",
                     {"a": "optional", "b": "choice 1"}, id="a second try"),
        pytest.param("def f(HAS):\n if HAS:\n  import b\ntry:\n import a\nexcept ImportError:\n HAS = False\nHAS = 1",
                     {"a": "optional", "b": "lazy"}, id="a parameter of that name"),
        pytest.param("try:\n import a\nexcept OSError:\n HAS = False\nHAS = True\nif HAS:\n import b\nImportError",
                     {"a": "", "b": ""}, id="another error"),
    ],
)  # fmt: skip
def test_flags_of_a_failed_import_count(code: str, expected: dict[str, str]) -> None:
    assert circumstances(code) == expected


def test_only_the_first_of_alternatives_is_installed() -> None:
    code = f"{ASKED}if find_spec('ujson'):\n import ujson\nelse:\n import json\nif find_spec('zmq'):\n import zmq\n"
    resolution = resolve_sources([from_code(code)], LINUX)
    assert [each.name for each in resolution.requirements] == []
    assert [each.name for each in resolution.optional] == ["pyzmq", "ujson"]
