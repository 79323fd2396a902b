"""What a run gets of a layer; apart from the finding and building, which a script without distributions never loads."""

from __future__ import annotations

from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .result import Distribution


class Layer(Value):
    """An environment that is never changed once it has its name; `path` is "" where nothing is needed.

    `notes` are what the installer that looked it up had to say, for people; what is remembered has none.
    """

    path: str = ""
    distributions: tuple[Distribution, ...] = ()
    notes: tuple[str, ...] = ()
