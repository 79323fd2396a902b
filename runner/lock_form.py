"""The text of a lock: requirements.txt form, or that of PEP 751, with notes of ours as comments."""

from __future__ import annotations

from .result import Distribution

NOTE = "# forerun: "
"""Beginning of a line that says something for people."""

BUILT = "# forerun-build: "
"""Beginning of a line that names a distribution which may be built from its source."""

PYLOCK = "lock-version = "


def is_pylock(lock: str) -> bool:
    """Whether a lock is in the form of PEP 751."""
    return lock.startswith(PYLOCK) or f"\n{PYLOCK}" in lock


def notes_of(lock: str) -> tuple[str, ...]:
    """Return what a lock says for people."""
    return tuple(line.removeprefix(NOTE) for line in lock.splitlines() if line.startswith(NOTE))


def build_options(lock: str) -> list[str]:
    """Return the options that let an installer build only what a lock says; requirements.txt form holds its own."""
    if not is_pylock(lock):
        return []
    built = [line.removeprefix(BUILT) for line in lock.splitlines() if line.startswith(BUILT)]
    return ["--only-binary", ":all:", *(part for name in built for part in ("--no-binary", name))]


def locked_distributions(lock: str) -> tuple[Distribution, ...]:
    """Return the distributions that a lock names for the interpreter that runs this."""
    return _of_pylock(lock) if is_pylock(lock) else _of_requirements(lock)


def _of_requirements(lock: str) -> tuple[Distribution, ...]:
    pairs = (
        line.split()[0].partition("==")
        for line in lock.splitlines()
        if "==" in line and not line.startswith((" ", "#", "-"))
    )
    return tuple(Distribution(name, version.rstrip("\\;")) for name, _, version in pairs)


def _of_pylock(lock: str) -> tuple[Distribution, ...]:
    import tomllib

    from packaging.markers import Marker

    packages = tomllib.loads(lock).get("packages", [])
    wanted = [each for each in packages if "marker" not in each or Marker(each["marker"]).evaluate()]
    return tuple(Distribution(each["name"], each.get("version", "")) for each in wanted)
