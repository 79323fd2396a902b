"""Folders are read as git and people see them: without what is ignored, made by tools, or installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forerun.resolver.folders import python_files
from forerun.resolver.ignore_rules import rules_in, verdict
from forerun.resolver.library import resolve, scripts_in
from forerun.resolver.shebang import is_python, program
from forerun.resolver.source import from_file


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def found(folder: Path) -> list[str]:
    return [Path(each).relative_to(folder).as_posix() for each in python_files(str(folder))]


IGNORED = [
    # pattern lines, path, whether git ignores it
    ("a.py", "a.py", True),
    ("a.py", "x/a.py", True),
    ("a.py", "b.py", False),
    ("/a.py", "a.py", True),
    ("/a.py", "x/a.py", False),
    ("x/a.py", "x/a.py", True),
    ("x/a.py", "y/x/a.py", False),
    ("*.py", "x/y.py", True),
    ("*.py\n!y.py", "x/y.py", False),
    ("!y.py\n*.py", "x/y.py", True),
    ("x/*", "x/a.py", True),
    ("x/*", "x/y/a.py", True),
    ("x/*.py", "x/y/a.py", False),
    ("**/a.py", "x/y/a.py", True),
    ("**/a.py", "a.py", True),
    ("x/**", "x/y/a.py", True),
    ("x/**/a.py", "x/a.py", True),
    ("x/**/a.py", "x/y/z/a.py", True),
    ("x/**/a.py", "z/x/a.py", False),
    ("x/", "x/a.py", True),
    ("x/", "y/x/a.py", True),
    ("/x/", "y/x/a.py", False),
    ("a.py/", "a.py", False),
    ("x/\n!x/a.py", "x/a.py", True),
    ("x/*\n!x/a.py", "x/a.py", False),
    ("?.py", "a.py", True),
    ("?.py", "ab.py", False),
    ("[ab].py", "a.py", True),
    ("[!ab].py", "a.py", False),
    ("[^ab].py", "c.py", True),
    ("[a-c].py", "b.py", True),
    ("[c-a].py", "b.py", False),
    ("[[:digit:]].py", "1.py", True),
    ("[[:digit:]].py", "a.py", False),
    ("[]a].py", "].py", True),
    ("[a.py", "[a.py", False),
    ("[a-].py", "-.py", True),
    (r"\!a.py", "!a.py", True),
    (r"\#a.py", "#a.py", True),
    ("#a.py", "#a.py", False),
    (r"a\*.py", "a*.py", True),
    (r"a\*.py", "ab.py", False),
    ("a.py   ", "a.py", True),
    ("a.py\r", "a.py", True),
    ("a*b*c.py", "axxbxxc.py", True),
    ("a*b*c.py", "axxcxxb.py", False),
    ("*a/b*.py", "xa/bc.py", True),
    ("**", "x/a.py", True),
    ("x**y.py", "xaay.py", True),
    ("/", "a.py", False),
    ("", "a.py", False),
    ("./a.py", "a.py", False),
    ("A.py", "a.py", False),
    ("\ufeffa.py", "a.py", True),
]


@pytest.mark.parametrize(("lines", "path", "is_ignored"), IGNORED, ids=lambda each: repr(each))
def test_patterns_mean_what_git_says(tmp_path: Path, lines: str, path: str, is_ignored: bool) -> None:
    tree(tmp_path, {path: ""})
    (tmp_path / ".gitignore").write_bytes(lines.encode())
    assert (path not in found(tmp_path)) == is_ignored
    if shutil.which("git"):
        assert ignored_by_git(tmp_path, path) == is_ignored


def ignored_by_git(folder: Path, path: str) -> bool:
    command = ["git", "-c", "init.defaultBranch=main", "-c", "core.excludesFile="]
    subprocess.run([*command, "init", "-q", str(folder)], check=True, capture_output=True)
    asked = subprocess.run(
        [*command, "-C", str(folder), "check-ignore", "-q", "--no-index", "--", path], capture_output=True
    )
    assert asked.returncode in (0, 1), asked.stderr
    return asked.returncode == 0


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(alphabet="ab*?[]!^-/\\# .\n:", max_size=30), st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1))
def test_any_pattern_is_read(text: str, path: list[str]) -> None:
    assert verdict(rules_in(text), path, False) in (True, False, None)


def test_stars_do_not_backtrack() -> None:
    rules = rules_in("*a" * 100 + "b\n" + "**/a/" * 100 + "b\n" + "[" * 500)
    assert verdict(rules, ["a" * 250] * 200, False) is None


def test_nested_files_decide_before_those_above(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "*.py\n", "a.py": "", "x/.gitignore": "!b.py\n", "x/b.py": "", "x/c.py": ""})
    assert found(tmp_path) == ["x/b.py"]


def test_rules_above_count_up_to_the_repository_and_not_for_a_folder_that_they_ignore(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "*.py\n", "repo/.git/HEAD": "", "repo/.gitignore": "old/\nb.py\n"})
    tree(tmp_path, {"repo/x/a.py": "", "repo/x/b.py": "", "repo/old/a.py": "", "repo/old/b.py": ""})
    assert found(tmp_path / "repo/x") == ["a.py"]
    assert found(tmp_path / "repo") == ["x/a.py"]
    assert found(tmp_path / "repo/old") == ["a.py", "b.py"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({".hidden/a.py": ""}, id="hidden folder"),
        pytest.param({".a.py": ""}, id="hidden file"),
        pytest.param({"env/pyvenv.cfg": "", "env/a.py": ""}, id="environment"),
        pytest.param({"env/conda-meta/history": "", "env/a.py": ""}, id="environment of conda"),
        pytest.param({"env/bin/python": "", "env/lib/a.py": ""}, id="environment of an old virtualenv"),
        pytest.param({"__pycache__/a.py": ""}, id="cache"),
        pytest.param({"node_modules/a.py": ""}, id="node_modules"),
        pytest.param({"x/site-packages/a.py": ""}, id="site-packages"),
        pytest.param({"build/lib/a.py": ""}, id="build"),
        pytest.param({"dist/a.py": ""}, id="dist"),
        pytest.param({"x.egg-info/a.py": ""}, id="egg-info"),
        pytest.param({"notes.txt": "import a"}, id="text"),
        pytest.param({"LICENSE": "MIT"}, id="no ending and no first line"),
        pytest.param({"tool": "#!/bin/bash\nls"}, id="shell script"),
    ],
)
def test_what_is_not_the_folder_s_own_is_passed_over(tmp_path: Path, files: dict[str, str]) -> None:
    assert found(tree(tmp_path, files)) == []


def test_a_package_called_build_is_code(tmp_path: Path) -> None:
    assert found(tree(tmp_path, {"build/__init__.py": "", "build/a.py": ""})) == ["build/__init__.py", "build/a.py"]


def test_scripts_without_an_ending_are_read(tmp_path: Path) -> None:
    tree(tmp_path, {"tool": "#!/usr/bin/env python3\nimport numpy", "x/other": "#!/usr/bin/python2.7\nimport yaml"})
    assert found(tmp_path) == ["tool", "x/other"]


def test_pipes_and_loops_do_not_hold_it_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "loop.py").symlink_to(tmp_path)
    problems = resolve(tree(tmp_path, {"a.py": "import yaml"})).diagnostics
    assert [(os.path.basename(each.path), each.message) for each in problems] == [
        ("pipe.py", "is not a regular file"),
    ]


def test_a_folder_that_cannot_be_listed_is_named() -> None:
    # Other people's rights hold for root, too, once it has given up its own.
    with tempfile.TemporaryDirectory() as name:
        folder = tree(Path(name), {"open/a.py": "", "closed/b.py": ""})
        folder.chmod(0o755)
        (folder / "closed").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            sources, problems = scripts_in(name)
            _, alone = scripts_in(str(folder / "closed"))
        finally:
            if user == 0:
                os.seteuid(user)
            (folder / "closed").chmod(0o755)
    assert [os.path.basename(path) for path in sources] == ["a.py"]
    assert [os.path.basename(each.path) for each in problems] == ["closed"]
    assert "cannot be listed" in alone[0].message
    assert len(alone) == 1


def test_an_empty_folder_is_said_to_hold_nothing(tmp_path: Path) -> None:
    (only,) = scripts_in(str(tmp_path))[1]
    assert "holds no Python file" in only.message


@pytest.mark.parametrize(
    ("head", "name", "is_one"),
    [
        pytest.param("", "", False, id="empty"),
        pytest.param("import a", "", False, id="no such line"),
        pytest.param("#!", "", False, id="names nothing"),
        pytest.param("#!/bin/sh", "sh", False, id="shell"),
        pytest.param("#!/usr/bin/env node", "node", False, id="node"),
        pytest.param("#!/usr/bin/env pythonic", "pythonic", False, id="a name that begins so"),
        pytest.param("#!/usr/bin/python", "python", True, id="plain"),
        pytest.param("#! /usr/bin/python -u", "python", True, id="space and option"),
        pytest.param("#!/usr/bin/python2.7\r\n", "python2.7", True, id="version and CRLF"),
        pytest.param("#!/usr/bin/env python3", "python3", True, id="env"),
        pytest.param("#!/usr/bin/env -S python3 -u", "python3", True, id="env -S"),
        pytest.param("#!/usr/bin/env -S uv run --script", "uv", True, id="uv"),
        pytest.param("#!/usr/bin/env -Suv run", "uv", True, id="glued"),
        pytest.param("#!/usr/bin/env --split-string=python3 -u", "python3", True, id="long option"),
        pytest.param("#!/usr/bin/env -i A=b -u HOME pypy3", "pypy3", True, id="options and variables"),
        pytest.param("#!C:\\Python\\python.exe", "python.exe", True, id="Windows"),
        pytest.param("#!/bin/sh\n'''exec' /long/python \"$0\"", "sh", True, id="shell and Python at once"),
        pytest.param("#!\xff\xfe", "\xff\xfe", False, id="bytes"),
    ],
)
def test_the_first_line_names_the_program(head: str, name: str, is_one: bool) -> None:
    data = head.encode("latin-1")
    assert (program(data), is_python(data)) == (name, is_one)


def test_a_script_of_another_language_is_named_as_such(tmp_path: Path) -> None:
    tree(tmp_path, {"a": "#!/bin/bash\nls", "b": "#!/usr/bin/env python3\n", "c.py": "#!/bin/bash\n"})
    assert ["names bash" in "".join(from_file(str(tmp_path / name)).notes) for name in ("a", "b", "c.py")] == [
        True,
        False,
        False,
    ]
