"""`resolve --write` changes a script's block, whole or not at all, and loses nothing that stands in it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]


def test_twice_is_once_and_permissions_links_and_neighbours_stay(run_forerun: Forerun, tmp_path: Path) -> None:
    script = tmp_path / "real.py"
    script.write_bytes(b"#!/usr/bin/env python\r\n# coding: latin-1\r\nimport yaml  # \xe4\r\n")
    script.chmod(0o754)
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link.py"
    link.symlink_to("../real.py")
    done = run_forerun("resolve", "--write", "folder/link.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "folder/link.py: 1 added to its script block\n")
    written = script.read_bytes()
    assert b'#     "pyyaml",\r\n' in written
    assert written.startswith(b"#!/usr/bin/env python\r\n# coding: latin-1\r\n# /// script\r\n")
    assert written.endswith(b"import yaml  # \xe4\r\n")
    assert link.is_symlink()
    assert stat.S_IMODE(script.stat().st_mode) == 0o754
    again = run_forerun("resolve", "--write", "real.py")
    assert (again.returncode, again.stderr, script.read_bytes()) == (0, "", written)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "real.py"]
    assert [each.name for each in (tmp_path / "folder").iterdir()] == ["link.py"]


def test_what_is_declared_stays_and_only_what_is_missing_is_added(run_forerun: Forerun, tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text(
        "# /// script\n# dependencies = [\n#   'PyYAML<7', # why\n#   'unused'\n# ]\n# ///\nimport yaml, bs4\n"
    )
    run_forerun("resolve", "--write", "a.py")
    assert script.read_text() == (
        "# /// script\n# dependencies = [\n#   'PyYAML<7', # why\n#   'unused',\n#   'beautifulsoup4',\n# ]\n# ///\n"
        "import yaml, bs4\n"
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(["dependencies = ['no requirement!']"], "is not a requirement", id="an entry"),
        pytest.param(["dependencies = ["], "not valid TOML", id="TOML"),
        pytest.param(["dependencies = 'numpy'"], "are not a list of strings (line 2, column 18)", id="type"),
        pytest.param(
            ["x = 1", "# ///", "", "# /// script", "dependencies = []"], "second script block", id="two blocks"
        ),
    ],
)
def test_a_bad_block_is_refused_and_stays(lines: list[str], said: str, run_forerun: Forerun, tmp_path: Path) -> None:
    block = [line if line.startswith("#") or not line else f"# {line}" for line in lines]
    text = "\n".join(["# /// script", *block, "# ///", "import yaml"])
    (tmp_path / "a.py").write_text(text)
    done = run_forerun("resolve", "--write", "a.py")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "a.py").read_text() == text


def test_other_names_of_a_file_would_keep_its_old_content(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import yaml\n")
    os.link(tmp_path / "a.py", tmp_path / "b.py")
    done = run_forerun("resolve", "--write", "a.py")
    assert (done.returncode, (tmp_path / "a.py").read_text()) == (2, "import yaml\n")
    assert "hard links" in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_a_protected_file_stays(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import yaml\n")
    (tmp_path / "a.py").chmod(0o444)
    done = run_forerun("resolve", "--write", "a.py")
    assert (done.returncode, (tmp_path / "a.py").read_text()) == (2, "import yaml\n")
    assert "write-protected" in done.stderr


@pytest.mark.parametrize("name", ["-", "folder", "a.ipynb", "missing.py"])
def test_only_scripts_are_written_to(name: str, run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.ipynb").write_text("{}")
    done = run_forerun("resolve", "--write", name)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
