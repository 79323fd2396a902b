"""The files of /proc of several systems -> where a control group can be made, or that there is no such place."""

from __future__ import annotations

from pathlib import Path

import pytest

from forerun.runner.hierarchies import Hierarchy, Place, hierarchies, nearest, places

MEMORY, PIDS = frozenset({"memory"}), frozenset({"pids"})
BOTH = MEMORY | PIDS

DEBIAN_12 = """\
22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
26 22 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,memory_recursiveprot
27 22 0:24 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:10 - pstore pstore rw
"""
UBUNTU_18 = """\
31 25 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:27 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup rw,nsdelegate
33 31 0:28 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd
36 31 0:31 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:15 - cgroup cgroup rw,memory
37 31 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:16 - cgroup cgroup rw,cpu,cpuacct
39 31 0:34 / /sys/fs/cgroup/pids rw,nosuid,nodev,noexec,relatime shared:18 - cgroup cgroup rw,pids
"""
DOCKER_V1 = """\
700 699 0:60 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755
703 700 0:31 /docker/3f8e /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:15 - cgroup cgroup rw,memory
704 700 0:34 /docker/3f8e /sys/fs/cgroup/pids ro,nosuid,nodev,noexec,relatime master:18 - cgroup cgroup rw,pids
"""
DOCKER_V2 = "655 653 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n"
ODD = "40 30 0:31 / /mnt/con\\040trol rw - cgroup2 cgroup2 rw\n41 30 0:31 / /second rw - cgroup2 cgroup2 rw\n"
MERGED = "40 30 0:31 / /cgroup rw,relatime - cgroup cgroup rw,cpuset,cpu,memory,pids\n"

SHELL = "/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope"
SESSION = "/user.slice/user-1000.slice/session-2.scope"

SYSTEMS = {
    "Debian 12, in a terminal": (
        DEBIAN_12,
        f"0::{SHELL}\n",
        [Hierarchy(2, frozenset(), "/sys/fs/cgroup", f"/sys/fs/cgroup{SHELL}")],
    ),
    "Ubuntu 18.04": (
        UBUNTU_18,
        f"12:pids:{SESSION}\n11:memory:{SESSION}\n4:cpu,cpuacct:/user.slice\n1:name=systemd:{SESSION}\n0::{SESSION}\n",
        [
            Hierarchy(2, frozenset(), "/sys/fs/cgroup/unified", f"/sys/fs/cgroup/unified{SESSION}"),
            Hierarchy(
                1, frozenset({"xattr", "name=systemd"}), "/sys/fs/cgroup/systemd", f"/sys/fs/cgroup/systemd{SESSION}"
            ),
            Hierarchy(1, MEMORY, "/sys/fs/cgroup/memory", f"/sys/fs/cgroup/memory{SESSION}"),
            Hierarchy(
                1, frozenset({"cpu", "cpuacct"}), "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/user.slice"
            ),
            Hierarchy(1, PIDS, "/sys/fs/cgroup/pids", f"/sys/fs/cgroup/pids{SESSION}"),
        ],
    ),
    "Docker, version 1": (
        DOCKER_V1,
        "11:pids:/docker/3f8e/inner\n4:memory:/docker/3f8e\n",
        [
            Hierarchy(1, MEMORY, "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory"),
            Hierarchy(1, PIDS, "/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/inner"),
        ],
    ),
    "Docker, version 2": (DOCKER_V2, "0::/\n", [Hierarchy(2, frozenset(), "/sys/fs/cgroup", "/sys/fs/cgroup")]),
    "a group outside of what is shown": (DOCKER_V2, "0::/../other\n", []),
    "a group beside what is mounted": (DOCKER_V1, "4:memory:/docker/3f8ed\n", []),
    "mounted twice, with a space": (ODD, "0::/a\n", [Hierarchy(2, frozenset(), "/mnt/con trol", "/mnt/con trol/a")]),
    "controllers in one tree": (
        MERGED,
        "2:cpuset,cpu,memory,pids:/x\n",
        [Hierarchy(1, BOTH | {"cpuset", "cpu"}, "/cgroup", "/cgroup/x")],
    ),
    "a path with a colon": (
        DEBIAN_12,
        "0::/a:b\n",
        [Hierarchy(2, frozenset(), "/sys/fs/cgroup", "/sys/fs/cgroup/a:b")],
    ),
    "no control groups": ("23 28 0:21 / /proc rw - proc proc rw\n", "", []),
}


