"""Asks uv what popular distributions always install beside themselves, and writes data/brought_names.txt.

Only what an implicit need names is kept: where `trl` is installed anyway, `torch` need not be asked for.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from import_table import canonical
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
PYTHON, PLATFORM = "3.12", "linux"


def main(argv: Sequence[str] | None = None) -> int:
    """Resolve each distribution by itself; those that cannot be resolved are left out, and named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=3000, help="distributions to ask about, the most downloaded first")
    options = parser.parse_args(argv)
    needs = needed_names(json.loads((DATA / "implicit.json").read_text(encoding="utf-8"))["rules"])
    with ThreadPoolExecutor() as pool:
        found = dict(pool.map(lambda name: (name, brought_by(name)), popular()[: options.most]))
    print("not resolved:", ", ".join(name for name, brought in found.items() if brought is None) or "none")
    (DATA / "brought_names.txt").write_text(render(found, needs), encoding="ascii", newline="\n")
    return 0


def needed_names(rules: Iterable[Mapping[str, list[str]]]) -> set[str]:
    """Return the canonical names of everything that a rule needs."""
    return {_name(need) for rule in rules for need in rule["needs"]}


def popular() -> list[str]:
    """Return the popular distributions, the most downloaded first."""
    return (DATA / "popular_names.txt").read_text(encoding="ascii").split()


def brought_by(name: str) -> set[str] | None:
    """Return the canonical names of what a distribution requires, all the way down; None where uv finds no answer."""
    command = [find_uv_bin(), "pip", "compile", "--quiet", "--no-annotate", "--no-header", "-"]
    command += ["--python-version", PYTHON, "--python-platform", PLATFORM]
    done = subprocess.run(command, input=f"{name}\n", capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        return None
    return {_name(line) for line in done.stdout.splitlines() if "==" in line} - {name}


def render(found: Mapping[str, set[str] | None], needs: set[str]) -> str:
    """Return the table: an empty line, then `DISTRIBUTION NEED NEED...` a line, in byte order."""
    rows = ((name, sorted((brought or set()) & needs)) for name, brought in found.items())
    return "\n" + "".join(f"{line}\n" for line in sorted(" ".join([name, *kept]) for name, kept in rows if kept))


def _name(requirement: str) -> str:
    end = next((index for index, char in enumerate(requirement) if char in "[<>=!~ ;"), len(requirement))
    return canonical(requirement[:end])


if __name__ == "__main__":
    raise SystemExit(main())
