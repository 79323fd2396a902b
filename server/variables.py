"""Our environment variables -> those that a script run for a caller gets to see."""

from __future__ import annotations

import sys

from forerun.runner.masking import without_login

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PASSED_ON = frozenset(("HOME", "PATH", "LANG", "LANGUAGE", "TZ", "TERM", "USER", "LOGNAME", "SHELL", "TMPDIR"))
OF_WINDOWS = frozenset(
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT TEMP TMP USERPROFILE USERNAME APPDATA LOCALAPPDATA PROGRAMDATA "
    "PROGRAMFILES PROCESSOR_ARCHITECTURE NUMBER_OF_PROCESSORS".split()
)
CERTIFICATES = frozenset(("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"))
PROXIES = frozenset(("http_proxy", "https_proxy", "no_proxy"))


def passed_on(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what a script needs to find its way, and nothing that could be a secret of ours.

    A proxy's address is passed on without the login in it.
    """
    return {
        name: without_login(value) if name.lower() in PROXIES else value
        for name, value in ours.items()
        if _is_passed_on(name)
    }


def _is_passed_on(name: str) -> bool:
    return (
        name in PASSED_ON | CERTIFICATES
        or (sys.platform == "win32" and name in OF_WINDOWS)
        or name.startswith("LC_")
        or name.lower() in PROXIES
    )
