"""What is read without packaging means the same to packaging."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from forerun.resolver.plain_requirement import plain_requirement, plainly_contains

PIECES = ["a", "Zz_9", "x.y", "-", "[e]", "[e,f]", "[]", ">=", "==", "~=", "!=", "<", ">", "<=", "===", "1", "1.2", "0",
          "2.0.0", "1.*", "1a1", ",", " ", ";", "@", "(", ")", "#", "\n", "\xe9", "\u0661", "1.2+x", "1!2"]  # fmt: skip


@pytest.mark.parametrize("text", ["numpy", "numpy>=1.2,<3", "a [x , y] >= 1", "Flask_X==1.0", "a~=1.2"])
def test_the_usual_forms_are_plain(text: str) -> None:
    assert plain_requirement(text) is not None


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
def test_plain_requirements_are_what_packaging_reads(text: str) -> None:
    plain = plain_requirement(text)
    if plain is None:
        return
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        pytest.fail(f"{text!r} is no requirement")
    assert (plain.name, set(plain.extras), plain.specifier) == (parsed.name, parsed.extras, str(parsed.specifier))
    assert parsed.marker is None
    assert parsed.url is None


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["==", ">=", "<", "!=", "~=", ">", "<="]), st.sampled_from(PIECES)), max_size=3),
    st.sampled_from(["1", "1.2", "1.2.0", "0", "2.0.1", "1.2.dev1", "1a1", "1.2.post1"]),
)
def test_plain_answers_are_those_of_packaging(clauses: list[tuple[str, str]], version: str) -> None:
    specifier = ",".join("".join(clause) for clause in clauses)
    answer = plainly_contains(specifier, version)
    if answer is None:
        return
    try:
        assert answer == SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        pytest.fail(f"{specifier!r} is no specifier")
