"""What a distribution installs anyway is not asked for a second time."""

from __future__ import annotations

import pytest

from forerun import data
from forerun.resolver.brought import brought_by
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 12), "linux", "posix")
EXPRESS = "import plotly.express as px\nprint(px.bar(y=[1]))\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(EXPRESS, True, id="nothing else brings it"),
        pytest.param(EXPRESS + "import skimage\n", False, id="another requirement brings it"),
        pytest.param(EXPRESS + "import skimage\nimport numpy\n", True, id="it is imported, too"),
        pytest.param(
            EXPRESS + "try:\n    import skimage\nexcept ImportError:\n    skimage = None\n", True, id="optional"
        ),
    ],
)
def test_an_implicit_need_is_named_unless_a_requirement_brings_it(code: str, expected: bool) -> None:
    names = {each.name for each in resolve_sources([from_code(code)], LINUX).requirements}
    assert ("numpy" in names) is expected


@pytest.mark.parametrize(
    ("call", "expected"), [("distplot", False), ("factorplot", True)], ids=["current release", "older release"]
)
def test_an_older_release_may_not_bring_it(call: str, expected: bool) -> None:
    code = f"import pandas as pd\nimport seaborn as sns\npd.DataFrame([1]).plot()\nsns.{call}([1])\n"
    made = {
        each.name: each for each in resolve_sources([from_code(code)], Target((3, 8), "linux", "posix")).requirements
    }
    assert bool(made["seaborn"].specifier) is expected, "the hint on which this test rests"
    assert ("matplotlib" in made) is expected


def test_every_row_is_found() -> None:
    rows = [line.split() for line in data.read("brought_names.txt").decode().split("\n") if line]
    assert len(rows) > 300
    assert rows == sorted(rows)
    for name, *brought in rows:
        assert brought_by(name) == frozenset(brought) != frozenset()
        assert name not in brought
    for other in ("", " ", "trl trl", "no-such-distribution", "pandas\n"):
        assert brought_by(other) == frozenset()
