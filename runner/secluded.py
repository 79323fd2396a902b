"""A request that asks for a sandbox or no network -> what its run may see, and what it is told of itself."""

from __future__ import annotations

import os
import sys

from .environment import INSIDE
from .errors import ContainmentError, RunnerError
from .limits import as_mapping
from .mount import SYSTEM_FOLDERS
from .sandbox import HOME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from forerun.resolver.source import Source

    from .environment import Environment
    from .request import Request

HOST_ONLY = ("XDG_RUNTIME_DIR", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")
"""Variables that name what is not there in a sandbox."""

OPTIONS = {"sandbox": "--sandbox", "network": "--no-network"}
"""What a forked child failed at -> the option that asked for it."""


def checked(request: Request) -> Request:
    """Return a request with what a sandbox entails: nothing is built for it.

    Raises:
        ContainmentError: there are no namespaces here, or the operator wants none, without which there is no sandbox.
    """
    if request.is_sandboxed or request.no_network:
        option = OPTIONS["sandbox" if request.is_sandboxed else "network"]
        if not sys.platform.startswith("linux"):
            raise ContainmentError(option, "it needs namespaces, which are a part of Linux")
        unwanted = os.environ.get("FORERUN_NO_NAMESPACES", "")
        if unwanted in ("1", "own"):
            raise ContainmentError(option, f"FORERUN_NO_NAMESPACES={unwanted} keeps namespaces from being used")
    if not request.is_sandboxed:
        return request
    return request.replace(policy=request.policy.replace(no_build=True, allow_build=frozenset()))


def confined(request: Request, source: Source, environment: Environment, layer: str) -> dict[str, Any]:
    """Return what a Job is to be told, by the names of its fields."""
    visible = visible_paths(request, source, environment, layer) if request.is_sandboxed else []
    limits = as_mapping(request.limits)
    is_counted = ("memory" in limits or "processes" in limits) and os.environ.get("FORERUN_NO_CONTROL_GROUPS") != "1"
    return {
        "no_network": request.no_network,
        "visible": visible,
        "limits": limits,
        "counted_for": environment.folder if is_counted else "",
    }


def visible_paths(
    request: Request, source: Source, environment: Environment, layer: str
) -> list[tuple[str, str, bool]]:
    """Return each path that is shown in a sandbox, where, and whether it may be written to.

    Raises:
        ContainmentError: the interpreter cannot be shown without what is nobody's business.
        RunnerError: what is run cannot.
    """
    private = (os.path.expanduser("~"), environment.store.folder)
    prefix = checked_prefix(environment.interpreter.path, *private)
    shown = [] if prefix == "/usr" else [prefix]
    shown += [INSIDE, *([layer] if layer else [])]
    visible = [(path, path, False) for path in shown]
    visible.append((environment.folder, environment.folder, True))
    visible += [(real, virtual, True) for virtual, real in request.mounts]
    own = _own_program(request, source)
    if own:
        visible.append((checked_program(own, *private), own, False))
    return visible


def _own_program(request: Request, source: Source) -> str:
    """Return the file or folder that is run, or "" where it is code, or a mount shows it."""
    if source.kind == "script":
        return "" if request.shown_path else os.path.abspath(request.program or source.path)
    return "" if _in_mount(request) else own_module(request)


def own_module(request: Request) -> str:
    """Return the package or file in the current folder that `-m` runs, or "" where it runs none of those."""
    if not request.module:
        return ""
    path = os.path.join(os.getcwd(), request.module.partition(".")[0])
    return next((each for each in (path, f"{path}.py") if os.path.exists(each)), "")


def checked_prefix(python: str, *private: str) -> str:
    """Return the folder that an interpreter is installed in, if none of the private ones is in it.

    Raises:
        ContainmentError: one is, as where somebody keeps interpreters in `~/bin`.
    """
    prefix = os.path.dirname(os.path.dirname(python))
    if prefix != "/usr" and _has_much_in_it(prefix, private):
        raise ContainmentError(OPTIONS["sandbox"], f"the interpreter is installed in {prefix}, with much beside it")
    return prefix


def checked_program(path: str, *private: str) -> str:
    """Return where a file or folder really is that is run, if it is no folder that one of the private ones is in.

    Raises:
        RunnerError: it is, as with a `__main__.py` in the home folder, which would be shown as a whole.
    """
    real = os.path.realpath(path)
    if os.path.isdir(real) and _has_much_in_it(real, private):
        raise RunnerError(
            f"{OPTIONS['sandbox']} would show the script all of {real}; put what is to run into a folder of its own"
        )
    return real


def _has_much_in_it(folder: str, private: Sequence[str]) -> bool:
    """Whether a folder is one of the system's, or has a private one in it."""
    return folder in SYSTEM_FOLDERS or any(
        os.path.commonpath((folder, each)) == folder for each in map(os.path.realpath, private)
    )


def _in_mount(request: Request) -> str:
    """Return the path under which the mount shows the current folder, or "" where it does not."""
    virtual, real = request.mounts[0] if request.mounts else ("", "")
    below = os.path.relpath(os.path.realpath(os.getcwd()), os.path.realpath(real)) if real else os.pardir
    return "" if below.split(os.sep)[0] == os.pardir else os.path.normpath(os.path.join(virtual, below))


def working_folder(request: Request, folder: str) -> str:
    """Return where a sandboxed script works: where it was to, if that is seen, else in its mount or its empty home.

    A module of the current folder is found from there; where that lies in the mount, from its place there.
    """
    if own_module(request):
        inside = _in_mount(request)
        if inside or not request.mounts:
            return inside or os.getcwd()
    virtual = request.mounts[0][0] if request.mounts else HOME
    return folder if folder == virtual or folder.startswith(virtual.rstrip("/") + "/") else virtual


def variables_inside(variables: Mapping[str, str], folder: str, request: Request) -> dict[str, str]:
    """Return environment variables that fit a sandbox in which a script works in `folder`."""
    inner = {name: value for name, value in variables.items() if name not in HOST_ONLY}
    for name in ("TMP", "TEMP"):
        inner.pop(name, None)
    if "FORERUN_FOLDER" in inner:
        inner["FORERUN_FOLDER"] = folder
    if request.mounts and own_module(request) and not _in_mount(request):
        # It works in the mount, where Python would look for its module.
        inner["PYTHONPATH"] = os.pathsep.join(filter(None, (os.getcwd(), inner.get("PYTHONPATH"))))
    return {**inner, "HOME": HOME, "TMPDIR": "/tmp"}


def refusal(failed: str, reason: str) -> ContainmentError:
    """Return the exception for a step that a forked child failed at."""
    return ContainmentError(OPTIONS[failed], reason)
