"""What is imported against what is declared."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from forerun.resolver.check import as_github, as_sarif, check
from forerun.resolver.findings import Evidence, Requirement
from forerun.resolver.library import resolve
from forerun.resolver.project import Declarations, project_declarations


def declared(*names: str) -> Declarations:
    evidence = [Evidence(name, "pyproject.toml", line, "") for line, name in enumerate(names, 1)]
    return Declarations(tuple(Requirement(each.module, "declared", evidence=(each,)) for each in evidence))


@pytest.mark.parametrize(
    ("code", "names", "found"),
    [
        pytest.param("import numpy", ["numpy"], [], id="agreed"),
        pytest.param("import os", [], [], id="nothing needed"),
        pytest.param("import cv2", ["opencv-python"], [], id="an alternative will do"),
        pytest.param("import os", ["pytest"], [], id="tools are never imported"),
        pytest.param("try:\n import numpy\nexcept ImportError:\n numpy = None", ["numpy"], [], id="optional is used"),
        pytest.param("import numpy", [], [("missing", "numpy", 1)], id="missing"),
        pytest.param("import os", ["numpy"], [("unused", "numpy", 1)], id="unused"),
        pytest.param("import acme_x", ["python-acme-x-core"], [], id="may be what is unknown"),
        pytest.param("import os", ["types-requests", "pandas-stubs"], [], id="for type checkers"),
        pytest.param("import sklearn", ["sklearn"], [("wrong-name", "scikit-learn", 1)], id="the import's name"),
    ],
)
def test_differences(code: str, names: list[str], found: list[tuple[str, str, int]]) -> None:
    findings = check(resolve(code + "\n"), declared(*names), is_whole=True)
    assert [(each.kind, each.name, each.line) for each in findings] == found


def test_one_file_of_many_proves_nothing_unused() -> None:
    assert check(resolve("import os\n"), declared("numpy"), is_whole=False) == ()


def test_forms_for_machines() -> None:
    findings = check(resolve("import numpy\n"), declared(), is_whole=True)
    assert as_github(findings) == ["::error file=main.py,line=1::needs numpy (for numpy)%2C which is not declared"]
    log = json.loads(json.dumps(as_sarif(findings, "1")))
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] in {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_a_project_s_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\ndependencies = [\n  "NumPy>=1 ; python_version > \'3\'",\n]\n'
        '[project.optional-dependencies]\nextra = ["rich"]\n[dependency-groups]\ndev = ["pytest"]\n'
        '[tool.poetry.dependencies]\npython = "^3"\nrequests = "^2"\n'
    )
    (tmp_path / "requirements.txt").write_text(
        "# comment\nflask==2 \\\n  --hash=sha256:00\n-r more.txt\n-c caps.txt\n-e .\n--index-url https://example.org/\n"
    )
    (tmp_path / "more.txt").write_text("pyyaml  # why\n-r requirements.txt\n")
    (tmp_path / "caps.txt").write_text("numpy<2\n")
    (tmp_path / "requirements-dev.txt").write_text("ruff\nnot a requirement!\n")
    found = project_declarations(str(tmp_path))
    required = {each.name: (Path(each.evidence[0].path).name, each.evidence[0].line) for each in found.requirements}
    assert required == {
        "numpy": ("pyproject.toml", 4),
        "requests": ("pyproject.toml", 12),
        "flask": ("requirements.txt", 2),
        "pyyaml": ("more.txt", 1),
    }
    assert {each.name for each in found.optional} == {"rich", "pytest", "ruff"}
    assert [each.text for each in found.constraints] == ["numpy<2"]
    assert [(Path(each.path).name, each.line) for each in found.problems] == [
        ("requirements.txt", 7),
        ("requirements-dev.txt", 2),
    ]
    assert "example.org" not in str(found.problems)


def test_invalid_toml_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    (problem,) = project_declarations(str(tmp_path)).problems
    assert "is not valid TOML" in str(problem)


def test_sarif_is_what_its_specification_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SARIF 2.1.0: 3.27.5 ruleId, 3.27.6 ruleIndex, 3.4.3 uri (RFC 3986), 3.30.5 startLine, 3.19.23 rules."""
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "a folder" / "\xe9 100%#?.py"
    odd.parent.mkdir()
    odd.write_text("import yaml\n")
    (tmp_path / "requirements.txt").write_text("\nnumpy\nsklearn\n")
    (tmp_path / "b.py").write_text("import sklearn\n")
    findings = check(resolve(Path()), project_declarations("."), is_whole=True)
    log = as_sarif([*findings, findings[0].replace(path="/else where.py", line=0)], "1.2")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (log["version"], len(rules), len({each["id"] for each in rules})) == ("2.1.0", 3, 3)
    places = []
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/:%-]+", uri)
        assert ("uriBaseId" in place["artifactLocation"]) is not uri.startswith("file:///")
        places.append((result["ruleId"], unquote(uri), place["region"]["startLine"]))
    assert places == [
        ("missing", "a folder/\xe9 100%#?.py", 1),
        ("unused", "requirements.txt", 2),
        ("wrong-name", "requirements.txt", 3),
        ("missing", "file:///else where.py", 1),
    ]
