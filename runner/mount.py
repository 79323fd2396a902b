"""A virtual path and a folder, as somebody asked for them -> a mount that can be made."""

from __future__ import annotations

import os
import posixpath
import sys

from .errors import MountError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

_can_mount = sys.platform.startswith("linux")
_can_separate = True
_bubblewrap: str | None = None
"""The program, once it was looked for and tried."""

CLOSED_FOLDERS = frozenset({"/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"})
"""System folders in which there is no place for a mount at any depth."""

SYSTEM_FOLDERS = CLOSED_FOLDERS | {"/", "/boot", "/home", "/lib32", "/opt", "/root", "/run", "/srv", "/tmp", "/var"}
"""Folders of the Filesystem Hierarchy Standard that a mount would hide from the script."""

CHOOSE = "choose a path of its own, such as /working"


def checked_mount(virtual: str, folder: str) -> tuple[str, str]:
    """Return the normalised virtual path and the real folder.

    Links on the way to the virtual path stay in it, since that is how the script names its files; where it leads to
    is where the mount is made.

    Raises:
        MountError: the virtual path is relative, is or leads to a system folder or a file, or the folder does not
            exist.
    """
    normal = posixpath.normpath(virtual)
    if not virtual.startswith("/") or "\0" in virtual:
        raise MountError(virtual, "the virtual path must be absolute, such as /working")
    normal = "/" + normal.lstrip("/")
    if _is_of_the_system(normal):
        raise MountError(virtual, f"that is a system folder; {CHOOSE}")
    if sys.platform != "win32":  # Where a path that begins with "/" is none of the system's own.
        _check_place(virtual, os.path.realpath(normal))
    real = os.path.realpath(folder)
    if not os.path.isdir(real):
        raise MountError(virtual, f"{folder} is not a folder")
    return normal, real


def _is_of_the_system(path: str) -> bool:
    return path in SYSTEM_FOLDERS or "/" + path.split("/")[1] in CLOSED_FOLDERS


def _check_place(virtual: str, place: str) -> None:
    """Refuse a mount at a place that its links lead to, if no folder can be there, or none that we may cover."""
    if _is_of_the_system(place):
        raise MountError(virtual, f"it leads to {place}, a system folder; {CHOOSE}")
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):  # A link that is left leads in a circle.
        raise MountError(virtual, f"{place} is no folder; {CHOOSE}")


def to_real(path: str, mount: tuple[str, str]) -> str:
    """Return the real path of a path under the virtual one; any other path stays as it is."""
    virtual, folder = mount
    normal = posixpath.normpath(path)
    if normal == virtual:
        return folder
    return os.path.join(folder, normal[len(virtual) + 1 :]) if normal.startswith(virtual + "/") else path


def mountable(request: Request) -> Request:
    """Return a request as it is, or with its mount translated where this machine is known to allow no other way.

    `FORERUN_NO_NAMESPACES=1` in the environment chooses the translation, and `own` leaves mounting to bubblewrap.
    """
    if not request.mounts or request.is_sandboxed or can_mount_for(request):
        return request
    mount = request.mounts[0]
    return request.replace(
        mounts=(), shown_path="", translated=mount, folder=to_real(request.folder or os.getcwd(), mount)
    )


def can_mount() -> bool:
    """Whether mount namespaces are to be used: not once all was refused, nor where the operator does not want them."""
    return _can_ourselves() or bool(bubblewrap())


def can_mount_for(request: Request, *, is_closed: bool = False) -> bool:
    """Whether the mounts of a request, and a closed store, can be made: bubblewrap does not serve every request."""
    return _can_ourselves() or bool(bubblewrap_for(request, is_closed=is_closed))


def _can_ourselves() -> bool:
    return _can_mount and os.environ.get("FORERUN_NO_NAMESPACES") not in ("1", "own")


def give_up_mounting() -> None:
    """Remember that this machine lets us make no mount namespace, so that it is not asked again."""
    global _can_mount
    _can_mount = False


def bubblewrap() -> str:
    """Return the bubblewrap that makes namespaces for us; "" where we do it ourselves, or there is none that can.

    One that could is not given up later: what keeps it from a run may be another run, so that the next one sees more.
    """
    global _bubblewrap
    is_unwanted = os.environ.get("FORERUN_NO_NAMESPACES") == "1" or not sys.platform.startswith("linux")
    if is_unwanted or _can_ourselves():
        return ""
    if _bubblewrap is None:
        from .bubblewrap import find_bubblewrap

        _bubblewrap = find_bubblewrap()
    return _bubblewrap


def bubblewrap_for(request: Request, *, is_closed: bool = False) -> str:
    """Return the bubblewrap for a run that has a mount, or whose store is closed; what asks for more gets none."""
    is_wanted = (request.mounts or is_closed) and not (request.is_sandboxed or request.no_network)
    return bubblewrap() if is_wanted else ""


def can_separate() -> bool:
    """Whether process namespaces are to be used: where mount namespaces are, and not once one was refused."""
    return _can_separate and can_mount()


def give_up_separating() -> None:
    """Remember that this machine allows no process namespace, so that it is not asked again."""
    global _can_separate
    _can_separate = False
