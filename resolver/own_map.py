"""A user's own map from import names to requirements -> what it says of a name."""

from __future__ import annotations

from .errors import ResolverError
from .names import canonical
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Mapped(Value):
    """The parts of a requirement that a user's own map gives for an import name."""

    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""


def mapped(text: str) -> Mapped:
    """Return a requirement of a user's own map, such as `opencv-python-headless[x]>=4.8 ; os_name == 'posix'`.

    Raises:
        ValueError: it is none, or names a URL or path; `str()` is the end of a sentence.
    """
    name = canonical(text.strip())
    if name:
        return Mapped(name)
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(text)
    except (InvalidRequirement, RecursionError):
        raise ValueError("which is no distribution's name or requirement") from None
    if parsed.url:
        raise ValueError("but maps name distributions of the index, not URLs or paths; give one with --with")
    return Mapped(canonical(parsed.name), str(parsed.specifier), tuple(sorted(parsed.extras)), str(parsed.marker or ""))


def check_map(own: Mapping[str, str]) -> None:
    """Refuse a map with an entry that cannot be used.

    Raises:
        ResolverError: it has one.
    """
    if not hasattr(own, "items"):
        raise ResolverError("an import map maps import names to requirements, as in {'sklearn': 'scikit-learn'}")
    for module, text in own.items():
        if not isinstance(module, str) or not all(part.isidentifier() for part in module.split(".")):
            raise ResolverError(f"import-map has {module!r}, which is no name that a script can import")
        if not isinstance(text, str):
            raise ResolverError(f"import-map maps {module!r} to {text!r}, which is no text")
        try:
            mapped(text)
        except ValueError as error:
            raise ResolverError(f"import-map maps {module!r} to {text!r}, {error}") from error
