"""The values that a resolution consists of."""

from __future__ import annotations

from .target import Target
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .import_map import Level

    Concern = Literal["note", "syntax", "declaration"]
    Kind = Literal["unknown", "contested", "host", "local-looking", "removed", "refused"]


class Evidence(Value):
    """Why a distribution is needed: which import, where, and the rule that led from one to the other."""

    module: str
    path: str
    line: int
    rule: str


class Requirement(Value):
    """A distribution that the script needs: canonical name, version specifier, marker, and how sure that is.

    `is_lazy` says that it is only imported inside functions, or by calls, so that a run may get by without it;
    `is_told` that the code itself tells it from its alternatives.
    """

    name: str
    level: Level
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str = ""
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[str, ...] = ()
    is_lazy: bool = False
    is_told: bool = False

    @property
    def text(self) -> str:
        """The requirement as PEP 508 writes it."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        url = f" @ {self.url}" if self.url else ""
        return f"{self.name}{extras}{self.specifier}{url}" + (f" ; {self.marker}" if self.marker else "")


class Unresolved(Value):
    """An import, or a declared requirement, that leads to no distribution; `guess` is the name it would have."""

    module: str
    kind: Kind
    path: str
    line: int
    reason: str
    guess: str = ""
    alternatives: tuple[str, ...] = ()


class Diagnostic(Value):
    """Something worth knowing about a source; `line` 0 means the whole of it.

    A `syntax` diagnostic says why the target cannot read it, a `declaration` one what is wrong with its script block.
    """

    path: str
    line: int
    message: str
    kind: Concern = "note"

    @property
    def is_fatal(self) -> bool:
        """Whether the script cannot run on the target because of it."""
        return self.kind != "note"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


class Resolution(Value):
    """What a script needs: pure data, in the same order for the same input and tables.

    `requirements` are needed to run, `optional` are imported only where the script can do without; `is_declared`
    says that a PEP 723 block gave the answer; `uv_settings` is the rest of that block, as TOML, where a person's own
    has a `[tool.uv]` table, by which everything is then looked up. A fatal diagnostic means that the script cannot run
    on the target. `standard_library`, `local` and `third_party` are top-level names of all imports, by where they lead.
    """

    target: Target
    requirements: tuple[Requirement, ...] = ()
    optional: tuple[Requirement, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    standard_library: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    is_declared: bool = False
    requires_python: str = ""
    uv_settings: str = ""
    third_party: tuple[str, ...] = ()

    def with_optional(self) -> Resolution:
        """Return the same with everything optional counted as needed."""
        needed = (*self.requirements, *self.optional)
        return self.replace(requirements=tuple(sorted(needed, key=lambda each: each.name)), optional=())
