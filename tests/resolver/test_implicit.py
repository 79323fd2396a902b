"""Every rule of data/implicit.json holds where it should and nowhere else; names are followed to their uses."""

from __future__ import annotations

import ast
import json
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forerun import data
from forerun.resolver.implicit import TABLE, implicit_needs, split_requirement
from forerun.resolver.imports import find_imports
from forerun.resolver.literals import UNKNOWN, Literals
from forerun.resolver.names import canonical
from forerun.resolver.registered import is_registered
from forerun.resolver.returns import Returns
from forerun.resolver.rule_matching import Match
from forerun.resolver.rules import Script, matching_rules
from forerun.resolver.source import from_code
from forerun.resolver.target import Target
from forerun.resolver.use import Use, matches
from forerun.resolver.uses import uses_in

LINUX = Target((3, 11), "linux", "posix")
RULES: dict[str, dict[str, Any]] = {rule["id"]: rule for rule in json.loads(data.read(TABLE))["rules"]}
RETURN_ROWS: list[tuple[str, str]] = [tuple(row) for row in json.loads(data.read("returns.json"))["returns"]]
RETURNS = Returns(RETURN_ROWS)
CASES: list[dict[str, str]] = tomllib.loads((Path(__file__).parents[1] / "cases" / "implicit.toml").read_text())["case"]
KEYS = ["module", "word", "id", "use", "when", "unless", "unless_module", "unless_word", "needs", "reason", "source"]


def matched(code: str) -> list[Match]:
    return matching_rules(TABLE, script_of(code))


def needs(code: str) -> set[str]:
    """Return what a script needs beside its imports."""
    return {need for match in matched(code) for need in match.rule["needs"]}


def script_of(code: str) -> Script:
    imports = find_imports(from_code(code), LINUX).imports
    return Script(frozenset(each.top for each in imports), imports, code, ast.parse(code))


def used(code: str) -> set[str]:
    return {use.path for use in uses_in(ast.parse(code), RETURNS)}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_rule_does_not_hold_for_its_near_miss(case: dict[str, str]) -> None:
    rule = RULES[case["id"]]
    assert any(word in case["near_miss"] for word in rule["word"].split("|")), "the prefilter alone would keep it away"
    assert not rule["module"] or script_of(case["near_miss"]).modules.intersection(rule["module"].split("|"))
    assert case["id"] not in {match.rule["id"] for match in matched(case["near_miss"])}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_rule_holds_for_its_trigger(case: dict[str, str]) -> None:
    rule = RULES[case["id"]]
    assert case["id"] in {match.rule["id"] for match in matched(case["trigger"])}
    assert needs(case["trigger"]) == set(rule["needs"])
    assert any(word in case["trigger"] for word in rule["word"].split("|"))


def test_every_rule_has_one_case_and_every_case_a_rule() -> None:
    assert sorted(case["id"] for case in CASES) == sorted(RULES)


def test_the_table_has_one_rule_a_line_sorted_by_module_and_id() -> None:
    lines = data.read(TABLE).decode().splitlines()
    assert (lines[0], lines[-1]) == ('{"rules": [', "]}")
    rules = [json.loads(line.rstrip(",")) for line in lines[1:-1]]
    assert rules == list(RULES.values())
    assert [(rule["module"], rule["id"]) for rule in rules] == sorted((rule["module"], rule["id"]) for rule in rules)
    assert len(RULES) >= 150
    for line, rule in zip(lines[1:-1], rules, strict=True):
        head = f'{{"module": "{rule["module"]}", "word": "{rule["word"]}", "id": "{rule["id"]}", "use": ['
        assert line.startswith(head), line
        assert list(rule) == [key for key in KEYS if key in rule]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_complete_and_names_registered_distributions(rule: dict[str, Any]) -> None:
    assert rule["use"]
    assert rule["needs"]
    assert rule["reason"]
    assert rule["source"]
    assert rule["word"]
    for need in rule["needs"]:
        name, extras, specifier = split_requirement(need)
        assert need.startswith(canonical(name)), need
        assert is_registered(name), need
        assert f"{name}{'[' + ','.join(extras) + ']' if extras else ''}{specifier}" == need
    for pattern in rule["use"]:
        assert pattern == "str" or (pattern[0].isalpha() and " " not in pattern), pattern
        assert not rule["module"] or pattern.partition(".")[0].partition("*")[0] in {
            *rule["module"].split("|"),
            "str",
            *FOREIGN,
        }
    for arguments in (rule.get("when", {}), rule.get("unless", {})):
        for names, patterns in arguments.items():
            assert all(name.isidentifier() or name.isdigit() for name in names.split("|"))
            assert patterns
            assert all(patterns)
    if rule["use"] == ["str"]:
        assert "*" not in rule["when"]["0"], "every string would do"


