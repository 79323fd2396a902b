"""The options that several commands have: what may be installed, and how scripts are read."""

from __future__ import annotations

import argparse

from forerun.resolver.trust import TRUST_CHOICES, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forerun.resolver.trust import Policy


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides about installing; an absent `--trust` is "", so that settings can speak."""
    parser.add_argument(
        "--trust", choices=TRUST_CHOICES, default="", help="the least trusted level to install (default: popular)"
    )
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help="install NAME whatever its level")
    parser.add_argument("--deny", action="append", default=[], metavar="NAME", help="never install NAME")
    parser.add_argument(
        "--exclude-newer", default="", metavar="DATE", help="take no release that was uploaded after DATE (RFC 3339)"
    )
    parser.add_argument("--no-build", action="store_true", help="build no source distribution")
    parser.add_argument(
        "--allow-build", action="append", default=[], metavar="NAME", help="NAME may be built where it has no wheel"
    )


def problems_of(requirements: Sequence[str], rule: str) -> list[str]:
    """Return a sentence for each text that a person gave as a requirement and that is none."""
    if not requirements:
        return []
    from forerun.resolver.declared import declared_requirements

    return [each.reason for each in declared_requirements(requirements, "person", "", 0, rule)[1]]


def policy_of(given: argparse.Namespace) -> Policy:
    """Return what those options ask for.

    Raises:
        ResolverError: one of them makes no sense.
    """
    return policy(
        given.trust or "popular",
        given.allow,
        given.deny,
        no_build=given.no_build,
        allow_build=given.allow_build,
        exclude_newer=given.exclude_newer,
    )


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return what reads a whole number within bounds, for `type=` of an option."""

    def read(text: str) -> int:
        count = int(text)
        if not lowest <= count <= highest:
            raise argparse.ArgumentTypeError(f"must be from {lowest} to {highest}")
        return count

    return read


def seconds(longest: float) -> Callable[[str], float]:
    """Return what reads a number of seconds above 0 and up to a longest, for `type=` of an option."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= longest:
            raise argparse.ArgumentTypeError(f"must be a number of seconds above 0 and at most {longest:,g}")
        return value

    return read


def add_isolation_option(parser: argparse.ArgumentParser) -> None:
    """Add `--isolation`."""
    parser.add_argument(
        "--isolation",
        choices=("shared", "copy"),
        default="shared",
        help="share installed files with other runs, or copy every file for this one (default: shared)",
    )


def add_resolver_options(parser: argparse.ArgumentParser) -> None:
    """Add `--all-optional`, `--no-hints` and `--map`."""
    parser.add_argument("--all-optional", action="store_true", help="count optional and typing-only imports as needed")
    parser.add_argument("--no-hints", action="store_true", help="do not constrain versions for APIs that are gone")
    parser.add_argument("--map", metavar="FILE", help="a TOML file with import names and what provides them")
