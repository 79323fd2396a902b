"""What a project's files declare is found, read in every form, and decides versions and names of what is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forerun.resolver.library import resolve
from forerun.resolver.lock_file import locked
from forerun.resolver.project import project_declarations
from forerun.resolver.project_files import project_files
from forerun.resolver.pyproject_file import pyproject
from forerun.resolver.requirements_file import entries
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 11), "linux", "posix")


def texts(path: Path) -> list[str]:
    return [each.text for each in resolve(path).requirements]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        pytest.param("numpy", "requirement", "numpy", id="name"),
        pytest.param("numpy >= 1 ; os_name == 'nt' # why", "requirement", "numpy >= 1 ; os_name == 'nt'", id="marker"),
        pytest.param("a==1 --hash=sha256:00 --hash=sha256:11", "requirement", "a==1", id="hashes"),
        pytest.param("a==1 \\\n  --hash=sha256:00 \\\n  --hash=x", "requirement", "a==1", id="hashes on more lines"),
        pytest.param("a[x]@https://h/a.whl#sha256=0", "requirement", "a[x]@https://h/a.whl#sha256=0", id="at URL"),
        pytest.param("https://h/p-q/My_A-1.0-py3-none-any.whl#sha256=0", "requirement",
                     "My_A @ https://h/p-q/My_A-1.0-py3-none-any.whl#sha256=0", id="URL of a wheel"),
        pytest.param("git+https://h/r@v1#egg=a[x]&subdirectory=s", "requirement",
                     "a[x] @ git+https://h/r@v1#subdirectory=s", id="URL with an egg"),
        pytest.param("-e git+ssh://git@h/r.git#egg=a", "requirement", "a @ git+ssh://git@h/r.git", id="editable URL"),
        pytest.param("--editable=git+https://h/r#egg=a", "requirement", "a @ git+https://h/r", id="editable with ="),
        pytest.param("-r more.txt", "file", "more.txt", id="included"),
        pytest.param("--requirement=more.txt", "file", "more.txt", id="included, with ="),
        pytest.param("-rmore.txt", "file", "more.txt", id="included, without a space"),
        pytest.param("-c 'my caps.txt'", "constraints", "my caps.txt", id="constraints, quoted"),
        pytest.param("--constraint caps.txt", "constraints", "caps.txt", id="constraints, long"),
    ],
)  # fmt: skip
def test_lines_of_a_requirements_file(line: str, kind: str, text: str) -> None:
    assert [(each.kind, each.text, each.line) for each in entries(f"\n{line}\n")] == [(kind, text, 2)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("./lib", "names a path", id="folder"),
        pytest.param("-e ../lib", "names a path", id="editable folder"),
        pytest.param("wheels/a-1-py3-none-any.whl", "names a path", id="file"),
        pytest.param("file:///a", "names a path", id="file by URL"),
        pytest.param("https://h/archive.zip", "a URL and no distribution", id="URL without a name"),
        pytest.param("--extra-index-url https://user:secret@h/", "its --extra-index-url is not read", id="index"),
        pytest.param("-i https://user:secret@h/", "its -i is not read", id="short index"),
        pytest.param("--find-links=https://user:secret@h/", "its --find-links is not read", id="links"),
    ],
)
def test_what_is_left_out_of_a_requirements_file_is_named_without_its_secrets(line: str, said: str) -> None:
    (entry,) = entries(line)
    assert entry.kind == "problem"
    assert said in entry.text
    assert "secret" not in entry.text


@pytest.mark.parametrize(
    "line", ["", "# numpy", "  ", "-e .", ".[test]", "--pre", "--only-binary :all:", "--no-binary=a", "\\"]
)
def test_lines_that_say_nothing_to_us(line: str) -> None:
    assert list(entries(line)) == []


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="-rce=./ #\\\nab@:+&gitegg[]'\"", max_size=60))
def test_any_text_is_a_requirements_file(text: str) -> None:
    assert list(entries(text)) == list(entries(text))


def test_included_files_nest_and_may_go_in_circles(tmp_path: Path) -> None:
    write(tmp_path, {
        "requirements.txt": "-r sub/inner.txt\n-r requirements.txt\n-r missing.txt\n-r https://u:p@h/x.txt\n",
        "sub/inner.txt": "-r ../requirements.txt\n-r deep.txt\n-c caps.txt\nnumpy\n",
        "sub/deep.txt": "pandas\n",
        "sub/caps.txt": "numpy<2\n",
        "requirements-dev.txt": "-r requirements.txt\npytest\n",
    })  # fmt: skip
    found = project_declarations(str(tmp_path))
    assert {each.name for each in found.requirements} == {"numpy", "pandas"}
    assert {each.name for each in found.optional} == {"pytest"}
    assert [each.text for each in found.constraints] == ["numpy<2"]
    assert [(each.line, each.message) for each in found.problems] == [
        (3, "includes missing.txt, and there is no such file"),
        (4, "includes a file by URL, which is not fetched"),
    ]


def test_tables_of_other_tools() -> None:
    found = pyproject("""
