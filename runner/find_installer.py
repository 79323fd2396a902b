"""What this machine has -> the installer to use: uv, else pip."""

from __future__ import annotations

from .errors import InstallerMissing
from .installer import Uv
from .pip_installer import Pip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .process import Cancellation


def find_installer(cancellation: Cancellation | None = None, *, is_refreshed: bool = False) -> Uv | Pip:
    """Return an installer; with `is_refreshed` it asks the index anew for what its own cache holds.

    Raises:
        InstallerMissing: there is none.
        RunnerError: a configuration file with index settings cannot be understood.
    """
    try:
        return Uv(cancellation, is_refreshed=is_refreshed)
    except InstallerMissing:
        return Pip(cancellation)
