"""Memory and processes of a whole run are limited together, by a control group that is gone afterwards."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner import control_group as groups
from forerun.runner.control_group import ControlGroup, control_group, end_left_behind
from forerun.runner.errors import ContainmentError
from forerun.runner.hierarchies import Place, hierarchies, places
from forerun.runner.limits import Limits
from forerun.runner.process import Cancellation
from forerun.runner.recovery import recover
from forerun.runner.store import Claim, Store, open_store
from forerun.runner.supervisor import Job, run_attached, start

from .test_nothing_left import is_alive
from .test_sandbox import skip_where_not_permitted

LIMITS = {"memory": 300 << 20, "processes": 20}
MEMORY, PROCESSES = Limits(memory=300 << 20), Limits(processes=9)

EACH_BELOW = """
import subprocess, sys, time
code = "import sys; x = b'x' * (120 << 20); print('made', flush=True); sys.stdin.readline()"
running = []
for _ in range({}):
    running.append(subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    if running[-1].stdout.readline():
        print("made", flush=True)
{}
"""
THREADS = """
import threading
done = threading.Event()
try:
    for _ in range({}):
        threading.Thread(target=done.wait).start()
{}
finally:
    done.set()
"""
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({path!r}, "w").write(str(os.getpid()))
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {{}})
    os._exit(0)
while not os.path.exists({path!r}) or not open({path!r}).read():
    time.sleep(0.02)
"""


PATIENCE = 60.0
"""Seconds in which groups of runs elsewhere have gone."""


def our_places() -> list[Place]:
    texts = [Path(f"/proc/self/{name}").read_text() for name in ("mountinfo", "cgroup")]
    return places(hierarchies(*texts), frozenset({"memory", "pids"}))


def groups_of(store: Path) -> list[str]:
    """Return the groups that are there, of whatever run of a store that still has its folder or a fresh name."""
    return [str(path) for place in our_places() for path in Path(place.folder).glob(f"{groups.PREFIX}*")]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "123-abc-0"
    folder.mkdir()
    return folder


@pytest.fixture
def grouped(run_folder: Path) -> Iterator[list[str]]:
    """Skip where no group can be made; afterwards there are no more groups than before."""
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("this system has no control groups")
    made = control_group(str(run_folder), LIMITS)
    if made is not None:
        made.remove()
    held = {controller for part in made._parts for controller in part.controllers} if made else set()
    if held != {"memory", "pids"}:
        pytest.skip("no control group that counts memory and processes can be made here")
    before = groups_of(run_folder)
    yield before
    # Tests of another worker make groups, too, which go by themselves.
    left = set(groups_of(run_folder)) - set(before)
    until = time.monotonic() + PATIENCE
    while left and time.monotonic() < until:
        time.sleep(0.05)
        left &= set(groups_of(run_folder))
    assert left == set()


def captured(code: str, limits: Limits, **options: Any) -> forerun.RunResult:
    try:
        return forerun.run(code, limits=limits, **options)
    except ContainmentError as error:
        skip_where_not_permitted(error)


WAYS: dict[str, dict[str, Any]] = {"library": {}, "server": {"protects_store": True}, "sandbox": {"sandbox": True}}


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS.keys())
def test_processes_that_together_need_more_are_ended(options: Any, cache_dir: Path, grouped: list[str]) -> None:
    """The script waits for one of them for ever, and is ended too."""
    result = captured(EACH_BELOW.format(4, "time.sleep(600)"), MEMORY, **options)
    assert (result.status, getattr(result, "signal", 0)) == ("run-error", signal.SIGKILL)
    assert "--max-memory 314572800" in str(result.notes)
    # Two have room. Whichever the kernel kills for the third, others may get on until all are ended.
    assert result.stdout.startswith("made\n" * 2)


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS.keys())
def test_processes_that_together_need_less_are_not(options: Any, cache_dir: Path, grouped: list[str]) -> None:
    ending = "[each.communicate(b'\\n') for each in running]"
    result = captured(EACH_BELOW.format(2, ending), MEMORY, **options)
    assert (result.status, result.notes) == ("success", ()), result.error
    assert result.stdout == "made\n" * 2


