"""Settings -> the folder that scripts see under the virtual mount; a temporary one ends with the server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass

from forerun.runner.deletion import delete
from forerun.runner.mount import checked_mount
from forerun.runner.store import Claim, open_store

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
    """Yield the workspace that the settings ask for, gone afterwards if it is temporary.

    Raises:
        MountError: the virtual path makes no sense, or the folder does not exist.
        StoreError: there is no place for a temporary folder.
    """
    if settings.path:
        yield Workspace(*checked_mount(settings.mount, settings.path))
        return
    # Claimed as the folder of a run is: when we are killed, the next run of anyone deletes it.
    with Claim(open_store(), "runs", f"{os.getpid()}-workspace-{os.urandom(4).hex()}") as claim:
        yield Workspace(*checked_mount(settings.mount, claim.folder), is_temporary=True)