[project]
name = "me"
dependencies = ["a", 1]
optional-dependencies = { x = ["b"] }
[dependency-groups]
dev = [{ include-group = "test" }, "c"]
test = ["d"]
[tool.poetry.dependencies]
python = "^3"
e = "^1"
f = ">=2,<3"
g = { version = "==4", extras = ["x"] }
[tool.poetry.group.dev.dependencies]
h = "*"
[tool.poetry.dev-dependencies]
i = "1"
[tool.uv]
dev-dependencies = ["j"]
[tool.pdm.dev-dependencies]
x = ["k"]
[tool.hatch.envs.test]
extra-dependencies = ["l"]
[tool.setuptools.dynamic]
dependencies = { file = ["base.txt"] }
""")
    required = [each.text for each in found.listed if not each.is_optional]
    optional = sorted(each.text for each in found.listed if each.is_optional)
    assert required == ["a", "e", "f>=2,<3", "g==4"]
    assert optional == ["b", "c", "d", "h", "i", "j", "k", "l"]
    assert (found.name, found.files) == ("me", ("base.txt",))
    assert {each.text: each.line for each in found.listed}["f>=2,<3"] == 12


def test_setup_cfg_is_read(tmp_path: Path) -> None:
    write(tmp_path, {
        "setup.cfg": "[options]\ninstall_requires =\n    numpy>=1 # why\n    rich; python_version > '3'\n"
                     "[options.extras_require]\ndev =\n    pytest\n[flake8]\nignore = %(x)s\n",
    })  # fmt: skip
    found = project_declarations(str(tmp_path))
    assert {each.text: each.evidence[0].line for each in found.requirements} == {
        "numpy>=1": 0, 'rich ; python_version > "3"': 4,
    }  # fmt: skip
    assert [each.name for each in found.optional] == ["pytest"]
    write(tmp_path, {"setup.cfg": "numpy\n"})
    (problem,) = project_declarations(str(tmp_path)).problems
    assert "is not a configuration file" in problem.message


UV_LOCK = """
version = 1
requires-python = ">=3.9"
[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "x" }
resolution-markers = ["python_full_version < '3.11'"]
[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "x" }
resolution-markers = ["python_full_version >= '3.11'"]
[[package]]
name = "torch"
version = "2.5.1+cpu"
source = { registry = "y" }
[[package]]
name = "twice"
version = "1"
source = { registry = "x" }
[[package]]
name = "twice"
version = "2"
source = { registry = "x" }
[[package]]
name = "me"
version = "0"
source = { virtual = "." }
[[package]]
name = "from-git"
version = "0"
source = { git = "https://h/r#0" }
"""

PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "numpy"
version = "2.1.0"
marker = "sys_platform == 'linux'"
[[packages]]
name = "colorama"
version = "0.4"
marker = "sys_platform == 'win32'"
[[packages]]
name = "old"
version = "1"
requires-python = "<3.9"
[[packages]]
name = "tree"
directory = { path = "." }
"""


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        pytest.param(UV_LOCK, {"numpy": "2.1.0", "torch": "2.5.1"}, id="uv.lock"),
        pytest.param(PYLOCK, {"numpy": "2.1.0"}, id="pylock.toml"),
        pytest.param("package = 5", {}, id="no list"),
        pytest.param("package = [1, {}, {name = 5}]", {}, id="odd rows"),
        pytest.param("[[package]]\nname = 'a'\nversion = '1'\nmarker = 'nonsense'", {}, id="odd marker"),
    ],
)
def test_locks(text: str, versions: dict[str, str]) -> None:
    assert locked(text, LINUX).versions == versions
    assert locked(text, LINUX).problem == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[", "is not valid TOML", id="TOML"),
        pytest.param('lock-version = "2.0"', "a later form (2.0)", id="later"),
        pytest.param('requires-python = ">=3.12"', "is not for Python 3.11", id="another Python"),
        pytest.param('requires-python = "new"', "is not for Python 3.11", id="no specifier"),
    ],
)
def test_locks_that_are_not_followed(text: str, said: str) -> None:
    assert said in locked(text, LINUX).problem
    assert locked(text, LINUX).versions == {}


