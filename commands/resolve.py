"""`resolve FILE|DIR|-`: prints what scripts need, in the form that was asked for."""

from __future__ import annotations

import os
import sys

from forerun.resolver import report
from forerun.resolver.looking import one_by_one
from forerun.resolver.names import printable
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.settings import settings_for
from forerun.resolver.source import ARCHIVES, from_file, from_stdin
from forerun.resolver.target import target_for
from forerun.resolver.trust import Policy
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from forerun.resolver.findings import Diagnostic, Resolution
    from forerun.resolver.looking import Look, Looking
    from forerun.resolver.source import Source


MANY = 48
"""Scripts from which on it pays to look at them in several processes."""


class Options(Value):
    """What the command line asks for; `is_trust_given` is false where the policy's level is only the default."""

    paths: tuple[str, ...]
    output: str = "requirements"
    python: str | None = None
    policy: Policy = Policy()
    is_trust_given: bool = False
    all_optional: bool = False
    with_hints: bool = True
    import_map: tuple[tuple[str, str], ...] = ()
    check_format: str = "text"


def main(arguments: Sequence[str], program: str = "forerun resolve") -> int:
    """Run the command and return its exit code.

    Raises:
        ResolverError: bad input; the caller turns it into a line on stderr and exit code 2.
        RunnerError: an installer was asked for versions and has none.
    """
    options = parse(arguments, program)
    settings = settings_for(folder_of(options.paths[0]))
    rules = _with_answers(settings.under(options.policy, is_trust_given=options.is_trust_given))
    options = options.replace(import_map=(*settings.import_map, *options.import_map))
    if options.output in ("requirements", "json", "explain"):
        return _print(resolve_paths(options), rules, options.output)
    from .resolve_outputs import OUTPUTS

    return OUTPUTS[options.output](options, rules)


def _with_answers(rules: Policy) -> Policy:
    """Let in what the person always allows (`forerun allow`)."""
    from .answers import allowed_always

    return rules.replace(allow=rules.allow | allowed_always() - rules.deny)


def parse(arguments: Sequence[str], program: str) -> Options:
    """Read the arguments; the plain form, paths alone, is read by hand, since argparse costs more than the rest."""
    if arguments and not any(each.startswith("-") and each != "-" for each in arguments):
        return Options(tuple(arguments))
    from .resolve_options import parse_options

    return parse_options(arguments, program)


def folder_of(path: str) -> str:
    """Return the folder whose project a path belongs to."""
    if path == "-":
        return os.getcwd()
    return path if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))


def resolve_paths(options: Options, *, reads_blocks: bool = True) -> Resolution:
    """Resolve files, folders and standard input together.

    Raises:
        SourceError: a file cannot be read, or is an archive.
    """
    sources: list[Source | str] = []
    unreadable: list[Diagnostic] = []
    root = ""
    for path in options.paths:
        if path == "-":
            sources.append(from_stdin(os.getcwd()))
        elif os.path.isdir(path):
            root = root or path
            from forerun.resolver.library import scripts_in

            found, problems = scripts_in(path)
            sources.extend(found)
            unreadable.extend(problems)
        elif path.endswith(ARCHIVES) and os.path.isfile(path):
            from forerun.resolver.errors import SourceError

            raise SourceError(path, "is an archive, which is only read to be run; unpack it, and name the folder")
        else:
            sources.append(from_file(path))
    resolution = resolve_sources(
        sources,
        target_for(options.python),
        root=root,
        import_map=dict(options.import_map),
        diagnostics=unreadable,
        with_hints=options.with_hints,
        reads_blocks=reads_blocks,
        look_at_all=_at_once if len(sources) >= MANY and hasattr(os, "fork") else one_by_one,
    )
    return resolution.with_optional() if options.all_optional else resolution


def _at_once(looking: Looking, sources: Sequence[Source | str]) -> Iterable[Look]:
    """Look at many scripts with all cores."""
    from forerun.runner.forks import available_cores, in_forks

    return in_forks(looking.at, sources, available_cores())


def write(stream: TextIO | None, lines: Iterable[str]) -> None:
    """Write lines; what the stream's encoding cannot hold as escapes. A closed stream is None."""
    if stream is not None:
        encoding = stream.encoding or "utf-8"
        text = "".join(f"{printable(line)}\n" for line in lines)
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _print(resolution: Resolution, rules: Policy, output: str) -> int:
    if output == "json":
        import json

        sys.stdout.write(json.dumps(report.as_json(resolution, rules), indent=2) + "\n")
        return 0
    explains = output == "explain"
    write(
        sys.stdout, report.explanation(resolution, rules) if explains else report.requirement_lines(resolution, rules)
    )
    write(sys.stderr, report.problem_lines(resolution))
    return 0