def test_memory_that_is_only_reserved_does_not_count(cache_dir: Path, grouped: list[str]) -> None:
    code = "import mmap, resource\nreserved = mmap.mmap(-1, 4 << 30)\nresource.getrlimit(resource.RLIMIT_AS)[0]"
    result = forerun.run(code, limits=MEMORY)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == -1


def test_other_limits_hold_beside_the_group(cache_dir: Path, grouped: list[str]) -> None:
    code = "import resource\n[resource.getrlimit(each)[0] for each in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)]"
    result = forerun.run(code, limits=Limits(memory=300 << 20, open_files=50))
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == [-1, 50]


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS.keys())
def test_processes_and_threads_are_counted_root_s_too(options: Any, cache_dir: Path, grouped: list[str]) -> None:
    most = captured(THREADS.format(8, ""), PROCESSES, **options)
    assert (most.status, most.notes) == ("success", ()), most.error
    more = captured(THREADS.format(9, ""), PROCESSES, **options)
    assert more.status == "run-error"
    assert "--max-processes 9" in str(more.notes)


def test_a_script_that_copes_with_a_refused_fork_is_told_nothing(cache_dir: Path, grouped: list[str]) -> None:
    result = forerun.run(THREADS.format(20, "except RuntimeError:\n    pass"), limits=PROCESSES)
    assert (result.status, result.notes) == ("success", ()), result.error


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "time.sleep(600)"], ids=["success", "failure", "timeout"])
def test_no_group_is_left(end: str, cache_dir: Path, tmp_path: Path, grouped: list[str]) -> None:
    noted = tmp_path / "daemon"
    result = forerun.run(DAEMON.format(path=str(noted)) + end, limits=MEMORY, timeout=5)
    assert result.status != "cancelled"
    assert not is_alive(int(noted.read_text()))


def test_no_group_is_left_of_a_cancelled_run(cache_dir: Path, tmp_path: Path, grouped: list[str]) -> None:
    cancellation = Cancellation()
    noted = tmp_path / "daemon"

    def cancel() -> None:
        while not noted.exists():
            time.sleep(0.02)
        cancellation.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    code = DAEMON.format(path=str(noted)) + "time.sleep(600)"
    assert forerun.run(code, limits=MEMORY, cancellation=cancellation).status == "cancelled"
    thread.join()


def test_the_command_ends_such_a_run_and_says_so(run_forerun: Callable[..., Any], grouped: list[str]) -> None:
    done = run_forerun("run", "--max-memory", "300MB", "-c", EACH_BELOW.format(4, "time.sleep(600)"))
    assert done.returncode == -signal.SIGKILL
    assert (
        done.stderr == "forerun: the script reached the limit --max-memory 300000000; raise it if the script is right\n"
    )


def test_the_command_says_so_of_a_process_that_the_script_survived(
    run_forerun: Callable[..., Any], grouped: list[str]
) -> None:
    code = "import os, signal\nif os.fork() == 0:\n    x = b'x' * (1 << 30)\nos.wait()"
    done = run_forerun("run", "--max-memory", "300MB", "-c", code)
    assert "reached the limit --max-memory" in done.stderr
    # The script had a quarter of a second to end by itself.
    assert done.returncode in (0, -signal.SIGKILL)


def test_the_command_counts_processes(run_forerun: Callable[..., Any], grouped: list[str]) -> None:
    code = "import subprocess\nrunning = [subprocess.Popen(['sleep', '60']) for _ in range(9)]"
    done = run_forerun("run", "--max-processes", "5", "-c", code)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "forerun: the script reached the limit --max-processes 5; raise it if the script is right\n"
    )