FOREIGN = {"pandas", "fastapi", "tensorflow"}
"""Modules whose objects other modules hand out."""


def test_what_calls_return_is_one_row_a_line_each_pattern_once() -> None:
    lines = data.read("returns.json").decode().splitlines()
    assert [tuple(json.loads(line.rstrip(","))) for line in lines[1:-1]] == RETURN_ROWS
    patterns = [pattern for pattern, _ in RETURN_ROWS]
    assert len(set(patterns)) == len(patterns)
    for pattern, kind in RETURN_ROWS:
        assert pattern.endswith(("()", "[]", "[:]")), pattern
        assert pattern.partition(".")[0].isidentifier(), pattern
        assert not kind or kind.endswith("()"), kind


FRAME = "import pandas as pd\n"
PLOT = {"matplotlib"}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import pandas as pd\ndf = [1]\ndf.plot()", id="a list"),
        pytest.param(FRAME + "def f(): df = pd.DataFrame()\ndef g():\n df = []\n df.plot()", id="another function's"),
        pytest.param(FRAME + "df = pd.DataFrame()\ndef g(df): df.plot()", id="a parameter hides it"),
        pytest.param(FRAME + "df = pd.DataFrame()\ndef g(*df, **d): df.plot()", id="a star parameter hides it"),
        pytest.param(FRAME + "df = pd.DataFrame()\ng = lambda df: df.plot()", id="a lambda's parameter hides it"),
        pytest.param(FRAME + "df = pd.DataFrame()\n[df.plot() for df in y]", id="a comprehension's name hides it"),
        pytest.param(FRAME + "df = pd.DataFrame()\ndf = 3\ndf.plot()", id="bound anew"),
        pytest.param(FRAME + "df = pd.DataFrame()\nfor df in y: df.plot()", id="bound anew by a loop"),
        pytest.param(FRAME + "x = pd.DataFrame().to_dict()\nx.plot()", id="a dict of a frame"),
        pytest.param(FRAME + "x = pd.DataFrame()['a'].tolist()\nx.plot()", id="a list of a column"),
        pytest.param(FRAME + "x = pd.read_pickle(p)\nx.plot()", id="a pickle may hold anything"),
        pytest.param("import pandas as pd\ndef pd(): ...\npd.DataFrame().plot()", id="a function hides the module"),
        pytest.param("from .pandas import DataFrame\nimport pandas\nDataFrame().plot()", id="a relative import"),
        pytest.param(FRAME + "class df: ...\ndf.plot()", id="a class"),
        pytest.param(FRAME + "x = pd.DataFrame()\n'x.plot()'", id="in a string"),
        pytest.param(FRAME + "pd.set_option('plotting.backend', 'plotly')\npd.DataFrame().plot()", id="other backend"),
    ],
)
def test_what_is_no_frame_is_not_followed(code: str) -> None:
    assert needs(code) == set()


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import pandas\npandas.DataFrame().plot()", id="import"),
        pytest.param("import pandas as pd\npd.DataFrame().plot()", id="import as"),
        pytest.param("from pandas import DataFrame as D\nD().plot()", id="from import as"),
        pytest.param("from pandas import read_csv as r\nr(p).plot()", id="what a function returns"),
        pytest.param(FRAME + "a = b = pd.DataFrame()\nb.plot.bar()", id="assignment to two"),
        pytest.param(FRAME + "a, b = pd.read_csv(p).align(c)\na.plot()", id="unpacking"),
        pytest.param(FRAME + "D = pd.DataFrame\nD().plot()", id="an alias of a class"),
        pytest.param(FRAME + "df = pd.read_csv(p)\ndf[df.a > 1]['b'].value_counts().plot()", id="chained"),
        pytest.param(FRAME + "pd.concat([a, b]).groupby('a')['b'].sum().unstack().plot()", id="grouped"),
        pytest.param(FRAME + "pd.merge(a, b).pivot_table(index='a').iloc[:3].T.plot()", id="merged and cut"),
        pytest.param(FRAME + "pd.read_csv(p).price.plot()", id="a column as an attribute"),
        pytest.param(FRAME + "for n, g in pd.read_csv(p).groupby('a'):\n g.plot()", id="a loop over groups"),
        pytest.param(FRAME + "[c.plot() for c in pd.read_csv(p, chunksize=9)]", id="comprehension"),
        pytest.param(FRAME + "{c: c.plot() for c in pd.read_csv(p, chunksize=9)}", id="dict comprehension"),
        pytest.param(FRAME + "def f(df: pd.DataFrame): df.plot()", id="annotated parameter"),
        pytest.param(FRAME + "async def f(*, df: pd.Series | None = None): df.plot()", id="annotated with None"),
        pytest.param(FRAME + "from typing import Optional\ndef f(df: Optional[pd.Series]): df.plot()", id="Optional"),
        pytest.param(FRAME + "def f() -> pd.DataFrame: ...\nf().plot()", id="annotated result"),
        pytest.param(FRAME + "df: pd.DataFrame\ndf.plot()", id="annotated name"),
        pytest.param(
            FRAME + "class A:\n def a(self): self.df = pd.DataFrame()\n def b(self): self.df.plot()", id="self"
        ),
        pytest.param(FRAME + "def f():\n df.plot()\ndf = pd.DataFrame()", id="a global bound after the function"),
        pytest.param(FRAME + "if (df := pd.DataFrame()).empty: df.plot()", id="walrus"),
        pytest.param(FRAME + "df = pd.DataFrame() if x else None\ndf.plot()", id="either"),
        pytest.param(FRAME + "df = other or pd.DataFrame()\n(df / 2).plot()", id="arithmetic"),
        pytest.param(FRAME + "df = pd.DataFrame()\ndf += 1\ndf.plot()", id="augmented"),
        pytest.param(FRAME + "async def f():\n df = await pd.DataFrame()\n df.plot()", id="awaited"),
        pytest.param(FRAME + "with pd.read_csv(p, chunksize=1) as r:\n for c in r: c.plot()", id="with and for"),
        pytest.param(FRAME + "try: x\nexcept E: pd.DataFrame().plot()", id="handler"),
        pytest.param(FRAME + "match x:\n case 1: pd.DataFrame().plot()", id="match"),
        pytest.param(FRAME + "print(f'{pd.DataFrame().plot()}')", id="in an f-string"),
        pytest.param(FRAME + "f(*pd.DataFrame().plot())", id="starred"),
        pytest.param(FRAME + "while pd.DataFrame().plot(): pass", id="a test"),
    ],
)
def test_frames_are_followed(code: str) -> None:
    assert needs(code) == PLOT


