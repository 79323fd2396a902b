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
