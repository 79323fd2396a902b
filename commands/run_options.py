"""The options of `forerun run` -> a `Request`; imported only where there are any."""

from __future__ import annotations

import argparse
import os

from forerun.resolver.errors import ResolverError
from forerun.resolver.settings import own_import_map
from forerun.runner.request import Request

from .containment_options import FLAGS, add_containment_options, containment_of
from .shared_options import (
    add_isolation_option,
    add_resolver_options,
    add_trust_options,
    policy_of,
    problems_of,
    seconds,
    whole_number,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


LONGEST_DEADLINE = 1e9
"""Seconds: thirty years."""

WITHOUT_VALUE = ("-h", "--help", "--refresh", "--no-retry", "--no-hints", "--all-optional", "--no-build",
                 "--download-python", *FLAGS)  # fmt: skip


class RunOptions(argparse.Namespace):
    """What the command line asks for."""

    rest: list[str]
    code: str | None
    module: str | None
    request: Request


def parse_options(arguments: Sequence[str]) -> RunOptions:
    """Read the options before the script or the code; what follows belongs to the script."""
    parser = _parser()
    end = _end_of_code(arguments)
    given = parser.parse_args(arguments[:end], namespace=RunOptions())
    given.rest += arguments[end:]
    for sentence in problems_of(given.with_, "given with --with"):
        raise ResolverError(f"--with: {sentence}")
    given.request = Request(
        preinstalled=tuple(given.with_),
        policy=policy_of(given),
        is_trust_given=bool(given.trust),
        import_map=own_import_map(given.map) if given.map else (),
        all_optional=given.all_optional,
        with_hints=not given.no_hints,
        deadline=given.timeout,
        max_retries=0 if given.no_retry else given.max_retries,
        mounts=_mounts(given, parser),
        is_refreshed=given.refresh,
        isolation=given.isolation,
        python=given.python,
        may_download=given.download_python,
        module=given.module or "",
        **containment_of(given),
    )
    return given


def _end_of_code(arguments: Sequence[str]) -> int:
    """Return where `-c CODE` or `-m MODULE` ends, which argparse would read on from, or the end without either."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-") and arguments[at] != "-":
        if arguments[at] in ("-c", "-m"):
            return at + 2
        at += 1 if arguments[at] in WITHOUT_VALUE or "=" in arguments[at] else 2
    return len(arguments)


def _mounts(given: argparse.Namespace, parser: argparse.ArgumentParser) -> tuple[tuple[str, str], ...]:
    if given.mount is None:
        return ()
    from forerun.runner.errors import MountError
    from forerun.runner.mount import checked_mount

    try:
        return (checked_mount(given.mount, given.path or os.getcwd()),)
    except MountError as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="forerun run",
        usage="forerun run [options] FILE|- [args...]\n       forerun run [options] -c CODE | -m MODULE [args...]",
        description="Run a script whose dependencies nobody wrote down, as if `python FILE` had been called.",
        allow_abbrev=False,
    )
    parser.add_argument("-c", dest="code", metavar="CODE", help="run this code")
    parser.add_argument("-m", dest="module", metavar="MODULE", help="run this module or package, as python -m would")
    parser.add_argument(
        "rest",
        nargs=argparse.REMAINDER,
        metavar="FILE [args...]",
        help="the script (- for stdin), or a folder or .pyz with a __main__.py",
    )
    parser.add_argument(
        "--with",
        dest="with_",
        action="append",
        default=[],
        metavar="REQUIREMENT",
        help="install this too, such as pandas<3",
    )
    parser.add_argument(
        "--timeout",
        type=seconds(LONGEST_DEADLINE),
        metavar="SECONDS",
        help="end the script after this time (exit code 124)",
    )
    parser.add_argument("--no-retry", action="store_true", help="do not run again when a module is missing at run time")
    parser.add_argument(
        "--max-retries", type=whole_number(0, 100), default=5, metavar="N", help="reruns at most (default: 5)"
    )
    parser.add_argument("--python", default="", metavar="VERSION|PATH", help="the interpreter (default: one that fits)")
    parser.add_argument("--download-python", action="store_true", help="let uv fetch a Python where none here fits")
    parser.add_argument("--mount", metavar="VIRTUAL", help="an absolute path under which the script sees --path")
    parser.add_argument("--path", metavar="DIR", help="the folder to see there (default: the current one)")
    parser.add_argument("--refresh", action="store_true", help="look versions up anew, whatever is remembered")
    add_isolation_option(parser)
    add_containment_options(parser)
    add_resolver_options(parser)
    add_trust_options(parser)
    return parser
