"""A script that was analysed before is not analysed again, unless anything that has a say in the answer is new."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forerun.resolver.findings import Resolution
from forerun.resolver.source import Source, from_code, from_file
from forerun.runner.interpreter import Interpreter, this_interpreter
from forerun.runner.prediction import predicted, resolution_for
from forerun.runner.pruning import prune
from forerun.runner.remembered import LARGEST, PLACES, Memory
from forerun.runner.request import Request
from forerun.runner.store import Store, open_store

from ..conftest import Forerun

EXAMPLES = Path(__file__).parents[2] / "examples"
ANALYSIS = "forerun.resolver.looking"

OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"

THIRD_PARTY = "import sklearn.svm\nimport yaml\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that no project's file lies above."""
    made = tmp_path / "scripts"
    (made / ".git").mkdir(parents=True)
    return made


@pytest.fixture
def recalled(store: Store) -> Callable[..., Resolution | None]:
    """Return a function that predicts once, then returns what is remembered of it after a change."""

    def recall(source: Source, change: Callable[[], object] = lambda: None, **options: Any) -> Resolution | None:
        request = Request(**options)
        predicted(source, request, store, None)
        change()
        return Memory(store, source, request, this_interpreter()).recall()

    return recall


Recalled = Callable[..., Resolution | None]


def script(folder: Path, text: str) -> Source:
    path = folder / "script.py"
    path.write_text(text)
    return from_file(str(path))


