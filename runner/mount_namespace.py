"""In a forked child: folders -> mounted at virtual paths that only this process and its children see (Linux).

The root is rebuilt on a tmpfs with every top-level entry bound into it, since a mount point cannot be made on a
root that is not ours, and must not be left behind on one that is.
"""

from __future__ import annotations

import errno
import os

from .system_calls import (
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .system_calls import SystemCalls

KEPT_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC | 1024 | 2048
"""These, noexec, noatime and nodiratime: statvfs(3) and mount(2) give them the same numbers."""

SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "i686": 217, "armv7l": 218, "ppc64le": 203, "s390x": 217}
"""Numbers of pivot_root(2), which libc does not wrap."""

SPARE_FOLDERS = ("tmp", "mnt", "media", "srv", "opt", "run", "var")
"""Top-level folders of which one, not on the way to a mount point, is covered while the new root is built."""


OPEN_FOLDER = os.O_PATH | os.O_DIRECTORY if hasattr(os, "O_PATH") else 0


class MountRefused(OSError):
    """The system does not let us mount anything, or not this."""


def enter_mount(calls: SystemCalls, mounts: Sequence[tuple[str, str]], closed: str = "", opened: str = "") -> None:
    """Mount each source folder at its target, for this process and its children alone: in their own mount namespace.

    A target is where its links lead to. They cannot write below the folder `closed`, "" for none, but for the folder
    `opened` in it.

    Raises:
        OSError: the system does not allow it, or a source does not exist.
    """
    if os.uname().machine not in SYS_PIVOT_ROOT:
        raise OSError(errno.ENOSYS, "mount namespaces are not available here")
    calls.mount(None, "/", None, MS_REC | MS_PRIVATE)
    mounts = [(os.path.realpath(target), source) for target, source in mounts]
    # A folder that is in the closed one, as that of a server is, stays open where it is mounted.
    inner = {source: os.open(source, OPEN_FOLDER) for _, source in mounts if closed and _is_below(source, closed)}
    if closed:
        # Before all other mounts, so that it holds by whatever path the folder can be reached.
        _close(calls, os.path.realpath(closed), os.path.realpath(opened))
    missing = [target.strip("/").split("/") for target, _ in mounts if not os.path.isdir(target)]
    descriptors = [(target, inner.get(source) or os.open(source, OPEN_FOLDER)) for target, source in mounts]
    root = _new_root(calls, missing) if missing else ""
    # While the old root is still there: a folder of a detached one can no longer be bound.
    for target, descriptor in descriptors:
        calls.mount(f"/proc/self/fd/{descriptor}", root + target, None, MS_BIND | MS_REC)
        os.close(descriptor)
    if root:
        change_root(calls, root)


def change_root(calls: SystemCalls, root: str) -> None:
    """Make a mounted folder the root, and let go of the old one.

    Raises:
        OSError: the system does not allow it.
    """
    os.chdir(root)
    calls("syscall", SYS_PIVOT_ROOT[os.uname().machine], b".", b".")
    calls("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _is_below(path: str, folder: str) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


def _close(calls: SystemCalls, closed: str, opened: str) -> None:
    """Make a folder read-only, but for one in it."""
    writable = os.open(opened, OPEN_FOLDER)
    calls.mount(closed, closed, None, MS_BIND | MS_REC)
    # What a mount above was restricted to must be said again: a user namespace may not lift it.
    kept = os.statvfs(closed).f_flag & KEPT_FLAGS
    calls.mount(None, closed, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)
    calls.mount(f"/proc/self/fd/{writable}", opened, None, MS_BIND)
    os.close(writable)


def _new_root(calls: SystemCalls, targets: list[list[str]]) -> str:
    """Build a copy of the root that has the mount points, and return where it is."""
    firsts = {target[0] for target in targets}
    new_root = next(f"/{name}" for name in SPARE_FOLDERS if name not in firsts and os.path.isdir(f"/{name}"))
    # The tmpfs covers a folder of the host in our namespace alone; what it covers is bound from a descriptor.
    covered = os.open(new_root, os.O_PATH | os.O_DIRECTORY)
    calls.mount("forerun", new_root, "tmpfs", MS_NOSUID | MS_NODEV)
    os.chmod(new_root, 0o755)
    _graft(calls, "/", new_root, targets, {new_root: f"/proc/self/fd/{covered}"})
    os.close(covered)
    return new_root


def _graft(calls: SystemCalls, real: str, new: str, targets: list[list[str]], moved: dict[str, str]) -> None:
    """Fill `new` with the entries of `real` and with the missing mount points below it.

    Raises:
        NotADirectoryError: a file or a link is in their way, through which something would be made on the host.
    """
    for name in os.listdir(real):
        source, copy = os.path.join(real, name), os.path.join(new, name)
        deeper = [target[1:] for target in targets if target[0] == name and len(target) > 1]
        if deeper and (os.path.islink(source) or not os.path.isdir(source)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), source)
        if os.path.islink(source):
            os.symlink(os.readlink(source), copy)
        elif deeper:
            os.mkdir(copy, 0o755)
            _graft(calls, source, copy, deeper, moved)
        else:
            _bind(calls, moved.get(source, source), copy)
            if source in moved:
                # What covers it is mounted on it, so a recursive bind took that along.
                calls("umount2", os.fsencode(copy), MNT_DETACH)
    for target in targets:
        os.makedirs(os.path.join(new, *target), mode=0o755, exist_ok=True)


def _bind(calls: SystemCalls, source: str, copy: str) -> None:
    if os.path.isdir(source):
        os.mkdir(copy)
    else:
        os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        calls.mount(source, copy, None, MS_BIND | MS_REC)
    except OSError:
        # An entry that cannot be bound (a vanished file, an odd mount) is left empty rather than failing the run.
        pass
