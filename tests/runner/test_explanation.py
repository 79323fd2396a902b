"""An installer's log becomes one sentence that says why, with the telling part of its own words."""

from __future__ import annotations

import pytest

from forerun.runner.explanation import LONGEST, explain

LOGS = {
    "no such name": (
        "  \u00d7 No solution found when resolving:\n  ╰─▶ Because zzz was not found in the package registry "
        "and you require zzz, we can conclude that your requirements are unsatisfiable.\n",
        "missing",
        "zzz was not found",
    ),
    "no such version": (
        "error: No solution found when resolving dependencies\n  cause: Because there is no version of six==99 and you "
        "require six==99, we can conclude that your requirements are unsatisfiable.",
        "missing",
        "no version of six==99",
    ),
    "no wheel for this Python": (
        "error: Because torch==1.4.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require "
        "torch==1.4.0, we can conclude that your requirements are unsatisfiable.\nhint: You require CPython 3.11",
        "python",
        "ABI tag",
    ),
    "conflict": (
        "error: Because requests==2.31.0 depends on urllib3>=1.21.1,<3 and you require requests==2.31, we can conclude "
        "that you require urllib3>=1.21.1,<3. And because you require urllib3<1, we can conclude that your "
        "requirements are unsatisfiable.",
        "conflict",
        "urllib3<1",
    ),
    "no network": (
        "error: Request failed after 3 retries in 12.2s\n  cause: Failed to fetch: https://h/simple/six/\n"
        "  cause: error sending request for url (https://h/simple/six/)\n  cause: tcp connect error\n"
        "  cause: Connection refused (os error 111)",
        "network",
        "Connection refused",
    ),
    "offline": (
        "error: Because wheel==0.41.0 needs to be downloaded from a registry and you require wheel==0.41, we can "
        "conclude that your requirements are unsatisfiable.\nhint: Packages were unavailable because the network was "
        "disabled.",
        "network",
        "needs to be downloaded",
    ),
    "certificate": (
        "error: Failed to fetch: https://h/simple/six/\n  cause: error sending request\n"
        "  cause: invalid peer certificate: UnknownIssuer",
        "certificate",
        "UnknownIssuer",
    ),
    "login wanted": (
        "error: Failed to fetch: https://h/simple/six/\n  cause: HTTP status client error (401 Unauthorized) for url",
        "authentication",
        "401",
    ),
    "login refused": (
        "error: HTTP status client error (403 Forbidden) for url (https://h/simple/six/)",
        "authentication",
        "403",
    ),
    "no space": ("error: failed to write\n  cause: No space left on device (os error 28)", "space", "os error 28"),
    "no permission": ("error: failed to open\n  cause: Permission denied (os error 13)", "permission", "os error 13"),
    "wrong hash": ("error: Hash mismatch for `six==1.16.0`\n\nExpected:\n  sha256:00\n", "hash", "six==1.16.0"),
    "build": (
        "error: Failed to build `pycrypto==2.6.1`\n  cause: The build backend returned an error\n[stdout]\n"
        + "running build_ext\n" * 500
        + "src/_fastmath.c:33:10: fatal error: longintrepr.h: No such file\ncompilation terminated.\n"
        "hint: This usually indicates a problem with the package or the build environment.",
        "build",
        "fatal error: longintrepr.h",
    ),
    "pip, no such version": (
        "ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.0, 1.17.0)\n"
        "ERROR: No matching distribution found for six==99\n",
        "missing",
        "six==99",
    ),
    "pip, no network": (
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'\n"
        "ERROR: Could not find a version that satisfies the requirement six (from versions: none)\n"
        "ERROR: No matching distribution found for six",
        "network",
        "six",
    ),
    "pip, conflict": (
        "ERROR: Cannot install a and b because these package versions have conflicting dependencies.\n"
        "ERROR: ResolutionImpossible: for help visit x",
        "conflict",
        "conflicting",
    ),
    "silence": ("", "other", "no reason"),
    "something else": ("error: the moon is full", "other", "the moon is full"),
}  # fmt: skip


@pytest.mark.parametrize(("log", "kind", "words"), LOGS.values(), ids=LOGS.keys())
def test_why(log: str, kind: str, words: str) -> None:
    found = explain(log)
    assert found.kind == kind
    assert words in found.text
    assert "\n" not in found.text
    assert "hint" not in found.text
    assert len(found.text) < LONGEST + 200


def test_of_a_long_reason_the_end_is_kept() -> None:
    log = "error: Because " + "a depends on b, and " * 100 + "you require c<1, your requirements are unsatisfiable."
    found = explain(log).text
    assert "(... " in found
    assert found.endswith("you require c<1, your requirements are unsatisfiable.)")


def test_no_login_is_shown() -> None:
    log = "error: Failed to fetch: https://joe:hunter22@h/simple/\n  cause: token hunter22 is bad: ftp://tok3n@h"
    found = explain(log, frozenset({"hunter22"})).text
    assert "joe" not in found
    assert "hunter22" not in found
    assert "tok3n" not in found
    assert "https://***@h/simple/" in found
