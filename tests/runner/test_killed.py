"""Killed at any moment, nothing half-built is ever used, and the next run cleans up."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from forerun.runner.pruning import prune
from forerun.runner.store import open_store
from forerun.runner.verification import differing

SCRIPT = "import iniconfig, idna, certifi\nprint(iniconfig.__name__, idna.__name__, certifi.__name__)\n"


def site_packages(layer: Path) -> str:
    return str(next(layer.glob("lib/*/site-packages")))


@pytest.mark.network
def test_builders_killed_at_random_moments_leave_nothing_that_is_used(
    forerun_command: list[str], tmp_path: Path, cache_dir: Path
) -> None:
    (tmp_path / "a.py").write_text(SCRIPT)
    own = tmp_path / "store"
    environment = {**os.environ, "FORERUN_CACHE_DIR": str(own)}
    command = [*forerun_command, "a.py"]
    began = time.monotonic()
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    whole = time.monotonic() - began
    chance = random.Random(20)
    killed = 0
    for _ in range(25):
        shutil.rmtree(own / "1" / "layers")
        (own / "1" / "layers").mkdir(0o700)
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            time.sleep(chance.uniform(0, whole))
            killed += running.poll() is None
            running.kill()
        # What has a layer's name is whole, whenever the kill came.
        for layer in (own / "1" / "layers").iterdir():
            changed = [path for path in differing(site_packages(layer)) if "__pycache__" not in path]
            assert changed == []
            assert len(list(Path(site_packages(layer)).glob("*.dist-info"))) == 3
    assert killed > 5
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "iniconfig idna certifi\n", "")
    store = open_store(str(own))
    # A folder that is hidden might be about to be locked, and is spared for a minute.
    for kind in ("building", "runs"):
        for each in Path(store.path(kind)).iterdir():
            os.utime(each, (0, 0))
    prune(store)
    for kind in ("building", "runs"):
        assert os.listdir(store.path(kind)) == []


@pytest.mark.network
def test_processes_that_want_the_same_layer_build_it_once(
    forerun_command: list[str], tmp_path: Path, cache_dir: Path
) -> None:
    (tmp_path / "a.py").write_text("import iniconfig\nprint(iniconfig.__file__)\n")
    environment = {**os.environ, "FORERUN_CACHE_DIR": str(tmp_path / "store")}
    running = [
        subprocess.Popen(
            [*forerun_command, "a.py"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    ended = [(*each.communicate(), each.returncode) for each in running]
    assert {(err, code) for _, err, code in ended} == {(b"", 0)}
    assert len({out for out, _, _ in ended}) == 1
    for kind in ("layers", "resolutions"):
        assert len(os.listdir(tmp_path / "store" / "1" / kind)) == 1
    assert os.listdir(tmp_path / "store" / "1" / "building") == []
