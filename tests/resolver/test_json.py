"""What `--json` prints is what its schema and the README say, whatever is resolved."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from forerun import data
from forerun.resolver.library import resolve
from forerun.resolver.report import SCHEMA_VERSION, as_json
from forerun.resolver.trust import policy

SCHEMA: dict[str, Any] = json.loads(data.read("resolution.schema.json"))
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("", id="nothing"),
        pytest.param("import os, yaml, bpy, jwt, zzqxkcd, django_blog_zinnia\n", id="every origin"),
        pytest.param("import utils\nimport asynchat\nimport google\n", id="unresolved"),
        pytest.param("try:\n    import numpy\nexcept ImportError:\n    numpy = None\n", id="optional"),
        pytest.param("print 'x'\n", id="Python 2"),
        pytest.param("import pandas as pd\npd.read_excel('x.xlsx')\n# pip install rich\n", id="implicit and hints"),
        pytest.param(
            "# /// script\n# requires-python = '>=3.9'\n# dependencies = ['numpy[x]<2 ; os_name == \"nt\"', "
            "'a @ https://example.org/a.whl', 'not one!']\n# ///\nimport yaml\n",
            id="block",
        ),
        pytest.param("# /// script\n# dependencies = 5\n# ///\n", id="invalid block"),
    ],
)
def test_every_answer_fits_the_schema(code: str) -> None:
    answer = json.loads(json.dumps(as_json(resolve(code + "\n"), policy(deny=["pyyaml"]))))
    jsonschema.Draft202012Validator(SCHEMA).validate(answer)


def test_the_schema_is_strict() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    answer = as_json(resolve("import yaml\n"), policy())
    for broken in (
        {**answer, "version": 2},
        {**answer, "extra": 1},
        {key: value for key, value in answer.items() if key != "local"},
        {**answer, "requirements": [{**answer["requirements"][0], "level": "trusted"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(broken)


def test_the_readme_names_every_key() -> None:
    table = README[README.index("| key | value |") :].split("\n\n")[0]
    named = re.findall(r"`([a-z_]+)`", "\n".join(row.split("|")[1] for row in table.split("\n")))
    assert named == list(SCHEMA["properties"])
    assert SCHEMA["properties"]["version"]["const"] == SCHEMA_VERSION
    assert "data/resolution.schema.json" in README
