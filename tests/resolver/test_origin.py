"""Imports are told apart: standard library of the target, host programs, removed modules, the rest."""

from __future__ import annotations

import pytest

from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.standard_library import python2_library, standard_library
from forerun.resolver.target import Target, target_for


def linux(minor: int, major: int = 3) -> Target:
    return Target((major, minor), "linux", "posix")


def needs(code: str, target: Target) -> list[str]:
    return [each.name for each in resolve_sources([from_code(code)], target).requirements]


@pytest.mark.parametrize("minor", range(8, 15))
def test_the_core_of_the_standard_library_is_never_a_requirement(minor: int) -> None:
    code = "import os, sys, json, re, ast, typing, collections.abc, xml.etree.ElementTree, __future__, __main__"
    resolution = resolve_sources([from_code(code)], linux(minor))
    assert resolution.requirements == resolution.unresolved == ()
    assert "xml" in resolution.standard_library


@pytest.mark.parametrize(
    ("module", "minor", "expected"),
    [
        pytest.param("tomllib", 11, [], id="tomllib is there from 3.11"),
        pytest.param("telnetlib", 12, [], id="telnetlib is there until 3.12"),
        pytest.param("telnetlib", 13, ["standard-telnetlib"], id="telnetlib left in 3.13"),
        pytest.param("asyncore", 11, [], id="asyncore is there until 3.11"),
        pytest.param("asyncore", 12, ["pyasyncore"], id="asyncore left in 3.12"),
        pytest.param("distutils", 12, ["setuptools"], id="distutils left in 3.12"),
    ],
)
def test_the_standard_library_is_that_of_the_target(module: str, minor: int, expected: list[str]) -> None:
    assert needs(f"import {module}", linux(minor)) == expected


def test_tomllib_is_not_in_the_standard_library_of_3_10() -> None:
    assert "tomllib" in standard_library(linux(11))
    assert "tomllib" not in standard_library(linux(10))


def test_an_unknown_target_takes_the_nearest_known_one() -> None:
    assert {"os", "tomllib"} <= standard_library(linux(99))
    assert {"os", "urllib2"} <= standard_library(linux(7, major=2))


def test_modules_of_python_2_are_no_requirements() -> None:
    resolution = resolve_sources([from_code("import urllib2, ConfigParser, StringIO\nprint 1")], linux(11))
    assert resolution.requirements == ()
    assert {"urllib2", "StringIO"} <= python2_library()


def test_a_removed_module_without_stand_in_is_named_with_the_reason() -> None:
    (only,) = resolve_sources([from_code("import imp")], linux(12)).unresolved
    assert (only.module, only.kind, only.guess) == ("imp", "removed", "")
    assert "3.12" in only.reason


@pytest.mark.parametrize(
    ("code", "module"),
    [
        pytest.param("import bpy", "bpy", id="plain"),
        pytest.param("import bpy.types", "bpy", id="below a host module"),
        pytest.param("import maya.cmds", "maya.cmds", id="dotted row"),
        pytest.param("import maya.cmds.x", "maya.cmds", id="below a dotted row"),
        pytest.param("from maya import cmds", "maya.cmds", id="imported from"),
    ],
)
def test_host_modules_are_named_and_never_installed(code: str, module: str) -> None:
    resolution = resolve_sources([from_code(code)], linux(11))
    (only,) = resolution.unresolved
    assert resolution.requirements == ()
    assert (only.module, only.kind, only.guess) == (module, "host", "")


def test_the_users_own_map_wins_over_everything_but_the_standard_library() -> None:
    own = {"bpy": "fake-bpy-module", "numpy": "my-numpy", "json": "my-json"}
    resolution = resolve_sources([from_code("import bpy, numpy, json")], linux(11), import_map=own)
    assert [(each.name, each.level) for each in resolution.requirements] == [
        ("fake-bpy-module", "declared"), ("my-numpy", "declared"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "3", "x", "3.x", "3.12rc1", ".", "-3.1", "3.99999"])
def test_what_is_no_version_is_refused_in_one_sentence(text: str) -> None:
    from forerun.resolver import ResolverError

    with pytest.raises(ResolverError, match=r"is not a Python version; write it like 3\.12"):
        target_for(text)


def test_of_alternatives_the_one_that_needs_nothing_is_taken() -> None:
    assert needs("try:\n import simplejson as json\nexcept ImportError:\n import json", linux(11)) == []
    assert needs("try:\n import yaml\nexcept ImportError:\n import simplejson", linux(11)) == ["pyyaml"]


def test_of_alternatives_one_that_nothing_provides_is_passed_over() -> None:
    code = "try:\n import tomllib\nexcept ImportError:\n import tomli as tomllib"
    assert needs(code, linux(11)) == []
    assert needs(code, linux(10)) == ["tomli"]
    assert needs("try:\n import zzqxkcd\nexcept ImportError:\n import yaml", linux(11)) == ["pyyaml"]
    (only,) = resolve_sources(
        [from_code("try:\n import zzqxkcd\nexcept ImportError:\n import zzqxkce")], linux(11)
    ).unresolved
    assert only.module == "zzqxkcd"


def test_a_handler_that_imports_to_report_is_no_alternative() -> None:
    code = "try:\n import yaml\nexcept ImportError:\n import traceback\n traceback.print_exc()"
    assert needs(code, linux(11)) == ["pyyaml"]
