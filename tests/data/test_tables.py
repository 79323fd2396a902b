"""data/import_map.json is well formed, found by byte search, and says what was judged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
MAP_BYTES = (DATA / "import_map.json").read_bytes()
MAP: dict[str, Any] = json.loads(MAP_BYTES)
JUDGED: dict[str, Any] = json.loads((ROOT / "tools" / "judgements.json").read_text(encoding="utf-8"))

SECTIONS = ("modules", "same", "patterns", "contested", "hosts", "local", "removed")
LISTS = ("same", "local")
CLUE = re.compile(r"@?[A-Za-z_]\w*|[A-Za-z_]\w*=")

NAMESAKES = {
    "serial": "pyserial",
    "jwt": "pyjwt",
    "attr": "attrs",
    "docx": "python-docx",
    "fitz": "pymupdf",
    "telegram": "python-telegram-bot",
    "Crypto": "pycryptodome",
    "yaml": "pyyaml",
    "PIL": "pillow",
    "dotenv": "python-dotenv",
    "dateutil": "python-dateutil",
    "bs4": "beautifulsoup4",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "imblearn": "imbalanced-learn",
    "usb": "pyusb",
    "OpenSSL": "pyopenssl",
    "git": "gitpython",
    "github": "pygithub",
    "jose": "python-jose",
    "magic": "python-magic",
    "ldap": "python-ldap",
    "MySQLdb": "mysqlclient",
    "psycopg2": "psycopg2-binary",
    "wx": "wxpython",
    "gi": "pygobject",
    "cairo": "pycairo",
    "pkg_resources": "setuptools",
    "skopt": "scikit-optimize",
    "umap": "umap-learn",
    "Bio": "biopython",
    "zmq": "pyzmq",
    "nacl": "pynacl",
    "socks": "pysocks",
    "rest_framework": "djangorestframework",
    "corsheaders": "django-cors-headers",
    "decouple": "python-decouple",
    "slugify": "python-slugify",
    "tabula": "tabula-py",
    "camelot": "camelot-py",
    "pdfminer": "pdfminer-six",
    "pptx": "python-pptx",
    "community": "python-louvain",
    "Xlib": "python-xlib",
    "dns": "dnspython",
    "nmap": "python-nmap",
    "bson": "pymongo",
    "gridfs": "pymongo",
    "kafka": "kafka-python",
    "facebook": "facebook-sdk",
    "googleapiclient": "google-api-python-client",
    "vlc": "python-vlc",
    "OpenGL": "pyopengl",
    "RPi": "rpi-gpio",
    "speech_recognition": "speechrecognition",
    "suds": "suds-community",
    "google.protobuf": "protobuf",
    "ruamel.yaml": "ruamel-yaml",
    "mysql.connector": "mysql-connector-python",
    "mpl_toolkits.basemap": "basemap",
    "PyQt5.QtWebEngineWidgets": "pyqtwebengine",
    "win32api": "pywin32 ; sys_platform == 'win32'",
    "AppKit": "pyobjc-framework-cocoa ; sys_platform == 'darwin'",
}

OWN_NAMES = (
    "requests",
    "numpy",
    "tensorflow",
    "torch",
    "click",
    "attrs",
    "docker",
    "mlflow",
    "statsd",
    "pygments",
)

TOO_COMMON_TO_BE_LOCAL = (
    "requests",
    "click",
    "schedule",
    "tables",
    "records",
    "peewee",
    "markdown",
    "emoji",
    "web",
)


def named_in(value: str | list[str]) -> Iterator[str]:
    """Yield every distribution that a row names."""
    for each in [value] if isinstance(value, str) else value:
        name = re.split(r" ; | if ", each)[0]
        if name:
            yield name


def section_bytes(section: str) -> bytes:
    """Return a section's rows, from the newline after its opening line on."""
    bracket = b"[" if section in LISTS else b"{"
    start = MAP_BYTES.index(b'\n"' + section.encode() + b'": ' + bracket + b"\n")
    start = MAP_BYTES.index(b"\n", start + 1)
    return MAP_BYTES[start : MAP_BYTES.index(b"\n]" if section in LISTS else b"\n}", start) + 1]