def test_a_killed_command_s_group_is_cleaned_by_the_next_run(
    forerun_command: list[str], run_forerun: Callable[..., Any], cache_dir: Path, tmp_path: Path, grouped: list[str]
) -> None:
    noted = tmp_path / "daemon"
    code = DAEMON.format(path=str(noted)) + "print('on', flush=True)\ntime.sleep(600)"
    with subprocess.Popen(
        [*forerun_command, "run", "--max-memory", "300MB", "-c", code], stdout=subprocess.PIPE, cwd=tmp_path
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"on\n"
        left = [each for each in groups_of(cache_dir) if each not in grouped]
        running.kill()
    assert left
    assert is_alive(int(noted.read_text()))
    assert run_forerun("run", "-c", "print(1)").stdout == "1\n"
    assert not is_alive(int(noted.read_text()))
    assert not [each for each in left if os.path.exists(each)]


def test_a_killed_supervisor_s_group_goes_with_the_run(cache_dir: Path, tmp_path: Path, grouped: list[str]) -> None:
    noted = tmp_path / "daemon"
    code = (
        "import os, signal\n" + DAEMON.format(path=str(noted)) + "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)"
    )
    with pytest.raises(forerun.RunnerError, match="its supervisor was killed"):
        forerun.run(code, limits=MEMORY)
    assert not is_alive(int(noted.read_text()))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make groups in the one that a run is in")
def test_groups_that_a_script_makes_in_its_own_go_too(cache_dir: Path, grouped: list[str]) -> None:
    [folder] = [place.folder for place in our_places() if "memory" in place.controllers]
    code = (
        "import os, glob, subprocess, sys\n"
        f"[own] = [each for each in glob.glob({folder + '/' + groups.PREFIX + '*'!r}) "
        "if str(os.getpid()) in open(each + '/cgroup.procs').read().split()]\n"
        "os.makedirs(own + '/a/b')\n"
        "subprocess.Popen(['sleep', '60'], start_new_session=True, "
        "preexec_fn=lambda: open(own + '/a/b/cgroup.procs', 'w').write('0'))\n0"
    )
    assert forerun.run(code, limits=MEMORY).status == "success"


def sleeper(group: ControlGroup, run_folder: Path) -> int:
    job = Job(["/bin/sh", "-c", "exec sleep 60"], {"PATH": os.defpath}, limits=LIMITS, counted_for=str(run_folder))
    return start(job, group=group)


def test_what_is_left_of_a_run_is_ended_through_its_record(tmp_path: Path, grouped: list[str]) -> None:
    store = open_store(str(tmp_path / "store"))
    with Claim(store, "runs", "1-a-0") as claim:
        made = control_group(claim.folder, LIMITS)
        assert made is not None
        process = sleeper(made, Path(claim.folder))
        recover(Store(store.folder))
        assert is_alive(process), "a run that goes on was ended"
        recorded = Path(claim.folder, "control-groups").read_text().split()
    assert recorded
    assert not [each for each in recorded if os.path.exists(each)]
    assert os.waitpid(process, 0)[1] == signal.SIGKILL


def test_a_record_that_a_script_wrote_leads_to_nothing_else(run_folder: Path, grouped: list[str]) -> None:
    """A folder that looks like a group, and a true group of another run."""
    other = run_folder.parent / "other"
    other.mkdir()
    made = control_group(str(other), LIMITS)
    assert made is not None
    process = sleeper(made, other)
    fake = run_folder.parent / f"{groups.PREFIX}{run_folder.name}-1"
    fake.mkdir()
    (fake / "cgroup.procs").write_text(f"{process}\n")
    link = run_folder.parent / f"{groups.PREFIX}{run_folder.name}-2"
    true = (other / "control-groups").read_text().split()[0]
    link.symlink_to(true)
    dotted = f"{Path(true).parent}/../{groups.PREFIX}{run_folder.name}-3"
    (run_folder / "control-groups").write_text("\n".join([str(fake), str(link), true, dotted, "", "x\0y"]))
    end_left_behind(str(run_folder))
    assert is_alive(process)
    assert fake.exists()
    made.remove()
    assert os.waitpid(process, 0)[1] == signal.SIGKILL


def test_a_record_that_a_script_made_a_link_is_not_followed(run_folder: Path, grouped: list[str]) -> None:
    """As a rerun would, which is given a folder that the first start of the script could write to."""
    kept = run_folder.parent / "kept"
    kept.write_text("kept")
    (run_folder / "control-groups").unlink()
    (run_folder / "control-groups").symlink_to(kept)
    made = control_group(str(run_folder), LIMITS)
    assert made is not None
    made.remove()
    assert kept.read_text() == "kept"
    assert not (run_folder / "control-groups").is_symlink()


def test_empty_groups_of_former_runs_are_forgotten(run_folder: Path, grouped: list[str]) -> None:
    folder = Path(our_places()[0].folder)
    now = time.time_ns()
    names = {f"old-{now - 10**12:x}": False, f"young-{now:x}": True, "other": True}
    for name in names:
        (folder / f"{groups.PREFIX}{name}").mkdir()
    try:
        made = control_group(str(run_folder), LIMITS)
        assert made is not None
        made.remove()
        assert {name: (folder / f"{groups.PREFIX}{name}").exists() for name in names} == names
    finally:
        for name in names:
            if (folder / f"{groups.PREFIX}{name}").exists():
                (folder / f"{groups.PREFIX}{name}").rmdir()


def test_where_it_cannot_be_entered_each_process_is_limited(run_folder: Path) -> None:
    group = ControlGroup([Place(str(run_folder / "nothing"), 2, frozenset({"memory", "pids"}))])
    job = Job(["/bin/sh", "-c", "test $(ulimit -v) = 1048576"], {}, limits={"memory": 1 << 30})
    assert os.waitpid(start(job, group=group), 0)[1] == 0
    assert group.reached() == ()
    group.remove()


def test_without_a_limit_of_either_there_is_no_group(run_folder: Path) -> None:
    assert control_group(str(run_folder), {"open_files": 9}) is None
    assert list(run_folder.iterdir()) == []


def in_fork(action: Callable[[], bool]) -> bool:
    """Do something in a copy of this process, which may give up its rights, and return whether it was true."""
    process = os.fork()
    if process == 0:
        code = 2
        try:
            code = 0 if action() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand a control group over to another user")
def test_a_group_that_was_handed_over_serves_who_is_not_root(grouped: list[str], run_folder: Path) -> None:
    user = 65534
    own = [Path(place.folder, f"test-{os.getpid()}") for place in our_places() if place.version == 1]
    if not own:
        pytest.skip("this machine has control groups of version 2 only")
    theirs = run_folder / "1-a-0"
    for path in (theirs, *own):
        path.mkdir()
        os.chown(path, user, user)

    def limited() -> bool:
        importlib.import_module("resource")  # The user may not be let to where the interpreter is.
        for path in own:
            (path / "cgroup.procs").write_text("0")
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        os.chdir("/")
        command = ["/bin/sh", "-c", "head -c 200000000 /dev/zero | tail -n 1 > /dev/null"]
        job = Job(command, {"PATH": os.defpath}, limits={"memory": 50 << 20}, counted_for=str(theirs))
        ending = run_attached(job)
        return ending.reached == ("memory",) and not any(each.is_dir() for path in own for each in path.iterdir())

    # The user has to reach the folder of the run, which a test's own folder does not let others do.
    above = [each for each in theirs.parents if each.stat().st_uid == 0 and not each.stat().st_mode & 0o001]
    modes = [(each, each.stat().st_mode) for each in above]
    try:
        for each, mode in modes:
            each.chmod(mode | 0o001)
        assert in_fork(limited)
    finally:
        for each, mode in modes:
            each.chmod(mode)
        for path in own:
            path.rmdir()


def test_version_2_ends_everything_at_once(run_folder: Path) -> None:
    """By `cgroup.kill`; the group has no controller, which tells nothing of limits."""
    texts = [Path(f"/proc/self/{name}").read_text() for name in ("mountinfo", "cgroup")]
    found = [each for each in hierarchies(*texts) if each.version == 2]
    folder = os.path.join(found[0].own, f"test-{os.getpid()}") if found else ""
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("there are no control groups of version 2 here that we may add to")
    group = ControlGroup([Place(folder, 2, frozenset())])
    process = sleeper(group, run_folder)
    assert Path(folder, "cgroup.procs").read_text().split() == [str(process)]
    group.remove()
    assert not os.path.exists(folder)
    assert os.waitpid(process, 0)[1] == signal.SIGKILL


def test_a_record_that_makes_no_sense_holds_nobody_up(cache_dir: Path) -> None:
    code = (
        "import os\nrun = os.path.dirname(os.environ['VIRTUAL_ENV'])\n"
        "line = '/sys/fs/cgroup\\0/x/forerun-' + os.path.basename(run) + '-1\\n'\n"
        "open(os.path.join(run, 'control-groups'), 'w').write(line * 100_000)"
    )
    assert forerun.run(code, protects_store=True).status == "success"
    assert forerun.run("1").status == "success"
    assert list((cache_dir / "1" / "runs").iterdir()) == []
