"""How many wrong names would be installed by default? None may be.

    python benchmarks/safety.py NAMES

NAMES is a file of popular distributions, the most downloaded first: one a line, or rank and name divided by a tab, such
as `data/popular_names.txt`. A thousand of them get one edit each, and 200 names are invented of plausible words, both
by a fixed seed. Each name is tried as an import and as a requirement that a tool call declares. Names that are well
known in their own right (curated, or popular themselves) are counted apart. Exits with 1 where one gets in.
"""

from __future__ import annotations

import argparse
import random
import string
import sys
from collections.abc import Iterable
from pathlib import Path

from forerun.resolver.findings import Requirement
from forerun.resolver.import_table import is_curated_distribution, row
from forerun.resolver.names import canonical
from forerun.resolver.near_names import nearest_popular
from forerun.resolver.registered import is_popular
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import this_target
from forerun.resolver.trust import judge, policy

SEED = 20260101
EDITS = 1000
INVENTED = 200
ALPHABET = string.ascii_lowercase + string.digits

FIRST = (
    "fast easy simple py auto smart quick async micro data deep graph cloud json http text image audio secure"
).split()
SECOND = (
    "parser client utils toolkit helper loader wrapper engine bridge stream router cache schema crawler vault"
).split()
THIRD = "", "-py", "-lib", "-sdk", "-plus", "-ai", "2", "-core"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", type=Path, metavar="NAMES", help="a file of popular names")
    lines = parser.parse_args().names.read_text(encoding="utf-8").split("\n")
    popular = [name for line in lines if (name := canonical(line.rpartition("\t")[2].strip()))]
    groups = {"one edit away": edited(popular), "invented": invented()}
    return 1 if sum([reported(title, names, set(popular)) for title, names in groups.items()]) else 0


def edited(popular: list[str]) -> list[str]:
    """Return names with one insertion, deletion, substitution or swap, none of them popular in the list itself."""
    chosen = random.Random(SEED)
    made: dict[str, None] = {}
    while len(made) < EDITS:
        name = chosen.choice(popular)
        at = chosen.randrange(len(name))
        letter = chosen.choice(ALPHABET)
        kinds = (
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :],
        )
        wrong = canonical(chosen.choice(kinds))
        if wrong and wrong != name:
            made[wrong] = None
    return list(made)


def invented() -> list[str]:
    """Return names as a model makes them up: plausible words, joined."""
    chosen = random.Random(SEED)
    made: dict[str, None] = {}
    while len(made) < INVENTED:
        mark = chosen.choice(["-", ""])
        made[f"{chosen.choice(FIRST)}{mark}{chosen.choice(SECOND)}{chosen.choice(THIRD)}"] = None
    return list(made)


def reported(title: str, names: Iterable[str], popular: set[str]) -> int:
    """Print what becomes of names, and return how many get in that nobody knows."""
    names = list(names)
    let_in = [name for name in names if is_let_in(name)]
    known = [name for name in let_in if is_known(name, popular)]
    wrong = [name for name in let_in if name not in known]
    near = sum(bool(nearest_popular(name)) for name in names)
    print(f"{title}: {len(names)} names, {len(wrong)} installed by default, {near} told 'did you mean'")
    print(f"    apart: {len(known)} are curated or popular themselves" + (f", such as {known[0]}" if known else ""))
    for name in wrong:
        print(f"    WRONG: {name}")
    return len(wrong)


def is_let_in(name: str) -> bool:
    """Whether a name would be installed by default, as an import or as a tool call's requirement."""
    block = f"# /// script\n# dependencies = ['{name}']\n# ///\n"
    module = name.replace("-", "_")
    importing = f"import {module}\n" if module.isidentifier() else ""
    installed: list[Requirement] = []
    for code in (block, importing):
        resolution = resolve_sources([from_code(code, "caller")], this_target())
        installed += [each for each in resolution.requirements if judge(each, policy()).is_allowed]
    return any(each.name == name for each in installed) or bool(installed)


def is_known(name: str, popular: set[str]) -> bool:
    """Whether a name is a well-known distribution's, or a module's that the tables were told of by hand."""
    module = name.replace("-", "_")
    is_row = row("modules", module) is not None or row("removed", module) is not None
    return name in popular or is_popular(name) or is_curated_distribution(name) or is_row


if __name__ == "__main__":
    sys.exit(main())
