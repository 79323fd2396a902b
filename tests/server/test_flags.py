"""Flags of the server -> settings."""

from __future__ import annotations

import pytest

from forerun.commands.serve_options import parse
from forerun.server.settings import Settings


def test_no_flags_are_the_defaults() -> None:
    assert parse("stdio", []) == (Settings(), None)


@pytest.mark.parametrize(
    ("flags", "requirements"),
    [
        pytest.param(["a"], ("a",), id="one"),
        pytest.param(["a,b , c"], ("a", "b", "c"), id="commas and spaces"),
        pytest.param(["a>=1,<2,b"], ("a>=1,<2", "b"), id="a range keeps its comma"),
        pytest.param(["a[x,y],b"], ("a[x,y]", "b"), id="extras keep theirs"),
        pytest.param(["a", "b"], ("a", "b"), id="given twice"),
        pytest.param([""], (), id="empty"),
    ],
)
def test_deps_are_split_into_requirements(flags: list[str], requirements: tuple[str, ...]) -> None:
    arguments = [part for flag in flags for part in ("--deps", flag)]
    assert parse("stdio", arguments).settings.dependencies == requirements


def test_all_flags() -> None:
    folders = ["--mount", "/data", "--path", "/"]
    trust = ["--trust", "any", "--allow", "A_b", "--deny", "c"]
    settings = parse("stdio", [*folders, *trust, "--timeout", "5", "--max-retries", "0", "--verbose"]).settings
    assert settings == Settings(
        mount="/data", path="/", timeout=5, trust="any", allow=("A_b",), deny=("c",), max_retries=0, verbose=True
    )
    assert settings.policy.allow == {"a-b"}
