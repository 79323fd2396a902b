"""`forerun run FILE|-|-c CODE`: predicts, installs and runs, as if `python FILE` had been called."""

from __future__ import annotations

import os

from forerun.runner.signals import heed_children, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from forerun.runner.environment import Environment


NO_SCRIPTS = (".ipynb", ".pyz", ".pyzw", ".zip")
"""How notebooks and archives end (see `source` in the resolver), which are unpacked before they are run."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the script's exit code, or our own.

    Raises:
        ResolverError: bad input.
        RunnerError: forerun cannot do its part.
    """
    _unwind_on_signals()
    environment = None
    try:
        environment = _started(arguments)
        heed_children()
        # While the interpreter starts, we load what looks at the script.
        from .run_script import run_script

        return run_script(arguments, environment)
    finally:
        if environment is not None:
            environment.__exit__()


def _started(arguments: Sequence[str]) -> Environment | None:
    """Start the interpreter of a script that is a plain file, named without options before it."""
    path = arguments[0] if arguments else ""
    is_plain = os.path.isfile(path) and not (path.startswith("-") or path.endswith(NO_SCRIPTS))
    if not is_plain or not hasattr(os, "posix_spawn"):
        return None
    from forerun.runner.ahead import start_ahead

    return start_ahead(path, arguments[1:])


def _unwind_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind us, so that nothing stays behind; while the script runs, it gets them instead."""
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
