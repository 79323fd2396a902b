"""A name that nobody vetted is refused by whichever way a tool call brings it, and nothing a caller can write helps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from forerun.resolver.declared import level_of_distribution

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

pytestmark = pytest.mark.anyio

NAME, MODULE = "django-microblog", "django_microblog"
IMPORT = f"print('ran')\nimport {MODULE}\n"


def block(*lines: str) -> str:
    return "\n".join(["# /// script", *(f"# {line}" for line in lines), "# ///", "print('ran')", ""])


CODE = {
    "import": {"python_code": IMPORT},
    "dependency": {"dependencies": [NAME]},
    "dependency in another spelling": {"dependencies": ["Django_MicroBlog[x]>=0.1 ; python_version > '3'"]},
    "dependency beside an import": {"python_code": IMPORT, "dependencies": [NAME]},
    "block": {"python_code": block(f"dependencies = ['{NAME}']")},
    "block beside an import": {"python_code": block(f"dependencies = ['{NAME}']") + IMPORT},
    "comment": {"python_code": f"# pip install {NAME}\n{IMPORT}"},
    "magic": {"python_code": f"%pip install {NAME}\n{IMPORT}"},
    "shell": {"python_code": f"!pip install {NAME}\n{IMPORT}"},
    "URL": {"dependencies": [f"{NAME} @ https://example.org/x.whl"]},
    "URL of a repository": {"dependencies": [f"{NAME} @ git+https://example.org/x"]},
    "path": {"dependencies": [f"{NAME} @ file:///tmp/x"]},
    "bare path": {"dependencies": ["./x"]},
    "arbitrary equality": {"dependencies": ["numpy===1"]},
    "URL in a block": {"python_code": block(f"dependencies = ['{NAME} @ https://example.org/x.whl']")},
    "source in a block": {
        "python_code": block("dependencies = ['six']", "[tool.uv.sources]", "six = { url = 'https://example.org/x' }")
    },
    "index in a block": {
        "python_code": block("dependencies = ['six']", "[[tool.uv.index]]", "url = 'https://example.org/x'")
    },
}


@pytest.mark.parametrize("arguments", CODE.values(), ids=CODE.keys())
async def test_each_way_into_a_call(arguments: dict[str, Any], connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        text, facts, is_error = await ask(client, "run_python_code", **{"python_code": "print('ran')", **arguments})
    assert is_error
    assert facts["status"] == "refused"
    assert "ran" not in facts.get("output", "")
    assert_shows_no_way_round(text + json.dumps(facts))


@pytest.mark.parametrize("name", ["a.py", "a.ipynb"])
async def test_files_that_scripts_may_have_written(
    name: str, connect: Callable[..., Any], folder: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not what a project declares, its settings, a `%pip` line of a notebook, or the operator's answers elsewhere."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "allowed.json").write_text(json.dumps({"version": 1, "allow": [NAME]}))
    monkeypatch.setenv("FORERUN_CONFIG_DIR", str(config))
    (folder / "requirements.txt").write_text(f"{NAME}\n")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "x"\ndependencies = ["{NAME}"]\n'
        f'[tool.forerun]\ntrust = "any"\nallow = ["{NAME}"]\nimport-map = {{ {MODULE} = "{NAME}" }}\n'
    )
    cell = {"cell_type": "code", "source": f"%pip install {NAME}\n{IMPORT}", "metadata": {}, "outputs": []}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (folder / name).write_text(notebook if name.endswith("ipynb") else IMPORT)
    async with connect() as client:
        text, facts, is_error = await ask(client, "run_python_file", file_path=name)
        said, prediction, _ = await ask(client, "resolve_dependencies", file_path=name)
    assert is_error
    assert facts["status"] == "refused"
    assert not prediction["would_run"]
    assert_shows_no_way_round(text + json.dumps(facts) + said + json.dumps(prediction))


def test_the_name_is_one_that_nobody_vetted() -> None:
    assert level_of_distribution(NAME) == "registered"


async def test_the_operators_flags_hold(connect: Callable[..., Any], ask: Ask) -> None:
    for options in ({"deny": ("six",)}, {"deny": ("six",), "allow": ("six",)}, {"deny": ("six",), "trust": "any"}):
        async with connect(**options) as client:
            _, facts, is_error = await ask(client, "run_python_code", python_code="import six")
        assert (facts["status"], is_error) == ("refused", True)


async def test_a_look_alike_is_told_its_model(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        text, _, _ = await ask(client, "run_python_code", python_code="1", dependencies=["reqeusts"])
    assert "did you mean requests?" in text


def assert_shows_no_way_round(text: str) -> None:
    for word in ("--allow", "--trust", "--with", "--deps", "allow-build", "forerun allow", "tool.forerun"):
        assert word not in text
