"""Requirements -> a layer: the folder that holds exactly what they resolve to, built once, shared by runs."""

from __future__ import annotations

import os
import time

from forerun.resolver.trust import Policy

from .bytecode import early_command
from .digest import digest
from .environment import make_skeleton
from .errors import GuessRefuted, InstallError, StoreError
from .found_layer import Layer
from .index_files import index_files
from .layout import python_of
from .lease import TAINTED, hold
from .lock_form import locked_distributions, notes_of
from .lock_request import lock_request
from .proof import guessed_for, unproven
from .result import Distribution
from .store import Claim, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from forerun.resolver.findings import Requirement

    from .interpreter import Interpreter
    from .lock_request import LockRequest
    from .locking import Held
    from .observer import Observer
    from .store import Store

    class Installer(Protocol):
        """What turns requirements into a lock, and a lock into files."""

        @property
        def identity(self) -> str:
            """Name what the files of a lock may depend on besides the lock."""
            ...

        def lock(self, wanted: LockRequest, python: str, folder: str) -> str:
            """Return a complete lock with hashes; its lines that begin with `NOTE` are for people."""
            ...

        def install(self, lock: str, python: str, folder: str, meanwhile: Sequence[str] = ()) -> None:
            """Install exactly what a lock names; `meanwhile` is a program that may run beside the check of it."""
            ...


REMEMBERED_FOR = 7 * 24 * 3600.0
"""Seconds for which what requirements resolved to is used again without asking the index."""

INDEX_SETTINGS = ("UV_", "PIP_", "SSL_CERT_FILE")
"""Beginnings of the environment variables on which a resolution may depend."""


