"""Requirements that somebody wrote down -> `Requirement`s, at the level that their author deserves."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed

from .findings import Evidence, Requirement, Unresolved
from .import_table import is_curated_distribution, is_namesake
from .names import canonical
from .registered import is_popular, is_registered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .import_map import Level
    from .source import Author


def declared_requirement(text: str, author: Author, evidence: Evidence) -> Requirement | Unresolved:
    """Return a written requirement (PEP 508); what a tool call declares ranks as an import of that name would."""
    try:
        # A line break inside would make two requirements of one where they are listed.
        if not text.replace("\t", " ").isprintable():
            raise InvalidRequirement("it holds control characters")
        parsed = Parsed(text.replace("\t", " "))
    except (InvalidRequirement, RecursionError) as error:
        reason = f"{_shown(text)} is not a requirement: {str(error).splitlines()[0]}"
        return Unresolved(_shown(text), "refused", evidence.path, evidence.line, reason)
    if parsed.url and author == "caller":
        reason = f"{_shown(text)} names a URL or path, and a tool call may only name distributions of the index"
        return Unresolved(_shown(text), "refused", evidence.path, evidence.line, reason)
    name = canonical(parsed.name)
    if not name or (author == "caller" and "===" in str(parsed.specifier)):
        reason = f"{_shown(text)} is not a requirement that can be looked up"
        return Unresolved(_shown(text), "refused", evidence.path, evidence.line, reason)
    return Requirement(
        name,
        "declared" if author == "person" else level_of_distribution(name),
        str(parsed.specifier),
        tuple(sorted(parsed.extras)),
        str(parsed.marker or ""),
        parsed.url or "",
        (evidence,),
    )


def declared_requirements(
    texts: Iterable[str], author: Author, path: str, line: int, rule: str
) -> tuple[list[Requirement], list[Unresolved]]:
    """Split written requirements into those that can be used and those that cannot."""
    good: list[Requirement] = []
    bad: list[Unresolved] = []
    for text in texts:
        made = declared_requirement(text, author, Evidence(_shown(text), path, line, rule))
        if isinstance(made, Requirement):
            good.append(made)
        else:
            bad.append(made)
    return good, bad


def level_of_distribution(name: str) -> Level:
    """Return how sure a canonical distribution name is when nothing but the name speaks for it.

    A name under which people import another project (`jwt`, `serial`) is a namesake, and never better than
    registered, however often it is downloaded.
    """
    if is_curated_distribution(name):
        return "curated"
    if not is_registered(name):
        return "unknown"
    return "popular" if is_popular(name) and not is_namesake(name) else "registered"


def _shown(text: str) -> str:
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return clean if len(clean) <= 80 else clean[:77] + "..."
