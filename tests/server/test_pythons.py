"""A caller chooses among the versions of Python that the server's machine has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from forerun.runner.interpreters import installed
from forerun.runner.store import open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio
SHOW = "import sys\nsys.version.split()[0]"


async def test_a_call_may_name_a_version(
    connect: Callable[..., Any], ask: Callable[..., Awaitable[Any]], cache: Path, folder: Path
) -> None:
    others = [each for each in installed(open_store(str(cache))) if each.version[:2] != sys.version_info[:2]]
    if not others:
        pytest.skip("there is no other Python here")
    (folder / "job.py").write_text(f"print({SHOW.partition(chr(10))[2]})".replace("sys", "__import__('sys')"))
    async with connect() as client:
        chosen = {"python_version": others[0].release}
        _, facts, _ = await ask(client, "run_python_code", python_code=SHOW, **chosen)
        assert facts["return_value"] == others[0].release
        _, facts, _ = await ask(client, "run_python_file", file_path="job.py", **chosen)
        assert facts["output"] == f"{others[0].release}\n"
        _, facts, _ = await ask(client, "run_python_code", python_code=SHOW)
        assert facts["return_value"] == ".".join(map(str, sys.version_info[:3]))


async def test_a_prediction_is_for_the_python_that_would_run_it(
    connect: Callable[..., Any],
    ask: Callable[..., Awaitable[Any]],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = [each for each in installed(open_store(str(cache))) if each.version[:2] != sys.version_info[:2]]
    if not others:
        pytest.skip("there is no other Python here")
    minor = others[0].version[1]
    code = (
        f"# /// script\n# requires-python = '==3.{minor}.*'\n# ///\nimport sys\n"
        f"if sys.version_info[:2] == (3, {minor}):\n    import yaml\nelse:\n    import numpy\n"
    )
    async with connect() as client:
        _, facts, _ = await ask(client, "resolve_dependencies", python_code=code)
        assert [each["requirement"] for each in facts["requirements"]] == ["pyyaml"]
        assert (facts["would_run"], facts["problems"]) == (True, [])
        # Nothing is started to find out more, so that of a fresh machine less is known.
        monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "fresh"))
        _, facts, _ = await ask(client, "resolve_dependencies", python_code=code)
        assert [each["requirement"] for each in facts["requirements"]] == ["pyyaml"]
        assert not facts["would_run"]
        assert f"needs Python ==3.{minor}.*" in facts["problems"][0]
        assert not (tmp_path / "fresh" / "1" / "interpreters").exists()
