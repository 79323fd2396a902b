"""`resolve FILE|DIR|-`: prints the predicted requirements."""

from __future__ import annotations

import os
import sys

from forerun.resolver import report
from forerun.resolver.errors import SourceError
from forerun.resolver.findings import Diagnostic
from forerun.resolver.names import printable
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_file, from_stdin, python_files
from forerun.resolver.target import target_for
from forerun.resolver.trust import TRUST_CHOICES, policy
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from forerun.resolver.findings import Resolution
    from forerun.resolver.source import Source
    from forerun.resolver.trust import Policy, TrustLevel


class Options(Value):
    """What the command line asks for."""

    paths: tuple[str, ...]
    output: str = "lines"
    python: str | None = None
    trust: TrustLevel = "popular"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


def main(arguments: Sequence[str], program: str = "forerun resolve") -> int:
    """Run the command and return its exit code.

    Raises:
        ResolverError: bad input; the caller turns it into a line on stderr and exit code 2.
    """
    options = parse(arguments, program)
    resolution = resolve_paths(options)
    rules = policy(options.trust, options.allow, options.deny)
    _write(sys.stdout, _rendered(resolution, rules, options.output))
    if options.output != "json":
        _write(sys.stderr, "".join(f"{printable(line)}\n" for line in report.problem_lines(resolution)))
    return 0


def _write(stream: TextIO | None, text: str) -> None:
    """Write what the stream's encoding cannot hold as escapes; a closed stream is None."""
    if stream is not None:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def parse(arguments: Sequence[str], program: str) -> Options:
    """Read the arguments; the plain form, paths alone, is read by hand, since argparse costs more than the rest."""
    if arguments and not any(each.startswith("-") and each != "-" for each in arguments):
        return Options(tuple(arguments))
    given = _parser(program).parse_args(arguments)
    output = "json" if given.json else "explain" if given.explain else "lines"
    return Options(tuple(given.paths), output, given.python, given.trust, tuple(given.allow), tuple(given.deny))


def _parser(program: str):  # type: ignore[no-untyped-def]
    import argparse

    parser = argparse.ArgumentParser(
        prog=program,
        description="Print the requirements that a script needs, one a line, without running it.",
        epilog="A line with a comment would not be installed by default; stderr names what leads to no distribution.",
    )
    parser.add_argument("paths", nargs="+", metavar="FILE|DIR|-", help="a script, a notebook, a folder, or - for stdin")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the whole resolution with its evidence as JSON")
    form.add_argument("--explain", action="store_true", help="show the lines that need each requirement and the rule")
    parser.add_argument("--python", metavar="X.Y", help="the Python version that the script is for (default: this one)")
    add_trust_options(parser)
    return parser


def add_trust_options(parser) -> None:  # type: ignore[no-untyped-def]
    """Add the options that say what may be installed."""
    parser.add_argument(
        "--trust",
        choices=TRUST_CHOICES,
        default="popular",
        help="the least trusted level to install (default: popular)",
    )
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help="install NAME whatever its level")
    parser.add_argument("--deny", action="append", default=[], metavar="NAME", help="never install NAME")


def resolve_paths(options: Options) -> Resolution:
    """Resolve files, folders and standard input together."""
    sources: list[Source] = []
    unreadable: list[Diagnostic] = []
    root = ""
    for path in options.paths:
        if path == "-":
            sources.append(from_stdin(os.getcwd()))
        elif os.path.isdir(path):
            root = root or path
            _read_folder(path, sources, unreadable)
        else:
            sources.append(from_file(path))
    return resolve_sources(sources, target_for(options.python), root=root, diagnostics=unreadable)


def _read_folder(folder: str, sources: list[Source], unreadable: list[Diagnostic]) -> None:
    paths = list(python_files(folder))
    if not paths:
        unreadable.append(Diagnostic(folder, 0, "holds no Python file or notebook that can be read"))
    for path in paths:
        try:
            sources.append(from_file(path))
        except SourceError as error:
            unreadable.append(Diagnostic(path, 0, error.reason))


def _rendered(resolution: Resolution, rules: Policy, output: str) -> str:
    if output == "json":
        import json

        return json.dumps(report.as_json(resolution, rules), indent=2) + "\n"
    lines = (
        report.explanation(resolution, rules) if output == "explain" else report.requirement_lines(resolution, rules)
    )
    return "".join(f"{printable(line)}\n" for line in lines)
