"""A person's settings are found, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forerun.resolver.errors import ResolverError
from forerun.resolver.findings import Requirement
from forerun.resolver.library import resolve
from forerun.resolver.settings import Settings, SettingsError, own_import_map, settings_for
from forerun.resolver.trust import judge, policy


def test_the_nearest_project_speaks(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.forerun]\ntrust = "curated"\nallow = ["x"]\ndeny = ["y"]\n[tool.forerun.import-map]\nmine = "my-dist"\n'
        "[tool.forerun.server]\ntimeout = 5\n"
    )
    found = settings_for(str(inner))
    path = str(tmp_path / "pyproject.toml")
    assert found == Settings("curated", ("x",), ("y",), (("mine", "my-dist"),), (("timeout", 5),), path)
    (inner / "pyproject.toml").write_text("[project]\n")
    assert settings_for(str(inner)) == Settings()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param('trust = "all"', "trust must be one of", id="level"),
        pytest.param("allow = 1", "allow must be a list", id="list"),
        pytest.param("colour = 1", "no setting 'colour'", id="unknown key"),
        pytest.param("import-map = {a = 1}", "import-map must map", id="map"),
        pytest.param('import-map = {a = "no name!"}', "no distribution's name", id="name"),
        pytest.param(
            'import-map = {a = "x @ https://example.org/x.whl"}', "not URLs or paths; give one with --with", id="URL"
        ),
        pytest.param('import-map = {a = "x>=1 or so"}', "no distribution's name or requirement", id="specifier"),
        pytest.param("server = 1", "server must be a table", id="server"),
        pytest.param("trust = ", "is not valid TOML", id="toml"),
    ],
)
def test_what_makes_no_sense_is_said(table: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.forerun]\n{table}\n")
    with pytest.raises(SettingsError, match=said):
        settings_for(str(tmp_path))


def test_a_map_gives_versions_extras_and_markers() -> None:
    own = {"cv2": "OpenCV_python[x,a]>=4.8,<5 ; os_name == 'posix'", "zzown.inner": " plain.name "}
    found = resolve("import cv2, zzown.inner.more\n", import_map=own).requirements
    assert [(each.text, each.level) for each in found] == [
        ('opencv-python[a,x]<5,>=4.8 ; os_name == "posix"', "declared"),
        ("plain-name", "declared"),
    ]
    with pytest.raises(ResolverError, match="import-map maps 'a' to 'b @ file:///c'"):
        resolve("import a\n", import_map={"a": "b @ file:///c"})


def test_where_flags_and_settings_disagree_flags_stand() -> None:
    settings = Settings("curated", ("a", "b"), ("c", "d", "e"), path="pyproject.toml")
    made = settings.under(policy(allow=["C"], deny=["a", "f"]), is_trust_given=False)
    assert made == policy("curated", allow=["b", "c"], deny=["a", "d", "e", "f"])
    assert settings.under(policy("any"), is_trust_given=True).trust == "any"
    both = settings.under(policy(allow=["x"], deny=["x"]), is_trust_given=False)
    assert not judge(Requirement("x", "declared"), both).is_allowed


def test_a_map_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('yaml = "ruamel.yaml"\n')
    assert own_import_map(str(tmp_path / "map.toml")) == (("yaml", "ruamel.yaml"),)
    with pytest.raises(SettingsError, match="no such file"):
        own_import_map(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        pytest.param({"a": 3}, "maps 'a' to 3, which is no text", id="no text"),
        pytest.param({"a b": "x"}, "'a b', which is no name that a script can import", id="no import name"),
        pytest.param({1: "x"}, "1, which is no name", id="no name at all"),
        pytest.param("own.toml", "maps import names to requirements", id="no map"),
    ],
)
def test_a_map_that_can_never_match_is_refused(own: Any, said: str) -> None:
    with pytest.raises(ResolverError, match=said):
        resolve("import a\n", import_map=own)


def test_a_map_file_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a folder"):
        own_import_map(str(tmp_path))
