"""Settings -> the folder that scripts see under the virtual mount; a temporary one ends with the server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass

from forerun.runner.mount import checked_mount
from forerun.runner.store import delete, open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .settings import Settings


@dataclass(frozen=True, slots=True)
class Workspace:
    """The virtual path that scripts see, and the real folder behind it."""

    virtual: str
    folder: str
    is_temporary: bool = False

    @property
    def mount(self) -> tuple[str, str]:
        """The pair that the runner takes."""
        return self.virtual, self.folder

    @property
    def notes(self) -> tuple[str, ...]:
        """What a caller should know of the folder."""
        if not self.is_temporary:
            return ()
        return (f"{self.virtual} is a temporary folder, deleted when this server ends",)

    def close(self) -> None:
        """Delete the folder if it is temporary."""
        if self.is_temporary:
            delete(self.folder)


@contextmanager
def open_workspace(settings: Settings) -> Iterator[Workspace]:
    """Yield the workspace that the settings ask for, and close it.

    Raises:
        MountError: the virtual path makes no sense, or the folder does not exist.
        StoreError: there is no place for a temporary folder.
    """
    workspace = _workspace(settings)
    try:
        yield workspace
    finally:
        workspace.close()


def _workspace(settings: Settings) -> Workspace:
    if settings.path:
        return Workspace(*checked_mount(settings.mount, settings.path))
    # Among the folders of runs, named by our process: when we are killed, the next run of anyone deletes it.
    folder = open_store().path("runs", f"{os.getpid()}-workspace-{os.urandom(4).hex()}")
    os.mkdir(folder, 0o700)
    return Workspace(*checked_mount(settings.mount, folder), is_temporary=True)
