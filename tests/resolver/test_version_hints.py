"""Each version hint fires on what a release took away, keeps silent beside it, and really helps."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from forerun import data
from forerun.resolver.imports import find_imports
from forerun.resolver.registered import is_registered
from forerun.resolver.rule_matching import Match
from forerun.resolver.rules import Script, matching_rules
from forerun.resolver.source import from_code
from forerun.resolver.target import Target
from forerun.resolver.version_hints import TABLE, version_hints

CASES: dict[str, dict[str, str]] = {
    case["id"]: case
    for case in tomllib.loads((Path(__file__).parent.parent / "cases/version_hints.toml").read_text())["case"]
}
LINES = data.read(TABLE).decode().splitlines()
RULES: dict[str, dict[str, Any]] = {rule["id"]: rule for rule in json.loads(data.read(TABLE))["rules"]}
KEYS = "module word id use when unless unless_word constraints below from reason source".split()
OLDEST, NEWEST = (3, 8), (3, 14)
DEADLINE = 80.0

SAMPLE = [
    "PIL.Image.ANTIALIAS",
    "flask.Markup",
    "jinja2.Markup",
    "matplotlib.cm.get_cmap",
    "networkx.info",
    "numpy.float",
    "numpy.trapz",
    "pandas.DataFrame.append",
    "pandas.DataFrame.applymap",
    "pandas.resample('H')",
    "pkg_resources",
    "pydantic.BaseSettings",
    "sklearn.preprocessing.OneHotEncoder(sparse=)",
]


def script_of(code: str) -> Script:
    imports = find_imports(from_code(code), Target((3, 13), "linux", "posix")).imports
    return Script(frozenset(each.top for each in imports), imports, code, ast.parse(code))


def matches_of(code: str) -> list[Match]:
    return matching_rules(TABLE, script_of(code), even_guarded=False)


def hints(code: str, python: tuple[int, int]) -> tuple[list[str], list[str]]:
    target = Target(python, "linux", "posix")
    constraints, diagnostics = version_hints(script_of(code), "script.py", target)
    return [f"{each.name}{each.specifier}" for each in constraints], [each.message for each in diagnostics]


def as_version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    assert list(RULES) == list(CASES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_holds_once_for_its_trigger(name: str) -> None:
    assert [match.rule["id"] for match in matches_of(CASES[name]["trigger"])].count(name) == 1


@pytest.mark.parametrize("name", RULES)
def test_no_rule_holds_for_a_near_miss(name: str) -> None:
    assert matches_of(CASES[name]["near_miss"]) == []


WORKS_TODAY = {
    "numpy scalars": "import numpy as np\nnp.float64(1), np.int32, np.bool_, np.bool, np.long, np.object_\n",
    "lists append": "import pandas as pd\ndf = pd.DataFrame()\nx = []\nx.append(df)\ndf['a'].tolist().append(1)\n",
    "cells append": "import pandas as pd\ndf = pd.read_csv('x')\ndf['a'][0].append(1)\ndf.loc[0, 'a'].append(1)\n",
    "tables of a page": "import pandas as pd\ntables = pd.read_html('x')\ntables.append(1)\n",
    "any pickle": "import pandas as pd\nthings = pd.read_pickle('x')\nthings.append(1)\n",
    "image filters": "from PIL import Image\nImage.LANCZOS, Image.BILINEAR, Image.NEAREST, Image.Resampling.BOX\n",
    "flask itself": "from flask import Flask, request\napp = Flask(__name__)\n@app.before_request\ndef f(): ...\n",
    "new openai": "import openai\nopenai.OpenAI().chat.completions.create(model='x')\n",
    "pyplot colour maps": "import matplotlib.pyplot as plt\nplt.get_cmap('jet'), plt.cm.viridis\n",
    "pie labels": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.pie([1], labels=['a'])\n",
    "monthly periods": "import pandas as pd\ndf = pd.DataFrame().to_period('M')\ndf.resample('M').sum()\n",
    "frames in a dict": "import pandas as pd\nd = {'x': pd.DataFrame()}\nd['x']['a'] = 1\n",
    "sheets": "import pandas as pd\nd = pd.read_excel('x', sheet_name=None)\nd['x']['a'] = 1\n",
    "fallback import": "try:\n    from jinja2 import escape\nexcept ImportError:\n    from html import escape\n",
    "the other way round": "try:\n    import flask\nexcept ImportError:\n    from collections import Mapping\n",
    "broad fallback": "try:\n    from jinja2 import Markup\nexcept:\n    from markupsafe import Markup\n",
    "used after it": "try:\n    from html import escape\nexcept ImportError:\n    from cgi import escape\nescape(1)\n",
    "chosen before": "import numpy as np\nif NUMPY_VERSION > 2:\n    f = np.trapezoid\nelse:\n    f = np.trapz\nf(1)\n",
    "suppressed": "import contextlib\nwith contextlib.suppress(ImportError):\n    from jinja2 import Markup\n",
    "tested attribute": "import numpy as np\nif hasattr(np, 'trapz'):\n    f = np.trapz\nelse:\n    f = np.sum\n",
    "tested and left": "import numpy as n\ndef f():\n    if hasattr(n, 'isin'):\n        return 1\n    return n.in1d\n",
    "asked by getattr": "import numpy as np\nf = getattr(np, 'trapezoid', None) or np.trapz\n",
    "tested version": "import sys, time\nif sys.version_info < (3, 3):\n    time.clock()\n",
    "given back": "import numpy as np\nnp.float = float\nprint(np.float(1))\n",
    "given back to a class": "from pandas import DataFrame as D\nD.iteritems = D.items\nD().iteritems()\n",
}


@pytest.mark.parametrize("code", WORKS_TODAY.values(), ids=WORKS_TODAY)
def test_no_rule_holds_for_what_works_today(code: str) -> None:
    assert matches_of(code) == []


def test_a_try_that_only_reports_is_no_other_way() -> None:
    code = "import numpy as np\ntry:\n    np.trapz([1])\nexcept Exception as problem:\n    print(problem)\n"
    assert [match.rule["id"] for match in matches_of(code)] == ["numpy.trapz"]


def test_code_after_a_guard_counts_again() -> None:
    code = "import numpy as np\nif hasattr(np, 'isin'):\n    print(1)\nnp.trapz([1])\n"
    assert [match.rule["id"] for match in matches_of(code)] == ["numpy.trapz"]


def test_the_table_has_one_rule_a_line_in_order() -> None:
    assert (LINES[0], LINES[-1]) == ('{"rules": [', "]}")
    assert [json.loads(line.rstrip(",")) for line in LINES[1:-1]] == list(RULES.values())
    assert len(LINES) - 2 == len(RULES) >= 100
    order = [(rule["module"], rule["id"]) for rule in RULES.values()]
    assert order == sorted(order)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_well_formed(name: str) -> None:
    rule = RULES[name]
    assert list(rule) == [key for key in KEYS if key in rule]
    assert rule["use"]
    assert rule["reason"]
    assert rule["source"]
    assert '"' not in rule["word"] + rule["module"]
    assert any(word in CASES[name]["trigger"] for word in rule["word"].split("|"))
    for key in ("below", "from"):
        assert re.fullmatch(r"3\.\d+", rule.get(key, "3.0"))
    for text in rule["constraints"]:
        requirement = Requirement(text)
        assert requirement.name == canonicalize_name(requirement.name)
        assert is_registered(requirement.name)
        assert not requirement.marker
        for each in requirement.specifier:
            Version(each.version)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule["constraints"]])
def test_a_constraint_is_returned_only_below_the_first_python_without_it(name: str) -> None:
    rule, trigger = RULES[name], CASES[name]["trigger"]
    below = as_version(rule.get("below", "3.15"))
    if below > OLDEST:
        constraints, diagnostics = hints(trigger, (3, below[1] - 1))
        assert set(rule["constraints"]) <= set(constraints)
        assert rule["reason"] not in diagnostics
    if below <= NEWEST:
        assert not any(rule["reason"] in text for text in hints(trigger, (3, below[1] - 1))[1]) or below == OLDEST
        assert any(text.startswith(f"{rule['reason']}; {rule['constraints'][0]}") for text in hints(trigger, below)[1])


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if not rule["constraints"]])
def test_what_no_release_helps_is_only_said_from_the_first_python_without_it(name: str) -> None:
    rule, trigger = RULES[name], CASES[name]["trigger"]
    first = as_version(rule.get("from", "3.0"))
    assert rule["reason"] in hints(trigger, max(first, OLDEST))[1]
    if first > OLDEST:
        assert rule["reason"] not in hints(trigger, (3, first[1] - 1))[1]


@pytest.mark.network
@pytest.mark.parametrize("name", SAMPLE)
def test_a_constraint_really_makes_the_trigger_run(name: str, tmp_path: Path) -> None:
    rule = RULES[name]
    if as_version(rule.get("below", "3.15")) <= sys.version_info[:2]:
        pytest.skip(f"{rule['constraints'][0]} has no wheels for this Python")
    requirements = [part for each in rule["constraints"] for part in ("--with", each)]
    script = tmp_path / "trigger.py"
    script.write_text(CASES[name]["trigger"])
    uv = [sys.executable, "-m", "uv", "run", "-q", "--no-project", "--no-build", "--python", sys.executable]
    done = subprocess.run(
        [*uv, *requirements, str(script)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env={**os.environ, "MPLBACKEND": "Agg"},
    )
    assert done.returncode == 0, done.stderr
