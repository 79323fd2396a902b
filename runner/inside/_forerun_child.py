"""Inside the script's interpreter: says through a file which module the script lacked when an import killed it.

Standard library only, Python 3.8 and later, and as little as can be: every run waits for it. Imported by the
environment's `.pth` file, before the script starts, and only there: processes that the script starts do not see it. The
script itself then runs natively. An interpreter that was started ahead waits here for what the script can import.
"""

from __future__ import annotations

import atexit
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import TracebackType
    from typing import Any
else:
    try:
        import _signal as signal
    except ImportError:
        import signal

PR_SET_PDEATHSIG = 1
"""Operation of prctl(2)."""
END = "end"
"""See `ahead` in the runner."""
OWNER = os.getpid()
show = sys.excepthook
paths = None


def wait() -> None:
    """Wait until we may go on, and take over what we are told; where nobody tells us, there is no script to run.

    That is the folder of the layer or nothing, environment variables, and an end, separated by NULs.
    """
    descriptor, hold, parent = map(int, os.environ["FORERUN_WAITS"].split())
    if sys.platform.startswith("linux"):
        _die_with_parent(parent)
    with os.fdopen(descriptor, "rb") as told:
        layer, *variables = map(os.fsdecode, told.read().split(b"\0"))
    if not variables or variables.pop() != END:
        os._exit(0)
    # From here on the script runs, and signals mean it.
    del os.environ["FORERUN_WAITS"]
    os.close(hold)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for each in variables:
        name, _, value = each.partition("=")
        os.environ[name] = value
    if layer and layer not in sys.path:
        import site

        site.addsitedir(layer)


def _die_with_parent(parent: int) -> None:
    """Ask to be killed when our parent is, as one that had forked us would have asked for us."""
    try:
        import _ctypes  # What `ctypes` adds to it takes milliseconds.

        prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        _ctypes.call_cdeclfunction(prctl, (PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    except (ImportError, AttributeError):  # Then only the end of the pipe tells us.
        pass
    if os.getppid() != parent:
        os._exit(0)


def begin() -> str:
    """Install the exception hook; what is meant for us is taken out of the environment, so that no child answers."""
    global show
    answer = os.environ.pop("FORERUN_ANSWER")
    may_retry = os.environ.pop("FORERUN_MAY_RETRY", "") == "1"
    tells = os.environ.pop("FORERUN_TELLS", "") == "1"
    translated = os.environ.pop("FORERUN_PATHS", "")
    watched = _watch_stdin() if may_retry else None
    show = sys.excepthook
    if translated:
        _translate(translated)
    if tells:
        from _forerun_output import keep_order  # type: ignore[import-not-found]

        keep_order()

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Tell us of an exception instead of showing it, where it is to be shown by us or may be mended."""
        missing, is_named = _missing_module(error) if isinstance(error, ImportError) else ("", False)
        read_stdin = bool(watched and watched.was_read)
        is_held_back = tells or (missing and may_retry and not read_stdin)
        text = formatted(kind, error, trace) if is_held_back else ""
        shown.append(error)
        told = {"missing": missing, "is_named": is_named, "traceback": text, "read_stdin": read_stdin}
        if not ((missing or tells) and write(answer, told) and is_held_back):
            show(kind, error, trace)

    def at_end() -> None:
        """Tell of a missing module where a hook of the script's own has shown the exception, which Python keeps."""
        error = getattr(sys, "last_value", None)
        if isinstance(error, ImportError) and error not in shown:
            missing, is_named = _missing_module(error)
            read_stdin = bool(watched and watched.was_read)
            told = {"missing": missing, "is_named": is_named, "traceback": "", "read_stdin": read_stdin}
            if missing:
                write(answer, told)

    shown: list[BaseException] = []
    sys.excepthook = hook
    atexit.register(at_end)
    return answer


def _translate(translated: str) -> None:
    """Let the script's virtual paths lead to real ones, where the system could not mount them."""
    global paths
    from _forerun_paths import Paths  # type: ignore[import-not-found]

    paths = Paths(*translated.split("\n", 1))
    paths.install()


def write(path: str, answer: dict[str, Any]) -> bool:
    """Write the answer whole or not at all, and say whether; a fork of the script has nothing to answer."""
    if os.getpid() != OWNER:
        return False
    text = plain_json(answer)
    if not text:
        import json

        text = json.dumps(answer)
    try:
        with open(path + ".part", "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.replace(path + ".part", path)
    except OSError:
        return False
    return True


def plain_json(data: Any) -> str:
    """Return plain data as JSON, or "" where that takes more care: to import `json` takes longer than all the rest."""
    kind = type(data)
    if data is None or kind is bool:
        return {None: "null", True: "true", False: "false"}[data]
    if kind is int:
        return str(data) if data.bit_length() < 64 else ""
    if kind is str:
        return f'"{data}"' if data.isascii() and data.isprintable() and not set('"\\') & set(data) else ""
    if kind is list:
        parts = [plain_json(each) for each in data]
        return f"[{','.join(parts)}]" if all(parts) else ""
    if kind is dict:
        parts = [f"{plain_json(name)}:{plain_json(each)}" for name, each in data.items()]
        return f"{{{','.join(parts)}}}" if not any(part[0] == ":" or part[-1] == ":" for part in parts) else ""
    return ""


def _missing_module(error: ImportError) -> tuple[str, bool]:
    beside = os.path.dirname(os.path.abspath(__file__))
    sys.path.append(beside)
    try:
        from _forerun_missing import missing_module  # type: ignore[import-not-found]

        missing, is_named = missing_module(error)
    finally:
        sys.path.remove(beside)
    return missing, is_named


def formatted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """Return a traceback as Python writes it."""
    import traceback

    return "".join(traceback.format_exception(kind, error, trace))


class _Watched:
    was_read = False


def _watch_stdin() -> _Watched | None:
    """Notice reads from a piped stdin: what was read from a pipe cannot be read again by a rerun."""
    import io
    import stat

    try:
        mode = os.fstat(0).st_mode
        if sys.stdin is None or not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            return None
    except OSError:
        return None
    watched = _Watched()

    class Raw(io.FileIO):
        def readinto(self, buffer: Any) -> Any:
            watched.was_read = True
            return super().readinto(buffer)

        def readall(self) -> Any:
            watched.was_read = True
            return super().readall()

    old = sys.stdin
    raw = Raw(0, "r", closefd=False)
    raw.name = "<stdin>"
    buffer = io.BufferedReader(raw)
    sys.stdin = io.TextIOWrapper(buffer, old.encoding, old.errors, line_buffering=bool(old.line_buffering))
    sys.stdin.mode = "r"  # type: ignore[misc]
    sys.__stdin__ = sys.stdin  # type: ignore[misc]
    return watched


if "FORERUN_WAITS" in os.environ:
    wait()
if "FORERUN_ANSWER" in os.environ:
    ANSWER = begin()
