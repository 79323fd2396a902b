"""What goes when a store has to shrink, and what stays; on layers that are as real as pruning needs them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import forerun
from forerun.runner.bytecode import compile_lock
from forerun.runner.errors import RunnerError
from forerun.runner.inventory import inventory, stored_layers
from forerun.runner.lease import hold, taint
from forerun.runner.locking import take_away
from forerun.runner.pruning import MAX_SIZE_VARIABLE, bytes_of, command, max_size, prune
from forerun.runner.store import Claim, Lock, Store, open_store

DAY = 24 * 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def layer(store: Store, name: str, kilobytes: int = 100, unused: float = 0.0) -> Path:
    path = Path(store.path("layers", name))
    inner = path / "lib" / "python3.12" / "site-packages" / f"some_{name}-1.0.dist-info"
    inner.mkdir(parents=True)
    (path / "pyvenv.cfg").touch()
    (path / "data").write_bytes(os.urandom(1024) * kilobytes)
    (path / "compiled").touch()
    Path(store.path("resolutions", f"request-of-{name}")).write_text(f"{name}\nsome-{name}==1.0\n")
    used = time.time() - unused
    os.utime(path, (used, used))
    return path


def left(store: Store) -> list[str]:
    return sorted(os.listdir(store.path("layers")))


def test_what_was_used_longest_ago_goes_first(store: Store) -> None:
    for name, unused in (("c", 30.0), ("a", 20.0), ("b", 10.0)):
        layer(store, name, 100, unused)
    done = prune(store, 250_000)
    assert left(store) == ["a", "b"]
    assert [each.name for each in done.removed] == ["c"]
    assert done.size >= 100 * 1024
    assert sorted(os.listdir(store.path("resolutions"))) == ["request-of-a", "request-of-b"]
    assert prune(store, 250_000).removed == ()


def test_what_nobody_used_for_long_goes_whatever_its_size(store: Store) -> None:
    layer(store, "old", 1, 40 * DAY)
    layer(store, "new", 100, 1 * DAY)
    prune(store, None, 30 * DAY)
    assert left(store) == ["new"]


def test_without_limits_nothing_goes(store: Store) -> None:
    layer(store, "a", unused=1000 * DAY)
    assert prune(store).removed == ()
    assert left(store) == ["a"]


def test_a_use_counts(store: Store) -> None:
    first, _ = layer(store, "first", unused=20.0), layer(store, "second", unused=10.0)
    lease = hold(str(first))
    assert lease is not None
    lease.release()
    prune(store, 150_000)
    assert left(store) == ["first"]


def test_measuring_is_no_use(store: Store) -> None:
    path = layer(store, "a", unused=DAY)
    before = path.stat().st_mtime
    sizes = {each.size for _ in range(2) for each in stored_layers(store)}
    assert len(sizes) == 1
    assert (path / "measured").exists()
    assert path.stat().st_mtime == pytest.approx(before, abs=1e-3)


def test_what_is_in_use_stays_and_is_named(store: Store) -> None:
    used = layer(store, "used", unused=DAY)
    layer(store, "idle")
    lease = hold(str(used))
    assert lease is not None
    done = prune(store, 0)
    assert left(store) == ["used"]
    assert [each.name for each in done.in_use] == ["used"]
    lease.release()
    prune(store, 0)
    assert left(store) == []


def test_what_is_being_compiled_stays(store: Store) -> None:
    path = layer(store, "a")
    with Lock(store, os.path.basename(compile_lock(str(path)))):
        assert stored_layers(store)[0].is_in_use
        prune(store, 0)
        assert left(store) == ["a"]
    prune(store, 0)
    assert left(store) == []


def test_a_layer_that_a_script_wrote_into_goes_when_it_is_free(store: Store) -> None:
    path = layer(store, "a")
    lease = hold(str(path))
    taint(str(path))
    assert hold(str(path)) is None
    prune(store)
    assert left(store) == ["a"]
    assert lease is not None
    lease.release()
    prune(store)
    assert left(store) == []


def test_what_killed_processes_left_goes_and_what_lives_stays(store: Store) -> None:
    for kind in ("runs", "building"):
        Path(store.path(kind, "1-dead", "deep")).mkdir(parents=True)
    Path(store.path("trash", "half-deleted")).mkdir()
    with Claim(store, "building", "1-alive"), Claim(store, "runs", "1-alive"):
        assert prune(store).leftovers == 2
        assert [os.listdir(store.path(kind)) for kind in ("runs", "building", "trash")] == [["1-alive"]] * 2 + [[]]


def test_locks_go_but_those_that_somebody_has(store: Store) -> None:
    Path(store.path("locks", "old")).touch()
    with Lock(store, "held"):
        prune(store)
        assert os.listdir(store.path("locks")) == ["held"]


def test_a_lock_whose_file_is_pruned_still_keeps_others_out(store: Store) -> None:
    inside = 0
    most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with Lock(store, "one"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        prune(store)
    assert most == 1


def test_a_run_never_gets_half_a_layer(store: Store) -> None:
    """One takes the layer away again and again, the other holds it: whoever holds it finds it whole."""
    for number in range(200):
        path = layer(store, f"n{number}", 1)
        away = store.path("trash", f"n{number}")
        gone: list[bool] = []
        pruner = threading.Thread(target=_take, args=(str(path), away, gone))
        pruner.start()
        lease = hold(str(path))
        pruner.join()
        assert (lease is None) == gone[0]
        if lease is not None:
            assert (path / "data").exists()
            lease.release()


def _take(path: str, away: str, done: list[bool]) -> None:
    done.append(take_away(path, away))


SIZES = {
    "5GB": 5 * 10**9, "5 GB": 5 * 10**9, "1.5G": 15 * 10**8, "500mb": 500 * 10**6, "2GiB": 2 * 2**30, "7K": 7000,
    "123": 123, "0": 0, "": None, "GB": None, "five": None, "-1GB": None, "nan": None, "1e400": None, "5GG": None,
    "5 parsecs": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "size"), SIZES.items(), ids=SIZES.keys())
def test_sizes(text: str, size: int | None) -> None:
    assert bytes_of(text) == size


def test_the_limit_comes_from_the_environment() -> None:
    assert max_size({}) == 10 * 10**9
    assert max_size({MAX_SIZE_VARIABLE: "1MB"}) == 10**6
    with pytest.raises(RunnerError, match="must be a size such as 5GB or 500MB, not 'lots'"):
        max_size({MAX_SIZE_VARIABLE: "lots"})


def test_pruning_in_a_process_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    layer(store, "a", 100, 20.0)
    layer(store, "b", 100, 10.0)
    monkeypatch.setenv(MAX_SIZE_VARIABLE, "150kB")
    done = subprocess.run(command(store), env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert left(store) == ["b"]


@pytest.mark.network
def test_a_store_shrinks_by_itself_when_something_new_is_installed(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv(MAX_SIZE_VARIABLE, "0")
    # Beside a download there is time to prune, but how much is not ours to say.
    for count, name in enumerate(("iniconfig", "six", "idna", "toolz", "certifi", "attrs", "toml", "wrapt"), 1):
        result = forerun.run(f"import {name}", dependencies=[name])
        assert result.status == "success", result.error
        if len(left(open_store())) < count:
            return
    pytest.fail("nothing was pruned")


@pytest.mark.network
def test_a_running_script_keeps_its_layer(cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "own"))
    marker, go = tmp_path / "began", tmp_path / "go"
    code = (
        f"import time, os, iniconfig\nopen({str(marker)!r}, 'w').close()\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\nimport iniconfig.exceptions\nTrue"
    )
    found: list[forerun.RunResult] = []
    thread = threading.Thread(target=lambda: found.append(forerun.run(code)))
    thread.start()
    while not marker.exists():
        assert thread.is_alive()
        time.sleep(0.01)
    done = prune(open_store(), 0, 0.0)
    assert len(done.in_use) == 1
    go.touch()
    thread.join()
    assert found[0].status == "success", found[0].error
    assert len(prune(open_store(), 0, 0.0).removed) == 1
    assert inventory(open_store()).layers == ()


def test_pruning_is_quick_to_start() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import forerun.runner.pruning"],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(Path(forerun.__file__).parent.parent)},
    )  # fmt: skip
    names = {line.rpartition("|")[2].strip() for line in listed.stderr.splitlines()}
    assert not names & {"subprocess", "asyncio", "mcp", "rich", "packaging", "json"}


NOBODY = 65534


@pytest.fixture
def ours(store: Store) -> Iterator[Path]:
    """A folder that can be reached by whoever is not root."""
    layer(store, "first")
    inventory(store)
    prune(store, 0)  # What loads modules while it works may lie where only root can read.
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def without_root(action: Callable[[], None]) -> None:
    """Do something as a user whom modes hold back, in a process of its own."""
    process = os.fork()
    if process == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            action()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def closed_store(folder: Path) -> tuple[Store, Path, Path]:
    """Return a store with a layer, and a folder of a run that is over, on which scripts took our rights away."""
    store = open_store(str(folder / "store"))
    closed = layer(store, "closed")
    stored_layers(store)  # Which measures it.
    run = Path(store.path("runs", "1-1-0"))
    run.mkdir()
    run.chmod(0)
    closed.chmod(0o100)
    return store, closed, run


def test_looking_changes_no_modes(ours: Path) -> None:
    def look() -> None:
        store, closed, run = closed_store(ours)
        found = inventory(store)
        assert [each.name for each in found.layers] == ["closed"]
        assert found.runs == 1
        assert [stat.S_IMODE(each.lstat().st_mode) for each in (closed, run)] == [0o100, 0]

    without_root(look)


def test_what_scripts_took_our_rights_on_goes_all_the_same(ours: Path) -> None:
    def prune_it() -> None:
        store, closed, run = closed_store(ours)
        pruned = prune(store, 0)
        assert ([each.name for each in pruned.removed], pruned.in_use, pruned.leftovers) == (["closed"], (), 1)
        assert not closed.exists()
        assert not run.exists()

    without_root(prune_it)
