"""What the tools refuse: packages, arguments and paths; and what they predict of that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"dependencies": ["no-such-thing-1"]}, id="unknown name"),
        pytest.param({"dependencies": ["x @ file:///etc"]}, id="path"),
        pytest.param({"dependencies": ["x @ https://example.org/x.whl"]}, id="URL"),
        pytest.param({"dependencies": ["--index-url=http://127.0.0.1:1"]}, id="option"),
        pytest.param({"dependencies": ["$(id)"]}, id="shell"),
        pytest.param({"dependencies": ["numpy\n--index-url=http://127.0.0.1:1"]}, id="second line"),
        pytest.param({"python_code": "# /// script\n# dependencies = ['no-such-thing-1']\n# ///\n1"}, id="block"),
        pytest.param(
            {"python_code": "# /// script\n# dependencies = ['x @ file:///etc']\n# ///\n1"}, id="path in a block"
        ),
        pytest.param({"python_code": "import numpy"}, id="denied"),
        pytest.param({"dependencies": ["Numpy"]}, id="denied by another spelling"),
    ],
)
async def test_refusal_says_why_and_no_way_round(
    arguments: dict[str, Any], connect: Callable[..., Any], ask: Ask
) -> None:
    async with connect(deny=("numpy",)) as client:
        text, facts, is_error = await ask(client, "run_python_code", **{"python_code": "1", **arguments})
    assert (facts["status"], is_error) == ("refused", True)
    assert facts["error"].endswith("; ask the operator of this server")
    assert "--allow" not in text + str(facts)


async def test_of_many_refused_names_the_first_are_told(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        names = [f"no-such-thing-{number}" for number in range(150)]
        _, facts, _ = await ask(client, "run_python_code", python_code="1", dependencies=names)
    assert "no-such-thing-9 is" in facts["error"]
    assert facts["error"].endswith("; 140 more are refused; ask the operator of this server")
    assert len(facts["error"]) < 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({"timeout": 0}, "timeout must be above 0", id="no time"),
        pytest.param({"timeout": 4000}, "at most 3600 seconds", id="too long"),
        pytest.param({"python_version": "2.7"}, "no CPython of version 3.8 or later", id="a Python that is too old"),
        pytest.param({"python_version": "/bin/sh"}, "must be a version such as 3.12", id="a path instead of a version"),
        pytest.param(
            {"python_version": "3.99"},
            "this machine has no Python 3.99; choose one of ",
            id="a Python that is not here",
        ),
        pytest.param({"python_code": "#" * 5_000_001}, "python_code is longer than", id="long code"),
        pytest.param({"stdin": "#" * 5_000_001}, "stdin is longer than", id="long input"),
        pytest.param({"dependencies": ["a"] * 201}, "at most 200", id="many dependencies"),
        pytest.param({"dependencies": ["a" * 20_000]}, "longer than 10,000", id="long dependency"),
        pytest.param({"global_variables": {"x": "#" * 5_000_001}}, "longer than 5,000,000", id="long globals"),
        pytest.param({"python_code": 5}, "valid string", id="wrong type"),
    ],
)
async def test_argument_out_of_bounds_is_our_error(
    arguments: dict[str, Any], said: str, connect: Callable[..., Any], ask: Ask
) -> None:
    async with connect() as client:
        text, _, is_error = await ask(client, "run_python_code", **{"python_code": "1", **arguments})
    assert is_error
    assert said in text


@pytest.mark.parametrize("tool", ["run_python_file", "resolve_dependencies"])
async def test_no_path_leads_out_of_the_mount(
    tool: str, connect: Callable[..., Any], folder: Path, tmp_path: Path, ask: Ask
) -> None:
    (tmp_path / "outside.py").write_text("1")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.py")
    outside = ("../outside.py", "/etc/passwd", str(tmp_path / "outside.py"), "/working/../etc/passwd", "a\0b")
    async with connect() as client:
        for path in (*outside, "link.py", "linked/outside.py", "pipe.py", "none.py", "/working", "."):
            text, _, is_error = await ask(client, tool, file_path=path)
            assert is_error, path
            assert len(text.splitlines()) == 1
            assert "outside.py is" not in text


async def test_prediction_names_what_stands_in_the_way(connect: Callable[..., Any], mode: str, ask: Ask) -> None:
    async with connect(mode, deny=("pyyaml",)) as client:
        text, facts, is_error = await ask(
            client, "resolve_dependencies", python_code="import bs4, yaml, no_such_thing_1\nimport os"
        )
        _, fine, _ = await ask(client, "resolve_dependencies", python_code="import bs4")
    assert not is_error
    assert fine["would_run"]
    assert not facts["would_run"]
    assert {each["requirement"]: each["is_allowed"] for each in facts["requirements"]} == {
        "beautifulsoup4": True,
        "pyyaml": False,
    }
    assert "no_such_thing_1" in "".join(facts["problems"])
    assert "beautifulsoup4\n" in text
    assert "--allow" not in text + str(facts)


@pytest.mark.parametrize(
    "arguments", [pytest.param({}, id="neither"), pytest.param({"python_code": "1", "file_path": "x"}, id="both")]
)
async def test_prediction_takes_code_or_a_file(
    arguments: dict[str, str], connect: Callable[..., Any], ask: Ask
) -> None:
    async with connect() as client:
        text, _, is_error = await ask(client, "resolve_dependencies", **arguments)
    assert is_error
    assert text.endswith("give either python_code or file_path")


async def test_unusable_cache_is_our_error_in_one_sentence(
    connect: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    (tmp_path / "file").write_text("")
    async with connect() as client:
        monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "file"))
        text, _, is_error = await ask(client, "run_python_code", python_code="1")
    assert is_error
    assert "is not a folder" in text
