"""`forerun stdio` serves MCP tools; `forerun warmup` checks that they work."""

from __future__ import annotations

import argparse
import os
import re
import sys
from contextlib import contextmanager

from forerun.resolver.names import printable
from forerun.runner.errors import MountError, RunnerError
from forerun.runner.mount import checked_mount
from forerun.server.settings import LONGEST_TIMEOUT, Settings

from .shared_options import add_isolation_option, add_trust_options, policy_of, problems_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BAD_USE = 2
CANNOT_SERVE = 3

BETWEEN_REQUIREMENTS = re.compile(r",(?![^\[]*\])(?=\s*[A-Za-z0-9])")
"""A comma that does not belong to extras (`a[b,c]`) or to a version range (`a>=1,<2`)."""


def main(transport: str, arguments: Sequence[str]) -> int:
    """Serve, or warm up, and return the exit code."""
    try:
        settings = parse(transport, arguments)
    except MountError as error:
        return _failed(error, BAD_USE)
    try:
        return _warm_up(settings) if transport == "warmup" else _serve(settings)
    except RunnerError as error:
        return _failed(error, CANNOT_SERVE)


def parse(transport: str, arguments: Sequence[str]) -> Settings:
    """Read the flags; bad ones end the process as argparse does.

    Raises:
        MountError: the mount makes no sense, or its folder does not exist.
        ResolverError: what may be installed makes no sense.
    """
    parser = _parser(transport)
    given = parser.parse_args(arguments)
    checked_mount(given.mount, given.path or os.sep)
    requirements = tuple(
        each.strip() for text in given.deps for each in BETWEEN_REQUIREMENTS.split(text) if each.strip()
    )
    for sentence in problems_of(requirements, "named by the operator"):
        parser.error(f"--deps: {sentence}")
    policy_of(given)
    return Settings(
        mount=given.mount,
        path=given.path,
        dependencies=requirements,
        timeout=given.timeout,
        trust=given.trust or "popular",
        allow=tuple(given.allow),
        deny=tuple(given.deny),
        no_build=given.no_build,
        allow_build=tuple(given.allow_build),
        exclude_newer=given.exclude_newer,
        max_retries=given.max_retries,
        isolation=given.isolation,
        verbose=given.verbose,
    )


def _parser(transport: str) -> argparse.ArgumentParser:
    about = {
        "stdio": "Serve MCP tools that run Python programs, on standard input and output.",
        "warmup": "Run a real program with a real dependency through the server, to see that all works.",
    }
    parser = argparse.ArgumentParser(prog=f"forerun {transport}", description=about[transport])
    parser.add_argument(
        "--mount",
        default="/working",
        metavar="VIRTUAL",
        help="the absolute path that programs see (default: /working)",
    )
    parser.add_argument(
        "--path",
        default="",
        metavar="DIR",
        help="the folder behind it (default: a temporary one, deleted at the end)",
    )
    parser.add_argument(
        "--deps", action="append", default=[], metavar="A,B", help="requirements to install for every program"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=300.0,
        metavar="SECONDS",
        help="end a program after this time (default: 300)",
    )
    parser.add_argument(
        "--max-retries",
        type=_count,
        default=5,
        metavar="N",
        help="reruns at most when a module is missing (default: 5)",
    )
    parser.add_argument("--verbose", action="store_true", help="log each call on stderr")
    add_isolation_option(parser)
    add_trust_options(parser)
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {LONGEST_TIMEOUT:g}")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 100:
        raise argparse.ArgumentTypeError("must be from 0 to 100")
    return count


def _serve(settings: Settings) -> int:
    with _stdout_diverted():
        from forerun.server.app import serve_stdio
    return serve_stdio(settings)


def _warm_up(settings: Settings) -> int:
    from forerun.server.warmup import warm_up

    return warm_up(settings, sys.stdout)


@contextmanager
def _stdout_diverted() -> Iterator[None]:
    """Send to stderr what anything prints while it is imported: on stdout it would break the protocol."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _failed(error: RunnerError, code: int) -> int:
    sys.stderr.write(f"forerun: {printable(str(error))}\n")
    return code
