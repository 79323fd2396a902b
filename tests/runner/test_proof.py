"""A guess must prove itself by its distribution's own list of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from forerun.resolver.findings import Evidence, Requirement
from forerun.runner.proof import unproven


def guess(name: str, module: str, level: str = "popular", rule: str = "identity: x") -> Requirement:
    return Requirement(name, level, evidence=(Evidence(module, "main.py", 1, rule),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("requirement", "is_proven"),
    [
        pytest.param(guess("some-dist", "package.inner"), True, id="package"),
        pytest.param(guess("some-dist", "single"), True, id="module"),
        pytest.param(guess("some-dist", "native"), True, id="extension"),
        pytest.param(guess("some-dist", "some_dist", "curated"), True, id="curated rows were proven before"),
        pytest.param(guess("some-dist", "some_dist", rule="named by the caller"), True, id="no guess"),
        pytest.param(guess("absent", "absent"), True, id="left out by its marker"),
        pytest.param(guess("some-dist", "some_dist"), False, id="only its name"),
        pytest.param(guess("some-dist", "Single"), False, id="other case"),
        pytest.param(
            guess("some-dist", "some_dist", rule="missing at run time; identity: x"), False, id="in the fallback"
        ),
    ],
)
def test_guesses(requirement: Requirement, is_proven: bool, tmp_path: Path) -> None:
    record = tmp_path / "Some.Dist-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(
        "package/__init__.py,sha256=x,1\nsingle.py,,\nnative.cpython-311-x86_64-linux-gnu.so,,\n"
        "Some.Dist-1.0.dist-info/RECORD,,\n../../bin/tool,,\n"
    )
    assert unproven(str(tmp_path), [requirement]) == (
        [] if is_proven else [(requirement, requirement.evidence[0].module)]
    )
