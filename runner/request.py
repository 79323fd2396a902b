"""How a script is to be run: everything but the script itself."""

from __future__ import annotations

from forerun.resolver.trust import Policy
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Request(Value):
    """Options of a run.

    `dependencies` are further requirements (PEP 508), ranked by the author of the source; `deadline` is in seconds,
    for each start of the script; `mounts` are pairs of a virtual and a real folder, `translated` is such a
    pair where paths are translated inside the interpreter instead; `environment` replaces the
    environment variables that the script would inherit; `variables` are globals that a code string finds;
    `shown_path` starts a script file by another path than its source's, as the mounts show it.
    """

    arguments: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    preinstalled: tuple[str, ...] = ()
    policy: Policy = Policy()
    deadline: float | None = None
    max_retries: int = 5
    stdin: bytes = b""
    folder: str = ""
    mounts: tuple[tuple[str, str], ...] = ()
    translated: tuple[str, str] | None = None
    shown_path: str = ""
    environment: Mapping[str, str] | None = None
    variables: Mapping[str, Any] | None = None
    head: int = 5_000_000
    tail: int = 5_000_000
