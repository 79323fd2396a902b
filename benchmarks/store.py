"""What does the store cost? Every figure is a ratio against one measured in the same run, in interleaved order.

    python benchmarks/store.py [--rounds 9] [--layers 200]

Needs an installed forerun and a network for the first round. A cold run finds its distributions in the installer's own
cache, so that it measures resolving, copying and checking, and no download.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PANDAS = "import numpy as np\nimport pandas as pd\nprint(pd.DataFrame({'a': np.arange(3)}).sum())\n"
FILES_IN_A_LAYER = 200


def main() -> None:
    options = parse()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), environment, options.rounds)
        bench.runs()
        bench.pruning(options.layers)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each command (default: 9)")
    parser.add_argument("--layers", type=int, default=200, help="layers to prune (default: 200)")
    return parser.parse_args()


class Bench:
    """Measures commands against each other."""

    def __init__(self, folder: Path, environment: dict[str, str], rounds: int) -> None:
        self._folder = folder
        self._environment = environment
        self._rounds = rounds
        found = shutil.which("forerun", path=os.path.dirname(sys.executable)) or shutil.which("forerun")
        self._forerun = found or sys.exit(f"forerun is not installed beside {sys.executable}")

    def runs(self) -> None:
        """The same script warm, with a private copy, through the protection of the server, and cold."""
        script = self._folder / "numpy+pandas.py"
        script.write_text(PANDAS)
        warm = self._folder / "warm"
        self._until_compiled(warm, script)
        self._compare(
            "numpy+pandas",
            ("warm", lambda: self._call(warm, str(script))),
            ("warm, --isolation copy", lambda: self._call(warm, "run", "--isolation", "copy", str(script))),
            ("library", lambda: self._library(warm, script, protects_store=False)),
            ("library, store closed", lambda: self._library(warm, script, protects_store=True)),
            (
                "library, fingerprint",
                lambda: self._library(warm, script, protects_store=True, FORERUN_NO_NAMESPACES="1"),
            ),
            ("--refresh", lambda: self._call(warm, "run", "--refresh", str(script))),
            ("cold", lambda: self._cold(script)),
        )

    def pruning(self, count: int) -> None:
        """Prune a store with many layers, against deleting the same folders by hand."""
        store, copied = self._folder / "many", self._folder / "copied"
        actions: list[tuple[str, Callable[[], None]]] = [
            ("rmtree", lambda: shutil.rmtree(copied)),
            ("forerun cache list", lambda: self._call(store, "cache", "list")),
            ("forerun cache prune", lambda: self._call(store, "cache", "prune", "--max-size", "0")),
        ]
        times: dict[str, list[float]] = {label: [] for label, _ in actions}
        for number in range(max(2, self._rounds // 3)):
            self._many_layers(store, count)
            shutil.copytree(store, copied)
            # A file that never reached the disk is deleted several times as fast as one that did.
            os.sync()
            for label, action in actions if number % 2 else actions[1:] + actions[:1]:
                times[label].append(self._clock(action))
            shutil.rmtree(store)
        self._show(f"{count} layers of {FILES_IN_A_LAYER} files", times)

    def _cold(self, script: Path) -> None:
        store = self._folder / "cold"
        self._call(store, str(script))
        shutil.rmtree(store)

    def _library(self, store: Path, script: Path, *, protects_store: bool, **variables: str) -> None:
        code = (
            f"import forerun; r = forerun.run({str(script)!r}, protects_store={protects_store}); "
            "assert r.status == 'success', r.error"
        )
        self._start([sys.executable, "-c", code], {"FORERUN_CACHE_DIR": str(store), **variables})

    def _until_compiled(self, store: Path, script: Path) -> None:
        wait = self._folder / "wait.py"
        wait.write_text("import numpy, pandas, time; time.sleep(5)\n")
        self._call(store, str(script))
        for _ in range(20):
            if list(store.glob("*/layers/*/compiled")):
                return
            self._call(store, str(wait))

    def _many_layers(self, store: Path, count: int) -> None:
        """Make a store of layers that are as real as pruning needs them."""
        self._call(store, "cache", "info")
        for number in range(count):
            layer = store / "1" / "layers" / f"{number:032x}"
            package = layer / "lib" / "python3.12" / "site-packages" / "package"
            package.mkdir(parents=True)
            for file in range(FILES_IN_A_LAYER):
                (package / f"m{file}.py").write_text("x = 1\n" * 100)
            (layer / "pyvenv.cfg").touch()

    def _compare(self, title: str, *actions: tuple[str, Callable[[], None]]) -> None:
        times: dict[str, list[float]] = {label: [] for label, _ in actions}
        for _ in range(self._rounds):
            for label, action in actions:
                times[label].append(self._clock(action))
        self._show(title, times)

    @staticmethod
    def _show(title: str, times: dict[str, list[float]]) -> None:
        medians = {label: statistics.median(found) for label, found in times.items()}
        base = next(iter(medians.values()))
        print(f"\n{title}")
        for label, median in medians.items():
            print(f"  {label:26s} {median * 1000:8.1f} ms  {median / base:6.2f}x  {(median - base) * 1000:+8.1f} ms")

    @staticmethod
    def _clock(action: Callable[[], object]) -> float:
        began = time.perf_counter()
        action()
        return time.perf_counter() - began

    def _call(self, store: Path, *arguments: str) -> None:
        self._start([self._forerun, *arguments], {"FORERUN_CACHE_DIR": str(store)})

    def _start(self, command: list[str], variables: dict[str, str]) -> None:
        environment = {**self._environment, **variables}
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr.decode('utf-8', 'replace')}")


if __name__ == "__main__":
    main()