def test_names_are_shared_by_the_cells_of_a_notebook_in_any_order() -> None:
    head = "import marimo\napp = marimo.App()\n"
    use = "@app.cell(hide_code=True)\ndef _(df):\n df.plot()\n return\n"
    load = "@app.cell\nasync def _(pd):\n df = pd.DataFrame()\n return (df,)\n"
    imports = "@app.cell\ndef _():\n import pandas as pd\n return (pd,)\n"
    assert needs(head + use + load + imports) == PLOT
    assert needs(head + use.replace("@app.cell", "@app.other") + load + imports) == set()


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        pytest.param("'a.xls'", "xlrd", id="constant"),
        pytest.param("'a' + '.xls'", "xlrd", id="concatenated"),
        pytest.param("name + '.xls'", "xlrd", id="concatenated with what is unknown"),
        pytest.param("NAME", "xlrd", id="a name"),
        pytest.param("f'{x}.xls'", "xlrd", id="f-string"),
        pytest.param("f'{FOLDER}/{NAME}'", "xlrd", id="f-string of names"),
        pytest.param("f'{x!r}{y:.xls}'", "openpyxl", id="f-string that ends in what is unknown"),
        pytest.param("os.path.join(FOLDER, NAME)", "xlrd", id="os.path.join"),
        pytest.param("os.path.join(FOLDER, x)", "openpyxl", id="os.path.join of what is unknown"),
        pytest.param("Path(FOLDER) / NAME", "xlrd", id="Path /"),
        pytest.param("Path(FOLDER, 'a.xls')", "xlrd", id="Path"),
        pytest.param("str(NAME)", "xlrd", id="str"),
        pytest.param("'{}.xls'.format(x)", "xlrd", id="format"),
        pytest.param("'a.xls'.format()", "xlrd", id="format of nothing"),
        pytest.param("'%s.xls' % x", "openpyxl", id="percent"),
        pytest.param("CHANGED", "openpyxl", id="a name bound twice"),
        pytest.param("GROWN", "openpyxl", id="a name that grows"),
        pytest.param("x[0]", "openpyxl", id="an item"),
        pytest.param("2 * x", "openpyxl", id="a product"),
        pytest.param("open(NAME)", "openpyxl", id="a call of anything else"),
        pytest.param("io=NAME", "xlrd", id="keyword"),
        pytest.param("*args", "openpyxl", id="starred"),
        pytest.param("**kwargs", "openpyxl", id="double starred"),
    ],
)
def test_constants_are_followed(path: str, needed: str) -> None:
    names = "FOLDER = 'd'\nNAME = 'a.xls'\nCHANGED = 'a.xls'\nCHANGED = 'a.ods'\nGROWN = 'a.xls'\nGROWN += 'x'\n"
    assert needs(f"import os, pandas as pd\nfrom pathlib import Path\n{names}pd.read_excel({path})") == {needed}


