"""The exceptions of the runner: what forerun itself could not do. A failing script is a result, not an error."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class RunnerError(Exception):
    """Base of what the runner raises; `str()` is one sentence that says what to do next."""


class StoreError(RunnerError):
    """The store of environments cannot be used."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return f"the cache folder {self.folder} {self.reason}; set FORERUN_CACHE_DIR to a folder of your own"


class InstallError(RunnerError):
    """Requirements that cannot be resolved or installed; `reason` is the installer's own, shortened."""

    def __init__(self, requirements: Sequence[str], reason: str, *, is_offline: bool = False) -> None:
        super().__init__(requirements, reason)
        self.requirements = tuple(requirements)
        self.reason = reason
        self.is_offline = is_offline

    def __str__(self) -> str:
        return f"cannot install {', '.join(self.requirements)}: {self.reason}"


class GuessRefuted(RunnerError):
    """A distribution that was guessed from an import's name does not hold that module, and is not used."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name, module)
        self.name = name
        self.module = module

    def __str__(self) -> str:
        return f"{self.name} was not used: it has the name of the import, and no module {self.module}"


class InstallerMissing(RunnerError):
    """There is no installer on this machine."""

    def __str__(self) -> str:
        return "neither uv nor pip is installed; install uv, as https://docs.astral.sh/uv says"


class InterpreterMissing(RunnerError):
    """No interpreter on this machine fits, not even one that was fetched; `present` are the versions that there are."""

    def __init__(self, wanted: str, present: Sequence[str], *, was_fetched: bool = False) -> None:
        super().__init__(wanted, present)
        self.wanted = wanted
        self.present = tuple(present)
        self.was_fetched = was_fetched

    def __str__(self) -> str:
        there = f"there is no Python {self.wanted} on this machine, which has {', '.join(self.present)}; "
        if self.was_fetched:
            return f"{there}uv has fetched one, but it does not run here, or uv's settings keep it out of its list"
        return f"{there}install it (forerun run --download-python does), or choose one of these"


class InterpreterUnusable(RunnerError):
    """What was named as an interpreter is none that scripts can be run with."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is no CPython of version 3.8 or later; name another one, or a version such as 3.12"


class MountError(RunnerError):
    """The virtual mount cannot be made as asked."""

    def __init__(self, mount: str, reason: str) -> None:
        super().__init__(mount, reason)
        self.mount = mount
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot mount {self.mount}: {self.reason}"


class SystemUnsupported(RunnerError):
    """Scripts cannot be run on this system yet."""

    def __str__(self) -> str:
        return "scripts can be run on Linux, macOS and Windows only; forerun resolve says what they need"


class ContainmentError(RunnerError):
    """This machine cannot keep a script from what it was to be kept from, so that it was not run."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(option, reason)
        self.option = option
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.option} is not to be had on this machine ({self.reason}), so nothing was run"


class Cancelled(RunnerError):
    """The caller cancelled while something was being prepared."""

    def __str__(self) -> str:
        return "cancelled"
