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
    assert Neighbourhood().find("zzqxkcd", str(tmp_path), level=1000) == "/"


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
