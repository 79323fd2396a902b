"""`forerun allow`: lists the names that a person always allows, adds to them, and takes them back."""

from __future__ import annotations

import argparse
import sys

from forerun.resolver.errors import ResolverError
from forerun.resolver.trust import distribution_name

from .answers import allow_always, allow_no_longer, allowed_always

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code.

    Raises:
        ResolverError: a name is none, is not in the list, or the list cannot be read.
        OSError: the list cannot be written.
    """
    given = _parser().parse_args(arguments)
    names = [distribution_name(each) for each in given.names]
    if given.remove and not names:
        raise ResolverError("--remove takes the names to remove; forerun allow shows them")
    if not names:
        sys.stdout.writelines(f"{name}\n" for name in sorted(allowed_always()))
    elif given.remove:
        _remove(names)
    else:
        allow_always(names)
    return 0


def _remove(names: Sequence[str]) -> None:
    unknown = sorted(set(names) - allowed_always())
    if unknown:
        raise ResolverError(f"{unknown[0]} is not in the list; forerun allow shows it")
    allow_no_longer(names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="forerun allow",
        description="Without names: list what forerun run and forerun resolve always allow, whatever its level.",
        epilog="Servers do not read this list: give them --allow.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="always allow this distribution from now on")
    parser.add_argument("--remove", action="store_true", help="ask again about these names from now on")
    return parser