def test_map_has_its_sections_in_order() -> None:
    assert tuple(MAP) == SECTIONS


@pytest.mark.parametrize("section", SECTIONS)
def test_section_has_one_sorted_row_a_line(section: str) -> None:
    lines = section_bytes(section).decode("ascii").splitlines()[1:]
    names = [line.split('"')[1] for line in lines]
    assert names == list(MAP[section])
    assert names == sorted(set(names))
    assert all(line.endswith(",") for line in lines[:-1])
    assert not lines[-1].endswith(",")


@pytest.mark.parametrize("section", [name for name in SECTIONS if name not in LISTS])
def test_byte_search_reads_what_json_reads(section: str) -> None:
    rows = section_bytes(section)
    for name, value in MAP[section].items():
        at = rows.index(f'\n"{name}": '.encode()) + 1
        strings = rows[at : rows.index(b"\n", at)].decode("ascii").split('"')[1::2]
        assert strings == [name, *([value] if isinstance(value, str) else value)]


def test_text_needs_no_unescaping() -> None:
    assert MAP_BYTES.isascii()
    assert b"\\" not in MAP_BYTES
    assert b"\r" not in MAP_BYTES


def test_distributions_are_canonical() -> None:
    for section in ("modules", "contested", "removed"):
        for row, value in MAP[section].items():
            for name in named_in(value):
                assert name == canonicalize_name(name), (section, row)


def test_markers_parse() -> None:
    for value in MAP["modules"].values():
        if isinstance(value, str) and " ; " in value:
            Marker(value.partition(" ; ")[2])


def test_clues_follow_the_grammar() -> None:
    for row, value in MAP["modules"].items():
        if isinstance(value, list):
            assert len(value) > 1, row
            assert " if " not in value[0], row
            for alternative in value[1:]:
                _name, condition, tokens = alternative.partition(" if ")
                assert bool(condition) == bool(tokens), row
                assert all(CLUE.fullmatch(token) for token in tokens.split()), row


def test_row_names_are_importable() -> None:
    for section in SECTIONS:
        if section != "patterns":
            assert all(part.isidentifier() for name in MAP[section] for part in name.split(".")), section


def test_no_name_is_decided_twice() -> None:
    seen: set[str] = set()
    for section in SECTIONS:
        assert not seen & set(MAP[section]), section
        seen |= set(MAP[section])


def test_same_rows_are_top_level_names() -> None:
    assert not [name for name in MAP["same"] if "." in name]


def test_patterns_hold_one_star() -> None:
    for pattern, target in MAP["patterns"].items():
        assert pattern.count("*") == target.count("*") == 1
        assert pattern.endswith(".*")
        for name in target.replace("*", "x").split(" "):
            assert name == canonicalize_name(name)


@pytest.mark.parametrize(("name", "distribution"), NAMESAKES.items(), ids=list(NAMESAKES))
def test_namesake_is_not_taken(name: str, distribution: str) -> None:
    assert MAP["modules"][name] == distribution


@pytest.mark.parametrize("name", OWN_NAMES)
def test_project_under_its_own_name_is_curated(name: str) -> None:
    assert name in MAP["same"]


@pytest.mark.parametrize("name", TOO_COMMON_TO_BE_LOCAL)
def test_library_is_not_taken_for_a_local_file(name: str) -> None:
    assert name not in MAP["local"]


def test_verdicts_are_in_the_map() -> None:
    for name, (value, reason) in JUDGED["verdicts"].items():
        assert reason
        if name in MAP["same"]:
            assert value == canonicalize_name(name)
        else:
            assert MAP["modules"][name] == value


def test_dropped_names_are_nowhere() -> None:
    assert not [(name, section) for name in JUDGED["dropped"] for section in SECTIONS if name in MAP[section]]


@pytest.mark.parametrize("section", ["patterns", "hosts", "local", "removed"])
def test_hand_made_section_is_in_the_map(section: str) -> None:
    assert MAP[section] == JUDGED[section]


def test_judged_contests_are_in_the_map() -> None:
    for name, (candidates, _reason) in JUDGED["contested"].items():
        assert MAP["contested"][name] == candidates
