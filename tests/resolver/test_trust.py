"""What may be installed depends on how sure a name is and on who wrote it down."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from forerun import data
from forerun.resolver.declared import level_of_distribution
from forerun.resolver.errors import ResolverError
from forerun.resolver.findings import Requirement, Resolution
from forerun.resolver.import_table import is_curated_distribution, row
from forerun.resolver.names import canonical
from forerun.resolver.near_names import nearest_popular
from forerun.resolver.registered import is_popular
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target
from forerun.resolver.trust import TRUST_CHOICES, accepted_guesses, judge, policy, refusals

if TYPE_CHECKING:
    from forerun.resolver.import_map import Level

ROOT = Path(__file__).parents[2]
LINUX = Target((3, 11), "linux", "posix")
ALL_LEVELS: tuple[Level, ...] = ("declared", "curated", "popular", "registered", "unknown")
POPULAR = data.read("popular_names.txt").decode().split()


def by_caller(*dependencies: str) -> Resolution:
    block = f"# /// script\n# dependencies = {json.dumps(list(dependencies))}\n# ///\n"
    return resolve_sources([from_code(block, author="caller")], LINUX)


@pytest.mark.parametrize(("trust", "allowed"), [*zip(TRUST_CHOICES, (1, 2, 3, 4, 5), strict=True)], ids=TRUST_CHOICES)
def test_each_trust_level_lets_in_what_is_at_least_as_sure(trust: str, allowed: int) -> None:
    rules = policy(trust)  # type: ignore[arg-type]
    verdicts = [judge(Requirement("zzqxkcd", level), rules) for level in ALL_LEVELS]
    assert [each.is_allowed for each in verdicts] == [True] * allowed + [False] * (5 - allowed)
    assert all("--allow zzqxkcd" in str(each) for each in verdicts if not each.is_allowed)
    assert all(str(each) == "" for each in verdicts if each.is_allowed)


def test_by_default_the_first_three_levels_are_installed() -> None:
    assert [judge(Requirement("x", level), policy()).is_allowed for level in ALL_LEVELS] == [True] * 3 + [False] * 2


def test_the_deny_list_beats_everything_and_names_are_taken_in_any_spelling() -> None:
    rules = policy("any", allow=["A.B"], deny=["a_b", "Numpy"])
    assert not judge(Requirement("a-b", "declared"), rules).is_allowed
    assert "deny list" in judge(Requirement("numpy", "curated"), rules).reason
    assert judge(Requirement("a-c", "unknown"), policy(allow=["A_c"])).is_allowed


def test_a_person_may_declare_anything() -> None:
    block = "# /// script\n# dependencies = ['zzqxkcd', 'x @ https://example.org/x.whl']\n# ///\n"
    resolution = resolve_sources([from_code(block)], LINUX)
    assert [each.level for each in resolution.requirements] == ["declared", "declared"]
    assert resolution.requirements[1].text == "x @ https://example.org/x.whl"
    assert refusals(resolution, policy()) == ()


@pytest.mark.parametrize(
    ("name", "level"),
    [
        pytest.param("zzqxkcd", "unknown", id="invented"),
        pytest.param("jwt", "registered", id="namesake of pyjwt"),
        pytest.param("sklearn", "registered", id="namesake of scikit-learn"),
        pytest.param("serial", "registered", id="namesake of pyserial"),
        pytest.param("docx", "registered", id="namesake of python-docx"),
        pytest.param("telegram", "registered", id="namesake of python-telegram-bot"),
        pytest.param("crypto", "registered", id="namesake of pycryptodome in another case"),
        pytest.param("pyyaml", "curated", id="curated"),
        pytest.param("Scikit_Learn", "curated", id="curated, spelled otherwise"),
        pytest.param("opencv-python", "curated", id="chosen by a clue"),
        pytest.param("numpy", "curated", id="same name"),
    ],
)
def test_what_a_tool_call_declares_ranks_as_its_name_does(name: str, level: Level) -> None:
    (only,) = by_caller(f"{name}>=1").requirements
    assert (only.name, only.level, only.specifier) == (canonical(name), level, ">=1")


def test_no_import_name_of_another_project_is_more_than_registered() -> None:
    table = json.loads(data.read("import_map.json"))["modules"]
    wrong = []
    for key in table:
        name = canonical(key)
        values = [table[key]] if isinstance(table[key], str) else table[key]
        owners = {value.partition(" ")[0] for value in values}
        is_other = name not in owners and not is_curated_distribution(name) and "." not in key
        if is_other and level_of_distribution(name) not in ("registered", "unknown"):
            wrong.append(key)
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "x @ https://example.org/x.whl",
        "x @ file:///etc/passwd",
        "x @ git+https://example.org/x",
        "x@http://a",
    ],
)
def test_urls_from_a_tool_call_are_refused_and_no_way_round_is_shown(text: str) -> None:
    resolution = by_caller(text)
    (only,) = resolution.unresolved
    assert resolution.requirements == ()
    assert only.kind == "refused"
    assert "--" not in only.reason


def test_look_alikes_are_named() -> None:
    assert "did you mean requests?" in str(judge(Requirement("reqeusts", "unknown"), policy()))


def one_edit(left: str, right: str) -> bool:
    """Whether two names are one edit or swap apart, by trying every place."""
    if len(left) > len(right):
        left, right = right, left
    if len(left) + 1 == len(right):
        return any(right[:at] + right[at + 1 :] == left for at in range(len(right)))
    differing = [at for at in range(len(left)) if left[at] != right[at]] if len(left) == len(right) else []
    swapped = len(differing) == 2 and differing[1] == differing[0] + 1 and sorted(left) == sorted(right)
    return len(differing) == 1 or swapped


@pytest.mark.parametrize(
    "name", ["reqeusts", "nunpy", "pandaz", "flaskk", "jango", "zzqxkcd", "numpy", "six", "", "x" * 10_000]
)
def test_the_nearest_popular_name_is_the_first_one_edit_away(name: str) -> None:
    expected = next((each for each in POPULAR if one_edit(each, name)), "") if len(name) > 3 else ""
    assert nearest_popular(name) == expected


def typos(count: int) -> list[str]:
    chosen = random.Random(20260101)
    made: set[str] = set()
    while len(made) < count:
        name = chosen.choice([each for each in POPULAR[:1500] if each.isidentifier() and len(each) > 4])
        at = chosen.randrange(1, len(name) - 1)
        letter = chosen.choice("abcdefghijklmnopqrstuvwxyz")
        made.add(chosen.choice([
            name[:at] + name[at + 1 :], name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        ]))  # fmt: skip
    return sorted(made)


def test_no_typo_of_a_popular_name_is_installed_unless_it_is_well_known_itself() -> None:
    names = typos(500)
    resolution = resolve_sources([from_code("".join(f"import {name}\n" for name in names))], LINUX)
    refused = {each.name for each in refusals(resolution, policy())}
    let_in = [each for each in resolution.requirements if each.name not in refused]
    known = [each for each in let_in if row("modules", each.evidence[0].module) is not None
             or row("same", each.evidence[0].module) is not None or is_popular(each.name)]  # fmt: skip
    assert let_in == known
    assert len(let_in) < 60
    assert len(refused) + len(resolution.unresolved) > 400


def test_a_guess_is_accepted_only_when_the_operator_says_so() -> None:
    resolution = resolve_sources([from_code("import zzqxkcd, utils")], LINUX)
    assert accepted_guesses(resolution, policy()) == accepted_guesses(resolution, policy("registered")) == ()
    assert [each.guess for each in accepted_guesses(resolution, policy("any"))] == ["zzqxkcd"]
    assert [each.guess for each in accepted_guesses(resolution, policy(allow=["zzqxkcd"]))] == ["zzqxkcd"]
    assert accepted_guesses(resolution, policy("any", deny=["zzqxkcd"])) == ()


def test_no_edited_or_invented_name_is_installed() -> None:
    program = ROOT / "benchmarks" / "safety.py"
    done = subprocess.run(
        [sys.executable, str(program), str(ROOT / "data" / "popular_names.txt")],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(" names, 0 installed by default") == 2
    assert "1000 names" in done.stdout


@pytest.mark.parametrize("text", ["", "today", "2026-13-01", "2026-01-01T00:00:00", "7 days", "2026-1-1", "-1"])
def test_what_is_no_date_is_refused(text: str) -> None:
    if text:
        with pytest.raises(ResolverError, match="is not a date"):
            policy(exclude_newer=text)
    assert policy(exclude_newer="2026-01-31").exclude_newer == "2026-01-31"
    assert policy(exclude_newer="2026-01-31T12:00:00Z").exclude_newer == "2026-01-31T12:00:00Z"
