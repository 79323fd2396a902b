"""Rebuilds data/ from published facts and tools/judgements.json."""

from __future__ import annotations

import argparse
import lzma
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from import_facts import read_facts, read_namespaces, tabulate
from import_table import Judgements, Table, apply_judgements, canonical, parse, prune, read_judgements, render
from name_filter import build_filter, contains
from shipped_names import read_index, shipped_names
from shipped_names import render as render_shipped

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables and say how many rows each section has."""
    options = _parser().parse_args(argv)
    judged = read_judgements(options.judgements.read_text(encoding="utf-8"))
    out: Path = options.out
    if not options.judgements_only:
        _write_names(options.evidence, out)
    popular = _read_popular(out / "popular_names.txt")
    if options.judgements_only:
        base = parse((out / "import_map.json").read_text(encoding="ascii"))
    else:
        base = _only_registered(_read_facts(options.evidence, popular, judged), out / "registered_names.bin")
    table = prune(apply_judgements(base, judged), judged.verdicts, popular)
    (out / "import_map.json").write_text(render(table), encoding="ascii", newline="\n")
    if options.index:
        _write_shipped(options.index, table, popular, out)
    print(_summary(table))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--evidence", type=Path, help="folder with the published facts")
    source.add_argument("--judgements-only", action="store_true", help="apply the judgements over the existing map")
    parser.add_argument("--judgements", type=Path, default=ROOT / "tools" / "judgements.json")
    parser.add_argument("--index", type=Path, help="pigar's database of top-level modules: .db.sqlite3 of its wheel")
    parser.add_argument("--out", type=Path, default=ROOT / "data")
    return parser


def _write_names(evidence: Path, out: Path) -> None:
    """Write the popular names in rank order and the filter over all registered ones."""
    ranked = [canonical(line.split("\t")[1].strip()) for line in _lines(evidence / "popular.tsv")]
    names = list(dict.fromkeys(ranked))
    (out / "popular_names.txt").write_text("\n" + "\n".join(names) + "\n", encoding="ascii", newline="\n")
    with lzma.open(evidence / "registered_names.txt.xz", "rt", encoding="ascii") as stream:
        registered = sorted({canonical(line.strip()) for line in stream if line.strip()})
    (out / "registered_names.bin").write_bytes(build_filter(registered))


def _write_shipped(index: Path, table: Table, popular: Collection[str], out: Path) -> None:
    """Write who ships the import names of which the import map says nothing."""
    bits = (out / "registered_names.bin").read_bytes()
    taken = {*table.modules, *table.same, *table.contested, *table.hosts, *table.local, *table.removed}
    taken |= sys.stdlib_module_names
    found = shipped_names(read_index(index), lambda name: contains(bits, name), taken, popular)
    (out / "shipped_names.txt").write_text(render_shipped(found), encoding="ascii", newline="\n")


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _read_popular(path: Path) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(path.read_text(encoding="ascii").split(), start=1)}


def _read_facts(evidence: Path, popular: Mapping[str, int], judged: Judgements) -> Table:
    facts = read_facts(_lines(evidence / "import_evidence.jsonl"))
    namespaces = read_namespaces(_lines(evidence / "namespace.tsv")[1:])
    return tabulate(facts, namespaces, popular, judged.markers)


def _only_registered(table: Table, filter_path: Path) -> Table:
    """Leave out facts about distributions that the index never knew."""
    bits = filter_path.read_bytes()
    modules = {
        name: value
        for name, value in table.modules.items()
        if isinstance(value, str) and contains(bits, value.partition(" ; ")[0])
    }
    return replace(table, modules=modules)


def _summary(table: Table) -> str:
    sections = ("modules", "same", "patterns", "contested", "hosts", "local", "removed")
    return "\n".join(f"{name}: {len(getattr(table, name))}" for name in sections)


if __name__ == "__main__":
    raise SystemExit(main())
