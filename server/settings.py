"""What the operator chose when the server was started."""

from __future__ import annotations

import os
from dataclasses import dataclass

from forerun.resolver.trust import policy
from forerun.runner.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from forerun.resolver.trust import Policy, TrustLevel

NO_LIMITS = Limits()

LONGEST_TIMEOUT = 3600.0
"""Seconds; no run may take longer, whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of a server; `path` "" stands for a temporary folder, `timeout` is for calls that name none.

    `import_map` pairs the operator's own import names with requirements; of equal names the last one counts.
    `max_concurrency` is the number of programs that run at once, 0 for as many as there are cores.
    """

    mount: str = "/working"
    path: str = ""
    dependencies: tuple[str, ...] = ()
    timeout: float = 300.0
    trust: TrustLevel = "popular"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    import_map: tuple[tuple[str, str], ...] = ()
    no_build: bool = False
    allow_build: tuple[str, ...] = ()
    exclude_newer: str = ""
    max_retries: int = 5
    isolation: Literal["shared", "copy"] = "shared"
    sandbox: bool = False
    no_network: bool = False
    limits: Limits = NO_LIMITS
    max_concurrency: int = 0
    verbose: bool = False
    log_format: Literal["text", "json"] = "text"

    @property
    def policy(self) -> Policy:
        """What may be installed."""
        return policy(
            self.trust,
            self.allow,
            self.deny,
            no_build=self.no_build,
            allow_build=self.allow_build,
            exclude_newer=self.exclude_newer,
        )

    @property
    def runs_at_once(self) -> int:
        """How many programs run side by side; further ones wait."""
        return self.max_concurrency or os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and for whom a server listens over HTTP.

    `token_file` "" stands for a file of ours; `hosts` and `origins` are allowed beyond the loopback names.
    """

    transport: Literal["streamable-http", "sse"]
    host: str = "127.0.0.1"
    port: int = 3001
    token: str = ""
    token_file: str = ""
    needs_token: bool = True
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
