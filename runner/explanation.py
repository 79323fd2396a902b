"""What an installer wrote about its failure -> why, in a sentence, with the telling part of its own words."""

from __future__ import annotations

import re

from forerun.resolver.value import Value

from .masking import masked

LONGEST = 400
"""Characters of the installer's own words; the end of them tells most."""

NO_NETWORK = ("dns error", "connection refused", "network is unreachable", "network connectivity is disabled",
              "connect error", "tcp connect", "operation timed out", "name resolution", "failed to lookup address",
              "temporary failure in name", "error sending request", "newconnectionerror", "max retries exceeded",
              "connection reset", "needs to be downloaded from a registry")  # fmt: skip

CAUSES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("space", "there is no space left on the disk", ("no space left on device", "os error 28", "quota exceeded")),
    ("certificate", "the package index's certificate is not trusted; let SSL_CERT_FILE name a file of those to trust",
     ("invalid peer certificate", "unknownissuer", "certificate verify failed", "certificate_verify_failed")),
    ("authentication", "the package index wants a login; put one into netrc, a keyring or the index's address",
     ("401 unauthorized", "403 forbidden", "error (401", "error (403", "status code: 401", "status code: 403",
      "missing credentials", "401 error", "403 error")),
    ("hash", "a downloaded file is not the one that was locked", ("hash mismatch", "do not match the hashes")),
    ("network", "the package index cannot be reached, and not all that is needed is in the cache", NO_NETWORK),
    ("permission", "something may not be written to",
     ("permission denied", "read-only file system", "operation not permitted")),
    ("build", "it could not be built from source", ("failed to build", "and build `", "build backend",
                                                   "subprocess-exited-with-error", "metadata-generation-failed")),
    ("python", "there is no release for this Python or this machine",
     ("requires-python", "python>", "python<", "python version", "python implementation", "platform tag", "python tag",
      "abi tag", "different python", "requires a different")),
    ("wheel", "it has no wheel, and is not built from source unless it is declared or curated",
     ("building from source is disabled", "no usable wheels", "no-binary", "only-binary", "no wheels")),
    ("missing", "the package index has no such distribution or release",
     ("was not found in the package registry", "not found in the provided package locations", "there is no version of",
      "no matching distribution", "no versions of", "are available", "is available")),
    ("conflict", "no versions of all that is needed fit together",
     ("conflict", "unsatisfiable", "resolutionimpossible")),
)  # fmt: skip
"""A kind of failure, the sentence for it, and what installers write then, lower-cased; the first counts."""

PREFIX = re.compile(r"^(?:error|ERROR|cause|\u00d7|╰─▶|├─▶|│)[: ]*")
ERROR = re.compile(r"\b(?:fatal error|error|\w*Error|\w*Exception):|unsatisfiable")
OTHER = ("other", "")
NOISE = ("hint:", "[notice]", "warning:", "no solution found", "looking in indexes", "looking in links",
         "help:", "info:", "traceback", "additional advice", "note: this error")  # fmt: skip


class Explanation(Value):
    """Why something could not be installed: a kind such as "network", and a sentence."""

    kind: str
    text: str


def explain(log: str, secrets: frozenset[str] = frozenset()) -> Explanation:
    """Return why an installer failed; logins in the addresses that it quotes are masked."""
    lines = _telling_lines(masked(log, secrets))
    low = log.lower()
    kind, sentence = next(((kind, text) for kind, text, signs in CAUSES if any(sign in low for sign in signs)), OTHER)
    if kind == "build":
        lines = _errors_of_build(lines)
    words = _end_of(" ".join(lines)) or "it gave no reason"
    return Explanation(kind, f"{sentence} ({words})" if sentence else words)


def _telling_lines(log: str) -> list[str]:
    lines = []
    for line in log.split("\n"):
        trimmed = PREFIX.sub("", line.strip()).strip()
        if trimmed and not trimmed.lower().startswith(NOISE) and trimmed not in lines:
            lines.append(trimmed)
    return lines


def _errors_of_build(lines: list[str]) -> list[str]:
    """Return what a build says of its failure: its whole log is mostly about what went well."""
    errors = [line for line in lines if ERROR.search(line)]
    return [*lines[:1], *(line for line in errors[-2:] if line not in lines[:1])] if errors else lines


def _end_of(text: str) -> str:
    """Return the end of a long text, from the beginning of a word on."""
    if len(text) <= LONGEST:
        return text
    return "... " + text[-LONGEST:].partition(" ")[2]
