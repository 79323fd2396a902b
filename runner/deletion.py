"""A folder and everything below it -> gone, however odd the tree that a script left behind."""

from __future__ import annotations

import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def remove_tree(folder: str) -> None:
    """Delete a folder and all below it, following no links; what cannot be deleted is left to `recover`."""
    if os.path.islink(folder):
        os.unlink(folder)
        return
    if sys.platform == "win32" and os.path.lexists(folder) and is_reparse_point(os.lstat(folder)):
        os.rmdir(folder)
        return
    try:
        entries = list(os.scandir(folder))
    except NotADirectoryError:
        os.unlink(folder)
        return
    except PermissionError:
        os.chmod(folder, 0o700)
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if _is_own_folder(entry):
            remove_tree(entry.path)
        else:
            _unlink(entry.path, folder)
    os.rmdir(folder)


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, and no link to one; Windows has links that look like folders (junctions)."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    return sys.platform != "win32" or not is_reparse_point(entry.stat(follow_symlinks=False))


def is_reparse_point(status: os.stat_result) -> bool:
    """Whether what was looked at leads elsewhere, on Windows: a link, a junction, a mount point."""
    return bool(getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT)


def _unlink(path: str, folder: str) -> None:
    try:
        os.unlink(path)
    except PermissionError:
        if sys.platform == "win32":
            _unlink_protected(path)
            return
        os.chmod(folder, 0o700)
        os.unlink(path)
    except FileNotFoundError:
        pass


def _unlink_protected(path: str) -> None:
    """Delete what is write-protected on Windows, or a junction, which goes as a folder does."""
    if is_reparse_point(os.lstat(path)):
        os.rmdir(path)
    else:
        os.chmod(path, stat.S_IWRITE)
        os.unlink(path)


def delete(folder: str) -> None:
    """Delete a folder as far as possible, quietly: odd trees are left to a slower way, then to `recover`."""
    try:
        remove_tree(folder)
    except (OSError, RecursionError):
        _remove_flattened(folder)


def _remove_flattened(folder: str) -> None:
    """Delete a tree of any depth by moving every folder to the top of it: paths and our stack have their limits."""
    top = [] if os.path.islink(folder) else [folder]
    for each in top:
        _quietly(os.chmod, each, 0o700)
        for entry in _quietly(lambda path: list(os.scandir(path)), each) or ():
            if _is_own_folder(entry):
                # A folder can only be moved by who may write to it.
                _quietly(os.chmod, entry.path, 0o700)
                top.append(os.path.join(folder, f"{time.time_ns():x}-{len(top)}"))
                _quietly(os.rename, entry.path, top[-1])
            else:
                _quietly(os.unlink, entry.path)
    for each in reversed(top):
        _quietly(os.rmdir, each)


def _quietly(action: Callable[..., Any], *arguments: object) -> Any:
    try:
        return action(*arguments)
    except OSError:
        return None
