"""How fast is a tree? `resolve DIR` over 5,000 files against pure `ast.parse`, and against deptry and pipreqs.

    python benchmarks/tree.py [--files 5000] [--rounds 3] [--others] [--tree DIR]

The tree is a copy of the standard library and of the installed packages, so it needs no network; `--others` installs
deptry and pipreqs into an environment of their own. Rounds are interleaved, the median counts. Memory is that of the
largest process.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PARSE = """
import ast, sys, warnings
warnings.simplefilter("ignore")
for path in sys.stdin.read().splitlines():
    try:
        with open(path, "rb") as file:
            ast.parse(file.read())
    except (SyntaxError, ValueError, RecursionError):
        pass
"""
MEASURE = """
import json, os, resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = time.perf_counter() - start
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = options.tree or grown(folder / "tree", options.files)
        paths = sorted(str(path) for path in tree.rglob("*.py"))
        (folder / "paths").write_text("\n".join(paths))
        (folder / "parse.py").write_text(PARSE)
        command = f'"{sys.executable}" "{folder / "parse.py"}" < "{folder / "paths"}"'
        commands = {
            "ast.parse": ["/bin/sh", "-c", command],
            "resolve": [sys.executable, "-m", "forerun", "resolve", str(tree)],
        }
        if options.others:
            commands |= others(folder, tree)
        report(measured(commands, options.rounds), len(paths))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000, help="files in the tree (default: 5000)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each command (default: 3)")
    parser.add_argument("--others", action="store_true", help="measure deptry and pipreqs, too")
    parser.add_argument("--tree", type=Path, help="a folder of your own")
    return parser.parse_args()


def grown(tree: Path, wanted: int) -> Path:
    """Copy installed modules into a tree, again under another name where there are too few."""
    for index, path in enumerate(modules(wanted)):
        target = tree / f"part{index % 50:02}" / f"{path.stem}_{index}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return tree


def modules(wanted: int) -> Iterator[Path]:
    folders = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    found = sorted(path for folder in folders for path in folder.rglob("*.py") if path.is_file())
    for index in range(wanted):
        yield found[index % len(found)]


def others(folder: Path, tree: Path) -> dict[str, list[str]]:
    """Install deptry and pipreqs, and return how they look at the tree."""
    environment = folder / "others"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    scripts = environment / "bin"
    subprocess.run([scripts / "pip", "install", "--quiet", "deptry", "pipreqs<0.5"], check=True)
    (tree / "pyproject.toml").write_text('[project]\nname = "tree"\nversion = "1"\n')
    return {
        "deptry": [str(scripts / "deptry"), "--config", str(tree / "pyproject.toml"), str(tree)],
        "pipreqs": [str(scripts / "pipreqs"), "--print", "--use-local", str(tree)],
    }


def measured(commands: dict[str, list[str]], rounds: int) -> dict[str, list[list[float]]]:
    """Run every command in turn, round after round: seconds, processor seconds, megabytes of the largest process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    found: dict[str, list[list[float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            child = subprocess.run(
                [sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, check=True, env=environment
            )
            found[name].append(json.loads(child.stdout))
            time.sleep(0.2)
    return found


def report(found: dict[str, list[list[float]]], files: int) -> None:
    cores = min(len(os.sched_getaffinity(0)), 8)
    baseline = median(found["ast.parse"], 0)
    print(f"{files} files, {cores} cores")
    for name, rounds in found.items():
        seconds = median(rounds, 0)
        print(
            f"{name:10} {seconds:6.2f} s  {files / seconds:7.0f} files/s  {baseline / seconds:5.2f} of ast.parse"
            f"  {median(rounds, 1):6.2f} processor s  {median(rounds, 2):5.0f} MB"
        )
    print(f"asked of resolve: at least {cores * 0.5:.2f} of ast.parse, at most {150 + 60 * cores} MB")


def median(rounds: Sequence[Sequence[float]], column: int) -> float:
    return statistics.median(each[column] for each in rounds)


if __name__ == "__main__":
    main()