def test_a_parameter_hides_a_constant() -> None:
    code = "import pandas as pd\npath = 'a.xls'\ndef f(path): return pd.read_excel(path)"
    assert needs(code) == {"openpyxl"}


def test_very_long_texts_are_unknown() -> None:
    assert Literals().text(ast.parse("'a' * 1 + 'b'", mode="eval").body) == "*b"
    long = ast.parse("'" + "a" * 250 + "' + '" + "b" * 250 + "'", mode="eval").body
    assert Literals().text(long) == UNKNOWN


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "abc", True),
        ("a*", "b", False),
        ("*c", "abc", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c", False),
        ("ab*ba", "aba", False),
    ],
)
def test_a_star_stands_for_anything(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("import a\na.b()[0]", "a.b"),
        ("import a\na.b[1:].c", "a.b[:].c"),
        ("import a\na.b[-1].c", "a.b[].c"),
        ("import a\na.b[~x].c", "a.b[:].c"),
        ("import a\na.b[x & y].c", "a.b[:].c"),
        ("import a\na.b[x + 1].c", "a.b[].c"),
        ("import a\na.b[['x']].c", "a.b[:].c"),
        ("import a\nfor x in a.b(): x.c", "a.b()[].c"),
        ("import a.b as d\nd.c", "a.b.c"),
        ("import a\nclass X(a.B, metaclass=a.C):\n @a.d\n def f(self, x=a.e): ...", "a.e"),
        ("import a\nx.y = a.b\nx[a.c] = 1", "a.c"),
        ("import a\nx: a.b = a.c()\nx.d", "a.c().d"),
        ("import a\nx[0] += a.b", "a.b"),
    ],
)
def test_paths_spell_how_a_value_was_come_by(code: str, path: str) -> None:
    assert path in used(code)


