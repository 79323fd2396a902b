"""In a forked child: a folder -> one that this process and its children cannot write to (Linux, Landlock).

Landlock only knows what is allowed, in a folder and all below it. So everything beside the way to the closed folder
is allowed, and in the folders on that way nothing can be made or removed either. It does not keep modes from being
changed. See "Landlock: unprivileged access control" in the kernel's documentation.
"""

from __future__ import annotations

import errno
import os
import sys

from .system_calls import foreign_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446
"""The same numbers on every architecture that we know of but Alpha."""

ASK_VERSION, RULE_PATH_BENEATH = 1, 1
PR_SET_NO_NEW_PRIVS = 38
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
CHANGE_FOLDER = sum(1 << bit for bit in range(4, 14))
"""Removing and making every kind of entry, and moving them between folders (REFER)."""

OLDEST, WITH_TRUNCATE = 2, 3
"""Versions of Landlock: before the first nothing could be moved between folders, before the second all be cut off."""


class LandlockRefused(OSError):
    """The kernel has no Landlock, or an old one, or it is switched off."""


def is_bearable(closed: str, folders: Sequence[str]) -> bool:
    """Whether closing a folder leaves a script its usual places: none of them is on the way to it."""
    way = os.path.realpath(closed)
    return not any(os.path.commonpath((way, each)) == each for each in map(os.path.realpath, folders))


def close_folder(closed: str, opened: str) -> None:
    """Let this process and its children write everywhere but below `closed`; below `opened`, in it, they may.

    Raises:
        OSError: Landlock is not to be had.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, "Landlock is part of Linux")
    ctypes = foreign_functions()
    libc = ctypes.CDLL(None, use_errno=True)
    version = _called(ctypes, libc.syscall(SYS_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION)))
    if version < OLDEST:
        raise OSError(errno.ENOSYS, "this kernel's Landlock is too old")
    for_files = WRITE_FILE | (TRUNCATE if version >= WITH_TRUNCATE else 0)
    handled = ctypes.c_uint64(for_files | CHANGE_FOLDER)
    ruleset = _called(
        ctypes, libc.syscall(SYS_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), ctypes.c_uint32(0))
    )
    for path in (*_beside(os.path.realpath(closed)), os.path.realpath(opened)):
        _allow(ctypes, libc, ruleset, path, for_files)
    _called(ctypes, libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _called(ctypes, libc.syscall(SYS_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)


def _beside(closed: str) -> Iterator[str]:
    """Yield the entries of all folders above one, but for those on the way to it."""
    folder = "/"
    for name in closed.strip("/").split("/"):
        for entry in os.listdir(folder):
            if entry != name:
                yield os.path.join(folder, entry)
        folder = os.path.join(folder, name)


def _allow(ctypes: Any, libc: Any, ruleset: int, path: str, for_files: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    is_folder = os.path.isdir(f"/proc/self/fd/{descriptor}") and not os.path.islink(path)
    rights = for_files | (CHANGE_FOLDER if is_folder else 0)
    # struct landlock_path_beneath_attr is packed: 64 bits of rights, 32 bits of a descriptor.
    rule = ctypes.create_string_buffer(rights.to_bytes(8, sys.byteorder) + descriptor.to_bytes(4, sys.byteorder), 12)
    libc.syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, ctypes.c_uint32(0))
    os.close(descriptor)


def _called(ctypes: Any, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
