"""Requirements that somebody wrote down -> `Requirement`s, at the level that their author deserves."""

from __future__ import annotations

from .findings import Evidence, Requirement, Unresolved
from .import_table import is_curated_distribution, is_namesake
from .names import canonical
from .plain_requirement import plain_requirement
from .registered import is_popular, is_registered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .import_map import Level
    from .source import Author


def declared_requirement(text: str, author: Author, evidence: Evidence) -> Requirement | Unresolved:
    """Return a written requirement (PEP 508); what a tool call declares ranks as an import of that name would."""
    plain = plain_requirement(text)
    if plain is not None:
        return _made(Requirement(canonical(plain.name), "declared", plain.specifier, plain.extras), author, evidence)
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        # A line break inside would make two requirements of one where they are listed.
        if not text.replace("\t", " ").isprintable():
            raise InvalidRequirement("it holds control characters")
        parsed = Parsed(text.replace("\t", " "))
    except (InvalidRequirement, RecursionError) as error:
        return _refused(text, evidence, f"is not a requirement: {str(error).splitlines()[0]}")
    if parsed.url and author == "caller":
        return _refused(text, evidence, "names a URL or path, and a tool call may only name distributions of the index")
    name = canonical(parsed.name)
    if not name or (author == "caller" and "===" in str(parsed.specifier)):
        return _refused(text, evidence, "is not a requirement that can be looked up")
    extras, marker = tuple(sorted(parsed.extras)), str(parsed.marker or "")
    made = Requirement(name, "declared", str(parsed.specifier), extras, marker, parsed.url or "")
    return _made(made, author, evidence)


def _made(requirement: Requirement, author: Author, evidence: Evidence) -> Requirement:
    level = "declared" if author == "person" else level_of_distribution(requirement.name)
    return requirement.replace(level=level, evidence=(evidence,))


def _refused(text: str, evidence: Evidence, why: str) -> Unresolved:
    return Unresolved(_shown(text), "refused", evidence.path, evidence.line, f"{_shown(text)} {why}")


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
