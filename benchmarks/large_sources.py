"""How do time and memory grow with a script? Seconds of CPU and peak memory of `resolve FILE`, by kind and size.

    python benchmarks/large_sources.py [--sizes 1 10 50] [--kinds plain imports ...]

Each figure is that of one child process (`ru_maxrss`). "per MB" is the time beyond that of an empty script, divided by
the size: where growth is linear it stays the same from size to size.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

PLAIN = """\
def function_{n}(rows, limit={n}):
    total = sum(row["value"] for row in rows if row.get("kind") != "other")
    if total > limit:
        return [each.strip().lower() for each in str(total).split(",")]
    return {{"name": "row {n}", "total": total, "rate": total / (limit + 1)}}

"""


def plain(n: int) -> str:
    return PLAIN.format(n=n)


def unknown(n: int) -> str:
    return f"import module_number_{n}\n"


def dotted(n: int) -> str:
    return f"from google.cloud.part_{n}.a.b.c import name_{n}, other\n"


def same(_n: int) -> str:
    return "import numpy, yaml\n"


def one_line(n: int) -> str:
    return f"value_{n} = {n} + len('text {n}'); "


def broken(n: int) -> str:
    return f"if value_{n} == = 'text {n}':\n    call({n}, [1, 2\nimport module_{n % 1000}\n"


def python_2(n: int) -> str:
    return f"try:\n    import module_{n % 1000}\nexcept ImportError, error:\n    print 'no module', error\n"


def dynamic(n: int) -> str:
    return f"name_{n} = 'module_{n % 1000}'\n__import__(name_{n})\n"


KINDS: dict[str, Callable[[int], str]] = {
    "plain": plain, "imports": unknown, "dotted": dotted, "same": same, "one-line": one_line, "broken": broken,
    "python-2": python_2, "dynamic": dynamic,
}  # fmt: skip


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        empty, _ = measured(written(folder, iter(("import os\n",))))
        print(f"{'kind':10} {'size':>14} {'seconds':>8} {'per MB':>7} {'peak MB':>8}")
        for name in options.kinds:
            for size in options.sizes:
                report(name, f"{size:g} MB", written(folder, up_to(KINDS[name], size * 1e6)), empty)
            report(name, f"{options.lines:,} lines", written(folder, lines_of(KINDS[name], options.lines)), empty)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 10, 50], metavar="MB")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    return parser.parse_args()


def up_to(unit: Callable[[int], str], size: float) -> Iterator[str]:
    written, n = 0, 0
    while written < size:
        text = unit(n)
        written, n = written + len(text), n + 1
        yield text


def lines_of(unit: Callable[[int], str], lines: int) -> Iterator[str]:
    each = max(1, unit(0).count("\n"))
    return (unit(n) for n in range(lines // each))


def written(folder: str, units: Iterator[str]) -> Path:
    path = Path(folder, "script.py")
    with path.open("w", encoding="utf-8") as file:
        file.writelines(units)
    return path


def measured(path: Path) -> tuple[float, float]:
    """Return the seconds of CPU and the peak memory, in megabytes, of a process that resolves a script."""
    child = subprocess.Popen(
        [sys.executable, "-m", "forerun", "resolve", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"resolve ended with {child.returncode}"
    return usage.ru_utime + usage.ru_stime, peak(usage)


def peak(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def report(name: str, size: str, path: Path, empty: float) -> None:
    seconds, megabytes = measured(path)
    rate = (seconds - empty) / (path.stat().st_size / 1e6)
    print(f"{name:10} {size:>14} {seconds:8.2f} {rate:7.2f} {megabytes:8.0f}", flush=True)


if __name__ == "__main__":
    main()
