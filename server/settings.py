"""What the operator chose when the server was started."""

from __future__ import annotations

from dataclasses import dataclass

from forerun.resolver.trust import policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from forerun.resolver.trust import Policy, TrustLevel

LONGEST_TIMEOUT = 3600.0
"""Seconds; no run may take longer, whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of a server; `path` "" stands for a temporary folder, `timeout` is for calls that name none."""

    mount: str = "/working"
    path: str = ""
    dependencies: tuple[str, ...] = ()
    timeout: float = 300.0
    trust: TrustLevel = "popular"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    no_build: bool = False
    allow_build: tuple[str, ...] = ()
    exclude_newer: str = ""
    max_retries: int = 5
    isolation: Literal["shared", "copy"] = "shared"
    verbose: bool = False

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
