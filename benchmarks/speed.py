"""How fast is forerun? Every figure is a ratio against a baseline measured in the same run, in interleaved order.

    python benchmarks/speed.py [--rounds 15] [--old-way]

Needs an installed forerun and a network for the first round. `--old-way` also does the job as people did it before:
fresh environment, run, fail, pip install, run again.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from server import Server

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PANDAS = "import numpy as np\nimport pandas as pd\nprint(pd.DataFrame({'a': np.arange(3)}).sum())\n"
Command = list[str] | Callable[[], object]
PLAIN = "import json\nprint(json.dumps([1]))\n"


def main() -> None:
    options = parse()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment["FORERUN_CACHE_DIR"] = str(Path(folder, "cache"))
        bench = Bench(Path(folder), environment, options.rounds)
        bench.resolve()
        bench.warm_run("stdlib-only", PLAIN, ())
        bench.warm_run("numpy+pandas", PANDAS, ("numpy", "pandas"))
        bench.server(PANDAS)
        bench.first_run()
        if options.old_way:
            bench.old_way()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each command (default: 15)")
    parser.add_argument("--old-way", action="store_true", help="also time fresh venv, run, fail, pip install, rerun")
    return parser.parse_args()


class Bench:
    """Measures commands against each other."""

    def __init__(self, folder: Path, environment: dict[str, str], rounds: int) -> None:
        self._folder = folder
        self._environment = environment
        self._rounds = rounds
        self._python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))

    def resolve(self) -> None:
        """`resolve examples/names.py` against `python -c pass`."""
        names = str(EXAMPLES / "names.py")
        self._compare(
            "resolve examples/names.py",
            ("python -c pass", [sys.executable, "-c", "pass"]),
            ("resolve", [self._program("resolve"), names]),
        )

    def warm_run(self, label: str, code: str, distributions: tuple[str, ...]) -> None:
        """A warm `forerun FILE` against the same file in an environment that is ready."""
        script = self._folder / f"{label}.py"
        script.write_text(code)
        ready = self._ready_environment(label, distributions)
        forerun = [self._program("forerun"), str(script)]
        self._until_compiled(forerun, distributions)
        commands = [("ready environment", [ready, str(script)]), ("forerun", forerun)]
        added = [part for name in distributions for part in ("--with", name)]
        # Some base interpreters run start-up files of their own: uv, too, gets an environment without them.
        python = ["--python", self._ready_environment(f"empty-{label}", ()), "--no-project"]
        self._call([self._program("uv"), "run", "--quiet", *python, *added, str(script)])
        offline = [self._program("uv"), "run", "--quiet", "--offline", *python, *added, str(script)]
        commands.append(("uv run --offline --with", offline))
        self._compare(f"warm run, {label}", *commands)

    def server(self, code: str) -> None:
        """The code as the server's tool runs it (a supervisor, a mount, the store read-only), against a bare run."""
        bare = [self._python_of("numpy+pandas"), str(self._folder / "numpy+pandas.py")]
        started = [self._program("forerun"), "stdio", "--path", str(self._folder)]
        servers = {
            "run_python_code": Server(started, self._environment),
            "the same, no namespaces": Server(started, {**self._environment, "FORERUN_NO_NAMESPACES": "1"}),
        }
        calls = [(label, lambda each=each: each.run(code)) for label, each in servers.items()]
        for _, call in calls:
            call()
        self._compare("a server's call, numpy+pandas", ("ready environment", bare), *calls)
        for each in servers.values():
            each.close()

    def first_run(self) -> None:
        """A run with an empty store, where uv's cache has all that is needed, against a bare run.

        Each has a store of its own, and none is deleted in between: a disk that has just deleted thousands of files
        takes several times as long to make others.
        """
        script = str(self._folder / "numpy+pandas.py")
        stores = (self._folder / "first" / str(number) for number in itertools.count())

        def first() -> None:
            self._call([self._program("forerun"), script], FORERUN_CACHE_DIR=str(next(stores)))

        first()
        self._compare(
            "first run, uv's cache warm, numpy+pandas",
            ("ready environment", [self._python_of("numpy+pandas"), script]),
            ("forerun", first),
            after=os.sync,
        )

    def old_way(self) -> None:
        """Fresh venv, run, fail, pip install, run again - once, against one warm forerun run."""
        script = self._folder / "numpy+pandas.py"
        warm = min(self._timed([self._program("forerun"), str(script)]) for _ in range(3))
        old = self._clock(lambda: self._install_by_hand(script))
        print(
            f"\nthe old way (fresh venv, run, fail, pip install, rerun): {old:.2f} s, "
            f"{old / warm:.1f}x a warm forerun run"
        )

    def _install_by_hand(self, script: Path) -> None:
        root = self._folder / "by-hand"
        self._call([self._python, "-m", "venv", str(root)])
        python = str(root / "bin" / "python")
        for missing in ("numpy", "pandas"):
            self._call([python, str(script)], may_fail=True)
            self._call([python, "-m", "pip", "install", "--quiet", missing])
        self._call([python, str(script)])

    def _ready_environment(self, label: str, distributions: tuple[str, ...]) -> str:
        python = self._python_of(label)
        self._call([self._python, "-m", "venv", "--without-pip", str(self._folder / f"ready-{label}")])
        if distributions:
            self._call(
                [
                    self._program("uv"),
                    "pip",
                    "install",
                    "--quiet",
                    "--compile-bytecode",
                    "--python",
                    python,
                    *distributions,
                ]
            )
        return python

    def _python_of(self, label: str) -> str:
        return str(self._folder / f"ready-{label}" / "bin" / "python")

    def _until_compiled(self, forerun: list[str], distributions: tuple[str, ...]) -> None:
        """Run until the layer's bytecode is complete, as it is after a few runs of a user."""
        self._call(forerun)
        wait = self._folder / "wait.py"
        wait.write_text("".join(f"import {name}\n" for name in distributions) + "import time; time.sleep(5)\n")
        for _ in range(20 if distributions else 0):
            if list(Path(self._environment["FORERUN_CACHE_DIR"]).glob("*/layers/*/compiled")):
                return
            self._call([*forerun[:-1], str(wait)])

    def _compare(self, title: str, *commands: tuple[str, Command], after: Callable[[], object] = lambda: None) -> None:
        """Print the median of each command, and how it compares with the first one.

        That is the median of what each round gave, since a machine that is shared is slower in some rounds than in
        others; the shortest times are there too.
        """
        times: dict[str, list[float]] = {label: [] for label, _ in commands}
        for _ in range(self._rounds):
            for label, command in commands:
                times[label].append(self._timed(command))
            after()
        base = times[commands[0][0]]
        least = min(base)
        print(f"\n{title}")
        for label, _ in commands:
            median, best = statistics.median(times[label]), min(times[label])
            ratio = statistics.median(each / other for each, other in zip(times[label], base, strict=True))
            more = statistics.median(each - other for each, other in zip(times[label], base, strict=True))
            print(
                f"  {label:26s} {median * 1000:8.1f} ms  {ratio:5.2f}x  {more * 1000:+7.1f} ms"
                f"   (best {best / least:5.2f}x  {(best - least) * 1000:+7.1f} ms)",
                flush=True,
            )

    def _timed(self, command: Command) -> float:
        return self._clock(command if callable(command) else lambda: self._call(command))

    @staticmethod
    def _clock(action: Callable[[], object]) -> float:
        began = time.perf_counter()
        action()
        return time.perf_counter() - began

    def _call(self, command: list[str], *, may_fail: bool = False, **more: str) -> None:
        environment = {**self._environment, **more}
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode and not may_fail:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr.decode('utf-8', 'replace')}")

    @staticmethod
    def _program(name: str) -> str:
        found = shutil.which(name, path=os.path.dirname(sys.executable)) or shutil.which(name)
        return found or sys.exit(f"{name} is not installed beside {sys.executable}")


if __name__ == "__main__":
    main()
