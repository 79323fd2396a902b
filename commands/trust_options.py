"""The options that say what may be installed, which several commands have."""

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