def test_versions_names_and_private_distributions_come_from_the_project(tmp_path: Path) -> None:
    write(tmp_path, {
        ".git/HEAD": "",
        "requirements.txt": "Numpy>=1.2,<3\nopencv_python\nacme.private==1\nyaml-thing\nunused-one\n"
                            "rich<10 ; python_version < '3'\nrich>=12 ; python_version > '3'\n",
        "src/deep/a.py": "import numpy, cv2, acme_private, rich, yaml\n",
    })  # fmt: skip
    wanted = ["acme-private==1", "numpy<3,>=1.2", "opencv-python", "pyyaml", "rich>=12"]
    assert texts(tmp_path / "src" / "deep" / "a.py") == texts(tmp_path) == wanted
    levels = {each.name: each.level for each in resolve(tmp_path).requirements}
    assert (levels["acme-private"], levels["pyyaml"]) == ("declared", "curated")


def test_locks_pin_what_is_imported_and_ranges_stand_against_stale_locks(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["requests>=2.30", "numpy"]\n',
        "uv.lock": 'version = 1\n[[package]]\nname = "requests"\nversion = "2.0"\nsource = { registry = "x" }\n'
                   '[[package]]\nname = "numpy"\nversion = "2.1.0"\nsource = { registry = "x" }\n',
        "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "numpy"\nversion = "1.0"\n'
                       '[[packages]]\nname = "rich"\nversion = "13.0"\n',
        "pylock.dev.toml": 'lock-version = "1.0"\n[[packages]]\nname = "attrs"\nversion = "25.0"\n',
        "a.py": "import requests, numpy, rich, attrs\n",
    })  # fmt: skip
    found = resolve(tmp_path / "a.py")
    wanted = ["attrs==25.0", "numpy==2.1.0", "requests>=2.30", "rich==13.0"]
    assert [each.text for each in found.requirements] == wanted
    (said,) = found.diagnostics
    assert "rules out requests 2.0" in said.message
    assert (Path(said.path).name, said.line) == ("pyproject.toml", 3)


def test_a_project_s_version_stands_against_what_old_apis_suggest(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "from pydantic import BaseSettings\n"})
    assert texts(tmp_path / "a.py") == ["pydantic<2"]
    write(tmp_path, {"requirements.txt": "pydantic\n"})
    assert texts(tmp_path / "a.py") == ["pydantic<2"]
    write(tmp_path, {"requirements.txt": "pydantic>=1.9\n"})
    assert texts(tmp_path / "a.py") == ["pydantic>=1.9"]


def test_a_block_is_its_own_answer_and_a_caller_has_no_project(tmp_path: Path) -> None:
    write(tmp_path, {
        "requirements.txt": "numpy<2\nacme.private\n",
        "a.py": "# /// script\n# dependencies = ['numpy']\n# ///\nimport numpy\n",
    })  # fmt: skip
    assert texts(tmp_path / "a.py") == ["numpy"]
    source = from_code("import numpy, acme_private\n", "caller", str(tmp_path))
    assert [each.text for each in resolve_sources([source], LINUX).requirements] == ["numpy"]


def test_the_root_is_where_version_control_is_or_else_what_declares_first(tmp_path: Path) -> None:
    write(tmp_path, {
        "requirements.txt": "numpy==1\n", "repo/.git/HEAD": "", "repo/uv.lock": "version = 1\n",
        "repo/member/pyproject.toml": "", "repo/member/src/a.py": "", "loose/a.py": "",
    })  # fmt: skip
    member = project_files(str(tmp_path / "repo" / "member" / "src"))
    assert [os.path.relpath(path, tmp_path / "repo") for path in member.paths] == ["member/pyproject.toml", "uv.lock"]
    (found,) = project_files(str(tmp_path / "loose")).paths
    assert found == str(tmp_path / "requirements.txt")
    assert project_files(str(tmp_path / "repo" / "x")).pyproject == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_somebody_else_put_above_declares_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "numpy==1\n", "mine/a.py": "import numpy\n"})
    os.chown(tmp_path / "requirements.txt", 65534, 65534)
    assert texts(tmp_path / "mine" / "a.py") == ["numpy"]
    os.chown(tmp_path / "mine", 65534, 65534)
    assert texts(tmp_path / "mine" / "a.py") == ["numpy==1"]


def test_pipes_and_folders_in_place_of_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import numpy\n", "uv.lock/x": ""})
    os.mkfifo(tmp_path / "requirements.txt")
    assert texts(tmp_path / "a.py") == ["numpy"]
