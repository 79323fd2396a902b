"""The tables answer as a plain reading of them would, and namesakes never get in."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from forerun import data
from forerun.resolver import second_opinion
from forerun.resolver.import_map import look_up, look_up_names
from forerun.resolver.import_table import SECTIONS, row, rows
from forerun.resolver.registered import is_popular, is_registered
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.shipped_names import shipped_by
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 11), "linux", "posix")
TABLE: dict[str, Any] = json.loads(data.read("import_map.json"))


def no_clues(module: str) -> frozenset[str]:
    return frozenset()


def needs(code: str) -> dict[str, str]:
    return {each.name: each.level for each in resolve_sources([from_code(code)], LINUX).requirements}


def plain(section: str, key: str) -> tuple[str, ...] | None:
    values = TABLE[section]
    if key not in values:
        return None
    value = values[key] if isinstance(values, dict) else []
    return (value,) if isinstance(value, str) else tuple(value)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_row_found_by_bytes_is_the_row_of_the_json(section: str) -> None:
    asked = random.Random(1).sample(sorted(TABLE[section]), min(300, len(TABLE[section])))
    for key in (*asked, *sorted(TABLE[section])[:2], *sorted(TABLE[section])[-2:]):
        assert row(section, key) == plain(section, key), key
    for other in SECTIONS:
        for key in asked[:50]:
            assert row(other, key) == plain(other, key), (other, key)


@pytest.mark.parametrize("key", ["", "x" * 1000, "zzqxkcd", "num", "umpy", "nümpy", 'yaml": "x', "hosts"])
def test_there_is_no_row_for_what_is_not_in_the_json(key: str) -> None:
    assert [row(section, key) for section in SECTIONS] == [None] * len(SECTIONS)


def test_all_rows_of_a_section_are_those_of_the_json() -> None:
    assert [each[0] for each in rows("patterns")] == list(TABLE["patterns"])


def slowly_registered(name: str) -> bool:
    """The filter as data/README.md describes it."""
    content = Path(data.path("registered_names.bin")).read_bytes()
    bits, hashes = int.from_bytes(content[8:12], "little"), int.from_bytes(content[12:16], "little")
    number = 0xCBF29CE484222325
    for byte in name.encode("ascii"):
        number = ((number ^ byte) * 0x100000001B3) % 2**64
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        number = ((number ^ (number >> 33)) * factor) % 2**64
    number ^= number >> 33
    low, high = number % 2**32, (number >> 32) | 1
    places = [(low + index * high) % bits for index in range(hashes)]
    return all(content[16 + (place >> 3)] & 1 << (place & 7) for place in places)


def test_the_filter_says_what_its_description_says() -> None:
    letters = random.Random(2)
    invented = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz-", k=14)) for _ in range(200)]
    popular = data.read("popular_names.txt").decode().split()[::200]
    for name in (*invented, *popular):
        assert is_registered(name) == slowly_registered(name)
    assert all(map(is_registered, popular))
    assert sum(map(is_registered, invented)) < 12


def test_popular_names_are_whole_lines() -> None:
    assert is_popular("numpy")
    assert not any(map(is_popular, ("", "nump", "umpy", "zzqxkcd")))


@pytest.mark.parametrize(
    ("code", "expected", "never"),
    [
        pytest.param("import serial", "pyserial", "serial", id="serial"),
        pytest.param("import jwt", "pyjwt", "jwt", id="jwt"),
        pytest.param("import attr", "attrs", "attr", id="attr"),
        pytest.param("import docx", "python-docx", "docx", id="docx"),
        pytest.param("import fitz", "pymupdf", "fitz", id="fitz"),
        pytest.param("import telegram", "python-telegram-bot", "telegram", id="telegram"),
        pytest.param("import google.cloud.storage", "google-cloud-storage", "google", id="google.cloud.storage"),
        pytest.param(
            "from google.cloud import storage", "google-cloud-storage", "google-cloud", id="from google.cloud"
        ),
        pytest.param("import Crypto", "pycryptodome", "crypto", id="Crypto"),
        pytest.param("import imblearn", "imbalanced-learn", "imblearn", id="imblearn"),
        pytest.param("from sklearn import svm", "scikit-learn", "sklearn", id="sklearn"),
    ],
)
def test_the_right_project_never_the_namesake(code: str, expected: str, never: str) -> None:
    found = needs(code)
    assert found.get(expected) == "curated" or (expected == "google-cloud-storage" and found[expected] == "popular")
    assert never not in found
    assert len(found) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            "from google.cloud import storage, bigquery",
            {"google-cloud-storage", "google-cloud-bigquery"},
            id="two",
        ),
        pytest.param("import google.cloud.bigquery_v2.types", {"google-cloud-bigquery"}, id="version and submodule"),
        pytest.param("from google.cloud.storage import Client", {"google-cloud-storage"}, id="a name, not a module"),
        pytest.param("from google.protobuf import json_format", {"protobuf"}, id="longer prefix than google"),
        pytest.param("import azure.storage.blob", {"azure-storage-blob"}, id="azure"),
        pytest.param("import yaml.nodes.x.y", {"pyyaml"}, id="deep below a row"),
        pytest.param("from numpy import a, b", {"numpy"}, id="no namespace"),
    ],
)
def test_the_longest_prefix_wins(code: str, expected: set[str]) -> None:
    assert set(needs(code)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("import discord\nclient = discord.Client()", "discord-py", id="discord.Client"),
        pytest.param("import discord\nbot = discord.Bot()", "py-cord", id="discord.Bot"),
        pytest.param("import discord as d\nbot = d.Bot()", "py-cord", id="through an alias"),
        pytest.param("from discord import Bot", "py-cord", id="imported name"),
        pytest.param("import discord\nx = 'discord.Bot'", "discord-py", id="only in a string"),
        pytest.param("import discord\nx.Bot()", "discord-py", id="of something else"),
        pytest.param("import cv2\ncv2.imread('x')", "opencv-python-headless", id="cv2.imread"),
        pytest.param("import cv2\ncv2.imshow('x', y)", "opencv-python", id="cv2.imshow"),
        pytest.param("import whois\nwhois.whois('x')", "python-whois", id="whois.whois"),
        pytest.param("import whois\nwhois.query('x')", "whois", id="whois.query"),
    ],
)
def test_clues_in_the_code_decide_between_projects(code: str, expected: str) -> None:
    assert list(needs(code)) == [expected]


def test_what_was_not_chosen_is_named_as_an_alternative() -> None:
    assert "py-cord" in look_up("discord", no_clues).alternatives


def test_contested_names_are_left_open_with_their_candidates() -> None:
    for key, candidates in list(TABLE["contested"].items())[::7]:
        found = look_up(key, no_clues)
        assert (found.distribution, found.alternatives) == ("", tuple(candidates))


def test_local_looking_names_are_left_open() -> None:
    for key in TABLE["local"][::7]:
        found = look_up(key, no_clues)
        assert (found.distribution, found.rule) == ("", "local-looking")


@pytest.mark.parametrize("module", ["zzqxkcd", "zzq_xkcd.sub", "_private", "näme", "a" * 100_000])
def test_invented_names_lead_nowhere(module: str) -> None:
    found = look_up(module, no_clues)
    assert found.distribution == ""
    assert found.reason


def test_identity_is_popular_only_for_popular_names_as_they_are_written() -> None:
    same, modules = set(TABLE["same"]), set(TABLE["modules"])
    taken = same | modules | set(TABLE["contested"]) | set(TABLE["local"])
    plain_names = [each for each in data.read("popular_names.txt").decode().split() if each.isidentifier()]
    free = [each for each in plain_names if each not in taken][:40]
    assert {look_up(each, no_clues).level for each in free} <= {"popular", "registered"}
    upper = [look_up(each.upper(), no_clues) for each in free if each.upper() not in taken]
    assert {each.level for each in upper} <= {"registered", "unknown", "curated"}
    assert not [each for each in upper if each.level == "curated" and row("same", each.module) is None]


def test_a_namespace_star_and_no_names_fall_back_to_the_module() -> None:
    assert [each.distribution for each in look_up_names("yaml", ("*",), no_clues, None)] == ["pyyaml"]
    assert [each.distribution for each in look_up_names("yaml", (), no_clues, None)] == ["pyyaml"]


def test_the_users_map_wins_and_may_carry_a_marker() -> None:
    found = look_up("yaml.x", no_clues, {"yaml": "my-yaml ; os_name == 'nt'"})
    assert (found.distribution, found.marker, found.level) == ("my-yaml", 'os_name == "nt"', "declared")


def pipreqs_rows() -> list[tuple[str, str]]:
    location = second_opinion._location()
    if not location:
        pytest.skip("pipreqs is not installed")
    lines = Path(location).read_text(encoding="utf-8").splitlines()
    return [(key, value) for key, _, value in (line.partition(":") for line in lines) if key.isidentifier()]


def test_pipreqs_is_never_better_than_registered() -> None:
    levels = set()
    for key, _ in pipreqs_rows()[::5]:
        found = look_up(key, no_clues)
        if found.rule.startswith("pipreqs"):
            levels.add(found.level)
    assert levels <= {"registered"}


def test_pipreqs_rows_are_read_as_they_stand() -> None:
    rows_of_pipreqs = pipreqs_rows()
    first = dict(reversed(rows_of_pipreqs))
    for key, value in list(first.items())[::50]:
        assert second_opinion.pipreqs_says(key) == value.strip().lower().replace("_", "-").replace(".", "-"), key


def test_without_pipreqs_everything_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "_location", lambda: "")
    monkeypatch.setattr(second_opinion, "_mapping", None)
    # Whatever other tests have asked for before.
    monkeypatch.setattr(second_opinion, "_count", [0])
    monkeypatch.setattr(second_opinion, "_indexed", {})
    assert second_opinion.pipreqs_says("yaml") == ""
    assert not second_opinion.is_installed()
    assert list(needs("import yaml, zzqxkcd")) == ["pyyaml"]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("gfosd", "sig-decomp"),
        ("pynotifier", "py-notifier"),
        ("cloudfiles", "python-cloudfiles"),
        ("gfosd.components", "sig-decomp"),
    ],
)
def test_a_module_that_one_distribution_alone_ships_leads_to_it_as_a_guess(module: str, expected: str) -> None:
    assert needs(f"import {module}") == {expected: "registered"}


@pytest.mark.parametrize(
    "module", ["domain", "converters", "my_project", "my_numpy", "your_settings", "Models", "myapp"]
)
def test_generic_names_are_never_guessed(module: str) -> None:
    found = resolve_sources([from_code(f"import {module}")], LINUX)
    assert [each.kind for each in found.unresolved] == ["local-looking"]
    assert not found.requirements


APPLICATION = "from django.db import models\nfrom {}.models import Thing"


@pytest.mark.parametrize("module", ["books", "clips", "payments", "zzqxkcd", "blog"])
def test_an_application_in_a_script_with_django_is_one_of_its_project(module: str) -> None:
    found = resolve_sources([from_code(APPLICATION.format(module))], LINUX)
    assert [(each.module, each.kind) for each in found.unresolved] == [(module, "local-looking")]
    assert [each.name for each in found.requirements] == ["django"]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("taggit", {"django-taggit": "curated"}),
        ("photologue", {"django-photologue": "registered"}),
        ("requests", {"requests": "curated"}),
    ],
)
def test_an_application_that_a_distribution_is_named_after_leads_to_it(module: str, expected: dict[str, str]) -> None:
    assert needs(APPLICATION.format(module)) == {"django": "curated", **expected}


def test_the_same_name_without_django_is_no_application() -> None:
    assert needs("from clips.models import Thing") == {"clipspy": "registered"}
    assert needs("import django\nfrom clips.facts import Thing") == {"django": "curated", "clipspy": "registered"}


def test_a_popular_name_goes_before_the_second_opinion() -> None:
    assert second_opinion.pipreqs_says("jsonfield") == "django-jsonfield"
    assert needs("import jsonfield") == {"jsonfield": "popular"}


def test_every_row_of_the_shipped_names_is_found_and_nothing_else() -> None:
    table = [line.split(" ") for line in data.read("shipped_names.txt").decode().split("\n") if line]
    for module, distribution in (*table[::97], table[0], table[-1]):
        assert shipped_by(module) == distribution
    taken = {module for module, _ in table}
    for module, _ in table[::997]:
        for other in (module[:-1], f"{module}_", f"{module} x", module.upper(), f"\n{module}"):
            assert other in taken or shipped_by(other) == ""
    for odd in ("", " ", "\n", "a" * 100_000, "ünï", "\udcff", "0", "~"):
        assert shipped_by(odd) == ""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("import flask.ext.sqlalchemy", ["flask", "flask-sqlalchemy"], id="flask.ext"),
        pytest.param("from flask.ext.script import Manager", ["flask", "flask-script"], id="from flask.ext.script"),
        pytest.param("from flask.ext import login, wtf", ["flask", "flask-login", "flask-wtf"], id="from flask.ext"),
        pytest.param("from flaskext.mail import Mail", ["flask-mail"], id="flaskext is no part of flask"),
        pytest.param("from flask import ext", ["flask"], id="flask alone"),
    ],
)
def test_extensions_are_needed_and_what_they_stand_in(code: str, expected: list[str]) -> None:
    resolution = resolve_sources([from_code(code)], LINUX)
    assert [each.name for each in resolution.requirements] == expected
