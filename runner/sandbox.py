"""In a forked child: what a script may see -> a root that has nothing else, and no power to change that (Linux).

The namespaces are there already. The new root is a tmpfs into which what may be seen is bound.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from .mount_namespace import change_root
from .system_calls import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_REC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .system_calls import SystemCalls

SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
"""The same numbers on every architecture that we know of but Alpha; Linux 5.12 and later."""
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 1, 2, 4, 8

HOME = "/home/sandbox"
EMPTY = ("/tmp", "/var/tmp", "/run", HOME, "/dev/shm")
"""Folders that are there, empty, and the script's own."""
LIBRARIES = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
ESSENTIALS = (
    "alternatives", "ca-certificates", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
    "mime.types", "nsswitch.conf", "pki", "protocols", "services", "ssl", "timezone",
)  # fmt: skip
"""What programs and libraries need of /etc; users, groups and hosts are written anew."""
CLOSED_TO_ALL = ("private",)
"""Entries of `ssl` that are nobody's business."""

SYS_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "i686": 288, "armv7l": 311, "ppc64le": 271, "s390x": 280}
KEYCTL_JOIN_SESSION_KEYRING = 1
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class SandboxRefused(OSError):
    """The system cannot give all of the sandbox."""


def enter_sandbox(calls: SystemCalls, visible: Sequence[tuple[str, str, bool]]) -> None:
    """Show only each source at its target, writable or not, beside system libraries and what every program needs.

    Raises:
        OSError: the system does not allow it, or a source does not exist.
    """
    calls.mount(None, "/", None, MS_REC | MS_PRIVATE)
    # Opened first: what is mounted from here on may cover them.
    sources = [(os.open(source, os.O_PATH), target, is_open) for source, target, is_open in visible]
    root = "/tmp"
    old = {name: os.open(name, os.O_PATH) for name in (*LIBRARIES, "/etc", "/dev", "/proc") if os.path.isdir(name)}
    links = {name: os.readlink(name) for name in LIBRARIES if os.path.islink(name)}
    calls.mount("forerun", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for name in LIBRARIES:
        if name in links:
            os.symlink(links[name], root + name)
        elif name in old:
            _show(calls, old[name], root + name)
    _make_essentials(calls, root, old["/etc"], old["/dev"])
    for descriptor, target, is_open in sources:
        _show(calls, descriptor, root + target, is_open=is_open)
    os.makedirs(f"{root}/proc", exist_ok=True)
    calls.mount("/proc", f"{root}/proc", None, MS_BIND | MS_REC)
    change_root(calls, root)


def _make_essentials(calls: SystemCalls, root: str, etc: int, dev: int) -> None:
    for name in ESSENTIALS:
        if os.path.exists(f"/proc/self/fd/{etc}/{name}"):
            descriptor = os.open(name, os.O_PATH, dir_fd=etc)
            _show(calls, descriptor, f"{root}/etc/{name}")
    for name in CLOSED_TO_ALL:
        if os.path.isdir(f"{root}/etc/ssl/{name}"):
            calls.mount("forerun", f"{root}/etc/ssl/{name}", "tmpfs", MS_NOSUID | MS_NODEV, "mode=000,size=4k")
    user, group = os.geteuid(), os.getegid()
    _write(f"{root}/etc/passwd", f"sandbox:x:{user}:{group}::{HOME}:/bin/sh\n")
    _write(f"{root}/etc/group", f"sandbox:x:{group}:\n")
    _write(f"{root}/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    for name in DEVICES:
        _show(calls, os.open(name, os.O_PATH, dir_fd=dev), f"{root}/dev/{name}", is_open=True, is_device=True)
    for name, target in LINKS.items():
        os.symlink(target, f"{root}/dev/{name}")
    for name in EMPTY:
        os.makedirs(root + name)
        calls.mount("forerun", root + name, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700")


def _show(calls: SystemCalls, source: int, target: str, *, is_open: bool = False, is_device: bool = False) -> None:
    """Bind what a descriptor stands for, with all that is mounted below it."""
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(target, exist_ok=True)
    elif not os.path.lexists(target):
        _write(target, "")
    calls.mount(f"/proc/self/fd/{source}", target, None, MS_BIND | MS_REC)
    os.close(source)
    _restrict(calls, target, ATTR_NOSUID | (0 if is_open else ATTR_RDONLY) | (0 if is_device else ATTR_NODEV))


def _restrict(calls: SystemCalls, target: str, attributes: int, recursively: int = AT_RECURSIVE) -> None:
    """mount_setattr(2): of all that is mounted there, too."""
    import sys

    ctypes = calls.ctypes
    wanted = ctypes.create_string_buffer(attributes.to_bytes(8, sys.byteorder), 32)
    calls("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), recursively, wanted, ctypes.c_size_t(32))


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def forbid_namespaces() -> None:
    """Let nobody in here make a user namespace, in which there would be capabilities again.

    Raises:
        OSError: the system does not allow it.
    """
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def close_root(calls: SystemCalls) -> None:
    """Make the root itself read-only, and /proc too: root owns files there that change the host without a capability.

    Raises:
        OSError: the system does not allow it.
    """
    _restrict(calls, "/", ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, 0)
    _restrict(calls, "/proc", ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV | ATTR_NOEXEC, 0)


def leave_behind(calls: SystemCalls) -> None:
    """Let go of what a process inherits beside folders: descriptors above the streams, and the session's keyring.

    Raises:
        OSError: the system does not allow it.
    """
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with suppress(OSError):  # The one through which this folder was listed.
                os.set_inheritable(int(name), False)
    number = SYS_KEYCTL.get(os.uname().machine)
    if number is not None:
        with suppress(OSError):  # A kernel without keyrings has none to let go of.
            calls("syscall", number, KEYCTL_JOIN_SESSION_KEYRING, None)


def drop_power(calls: SystemCalls) -> None:
    """Give up every capability, for good (capabilities(7)).

    Raises:
        OSError: the system does not allow it.
    """
    import struct

    calls("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    number = 0
    while True:
        try:
            calls("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            break
        number += 1
    header = struct.pack("Ii", LINUX_CAPABILITY_VERSION_3, 0)
    calls("capset", header, struct.pack("6I", 0, 0, 0, 0, 0, 0))
