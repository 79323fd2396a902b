"""A script's own modules are found beside it, in its package and in src layouts, and are followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from forerun.resolver.findings import Resolution
from forerun.resolver.folders import python_files
from forerun.resolver.local import Neighbourhood
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code, from_file
from forerun.resolver.target import this_target


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def resolved(script: Path, root: str = "") -> Resolution:
    return resolve_sources([from_file(str(script))], this_target(), root=root)


def names(resolution: Resolution) -> list[str]:
    return [each.name for each in resolution.requirements]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="nothing beside"),
        pytest.param({"other/numpy.py": ""}, id="in another folder"),
        pytest.param({"numpy.txt": ""}, id="not Python"),
        pytest.param({"numpy.py/data.txt": ""}, id="a folder with the name of a file"),
        pytest.param({"numpy/data.txt": ""}, id="a folder without Python"),
        pytest.param({".venv/lib/python3.11/site-packages/numpy/__init__.py": ""}, id="hidden environment"),
        pytest.param(
            {"venv/pyvenv.cfg": "", "venv/lib/python3.11/site-packages/numpy/__init__.py": ""},
            id="environment",
        ),
        pytest.param({"numpy/pyvenv.cfg": "", "numpy/x.py": ""}, id="an environment of that name"),
        pytest.param({"site-packages/numpy/__init__.py": ""}, id="site-packages"),
    ],
)
def test_numpy_is_not_local(tmp_path: Path, files: dict[str, str]) -> None:
    resolution = resolved(tree(tmp_path, {**files, "main.py": "import numpy"}) / "main.py", str(tmp_path))
    assert names(resolution) == ["numpy"]
    assert resolution.local == ()


@pytest.mark.parametrize(
    ("files", "code"),
    [
        pytest.param({"mine.py": "import yaml"}, "import mine", id="module"),
        pytest.param({"numpy.py": "import yaml"}, "import numpy", id="a module that hides a distribution"),
        pytest.param({"mine/__init__.py": "import yaml"}, "import mine", id="package"),
        pytest.param({"mine/__init__.py": "", "mine/a.py": "import yaml"}, "import mine.a", id="submodule"),
        pytest.param({"mine/__init__.py": "", "mine/a.py": "import yaml"}, "from mine import a", id="from package"),
        pytest.param({"mine/__init__.py": "from . import a", "mine/a.py": "import yaml"}, "import mine", id="relative"),
        pytest.param(
            {"mine/__init__.py": "from .a import x", "mine/a.py": "import yaml"},
            "import mine",
            id="relative name",
        ),
        pytest.param({"mine/a.py": "import yaml"}, "import mine.a", id="namespace package"),
        pytest.param({"src/mine.py": "import yaml"}, "import mine", id="src layout"),
        pytest.param({"a.py": "import b", "b.py": "import c", "c.py": "import a, yaml"}, "import a", id="cycle"),
        pytest.param({"a.py": "import main, yaml"}, "import a", id="cycle through the script"),
    ],
)
def test_local_modules_are_followed(tmp_path: Path, files: dict[str, str], code: str) -> None:
    resolution = resolved(tree(tmp_path, {**files, "main.py": code}) / "main.py")
    assert names(resolution) == ["pyyaml"]
    assert resolution.unresolved == ()
    assert resolution.requirements[0].evidence[0].path.startswith(str(tmp_path))


def test_a_script_inside_a_package_sees_the_modules_above_it(tmp_path: Path) -> None:
    tree(tmp_path, {"pkg/__init__.py": "", "pkg/mine.py": "import yaml", "pkg/sub/__init__.py": ""})
    tree(tmp_path, {"pkg/sub/main.py": "from ..mine import x\nfrom pkg import mine"})
    resolution = resolved(tmp_path / "pkg/sub/main.py")
    assert names(resolution) == ["pyyaml"]
    assert resolution.unresolved == ()


def test_in_a_tree_the_folders_up_to_its_root_count(tmp_path: Path) -> None:
    tree(tmp_path, {"mine.py": "", "tools/main.py": "import mine"})
    assert resolved(tmp_path / "tools/main.py", str(tmp_path)).local == ("mine",)
    assert resolved(tmp_path / "tools/main.py").local == ()


def test_too_many_dots_end_at_the_root_folder(tmp_path: Path) -> None:
    assert Neighbourhood().find_relative("zzqxkcd", str(tmp_path), 1000) == "/"


def test_code_in_no_file_has_no_local_modules_unless_a_folder_is_named(tmp_path: Path) -> None:
    tree(tmp_path, {"numpy.py": "import yaml"})
    code = "import numpy"
    assert names(resolve_sources([from_code(code)], this_target())) == ["numpy"]
    assert names(resolve_sources([from_code(code, beside=str(tmp_path))], this_target())) == ["pyyaml"]


def test_a_local_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").symlink_to(tmp_path / "nowhere")
    resolution = resolved(tree(tmp_path, {"main.py": "import mine"}) / "main.py")
    assert [str(each) for each in resolution.diagnostics] == [f"{tmp_path / 'mine.py'}: no such file"]


def test_folders_are_walked_without_environments_caches_and_loops(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {"b.py": "", "a/c.py": "", "a/x.ipynb": "", "d.txt": "", ".hidden/e.py": "", "__pycache__/f.py": ""},
    )
    tree(tmp_path, {"env/pyvenv.cfg": "", "env/g.py": "", "node_modules/h.py": ""})
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [Path(each).relative_to(tmp_path).as_posix() for each in python_files(str(tmp_path))] == [
        "a/c.py", "a/x.ipynb", "b.py",
    ]  # fmt: skip


def test_a_block_is_the_answer_for_its_own_script_only(tmp_path: Path) -> None:
    block = "# /// script\n# dependencies = []\n# ///\nimport numpy, shared"
    tree(tmp_path, {"a.py": block, "b.py": "import shared", "shared.py": "import yaml", "c.py": "import flask"})
    sources = [from_file(str(tmp_path / name)) for name in ("a.py", "b.py", "c.py")]
    for order in (sources, sources[::-1]):
        resolution = resolve_sources(order, this_target())
        assert names(resolution) == ["flask", "pyyaml"]
        assert not resolution.is_declared
        assert ["numpy" in each.message for each in resolution.diagnostics] == [True]


ADDED = [
    pytest.param("sys.path.insert(0, 'lib')", id="a constant"),
    pytest.param("sys.path.append('./lib')", id="append"),
    pytest.param("sys.path += ['lib']", id="added list"),
    pytest.param("sys.path.extend(('x', 'lib'))", id="extend"),
    pytest.param("sys.path = ['lib'] + sys.path", id="assigned"),
    pytest.param("sys.path[0:0] = ['lib']", id="slice"),
    pytest.param("from sys import path\npath.append('lib')", id="path by name"),
    pytest.param("import sys as s\ns.path.append('lib')", id="sys by another name"),
    pytest.param("import site\nsite.addsitedir('lib')", id="site"),
    pytest.param("sys.path.append(os.path.dirname(__file__) + '/lib')", id="dirname and text"),
    pytest.param("sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))", id="join"),
    pytest.param("sys.path.append(os.path.join(os.path.split(__file__)[0], 'lib'))", id="split"),
    pytest.param("import os.path as p\nsys.path.append(p.join(p.dirname(p.realpath(__file__)), 'lib'))", id="os.path"),
    pytest.param("from os.path import dirname, join\nsys.path.append(join(dirname(__file__), 'lib'))", id="functions"),
    pytest.param("HERE = os.path.dirname(__file__)\nsys.path.append(os.path.join(HERE, 'lib'))", id="in a variable"),
    pytest.param("HERE = os.path.dirname(__file__)\nsys.path.append(f'{HERE}/lib')", id="formatted"),
    pytest.param("from pathlib import Path\nsys.path.append(str(Path(__file__).parent / 'lib'))", id="Path"),
    pytest.param("import pathlib\nsys.path.append(str(pathlib.Path(__file__).resolve().parents[0] / 'lib'))", id="up"),
    pytest.param("from pathlib import Path\nsys.path.append(Path(__file__).parent.joinpath('lib'))", id="joinpath"),
    pytest.param("sys.path.append(os.path.join(sys.path[0], 'lib'))", id="sys.path[0]"),
    pytest.param("sys.path.append(os.path.join(os.getcwd(), 'lib'))", id="getcwd"),
    pytest.param("if True:\n def f():\n  sys.path.append('lib')", id="anywhere"),
    pytest.param("print 'Python 2'\nsys.path.append('lib')", id="in a file that does not parse"),
]


@pytest.mark.parametrize("statement", ADDED)
def test_folders_that_a_script_adds_to_its_path_are_searched(tmp_path: Path, statement: str) -> None:
    code = f"import os, sys\n{statement}\nimport numpy, mine"
    tree(tmp_path, {"main.py": code, "lib/mine.py": "import yaml, sibling", "lib/sibling.py": ""})
    resolution = resolved(tmp_path / "main.py")
    assert names(resolution) == ["numpy", "pyyaml"]
    assert resolution.local == ("mine", "sibling")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("sys.path.append(lib)", id="a name from nowhere"),
        pytest.param("sys.path.append(input())", id="input"),
        pytest.param("path.append('lib')", id="another path"),
        pytest.param("sys.path.remove('lib')", id="taken away"),
        pytest.param("sys.path.append('nowhere')", id="not there"),
        pytest.param("sys.path.append('mine.py')", id="a file"),
        pytest.param("sys.path.append('~/lib')", id="home"),
        pytest.param("sys.path.append('\\0')", id="null byte"),
        pytest.param("sys.path.append('site-packages')", id="site-packages"),
        pytest.param("lib = os.path.dirname(lib)\nsys.path.append(lib)", id="made of itself"),
    ],
)
def test_what_is_not_certain_is_not_searched(tmp_path: Path, statement: str) -> None:
    tree(
        tmp_path, {"main.py": f"import os, sys\n{statement}\nimport zmq", "lib/zmq.py": "", "site-packages/zmq.py": ""}
    )
    assert names(resolved(tmp_path / "main.py")) == ["pyzmq"]


def test_folders_above_can_be_added(tmp_path: Path) -> None:
    code = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))\nimport mine"
    tree(tmp_path, {"scripts/main.py": code, "lib/mine.py": "import yaml"})
    assert names(resolved(tmp_path / "scripts/main.py")) == ["pyyaml"]


def test_a_caller_s_path_leads_nowhere_outside_of_its_folder(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {"secret/zmq.py": "import yaml", "shared/lib/numpy.py": "", "pyproject.toml": "", "yaml/__init__.py": ""},
    )
    (tmp_path / "shared/link").symlink_to(tmp_path / "secret")
    code = "import sys\nsys.path += ['../secret', 'link', 'lib', '..']\nimport zmq, numpy, yaml"
    source = from_code(code, "caller", str(tmp_path / "shared"))
    resolution = resolve_sources([source], this_target())
    assert (names(resolution), resolution.local) == (["pyyaml", "pyzmq"], ("numpy",))


def test_a_project_s_packages_are_local_to_its_scripts_and_tests(tmp_path: Path) -> None:
    tree(tmp_path, {"pyproject.toml": "", "pkg/__init__.py": "import yaml", "src/other.py": "", "show/x.py": ""})
    tree(tmp_path, {"tests/main.py": "import pkg, other, show", "scripts/deep/main.py": "from pkg import x"})
    assert names(resolved(tmp_path / "scripts/deep/main.py")) == ["pyyaml"]
    resolution = resolved(tmp_path / "tests/main.py")
    # A folder without an __init__.py may as well be named after what it shows.
    assert resolution.local == ("other", "pkg")


def test_modules_beside_the_script_are_seen_from_what_it_imports(tmp_path: Path) -> None:
    tree(tmp_path, {"main.py": "import parts.a", "parts/a.py": "import settings", "settings.py": "import yaml"})
    assert names(resolved(tmp_path / "main.py")) == ["pyyaml"]