SCRIPTS = [
    "print(1)",
    "import json, os.path\nfrom collections import abc\n",
    "import numpy\ntry:\n    import yaml\nexcept ImportError:\n    yaml = None\n",
    "import pandas as pd\npd.read_excel('x.xlsx')\n# pip install 'pandas<2'\n",
    "def f():\n    import requests\n    import sklearn\n" * 3,
    "try:\n    import not_known_at_all\nexcept ImportError:\n    pass\n",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_what_is_remembered_is_what_would_be_predicted(text: str, folder: Path, recalled: Recalled) -> None:
    source = script(folder, text)
    found = recalled(source)
    assert found == resolution_for(source, Request(), this_interpreter())
    assert found is not None


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_no_example_is_remembered_otherwise(path: Path, folder: Path, recalled: Recalled) -> None:
    source = script(folder, path.read_text())
    found = recalled(source)
    assert found in (None, resolution_for(source, Request(), this_interpreter()))


def test_code_of_a_person_is_remembered(recalled: Recalled, folder: Path) -> None:
    assert recalled(from_code("import yaml", beside=str(folder))) is not None
    assert recalled(from_code("import yaml\n# \ud800 \udc80")) is not None


GROWN = {
    "a module": ("yaml.py", ""),
    "a package": ("sklearn/svm.py", ""),
    "a source layout": ("src/yaml/__init__.py", ""),
    "a project": ("pyproject.toml", "[project]\ndependencies = ['pyyaml<6']\n"),
    "requirements": ("requirements.txt", "scikit-learn==1.4\n"),
}
"""What may appear beside a script: the path of a file, and its text."""


def grow(folder: Path, name: str) -> None:
    path, text = GROWN[name]
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


@pytest.mark.parametrize("name", GROWN)
def test_what_appears_beside_a_script_has_its_say(name: str, folder: Path, recalled: Recalled, store: Store) -> None:
    source = script(folder, THIRD_PARTY)
    assert recalled(source) is not None
    assert recalled(source, lambda: grow(folder, name)) is None
    # And it is not remembered then.
    assert recalled(source) is None
    assert predicted(source, Request(), store, None)[0] == resolution_for(source, Request(), this_interpreter())


NEEDS_WITHOUT_IMPORT = {
    "a comment": ("# pip install requests\nimport json\n", "requests"),
    "a configuration": (
        "import logging.config\nlogging.config.dictConfig({'version': 1, 'formatters': {'f': {'()': "
        "'colorlog.ColoredFormatter'}}})\n", "colorlog",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name"), NEEDS_WITHOUT_IMPORT.values(), ids=NEEDS_WITHOUT_IMPORT.keys())
def test_a_project_says_versions_of_what_is_not_imported(
    text: str, name: str, folder: Path, recalled: Recalled
) -> None:
    source = script(folder, text)
    found = recalled(source)
    assert found is not None
    assert [each.name for each in found.requirements] == [name]
    pin = folder / "requirements.txt"
    assert recalled(source, lambda: pin.write_text(f"{name}==1.0\n")) is None
    # Nor is what one project says kept for another, whose script is the same.
    assert recalled(source) is None


def test_a_module_that_was_python_2_s_may_appear(folder: Path, recalled: Recalled) -> None:
    source = script(folder, "try:\n    import user\nexcept ImportError:\n    pass\n")
    assert recalled(source) is not None
    assert recalled(source, (folder / "user.py").touch) is None


def test_the_text_itself_is_not_kept(store: Store, recalled: Recalled) -> None:
    assert recalled(from_code("import yaml\nkey = 'a secret'\n" + "x = 1\n" * 100)) is not None
    (path,) = Path(store.path("predictions")).iterdir()
    assert b"secret" not in path.read_bytes()


def test_what_is_old_is_pruned(store: Store, recalled: Recalled) -> None:
    assert recalled(from_code("import yaml")) is not None
    (path,) = Path(store.path("predictions")).iterdir()
    prune(store, longest=3600.0)
    assert path.exists()
    os.utime(path, (1, 1))
    prune(store, longest=3600.0)
    assert not path.exists()


def test_what_appears_has_none_where_only_the_standard_library_is_imported(folder: Path, recalled: Recalled) -> None:
    source = script(folder, "import json\n")
    for name in GROWN:
        assert recalled(source, lambda name=name: grow(folder, name)) is not None


@pytest.mark.parametrize(
    "text",
    ["# /// script\n# dependencies = []\n# ///\nimport yaml", "# /// script\n# requires-python = '>=3.9'\n# ///\n",
     "import sys\nsys.path.append('lib')\nimport yaml", "import not_known_at_all", "from . import yaml", "import other",
     "print 'two'", "%pip install numpy"],
)  # fmt: skip
def test_what_depends_on_more_than_the_text_is_not_remembered(text: str, folder: Path, recalled: Recalled) -> None:
    (folder / "other.py").write_text("import yaml\n")
    assert recalled(script(folder, text)) is None


@pytest.mark.parametrize(
    "options",
    [{"dependencies": ("six",)}, {"preinstalled": ("six",)}, {"python": OURS}, {"protects_store": True},
     {"is_refreshed": True}],
    ids=lambda options: "".join(options),
)  # fmt: skip
def test_a_run_that_asks_for_more_is_analysed(options: dict[str, Any], recalled: Recalled) -> None:
    assert recalled(from_code("import yaml"), **options) is None


def test_what_a_caller_sends_is_analysed(recalled: Recalled) -> None:
    assert recalled(from_code("import yaml", "caller")) is None


def test_each_option_has_its_own_answer(store: Store) -> None:
    source = from_code("import yaml\ntry:\n    import numpy\nexcept ImportError:\n    pass\n")
    asked: list[dict[str, Any]] = [
        {},
        {"all_optional": True},
        {"import_map": (("yaml", "ruamel-yaml"),)},
        {"with_hints": False},
    ]
    for options in asked:
        request = Request(**options)
        for _ in range(2):
            found = predicted(source, request, store, None)[0]
            assert found == resolution_for(source, request, this_interpreter())


def test_another_text_is_another_script(folder: Path, store: Store, recalled: Recalled) -> None:
    assert recalled(script(folder, "import yaml")) is not None
    changed = script(folder, "import yaml\nimport numpy")
    assert [each.name for each in predicted(changed, Request(), store, None)[0].requirements] == ["numpy", "pyyaml"]


def test_new_packages_beside_us_are_noticed(
    tmp_path: Path, recalled: Recalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(packages)
    os.utime(packages, (1, 1))
    source = from_code("import yaml")
    assert recalled(source) is not None
    assert recalled(source, lambda: (packages / "pipreqs").mkdir()) is None


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data[:132], lambda data: data[:40], lambda data: b"",
     lambda data: data[:150] + b"\xff" + data[151:], lambda data: data + b"\1",
     lambda data: data[:66] + b"\1" * 66 + data[132:], lambda data: bytes(len(data))],
    ids=["short", "head", "part of its head", "empty", "changed", "longer", "other check", "zeros"],
)  # fmt: skip
def test_a_damaged_memory_is_none(damage: Callable[[bytes], bytes], store: Store, recalled: Recalled) -> None:
    def change() -> None:
        (path,) = Path(store.path("predictions")).iterdir()
        path.write_bytes(damage(path.read_bytes()))

    assert recalled(from_code("import yaml"), change) is None


def test_there_is_a_bounded_number_of_files(store: Store) -> None:
    request, interpreter = Request(), this_interpreter()
    for number in range(50):
        predicted(from_code(f"x = {number}"), request, store, None)
    names = os.listdir(store.path("predictions"))
    assert 0 < len(names) <= 50
    assert all(0 <= int(name) < PLACES for name in names)
    assert Memory(store, from_code("x = 49"), request, interpreter).recall() is not None


def test_a_long_text_is_analysed_each_time(recalled: Recalled) -> None:
    assert recalled(from_code(f"import yaml\n# {'x' * (LARGEST - 20)}")) is not None
    assert recalled(from_code(f"import yaml\n# {'x' * LARGEST}")) is None


def test_of_two_scripts_with_one_place_the_last_has_it(store: Store) -> None:
    places: dict[str, list[Source]] = {}
    for number in itertools.count():
        source = from_code(f"import yaml\nx = {number * number}")
        sharing = places.setdefault(Memory(store, source, Request(), this_interpreter())._path, [])
        sharing.append(source)
        if len(sharing) == 2:
            break
    for source in (*sharing, *sharing):
        predicted(source, Request(), store, None)
        held = [Memory(store, each, Request(), this_interpreter()).recall() is not None for each in sharing]
        assert held == [each is source for each in sharing]


def test_a_store_that_cannot_be_written_to_is_no_obstacle(store: Store) -> None:
    os.rmdir(store.path("predictions"))
    found, _ = predicted(from_code("import yaml"), Request(), store, None)
    assert [each.name for each in found.requirements] == ["pyyaml"]


def test_a_warm_run_does_not_load_the_analysis(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("import json\nprint(json.dumps([1]))\n")
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    first, second = (run_forerun("plain.py", env=environment) for _ in range(2))
    assert (first.stdout, second.stdout) == ("[1]\n", "[1]\n")
    assert ANALYSIS in first.stderr
    assert ANALYSIS not in second.stderr


def test_all_of_it_can_be_cleared(run_forerun: Forerun, tmp_path: Path) -> None:
    own = {**os.environ, "FORERUN_CACHE_DIR": str(tmp_path / "store")}
    (tmp_path / "plain.py").write_text("print(1)")
    assert run_forerun("plain.py", env=own).stdout == "1\n"
    assert "predictions for 1 scripts" in run_forerun("cache", "info", env=own).stdout
    assert run_forerun("cache", "clear", env=own).returncode == 0
    assert "predictions for 0 scripts" in run_forerun("cache", "info", env=own).stdout


def test_it_is_for_this_interpreter(store: Store) -> None:
    source, interpreter = from_code("import yaml"), this_interpreter()
    predicted(source, Request(), store, None)
    other = Interpreter(interpreter.path, (3, 99, 0), interpreter.tag)
    assert Memory(store, source, Request(), other).recall() is None
    assert Memory(store, source, Request(), interpreter).recall() is not None
    assert sys.version_info[:2] == interpreter.version[:2]