def test_strings_are_uses_of_their_own() -> None:
    uses = uses_in(ast.parse("x = 'a'\ny = f'{z}b{q!r:>{w}}'"), Returns(()))
    assert [(use.line, use.argument(["0"])) for use in uses if use.path == "str"] == [(1, "a"), (2, "*b*"), (2, ">*")]
    assert Use("a", 1).argument(["0", "x"]) is None


def test_a_requirement_has_its_evidence() -> None:
    code = "import pandas as pd\n\npd.read_parquet(p)\n"
    (need,) = implicit_needs(script_of(code), "s.py")
    (evidence,) = need.evidence
    assert (need.name, need.level, evidence.line, evidence.path) == ("pyarrow", "curated", 3, "s.py")
    assert "pyarrow" in evidence.rule


def test_a_tree_that_is_nested_too_deeply_says_nothing() -> None:
    tree: ast.expr = ast.Name("x", ast.Load())
    for _ in range(100_000):
        tree = ast.Attribute(tree, "a", ast.Load())
    uses = uses_in(ast.Module([ast.Expr(ast.UnaryOp(ast.Not(), tree))], []), Returns(()))
    assert uses == ()
    while isinstance(tree, ast.Attribute):  # taken apart by hand: the interpreter would do so recursively
        tree = tree.value


NAMES = st.sampled_from(["a", "b", "pd", "self", "df"])
EXPRESSIONS = st.recursive(
    st.one_of(NAMES, st.sampled_from(["1", "'x'", "f'{a}x'", "None", "pd.DataFrame()", "self.df"])),
    lambda inner: st.one_of(
        st.builds("({}).{}".format, inner, NAMES),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({})[{}:]".format, inner, inner),
        st.builds("({})({}, *{}, a={}, **{})".format, inner, inner, inner, inner, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{} for {} in {} if {}]".format, inner, NAMES, inner, inner),
        st.builds("(lambda {}: {})".format, NAMES, inner),
        st.builds("({} := {})".format, st.sampled_from(["a", "b"]), inner),
        st.builds("f'{{({})!r:>{{{}}}}}'".format, NAMES, NAMES),
    ),
    max_leaves=8,
)
STATEMENTS = st.one_of(
    EXPRESSIONS,
    st.builds("{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("self.{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("{}, (b, *c) = {}".format, NAMES, EXPRESSIONS),
    st.builds("{}: {} = {}".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds("{} += {}".format, NAMES, EXPRESSIONS),
    st.builds("for {} in {}: {}".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds("with {} as {}: {}".format, EXPRESSIONS, NAMES, EXPRESSIONS),
    st.builds("def {}({}: {} = {}) -> {}: {}".format, NAMES, NAMES, *[EXPRESSIONS] * 4),
    st.builds("class {}({}): {} = {}".format, NAMES, EXPRESSIONS, NAMES, EXPRESSIONS),
    st.just("import pandas as pd"),
    st.just("from pandas import *"),
)


def parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except SyntaxError:
        return None


@settings(max_examples=400, deadline=None)
@given(st.lists(STATEMENTS, max_size=6).map("\n".join))
def test_reading_uses_never_fails(code: str) -> None:
    tree = parsed(code)
    if tree is not None:
        assert uses_in(tree, RETURNS) == uses_in(tree, RETURNS)


def test_no_rule_holds_in_the_standard_library() -> None:
    """Only modules of other distributions have needs that nobody imports."""
    files = [path for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")) if own(path)]
    texts = [path.read_text("utf-8", "replace") for path in files[:: max(1, len(files) // 300)]]
    assert len(texts) >= 300
    for text in texts:
        tree = parsed(text)
        assert tree is None or matching_rules(TABLE, Script(frozenset(), (), text, tree)) == []


def own(path: Path) -> bool:
    return not {"site-packages", "dist-packages", "test", "tests", "lib2to3", "idlelib"} & set(path.parts)
