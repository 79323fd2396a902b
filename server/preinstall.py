"""`--deps` -> installed while the server starts, so that the first call does not wait, and mistakes show at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from forerun.resolver.errors import ResolverError
from forerun.resolver.source import from_code
from forerun.runner.errors import RunnerError

from .calls import options_of
from .progress import Progress

if TYPE_CHECKING:
    from .runs import Runs
    from .settings import Settings
    from .workspace import Workspace

LOGGER = logging.getLogger(__name__)


async def preinstall(settings: Settings, workspace: Workspace, runs: Runs) -> None:
    """Run an empty program with the operator's requirements; what goes wrong is said in the log."""
    try:
        async with Progress(_told_to_nobody, workspace.mount) as progress:
            result = await runs.run(from_code("", "person"), [], progress, **options_of(settings, workspace))
    except (ResolverError, RunnerError) as error:
        LOGGER.warning("the requirements of --deps are not installed: %s", error)
        return
    if result.status == "success":
        LOGGER.info("installed: %s", ", ".join(map(str, result.dependencies)))
    else:
        LOGGER.warning("the requirements of --deps are not installed: %s", result.error)


async def _told_to_nobody(_progress: float, _total: float | None, _message: str) -> None:
    """Take a report without a listener."""
