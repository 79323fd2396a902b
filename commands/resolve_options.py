"""The options of `forerun resolve`; imported only where there are any."""

from __future__ import annotations

import argparse

from forerun.resolver.settings import own_import_map

from .resolve import Options
from .shared_options import add_resolver_options, add_trust_options, policy_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = ("requirements", "pep723", "pyproject", "json")
CHECK_FORMATS = ("text", "github", "sarif")


def parse_options(arguments: Sequence[str], program: str) -> Options:
    """Read the arguments of the command."""
    given = _parser(program).parse_args(arguments)
    return Options(
        tuple(given.paths),
        given.output or given.format,
        given.python,
        policy_of(given),
        bool(given.trust),
        given.all_optional,
        not given.no_hints,
        own_import_map(given.map) if given.map else (),
        given.check_format,
    )


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Print the requirements that a script needs, one a line, without running it.",
        epilog="A line with a comment would not be installed by default; stderr names what leads to no distribution.",
    )
    parser.add_argument("paths", nargs="+", metavar="FILE|DIR|-", help="a script, a notebook, a folder, or - for stdin")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--format", choices=FORMATS, default="requirements", help="the form to print (default: requirements)"
    )
    for name, text in OUTPUT_FLAGS.items():
        form.add_argument(f"--{name}", dest="output", action="store_const", const=name, help=text)
    parser.add_argument(
        "--check-format", choices=CHECK_FORMATS, default="text", help="the form of --check (default: text)"
    )
    parser.add_argument("--python", metavar="X.Y", help="the Python version that the script is for (default: this one)")
    add_resolver_options(parser)
    add_trust_options(parser)
    return parser


OUTPUT_FLAGS = {
    "json": "print the whole resolution with its evidence as JSON (as --format json)",
    "explain": "show the lines that need each requirement and the rule",
    "write": "put the requirements into each script's block (PEP 723)",
    "check": "compare with what the project or the script's block declares; exit code 1 where they differ",
    "precheck": "say whether the script would run; exit code 1 where it would not",
    "pin": "look versions up, and print each requirement with its own",
    "lock": "look versions up, and print everything that would be installed, with hashes",
}
