"""Functions of libc that Python does not offer -> the same, raising OSError (Linux)."""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
"""Flags of unshare(2)."""
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
"""Flags of mount(2)."""
MNT_DETACH = 2


def foreign_functions() -> Any:
    """Return the module `ctypes`.

    Raises:
        OSError: this Python was built without it, as where the headers of libffi were missing.
    """
    try:
        import ctypes
    except ImportError as error:
        raise OSError(errno.ENOSYS, "this Python has no ctypes") from error
    return ctypes


class SystemCalls:
    """System calls that raise OSError."""

    def __init__(self) -> None:
        if not sys.platform.startswith("linux"):
            raise OSError(errno.ENOSYS, "this is not Linux")
        self.ctypes = ctypes = foreign_functions()
        self._libc = ctypes.CDLL(None, use_errno=True)

    def __call__(self, name: str, *arguments: Any) -> int:
        """Call a function of libc.

        Raises:
            OSError: it failed.
        """
        result: int = getattr(self._libc, name)(*arguments)
        if result < 0:
            number = self.ctypes.get_errno()
            raise OSError(number, f"{name}: {os.strerror(number)}")
        return result

    def mount(self, source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
        """mount(2)."""
        encoded = [None if each is None else os.fsencode(each) for each in (source, target, kind)]
        self("mount", *encoded, flags, None if data is None else os.fsencode(data))

    def unshare(self, flags: int, *, own_user: bool) -> None:
        """Get namespaces of our own; without root that takes a user namespace, in which we stay who we are.

        With `own_user` root gets one too where the system allows it, and so has no power over what is outside.
        """
        if os.geteuid() == 0 and not own_user:
            try:
                self("unshare", flags)
                return
            except PermissionError:
                pass
        user, group = os.geteuid(), os.getegid()
        self("unshare", CLONE_NEWUSER | flags)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
