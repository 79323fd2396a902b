"""`forerun cache`: what it says is what is there, and what it removes is what nobody uses."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from forerun.commands.amounts import age, seconds_of, size
from tests.conftest import Forerun

pytestmark = pytest.mark.network


@pytest.fixture
def own(tmp_path: Path, run_forerun: Forerun, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of its own with two layers, the one with six used a hundred days ago."""
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "own"))
    found = [run_forerun("run", "-c", f"import {name}; print({name}.__file__)") for name in ("six", "iniconfig")]
    assert [each.returncode for each in found] == [0, 0], [each.stderr for each in found]
    layer = Path(found[0].stdout.strip()).parents[3]
    os.utime(layer, (time.time() - 100 * 86400,) * 2)
    return tmp_path / "own"


def layers(own: Path) -> list[str]:
    return os.listdir(own / "1" / "layers")


def test_info_and_list_say_what_is_there(own: Path, run_forerun: Forerun) -> None:
    info = json.loads(run_forerun("cache", "info", "--json").stdout)
    assert info["folder"] == str(own)
    assert (info["layers"], info["resolutions"], info["runs"], info["building"], info["in_use"]) == (2, 2, 0, 0, 0)
    assert info["max_size"] == 10 * 10**9
    assert 0 < info["layers_size"] <= info["size"]
    listed = json.loads(run_forerun("cache", "list", "--json").stdout)
    assert [each["distributions"][0].partition("==")[0] for each in listed] == ["iniconfig", "six"]
    assert listed[1]["last_used"] < listed[1]["built"]
    assert sum(each["size"] for each in listed) == info["layers_size"]
    assert {each["name"] for each in listed} == set(layers(own))
    shown = run_forerun("cache", "list").stdout.splitlines()
    assert shown[0].split() == ["layer", "size", "built", "last", "used", "distributions"]
    assert "100 d ago" in shown[2]
    assert "six==" in shown[2]
    assert str(own) in run_forerun("cache", "info").stdout


def test_prune_by_age_and_by_size(own: Path, run_forerun: Forerun) -> None:
    kept = run_forerun("cache", "prune", "--max-age", "200d")
    assert kept.stdout.startswith("removed 0 layers")
    done = run_forerun("cache", "prune", "--max-age", "30d")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("removed 1 layer, ")
    assert len(layers(own)) == 1
    told = json.loads(run_forerun("cache", "prune", "--max-size", "0", "--json").stdout)
    assert [each["distributions"][0].partition("==")[0] for each in told["removed"]] == ["iniconfig"]
    assert layers(own) == []
    assert run_forerun("cache", "list").stdout == "the store holds no layers yet\n"


def test_clear_keeps_what_is_in_use_and_says_so(own: Path, run_forerun: Forerun, forerun_command: list[str]) -> None:
    code = "import six, sys; print('ready', flush=True); sys.stdin.readline(); import six.moves; print('done')"
    with subprocess.Popen(
        [*forerun_command, "run", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        cleared = run_forerun("cache", "clear").stdout
        assert cleared.startswith("removed 1 layer, ")
        assert "in use by a run (six)" in cleared
        assert len(layers(own)) == 1
        assert "in use" in run_forerun("cache", "list").stdout
        out, _ = running.communicate("\n")
        assert (out, running.returncode) == ("done\n", 0)
    assert run_forerun("cache", "clear").stdout.startswith("removed 1 layer, ")
    assert layers(own) == []
    for name in ("resolutions", "locks", "trash", "runs", "building"):
        assert os.listdir(own / "1" / name) == []
    assert run_forerun("run", "-c", "import six").returncode == 0


def test_what_a_killed_run_left_is_removed_on_demand(own: Path, run_forerun: Forerun) -> None:
    (own / "1" / "runs" / "1-dead" / "env").mkdir(parents=True)
    assert "removed what 1 killed run had left behind" in run_forerun("cache", "prune").stdout
    assert os.listdir(own / "1" / "runs") == []


BAD = {
    "no action": ((), "required"),
    "another action": (("burn",), "invalid choice"),
    "no size": (("prune", "--max-size", "lots"), "'lots' is no size; write one such as 5GB or 500MB"),
    "no age": (("prune", "--max-age", "30"), "'30' is no age; write one such as 30d, 12h or 90m"),
    "a limit of another action": (("clear", "--max-age", "1d"), "unrecognized arguments"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD.keys())
def test_bad_use(arguments: tuple[str, ...], said: str, run_forerun: Forerun) -> None:
    done = run_forerun("cache", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_limit_that_is_none_is_said(run_forerun: Forerun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORERUN_CACHE_MAX_SIZE", "plenty")
    done = run_forerun("cache", "info")
    assert done.returncode == 3
    assert done.stderr == "forerun: FORERUN_CACHE_MAX_SIZE must be a size such as 5GB or 500MB, not 'plenty'\n"


def test_amounts_in_words() -> None:
    assert [size(count) for count in (0, 999, 1000, 65_500_000, 838_000_000, 5 * 10**9, 2 * 10**15)] == [
        "0 B", "999 B", "1.0 kB", "65.5 MB", "838 MB", "5.0 GB", "2000.0 TB",
    ]  # fmt: skip
    assert [age(seconds) for seconds in (-5, 0, 59, 60, 7200, 86400, 3 * 86400)] == [
        "just now", "just now", "just now", "1 m ago", "2 h ago", "24 h ago", "3 d ago",
    ]  # fmt: skip
    texts = ("30d", "12h", "90m", "1w", "1.5d", "5", "", "d", "-1d", "inf d", "nand", "1y")
    assert [seconds_of(text) for text in texts] == [
        2592000, 43200, 5400, 604800, 129600, None, None, None, None, None, None, None,
    ]  # fmt: skip
