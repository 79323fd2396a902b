"""Requirements + policy -> what an installer is asked to look up, and what it may build or take."""

from __future__ import annotations

from forerun.resolver.trust import Policy
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from forerun.resolver.findings import Requirement


class LockRequest(Value):
    """Requirement lines in installing order, with who vouches for them.

    `declared` are names that a person wrote down; of `guesses`, for which nobody vouches, only releases are taken
    that others have seen for a while. `settings` is the `[tool.uv]` table of a person's script block, as TOML.
    """

    requirements: tuple[str, ...]
    declared: frozenset[str] = frozenset()
    guesses: tuple[str, ...] = ()
    policy: Policy = Policy()
    settings: str = ""

    def may_build(self, name: str) -> bool:
        """Whether a source distribution of a canonical name may be built, which runs its code."""
        from forerun.resolver.import_table import is_curated_distribution

        if name in self.policy.allow_build or self.policy.no_build:
            return name in self.policy.allow_build
        return name in self.declared or is_curated_distribution(name)

    @property
    def block(self) -> str:
        """A script that is nothing but a block (PEP 723) with the requirements and the settings."""
        import json

        # JSON's strings are TOML's basic strings, but for a character that no requirement holds.
        listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in self.requirements)
        lines = [f"dependencies = [{listed}]", *self.settings.splitlines()]
        return "# /// script\n" + "".join(f"# {line}\n" for line in lines) + "# ///\n"

    @property
    def key(self) -> tuple[str, ...]:
        """Everything here but the requirements that the answer depends on."""
        rules = self.policy
        built = f"{'no build' if rules.no_build else ''} {' '.join(sorted(rules.allow_build))}"
        return (" ".join(sorted(self.declared)), " ".join(self.guesses), built, rules.exclude_newer, self.settings)


def lock_request(requirements: Sequence[Requirement], rules: Policy, settings: str = "") -> LockRequest:
    """Return what to ask an installer for."""
    return LockRequest(
        tuple(_in_installing_order(requirements)),
        frozenset(each.name for each in requirements if each.level == "declared"),
        tuple(sorted(each.name for each in requirements if each.level not in ("declared", "curated"))),
        rules,
        settings,
    )


def _in_installing_order(requirements: Sequence[Requirement]) -> list[str]:
    """Return requirement lines with those that cap a version first: uv's answer depends on their order."""
    capped = [
        each.text for each in requirements if "<" in each.specifier or "==" in each.specifier or "~=" in each.specifier
    ]
    return capped + [each.text for each in requirements if each.text not in capped]
