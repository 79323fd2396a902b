"""Uses of imported modules -> distributions that they need and that the script never imports."""

from __future__ import annotations

from .findings import Evidence, Requirement
from .names import canonical
from .rules import matching_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .rules import Script

TABLE = "implicit.json"


def implicit_needs(script: Script, path: str) -> list[Requirement]:
    """Return the requirements that `data/implicit.json` adds to what a script imports, each with its evidence."""
    needs = []
    for match in matching_rules(TABLE, script):
        rule = f"implicit: {match.rule['reason']} ({match.rule['source']})"
        for need in match.rule["needs"]:
            name, extras, specifier = split_requirement(need)
            evidence = Evidence(match.rule["id"], path, match.line, rule)
            needs.append(Requirement(name, "curated", specifier, extras, evidence=(evidence,)))
    return needs


def split_requirement(text: str) -> tuple[str, tuple[str, ...], str]:
    """Split a requirement of our own tables, such as `psycopg[binary]>=3`, into name, extras and specifier."""
    end = next((index for index, char in enumerate(text) if char in "<>=!~"), len(text))
    name, _, extras = text[:end].strip().partition("[")
    listed = tuple(sorted(each.strip() for each in extras.rstrip("] ").split(",") if each.strip()))
    return canonical(name.strip()), listed, text[end:].replace(" ", "")
