"""Progress of a run on a terminal: one line on stderr while something is prepared, gone when the script starts."""

from __future__ import annotations

from forerun.runner.observer import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.status import Status

    from forerun.runner.result import Distribution

MOST_NAMED = 4


class TerminalProgress(Observer):
    """Shows what is being resolved and installed."""

    def __init__(self) -> None:
        self._status: Status | None = None

    def resolving(self, requirements: Sequence[str]) -> None:
        """Show what is being looked up."""
        self._show(f"Resolving {_listed(requirements)}")

    def installing(self, distributions: Sequence[Distribution]) -> None:
        """Show what is being installed."""
        self._show(f"Installing {_listed([str(each) for each in distributions])}")

    def starting(self, attempt: int) -> None:  # noqa: ARG002
        """Leave the terminal to the script."""
        self.close()

    def retrying(self, missing: str, distributions: Sequence[str]) -> None:
        """Announce a rerun, since what the script did before happens twice."""
        self.close()
        _console().print(
            f"forerun: {missing} is missing; running again with {', '.join(distributions)}", style="dim", markup=False
        )

    def close(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _show(self, text: str) -> None:
        from rich.markup import escape

        self.close()
        # A requirement's extras would be read as markup.
        self._status = _console().status(escape(text), spinner="dots")
        self._status.start()


def _console() -> Console:
    # Not before there is something to show: a warm run has nothing to show.
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
