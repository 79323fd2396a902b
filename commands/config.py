"""`forerun config HOST` prints what to paste into a host's configuration; `forerun config show` the settings."""

from __future__ import annotations

import os
import sys

from forerun.runner.errors import MountError

from .host_snippets import HOSTS
from .serve_options import chosen, parse
from .shown_settings import shown
from .stray_variables import stray_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

BAD_USE = 2

PATHS = ("--path", "--map")

HELP = f"""\
usage: forerun config HOST [options of forerun stdio]
       forerun config show [options of a server]

Print the configuration with which a host starts this forerun as an MCP server, with absolute paths,
or the settings of a server and where each comes from: a flag, an environment variable (FORERUN_...),
[tool.forerun] in pyproject.toml, or the default.

hosts: {", ".join(HOSTS)}
"""


def main(arguments: Sequence[str]) -> int:
    """Print a snippet or the settings, and return the exit code.

    Raises:
        SettingsError: `[tool.forerun]` makes no sense.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        (sys.stdout if arguments else sys.stderr).write(HELP)
        return 0 if arguments else BAD_USE
    if arguments[0] == "show":
        for each in chosen("config show", arguments[1:], os.environ, os.getcwd()):
            sys.stdout.write(f"{each.name} = {shown(each.name, each.value)}  ({each.source})\n")
        for sentence in stray_variables(os.environ):
            sys.stderr.write(f"forerun: warning: {sentence}\n")
        return 0
    host = HOSTS.get(arguments[0])
    if host is None:
        sys.stderr.write(f"forerun: there is no host {arguments[0]!r}; there are {', '.join(HOSTS)}, and show\n")
        return BAD_USE
    try:
        parse("stdio", arguments[1:])
    except MountError as error:
        sys.stderr.write(f"forerun: {error}\n")
        return BAD_USE
    sys.stdout.write(host.snippet([*_ourselves(), "stdio", *_absolute(arguments[1:])]))
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\nPaste it into {host.where}, and restart the host.\n")
    return 0


def _ourselves() -> list[str]:
    """Return what starts this forerun from anywhere."""
    program = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "forerun")
    return [program] if os.access(program, os.X_OK) else [os.path.abspath(sys.executable), "-m", "forerun"]


def _absolute(arguments: Sequence[str]) -> list[str]:
    """Return the options with absolute paths, since hosts start servers wherever they like."""
    made = list(arguments)
    for at, each in enumerate(made):
        option, equals, value = each.partition("=")
        if option not in PATHS:
            continue
        if equals:
            made[at] = f"{option}={os.path.abspath(os.path.expanduser(value))}"
        elif at + 1 < len(made):
            made[at + 1] = os.path.abspath(os.path.expanduser(made[at + 1]))
    return made
