"""Dispatch: the first argument names a command, or a script to run; errors become a line and an exit code."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BAD_INPUT = 2
CANNOT_INSTALL = 3

NEW_OBJECTS = 50_000
"""Objects that are made before cycles are looked for: looking while modules load takes a third of that time."""

RUN_OPTIONS = frozenset(
    {"-", "-c", "-m", "--python", "--download-python", "--with", "--no-retry", "--no-hints", "--all-optional", "--map"}
)
"""What `forerun run` takes and `forerun stdio` does not."""

SCRIPTS = (".py", ".pyw", ".ipynb", ".pyz", ".pyzw", ".zip")

HELP = """\
usage: forerun [FILE | COMMAND] [options]

Run a Python script whose dependencies nobody wrote down.

  forerun FILE [args...]          run a script (short for: forerun run FILE)
  forerun run [options] FILE|-    run a script, stdin, code with -c, or a folder or .pyz with a __main__.py
  forerun resolve FILE|DIR|-      print the requirements that a script needs
  forerun allow [NAME...]         list, add or remove names that you always allow
  forerun stdio                   serve MCP tools on standard input and output
  forerun streamable-http | sse   serve MCP tools over HTTP
  forerun config HOST | show      print a host's configuration, or the settings of a server
  forerun cache info|list|...     see, prune or clear the store of environments
  forerun warmup                  check that everything works, with a real program
  forerun --version               print the version

Each command explains its options with --help.
"""


def forerun(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command `forerun`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = _guarded(lambda: _dispatch(given))
    if arguments is None and f"{__package__}.run" in sys.modules:
        _leave(code)
    return code


def resolve(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command `resolve`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return _guarded(lambda: _resolve(given, "resolve"))


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        return _without_arguments()
    first, rest = arguments[0], arguments[1:]
    command = COMMANDS.get(first)
    if command:
        return command(rest)
    if first in ("-h", "--help", "help"):
        sys.stdout.write(HELP)
        return 0
    if first in ("-V", "--version"):
        from forerun import __version__

        sys.stdout.write(f"forerun {__version__}\n")
        return 0
    if not first.startswith("-") and _names_a_file(first):
        return _run(arguments)
    is_for_script = any(each.endswith(SCRIPTS) for each in rest) and first.startswith("-")
    if is_for_script or first in RUN_OPTIONS or first.partition("=")[0] in RUN_OPTIONS:
        sys.stderr.write(
            f"forerun: options of a run stand behind the command: forerun run {' '.join(arguments)[:200]}\n"
        )
        return BAD_INPUT
    if first.startswith("-") and first != "-" and not os.path.exists(first):
        return _serve("stdio", arguments)
    there = f"no command; what has that name here is run by: forerun run {first}" if os.path.exists(first) else ""
    sys.stderr.write(f"forerun: {first!r} is {there or 'no command and no script; see forerun --help'}\n")
    return BAD_INPUT


def _without_arguments() -> int:
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stdout.write(HELP)
        return 0
    return _serve("stdio", [])


def _names_a_file(argument: str) -> bool:
    """Whether the argument is anything with a path separator, or ends as scripts and notebooks do."""
    return os.sep in argument or "/" in argument or argument.endswith(SCRIPTS)


def _resolve(arguments: list[str], program: str = "forerun resolve") -> int:
    from .resolve import main

    return main(arguments, program)


def _run(arguments: list[str]) -> int:
    from .run import main

    return main(arguments)


def _cache(arguments: list[str]) -> int:
    from .cache import main

    return main(arguments)


def _serve(transport: str, arguments: list[str]) -> int:
    from .serve import main

    return main(transport, arguments)


def _allow(arguments: list[str]) -> int:
    from .allow import main

    return main(arguments)


def _config(arguments: list[str]) -> int:
    from .config import main

    return main(arguments)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "resolve": _resolve,
    "allow": _allow,
    "cache": _cache,
    "stdio": lambda rest: _serve("stdio", rest),
    "streamable-http": lambda rest: _serve("streamable-http", rest),
    "sse": lambda rest: _serve("sse", rest),
    "warmup": lambda rest: _serve("warmup", rest),
    "config": _config,
}


def _guarded(command: Callable[[], int]) -> int:
    """Run a command, and turn what it cannot do into one line on stderr and an exit code."""
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    try:
        code = command()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _discard_output()
        return 141
    except OSError as error:
        _discard_output()
        return _refuse(f"the system refused: {error}")
    except Exception as error:
        from forerun.resolver.errors import ResolverError
        from forerun.runner.errors import RunnerError

        if isinstance(error, ResolverError):
            return _refuse(str(error))
        if isinstance(error, RunnerError):
            return _refuse(str(error), CANNOT_INSTALL)
        raise


def _refuse(reason: str, code: int = BAD_INPUT) -> int:
    from forerun.resolver.names import printable

    if sys.stderr is not None:
        sys.stderr.write(f"forerun: {printable(reason)}\n")
    return code


def _leave(code: int) -> None:
    """End at once: a run has put everything away, and to take the interpreter down takes milliseconds more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:  # Nobody reads it any more.
            pass
    os._exit(code)


def _discard_output() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain about a closed pipe."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