@pytest.mark.parametrize(("mountinfo", "membership", "expected"), SYSTEMS.values(), ids=SYSTEMS.keys())
def test_our_group_is_found_in_each_tree(mountinfo: str, membership: str, expected: list[Hierarchy]) -> None:
    assert list(hierarchies(mountinfo, membership)) == expected


def test_version_1_gives_places_in_our_own_groups() -> None:
    found = hierarchies(UBUNTU_18, SYSTEMS["Ubuntu 18.04"][1])
    assert places(found, BOTH) == [
        Place(f"/sys/fs/cgroup/memory{SESSION}", 1, MEMORY),
        Place(f"/sys/fs/cgroup/pids{SESSION}", 1, PIDS),
    ]
    assert places(found, PIDS) == [Place(f"/sys/fs/cgroup/pids{SESSION}", 1, PIDS)]
    assert places(found, frozenset()) == []


def test_one_tree_is_one_place() -> None:
    assert places(hierarchies(MERGED, "2:cpuset,cpu,memory,pids:/x\n"), BOTH) == [Place("/cgroup/x", 1, BOTH)]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """The groups of version 2 that a terminal under systemd has above it, the user's own from `user@` on."""
    path = tmp_path
    for name in ("", *SHELL.split("/")[1:]):
        path = path / name
        path.mkdir(exist_ok=True)
        hands_on = "" if name.endswith(".scope") else "cpu memory pids"
        (path / "cgroup.subtree_control").write_text(f"{hands_on}\n")
        for file in ("memory.max", "memory.high", "pids.max"):
            (path / file).write_text("max\n")
        (path / "cpu.max").write_text("max 100000\n")
        (path / "cpuset.cpus").write_text("\n")
        if "user@" in str(path):
            (path / "cgroup.procs").write_text("")
    return path


def test_the_nearest_that_hands_controllers_on_is_taken(session: Path, tmp_path: Path) -> None:
    assert nearest(str(session), str(tmp_path), BOTH) == Place(str(session.parent), 2, BOTH)
    found = [Hierarchy(2, frozenset(), str(tmp_path), str(session))]
    assert places(found, BOTH) == [Place(str(session.parent), 2, BOTH)]


def test_one_that_hands_on_more_is_better(session: Path, tmp_path: Path) -> None:
    (session.parent / "cgroup.subtree_control").write_text("pids\n")
    assert nearest(str(session), str(tmp_path), BOTH) == Place(str(session.parents[1]), 2, BOTH)
    assert nearest(str(session), str(tmp_path), PIDS) == Place(str(session.parent), 2, PIDS)


def test_one_that_is_not_ours_is_not_taken(session: Path, tmp_path: Path) -> None:
    for path in (session.parent, session.parents[1]):
        (path / "cgroup.procs").unlink()
    assert nearest(str(session), str(tmp_path), BOTH) is None


def test_controllers_are_enabled_nowhere(session: Path, tmp_path: Path) -> None:
    for path in (session, *session.parents[:5]):
        (path / "cgroup.subtree_control").write_text("\n")
    assert nearest(str(session), str(tmp_path), BOTH) is None
    assert (session.parent / "cgroup.subtree_control").read_text() == "\n"


@pytest.mark.parametrize(
    ("file", "text"),
    [("memory.max", "1000000"), ("memory.high", "9"), ("cpu.max", "50000 100000"), ("cpuset.cpus", "0-1"),
     ("io.max", "8:0 rbps=1")],
)  # fmt: skip
def test_a_group_that_somebody_limited_is_not_left(file: str, text: str, session: Path, tmp_path: Path) -> None:
    (session / file).write_text(f"{text}\n")
    assert nearest(str(session), str(tmp_path), BOTH) is None


def test_no_more_processes_than_the_group_that_is_left_allows(session: Path, tmp_path: Path) -> None:
    (session / "pids.max").write_text("4915\n")
    assert nearest(str(session), str(tmp_path), MEMORY) == Place(str(session.parent), 2, MEMORY, 4915)


def test_what_version_1_has_is_not_looked_for_in_version_2(session: Path, tmp_path: Path) -> None:
    found = [Hierarchy(2, frozenset(), str(tmp_path), str(session)), Hierarchy(1, MEMORY, "/m", "/m/own")]
    assert places(found, BOTH) == [Place("/m/own", 1, MEMORY), Place(str(session.parent), 2, PIDS)]
