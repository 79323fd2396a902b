"""The options that several commands have: what may be installed, and how scripts are read."""

from __future__ import annotations

import argparse

from forerun.resolver.trust import TRUST_CHOICES


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Add `--trust`, `--allow` and `--deny`; an absent `--trust` is "", so that settings can speak."""
    parser.add_argument(
        "--trust", choices=TRUST_CHOICES, default="", help="the least trusted level to install (default: popular)"
    )
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help="install NAME whatever its level")
    parser.add_argument("--deny", action="append", default=[], metavar="NAME", help="never install NAME")


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
