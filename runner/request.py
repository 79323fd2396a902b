"""How a script is to be run: everything but the script itself."""

from __future__ import annotations

import os

from forerun.resolver.trust import Policy
from forerun.resolver.value import Value

from .limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from .question import Consent


class Request(Value):
    """Options of a run.

    `dependencies` are further requirements (PEP 508), ranked by the author of the source; `preinstalled` ones are
    vouched for by the operator. `is_trust_given` says that the policy's level was chosen, and is not only the default.
    `consent` is asked, once and before the run, which names a person allows beyond the policy.
    `import_map`, `all_optional` and `with_hints` are for the resolver: the user's own names, whether optional imports
    are installed too, and whether APIs that are gone constrain versions. `deadline` is in seconds, for each start of
    the script. `mounts` are pairs of a virtual and a real folder, `translated` is such a pair where paths are
    translated inside the interpreter instead; `shown_path` starts a script file by another path than its source's, as
    the mounts show it. `program` is what a person has named instead of a file: the folder or archive that the source is
    the `__main__.py` of and that is started in its place, or what code finds in `sys.argv[0]`. `environment` replaces
    the environment variables that the script would inherit; `variables` are globals that a code string finds. `head`
    and `tail` are the bytes of output that are kept. `is_refreshed` asks the index anew whatever is remembered;
    `isolation` "copy" gives the run its own copy of every file; with `protects_store` the script cannot write into the
    store, or what it wrote is noticed and built anew. `python` is the version or the path of the interpreter, "" for
    the one that fits; with `may_download` it is fetched where there is none. `module` is what `python -m` would be
    given instead of a script.
    `no_network` and `is_sandboxed` hold, or the script is not run.
    """

    arguments: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    preinstalled: tuple[str, ...] = ()
    policy: Policy = Policy()
    is_trust_given: bool = False
    consent: Consent | None = None
    deadline: float | None = None
    import_map: tuple[tuple[str, str], ...] = ()
    all_optional: bool = False
    with_hints: bool = True
    max_retries: int = 5
    is_refreshed: bool = False
    isolation: Literal["shared", "copy"] = "shared"
    protects_store: bool = False
    no_network: bool = False
    is_sandboxed: bool = False
    limits: Limits = Limits()
    stdin: bytes = b""
    folder: str = ""
    mounts: tuple[tuple[str, str], ...] = ()
    translated: tuple[str, str] | None = None
    shown_path: str = ""
    program: str = ""
    python: str = ""
    may_download: bool = False
    module: str = ""
    environment: Mapping[str, str] | None = None
    variables: Mapping[str, Any] | None = None
    head: int = 3_000_000
    tail: int = 3_000_000

    @property
    def outer_environment(self) -> Mapping[str, str]:
        """The environment variables that the script inherits."""
        return os.environ if self.environment is None else self.environment

    @property
    def is_confined(self) -> bool:
        """Whether it asks for a sandbox, no network or a limit."""
        return self.is_sandboxed or self.no_network or self.limits != Limits()
