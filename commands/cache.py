"""`forerun cache info|list|prune|clear`: what the store of environments holds, and what to do about it."""

from __future__ import annotations

import argparse
import sys
import time

from forerun.runner.inventory import inventory
from forerun.runner.pruning import DEFAULT_MAX_SIZE, MAX_SIZE_VARIABLE, UNUSED_FOR, bytes_of, max_size, prune
from forerun.runner.store import open_store

from .amounts import age, seconds_of, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from forerun.runner.inventory import StoredLayer
    from forerun.runner.pruning import Pruned
    from forerun.runner.store import Store

SHOWN_NAME = 8
"""Characters of a layer's name that people are shown."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code.

    Raises:
        RunnerError: the store cannot be used, or a limit in the environment is none.
    """
    given = _parser().parse_args(arguments)
    limit = max_size()
    store = open_store()
    if given.action in ("info", "list"):
        shown = _info(store, limit) if given.action == "info" else _list(store)
    elif given.action == "prune":
        largest = limit if given.max_size is None else given.max_size
        longest = UNUSED_FOR if given.max_age is None else given.max_age
        shown = _pruned(prune(store, largest, longest), store)
    else:
        shown = _pruned(prune(store, 0, 0.0), store)
    if given.json:
        import json

        sys.stdout.write(json.dumps(shown[0], indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in shown[1]))
    return 0


def _info(store: Store, limit: int) -> tuple[dict[str, Any], list[str]]:
    found = inventory(store)
    layers = sum(each.size for each in found.layers)
    lines = [
        f"folder       {found.folder}",
        f"size         {size(found.size)}",
        f"layers       {len(found.layers)}, {size(layers)}; pruned above {size(limit)}",
        f"in use       {sum(each.is_in_use for each in found.layers)}",
        f"runs         {found.runs}",
        f"being built  {found.building}",
        f"remembered   {found.resolutions} resolutions, predictions for {found.predictions} scripts",
    ]
    told = {
        "folder": found.folder,
        "size": found.size,
        "max_size": limit,
        "layers": len(found.layers),
        "layers_size": layers,
        "in_use": sum(each.is_in_use for each in found.layers),
        "runs": found.runs,
        "building": found.building,
        "resolutions": found.resolutions,
        "predictions": found.predictions,
    }
    return told, lines


def _list(store: Store) -> tuple[list[dict[str, Any]], list[str]]:
    layers = inventory(store).layers[::-1]
    if not layers:
        return [], ["the store holds no layers yet"]
    head = ("layer", "size", "built", "last used", "distributions")
    rows = [head, *(_row(each) for each in layers)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head) - 1)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in rows]
    return [_told(each) for each in layers], lines


def _row(layer: StoredLayer) -> tuple[str, ...]:
    now = time.time()
    used = "in use" if layer.is_in_use else age(now - layer.used)
    names = ", ".join(map(str, layer.distributions)) + (" (changed by a script)" if layer.is_tainted else "")
    return layer.name[:SHOWN_NAME], size(layer.size), age(now - layer.built), used, names


def _told(layer: StoredLayer) -> dict[str, Any]:
    """Return a layer as JSON has it: sizes in bytes, times in seconds since the epoch."""
    return {
        "name": layer.name,
        "path": layer.path,
        "size": layer.size,
        "built": layer.built,
        "last_used": layer.used,
        "in_use": layer.is_in_use,
        "distributions": [str(each) for each in layer.distributions],
    }


def _pruned(done: Pruned, store: Store) -> tuple[dict[str, Any], list[str]]:
    left = inventory(store)
    lines = [f"removed {_layers(len(done.removed))}, {size(done.size)}; {size(left.size)} left"]
    if done.leftovers:
        lines.append(f"removed what {done.leftovers} killed run{'s' * (done.leftovers != 1)} had left behind")
    lines += [f"kept {each.name[:SHOWN_NAME]}: in use by a run ({_named(each)})" for each in done.in_use]
    if left.building:
        lines.append(f"kept {_layers(left.building)} that a run is building right now")
    told = {
        "removed": [_told(each) for each in done.removed],
        "removed_size": done.size,
        "kept_in_use": [_told(each) for each in done.in_use],
        "leftovers": done.leftovers,
        "building": left.building,
        "size": left.size,
    }
    return told, lines


def _layers(count: int) -> str:
    return f"{count} layer{'s' * (count != 1)}"


def _named(layer: StoredLayer) -> str:
    names = [each.name for each in layer.distributions]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="forerun cache",
        description="What the store of environments holds. Nothing that is in use is ever removed.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|list|prune|clear")
    helps = {
        "info": "where the store is, how big it is, what is in it",
        "list": "each layer: size, age, last use, distributions",
        "prune": "remove what was used longest ago, and what killed runs have left behind",
        "clear": "remove everything that is not in use",
    }
    for name, text in helps.items():
        action = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        action.add_argument("--json", action="store_true", help="print one JSON value: bytes, seconds since the epoch")
        if name == "prune":
            _add_limits(action)
    return parser


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-size",
        type=_size,
        metavar="SIZE",
        help=f"what layers may take, such as 5GB (default: {MAX_SIZE_VARIABLE}, or {DEFAULT_MAX_SIZE})",
    )
    parser.add_argument(
        "--max-age",
        type=_age,
        metavar="AGE",
        help=f"for how long a layer may go unused, such as 30d or 12h (default: {UNUSED_FOR / 86400:g}d)",
    )


def _size(text: str) -> int:
    found = bytes_of(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write one such as 5GB or 500MB")
    return found


def _age(text: str) -> float:
    found = seconds_of(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; write one such as 30d, 12h or 90m")
    return found
