"""What came of a run: one class an outcome, told apart by `status`."""

from __future__ import annotations

from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from forerun.resolver.findings import Resolution
    from forerun.resolver.trust import Verdict


class Distribution(Value):
    """An installed distribution."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


class Attempt(Value):
    """One start of the script: the module it then lacked ("" for none), and what was added to try again."""

    missing: str = ""
    added: tuple[str, ...] = ()


class Timing(Value):
    """Seconds that the stages took; 0 where a stage did not happen."""

    resolve: float = 0.0
    install: float = 0.0
    run: float = 0.0


class ReturnValue(Value):
    """The value of a code string's last expression: as JSON data where it can be, and always as `repr`."""

    repr: str
    data: Any = None
    is_data: bool = False


class WrittenFile(Value):
    """A file that a run wrote under its mount: its virtual path, its size in bytes, its MIME type by its name."""

    path: str
    size: int
    mime_type: str


class Artefact(Value):
    """What a value looks like where that is no PNG: an interactive figure as a page."""

    mime_type: str
    data: bytes


class Result(Value):
    """What every outcome has: what was installed, what the script wrote, and how long it took.

    `error` is a traceback or a sentence that says what went wrong, "" where nothing did. `notes` are for
    everyone, `advice` says what the operator can do about them. `output` holds stdout and
    stderr in the order in which they came, each stream also by itself; all three are "" where the streams were
    inherited. `cut` counts the bytes left out of `output`. `python` is the interpreter's version, such as "3.12.1".
    `images` are PNG files: open figures, and a picture that was the last value; `previews` are the same ones, scaled
    down where they would have more than 5 MB together. `files` were written under the mount.
    """

    resolution: Resolution
    error: str = ""
    dependencies: tuple[Distribution, ...] = ()
    stdout: str = ""
    stderr: str = ""
    output: str = ""
    cut: int = 0
    attempts: tuple[Attempt, ...] = ()
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    images: tuple[bytes, ...] = ()
    previews: tuple[bytes, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    files: tuple[WrittenFile, ...] = ()
    timing: Timing = Timing()
    python: str = ""


class Succeeded(Result):
    """The script ended with exit code 0."""

    value: ReturnValue | None = None
    exit_code: int = 0
    status: Literal["success"] = "success"


class ScriptFailed(Result):
    """The script ended with another exit code, an uncaught exception (`error` is its traceback) or a signal."""

    exit_code: int = 1
    signal: int = 0
    status: Literal["run-error"] = "run-error"


class InstallFailed(Result):
    """A requirement could not be installed, so the script was not (or not again) started."""

    exit_code: int = 3
    status: Literal["install-error"] = "install-error"


class Refused(Result):
    """A requirement may not be installed under the policy, so the script was not started."""

    verdicts: tuple[Verdict, ...] = ()
    exit_code: int = 3
    status: Literal["refused"] = "refused"


class TimedOut(Result):
    """The script ran out of time and was ended with everything it had started."""

    exit_code: int = 124
    status: Literal["timeout"] = "timeout"


class Cancelled(Result):
    """The caller cancelled the run; the script was ended with everything it had started."""

    error: str = "cancelled"
    exit_code: int = 130
    status: Literal["cancelled"] = "cancelled"


RunResult = Succeeded | ScriptFailed | InstallFailed | Refused | TimedOut | Cancelled
