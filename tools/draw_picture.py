"""Draw the README's picture: real commands, really run, and what they print.

python tools/draw_picture.py examples/in_use.svg
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    "head -n 12 examples/names.py",
    "forerun resolve examples/names.py",
    "forerun examples/names.py",
    "forerun examples/report.py",
)
WIDTH = 104


def main() -> None:
    """Run the commands and write the picture to the path that the first argument names."""
    console = Console(record=True, width=WIDTH, file=sys.stderr, force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "examples").symlink_to(ROOT / "examples")
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            console.print(Text(output_of(command, folder), style="default"))
    Path(sys.argv[1]).write_text(without_remote_fonts(console.export_svg(title="forerun")), encoding="utf-8")


def output_of(command: str, folder: str) -> str:
    """Run a command with our own installation of forerun, and return what a person would see."""
    words = shlex.split(command)
    if words[0] == "forerun":
        words[:1] = [sys.executable, "-m", "forerun"]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout


def without_remote_fonts(svg: str) -> str:
    """Leave the fonts to the reader's machine: a picture should ask no other host for anything."""
    head, _, rest = svg.partition("@font-face")
    return head + rest[rest.index(".terminal-") :] if rest else svg


if __name__ == "__main__":
    main()