class Layers:
    """Finds and builds layers in a store, for one interpreter.

    A context manager: until it is left, pruning keeps its hands off what it found. With `is_refreshed` nothing that
    was remembered before counts.
    """

    def __init__(
        self,
        store: Store,
        interpreter: Interpreter,
        make_installer: Callable[[], Installer],
        should_stop: Callable[[], None],
        *,
        is_refreshed: bool = False,
    ) -> None:
        self._store = store
        self._oldest = time.time() if is_refreshed else 0.0
        self._leases: list[Held] = []
        self._interpreter = interpreter
        self._make_installer = make_installer
        self._should_stop = should_stop

    def __enter__(self) -> Layers:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._leases:
            each.release()

    def layer_for(
        self,
        requirements: Sequence[Requirement],
        observer: Observer,
        rules: Policy | None = None,
        settings: str = "",
    ) -> Layer:
        """Return a layer that satisfies requirements: remembered, or resolved and built now.

        `settings` is the `[tool.uv]` table of a person's script block, as TOML, or "".

        Raises:
            InstallError: they cannot be resolved or installed, or need a distribution that is denied.
            StoreError: the store cannot be written to.
        """
        if not requirements:
            return Layer()
        wanted = lock_request(requirements, rules or Policy(), settings)
        texts, denied = wanted.requirements, wanted.policy.deny
        levels = [f"{each.name} {each.level} {guessed_for(each)}" for each in requirements]
        request = self._digest(texts, (*levels, *wanted.key))
        found = self._remembered(request, REMEMBERED_FOR)
        if found:
            return _without(denied, found, texts)
        try:
            with Lock(self._store, request, self._should_stop):
                found = self._remembered(request, REMEMBERED_FOR)
                return (
                    _without(denied, found, texts) if found else self._resolved(request, requirements, wanted, observer)
                )
        except OSError as error:
            raise StoreError(self._store.folder, f"cannot be written to ({error.strerror})") from error

    def _digest(self, texts: Sequence[str], levels: Sequence[str]) -> str:
        """Name everything that what the requirements resolve to depends on."""
        settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(INDEX_SETTINGS))
        settings += index_files(os.environ)
        whole = "\0".join(["2", self._interpreter.identity, *settings, "requirements", *texts, "levels", *levels])
        return digest(whole)

    def _remembered(self, request: str, longest: float) -> Layer | None:
        """Read the small file that says which layer a request led to: its name, then a distribution a line."""
        path = self._store.path("resolutions", request)
        try:
            with open(path, encoding="utf-8") as file:
                stamp = os.fstat(file.fileno()).st_mtime
                name, *lines = file.read().splitlines()
        except (OSError, ValueError):
            return None
        folder = self._store.path("layers", name)
        if stamp < max(self._oldest, time.time() - longest) or not self._hold(folder):
            return None
        return Layer(folder, tuple(Distribution(*line.split("==", 1)) for line in lines))

    def _hold(self, folder: str, name: str = "") -> bool:
        lease = hold(folder, name)
        if lease is not None:
            self._leases.append(lease)
        return lease is not None

    def _resolved(
        self,
        request: str,
        requirements: Sequence[Requirement],
        wanted: LockRequest,
        observer: Observer,
    ) -> Layer:
        from .process import alongside
        from .pruning import command

        name = f"{os.getpid()}-{request}-{time.time_ns():x}"
        with Claim(self._store, "building", name) as claim, alongside(command(self._store)):
            root = os.path.join(claim.folder, "layer")
            make_skeleton(root, self._interpreter)
            installer = self._make_installer()
            observer.resolving(wanted.requirements)
            try:
                lock = installer.lock(wanted, python_of(root), claim.folder)
            except InstallError as error:
                self._oldest = 0.0
                stale = self._remembered(request, float("inf")) if error.is_offline else None
                if stale is None:
                    raise
                return stale
            distributions = locked_distributions(lock)
            _without(wanted.policy.deny, Layer("", distributions), wanted.requirements)
            target = self._target(digest(f"{self._interpreter.identity}\0{installer.identity}\0{lock}"))
            if not self._hold(target):
                observer.installing(distributions)
                self._build(installer, lock, root, claim.folder, target)
            refuted = unproven(os.path.join(target, self._interpreter.site_packages), requirements)
            if refuted:
                raise GuessRefuted(refuted[0][0].name, refuted[0][1])
            self._remember(request, os.path.basename(target), distributions, claim.folder)
            return Layer(target, distributions, notes_of(lock))

    def _target(self, name: str) -> str:
        """Return where a layer is or is to be; one that a script wrote into keeps its place until it is pruned."""
        target, number = self._store.path("layers", name), 1
        while os.path.lexists(os.path.join(target, TAINTED)):
            number += 1
            target = self._store.path("layers", f"{name}-{number}")
        return target

    def _build(self, installer: Installer, lock: str, root: str, folder: str, target: str) -> None:
        with Lock(self._store, os.path.basename(target), self._should_stop):
            if self._hold(target):
                return
            installer.install(lock, python_of(root), folder, early_command(root, target, folder, self._interpreter))
            if os.path.lexists(target):
                # Not a layer, or no longer: a script of an unprotected run has been at it.
                os.rename(target, self._store.path("trash", f"{os.path.basename(target)}-{time.time_ns():x}"))
            # Ours before it has its name, so that pruning cannot be quicker.
            self._hold(root, target)
            os.rename(root, target)

    def _remember(self, request: str, name: str, distributions: Sequence[Distribution], folder: str) -> None:
        written = os.path.join(folder, "resolution")
        with open(written, "w", encoding="utf-8") as file:
            file.write("\n".join([name, *map(str, distributions)]) + "\n")
        os.replace(written, self._store.path("resolutions", request))


def _without(denied: frozenset[str], layer: Layer, texts: Sequence[str]) -> Layer:
    """Return a layer in which nothing is denied.

    Raises:
        InstallError: something is.
    """
    for each in layer.distributions:
        if each.name in denied:
            raise InstallError(texts, f"they need {each.name}, which is on the deny list")
    return layer
