"""The options that say what a script may not do -> the fields of a `Request`."""

from __future__ import annotations

import argparse

from forerun.runner.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAGS = ("--no-network", "--sandbox")
"""Those without a value."""


def add_containment_options(parser: argparse.ArgumentParser) -> None:
    """Add `--sandbox`, `--no-network` and the limits."""
    parser.add_argument(
        "--sandbox", action="store_true", help="show the script nothing but Python and --mount, and give it no network"
    )
    parser.add_argument("--no-network", action="store_true", help="keep the script from the network")
    for name, read, metavar, what in LIMITS:
        parser.add_argument(f"--{name}", type=read, default=0, metavar=metavar, help=what)


def containment_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return what those options ask for."""
    return {
        "no_network": given.no_network,
        "is_sandboxed": given.sandbox,
        "limits": Limits(given.max_memory, given.max_file_size, given.max_open_files, given.max_processes),
    }


def size(text: str) -> int:
    """Return the bytes of a size such as `2GB`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    from forerun.runner.pruning import bytes_of

    found = bytes_of(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write one such as 2GB or 500MB")
    return found


def number(text: str) -> int:
    """Return a number above 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or not 0 < int(text[:12]) < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


LIMITS = (
    ("max-memory", size, "SIZE", "memory of a run, such as 2GB; of each process where it can have no control group"),
    ("max-file-size", size, "SIZE", "how large a file may become, such as 500MB"),
    ("max-open-files", number, "N", "files that each process may have open"),
    ("max-processes", number, "N", "processes and threads of a run; of the user, unless root, without a control group"),
)
"""Options of both the command and the server: name, reader, metavar and help."""
