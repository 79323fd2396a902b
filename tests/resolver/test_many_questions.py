"""Who asks often gets the same answers from indexes, in linear time."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from forerun.resolver import import_table, near_names, registered, second_opinion, shipped_names
from forerun.resolver.import_map import look_up_names
from forerun.resolver.looking import MOST_MODULES
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import this_target


def no_clues(_module: str) -> frozenset[str]:
    return frozenset()


def some_names() -> list[str]:
    chosen = random.Random(7)
    popular = [each for each in registered.popular_names().decode().split("\n") if each]
    keys = [key for section in import_table.SECTIONS for key, *_ in import_table.rows(section)]
    names = chosen.sample(popular, 60) + chosen.sample(keys, 120) + ["", "é", "x" * 5_000, "zzqxkcd", "a.b.c", "-"]
    return names + [name[: len(name) // 2] + name[len(name) // 2 + 1 :] for name in names if name]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes the tables forget how often they were asked."""

    def forget() -> None:
        for module, name, empty in [
            (near_names, "_asked", 0),
            (registered, "_asked", 0),
            (shipped_names, "_asked", 0),
            (shipped_names, "_indexed", {}),
            (second_opinion, "_count", [0]),
            (import_table, "_asked", {}),
            (import_table, "_indexed", {}),
        ]:
            monkeypatch.setattr(module, name, empty)

    return forget


Question = Callable[[str], object]
QUESTIONS: dict[str, Question] = {
    "nearest_popular": near_names.nearest_popular,
    "is_registered": registered.is_registered,
    "is_popular": registered.is_popular,
    "shipped_by": shipped_names.shipped_by,
    "pipreqs_says": second_opinion.pipreqs_says,
    "row": lambda name: [import_table.row(section, name) for section in import_table.SECTIONS],
    "has_longer": import_table.has_longer,
    "is_curated_distribution": import_table.is_curated_distribution,
    "is_namesake": import_table.is_namesake,
    "look_up_names": lambda name: look_up_names(name, ("x",), no_clues, None),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_many_questions_get_the_answers_of_one(
    question: Callable[[str], object], forgetful: Callable[[], None]
) -> None:
    names = some_names()
    alone = []
    for name in names:
        forgetful()
        alone.append(question(name))
    for _ in range(2):
        for section in import_table.SECTIONS:
            for _ in range(import_table.FEW):
                import_table.row(section, "x")
        for name in names:
            question(name)
    assert [question(name) for name in names] == alone


IMPORTS: dict[str, Callable[[int], str]] = {
    "unknown names": lambda n: f"import module_number_{n}\n",
    "dotted names": lambda n: f"from google.cloud.part_{n}.a.b.c import name_{n}, other\n",
    "one name": lambda _n: "import numpy, yaml\n",
    "a name's members": lambda n: f"from numpy import member_{n}\n",
    "relative names": lambda n: f"from . import part_{n}\n",
    "tries": lambda n: f"try:\n import a{n}\nexcept ImportError:\n import b{n}\n",
    "functions": lambda n: f"def f{n}():\n import a{n % 9}\n",
    "flags": lambda n: f"try:\n import a{n}\nexcept ImportError:\n a{n} = None\nif a{n}:\n import b{n}\n",
    "constants": lambda n: f"name_{n} = 'part_{n}'\n__import__(name_{n})\n",
    "paths": lambda n: f"sys.path.append('x{n}')\n",
    "pip lines": lambda n: f"# pip install name-{n}\nimport name_{n}\n",
    "Python 2": lambda n: f"import a{n % 9}\nprint 'x{n}'\n",
}


@pytest.mark.parametrize("unit", IMPORTS.values(), ids=IMPORTS)
def test_time_is_linear_in_the_number_of_imports(unit: Callable[[int], str]) -> None:
    def seconds(count: int) -> float:
        code = "".join(map(unit, range(count)))
        begin = time.process_time()
        resolve_sources([from_code(code)], this_target())
        return time.process_time() - begin

    seconds(1_000)
    # Ten times the text: linear takes about 10 times as long, quadratic 100 times, and does so whenever it is measured.
    assert any(seconds(10_000) < 35 * max(seconds(1_000), 0.01) for _ in range(3))


def test_a_large_script_takes_memory_in_pieces() -> None:
    # Above the size from which the tree is not kept, four times the text must not take four times the memory.
    code = (
        "import resource, sys; from forerun.resolver.resolution import resolve_sources;"
        "from forerun.resolver.source import from_code; from forerun.resolver.target import this_target;"
        "text = 'def f(x):\\n    return [x, \"text\", 1]\\n' * int(sys.argv[1]);"
        "resolve_sources([from_code(text)], this_target());"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = [
        int(subprocess.run([sys.executable, "-c", code, str(count)], capture_output=True, check=True).stdout)
        for count in (60_000, 240_000)
    ]
    assert peaks[1] < 2 * peaks[0]


def test_beyond_a_bound_imports_are_counted_and_not_looked_up() -> None:
    code = "".join(f"import zzq{number}\n" for number in range(MOST_MODULES)) + "import os, yaml\nimport zzq0, numpy\n"
    found = resolve_sources([from_code(code)], this_target())
    assert len(found.unresolved) + len(found.requirements) == MOST_MODULES
    assert {each.name for each in found.requirements}.isdisjoint({"pyyaml", "numpy"})
    (note,) = found.diagnostics
    assert (note.line, note.kind) == (MOST_MODULES + 1, "note")
    assert note.message.startswith("imports more than 10,000 different modules")
