"""What a run tells whoever watches it; every method is empty, for the watcher to fill."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .result import Distribution


class Observer:
    """Watches a run. Methods are called from the thread that runs it, and must return at once."""

    def resolving(self, requirements: Sequence[str]) -> None:
        """Versions of requirements are about to be looked up."""

    def installing(self, distributions: Sequence[Distribution]) -> None:
        """Distributions are about to be downloaded and installed."""

    def starting(self, attempt: int) -> None:
        """The script is about to be started, for the first time (1) or again."""

    def retrying(self, missing: str, distributions: Sequence[str]) -> None:
        """The script lacked a module, and is about to be run again with more distributions."""
