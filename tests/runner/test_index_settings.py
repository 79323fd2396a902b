"""The index settings that people have hold, and the secrets in them stay between them and the installer."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner.errors import RunnerError
from forerun.runner.index_files import index_files
from forerun.runner.index_settings import index_settings, secrets_in
from forerun.runner.pip_settings import pip_settings
from forerun.runner.toml_values import toml_document

LOGIN = "joe:hunter22"


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment without settings of this machine, but for those in /etc."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_CONFIG_DIRS": str(tmp_path / "shared"), "HOME": "/none"}


def written(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


PIP_CONF = """\
[global]
index-url = https://first.example/simple
timeout = 60
[install]
index_url = https://mirror.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
trusted-host = one.example
    two.example
find-links = /wheels /more
"""


def test_pips_files_are_read_in_pips_order(bare: dict[str, str], tmp_path: Path) -> None:
    written(tmp_path / "shared/pip/pip.conf", "[global]\nindex-url = https://shared\nproxy = http://p:1\n")
    written(tmp_path / "config/pip/pip.conf", "[global]\nindex-url = https://own\n[list]\nindex-url = https://other\n")
    assert pip_settings(bare)["index-url"] == "https://own"
    assert pip_settings(bare)["proxy"] == "http://p:1"
    chosen = written(tmp_path / "chosen.conf", "[global]\nindex-url = https://chosen\n")
    assert pip_settings({**bare, "PIP_CONFIG_FILE": chosen})["index-url"] == "https://chosen"
    both = {**bare, "PIP_CONFIG_FILE": chosen, "PIP_INDEX_URL": "https://variable"}
    assert pip_settings(both)["index-url"] == "https://variable"
    assert "index-url" not in pip_settings({**bare, "PIP_CONFIG_FILE": os.devnull})


def test_pips_settings_become_uvs(bare: dict[str, str], tmp_path: Path) -> None:
    bare["PIP_CONFIG_FILE"] = written(tmp_path / "pip.conf", PIP_CONF + "cert = /certs.pem\n")
    found = index_settings(bare)
    assert found.variables == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-first-match",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INSECURE_HOST": "one.example two.example",
        "SSL_CERT_FILE": "/certs.pem",
    }
    assert found.configuration == ""


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX"])
def test_uvs_own_variables_come_before_pips_files(name: str, bare: dict[str, str], tmp_path: Path) -> None:
    bare["PIP_CONFIG_FILE"] = written(tmp_path / "pip.conf", PIP_CONF)
    found = index_settings({**bare, name: "https://uv.example/simple"})
    assert {key for key in found.variables if "INDEX" in key or "LINKS" in key} == {name}


@pytest.mark.parametrize("text", ["index-url = 'https://u'", "[[index]]\nurl = 'https://u'", "[pip]\nno-index = true"])
def test_uvs_own_files_come_before_pips(text: str, bare: dict[str, str], tmp_path: Path) -> None:
    bare["PIP_CONFIG_FILE"] = written(tmp_path / "pip.conf", PIP_CONF)
    written(tmp_path / "config/uv/uv.toml", text)
    assert not {key for key in index_settings(bare).variables if "INDEX" in key or "LINKS" in key}
    without = index_settings({**bare, "UV_NO_CONFIG": "1"})
    assert without.variables["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"


def test_the_users_certificates_come_before_pips(bare: dict[str, str], tmp_path: Path) -> None:
    bare["PIP_CONFIG_FILE"] = written(tmp_path / "pip.conf", "[global]\ncert = /pip.pem\n")
    assert index_settings({**bare, "SSL_CERT_FILE": "/mine.pem"}).variables["SSL_CERT_FILE"] == "/mine.pem"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pip/pip.conf", "index-url = x\n", "pip's configuration file"),
        ("pip/pip.conf", "[global\n", "pip's configuration file"),
        ("uv/uv.toml", "index-url =\n", "uv's configuration file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    name: str, text: str, said: str, bare: dict[str, str], tmp_path: Path
) -> None:
    path = written(tmp_path / "config" / name, text)
    with pytest.raises(RunnerError) as caught:
        index_settings(bare)
    assert str(caught.value).startswith(f"{said} {path} cannot be read (")
    assert "\n" not in str(caught.value)


SECRET: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "default": (
        {"UV_DEFAULT_INDEX": "https://u:p4ss@h/simple"},
        {"index": [{"url": "https://u:p4ss@h/simple", "default": True}]},
    ),
    "pip's variable": (
        {"PIP_INDEX_URL": "https://u:p4ss@h/simple", "PIP_EXTRA_INDEX_URL": "https://x/simple"},
        {"index": [{"url": "https://x/simple"}, {"url": "https://u:p4ss@h/simple", "default": True}]},
    ),
    "named": (
        {"UV_INDEX": "corp=https://h/a?b=c", "UV_INDEX_CORP_USERNAME": "u", "UV_INDEX_CORP_PASSWORD": "p/4"},
        {"index": [{"name": "corp", "url": "https://u:p%2F4@h/a?b=c"}]},
    ),
    "token": ({"UV_INDEX": "https://t0ken@h/s"}, {"index": [{"url": "https://t0ken@h/s"}]}),
    "links": (
        {"UV_FIND_LINKS": "https://u:p4ss@h/l,/w"},
        {"find-links": ["https://u:p4ss@h/l", "/w"]},
    ),
    "proxy": ({"HTTPS_PROXY": "http://u:p4ss@proxy:1"}, {"https-proxy": "http://u:p4ss@proxy:1"}),
}


@pytest.mark.parametrize(("variables", "told"), SECRET.values(), ids=SECRET.keys())
def test_what_holds_a_secret_is_told_by_configuration(
    variables: dict[str, str], told: dict[str, Any], bare: dict[str, str]
) -> None:
    found = index_settings({**bare, "PIP_CONFIG_FILE": os.devnull, **variables})
    assert tomllib.loads(found.configuration) == told
    assert not [value for value in found.variables.values() if "p4ss" in value or "t0ken" in value or "p/4" in value]
    assert "p4ss" not in found.identity


def test_uvs_own_file_is_kept_where_a_secret_is_told_too(bare: dict[str, str], tmp_path: Path) -> None:
    text = "link-mode = 'copy'\n[[index]]\nname = 'corp'\nurl = 'https://corp/simple'\ndefault = true\n[pip]\nx = [1]\n"
    written(tmp_path / "config/uv/uv.toml", text)
    found = tomllib.loads(index_settings({**bare, "UV_DEFAULT_INDEX": "https://u:p4ss@h/s"}).configuration)
    assert found == {
        "link-mode": "copy",
        "pip": {"x": [1]},
        "index": [{"url": "https://u:p4ss@h/s", "default": True}, {"name": "corp", "url": "https://corp/simple"}],
    }


def test_the_identity_knows_the_index_and_no_secret(bare: dict[str, str]) -> None:
    def identity(**variables: str) -> str:
        return index_settings({**bare, "PIP_CONFIG_FILE": os.devnull, **variables}).identity

    assert identity() == identity(UV_HTTP_RETRIES="1")
    assert identity() != identity(UV_DEFAULT_INDEX="https://h/simple")
    assert identity(UV_DEFAULT_INDEX="https://a:1@h/simple") == identity(UV_DEFAULT_INDEX="https://b:2@h/simple")


def test_a_changed_file_changes_the_key(bare: dict[str, str], tmp_path: Path) -> None:
    nothing = index_files(bare)
    path = Path(written(tmp_path / "config/pip/pip.conf", "[global]\n"))
    first = index_files(bare)
    path.write_text("[global]\nindex-url = https://h\n")
    assert len({tuple(nothing), tuple(first), tuple(index_files(bare))}) == 3


def test_secrets_are_found() -> None:
    values = ["https://u:p4ssword@h/s", "corp=https://t0ken@h/s https://v:other@h", "PATH=/usr/bin", "http://[", "a@b"]
    assert secrets_in(values) == {"p4ssword", "t0ken", "other"}


TOML = {
    "text": "a \"quoted\" \\ é \x7f \x01", "number": 1, "float": 1.5, "yes": True, "list": [1, [2]],
    "odd key.": {"a": {}},
}  # fmt: skip


def test_toml_is_read_back_as_it_was() -> None:
    assert tomllib.loads(toml_document(TOML)) == TOML


# With a real index, and a real uv.


@pytest.fixture
def own(tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store and a cache of uv of our own, and no settings of this machine."""
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("PIP_CONFIG_FILE")
    return tmp_path


def tools(*names: str) -> forerun.RunResult:
    return forerun.run("import acme_tools\nacme_tools.answer", preinstalled=["acme-tools", *names])


def test_an_index_from_pips_file_is_used(own: Path, local_index: Any) -> None:
    written(own / "config/pip/pip.conf", f"[global]\nindex-url = {local_index.url()}\n")
    result = tools()
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == 42
    assert "/simple/acme-tools/" in local_index.asked


WAYS = {
    "pip's file": lambda url, own, patch: written(own / "config/pip/pip.conf", f"[global]\nindex-url = {url}\n"),
    "pip's variable": lambda url, own, patch: patch.setenv("PIP_INDEX_URL", url),
    "uv's variable": lambda url, own, patch: patch.setenv("UV_DEFAULT_INDEX", url),
    "uv's file": lambda url, own, patch: written(own / "config/uv/uv.toml", f"[[index]]\nurl = {url!r}\n"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_login_is_used(way: Any, own: Path, private_index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    way(private_index.url(LOGIN), own, monkeypatch)
    result = tools()
    assert result.status == "success", result.error


def test_a_login_from_netrc_is_used(own: Path, private_index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = written(own / "netrc", "machine 127.0.0.1 login joe password hunter22\n")
    monkeypatch.setenv("NETRC", netrc)
    monkeypatch.setenv("PIP_INDEX_URL", private_index.url())
    result = tools()
    assert result.status == "success", result.error


def test_a_wrong_login_is_said_and_not_shown(own: Path, private_index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", private_index.url("joe:wr0ngpass"))
    result = tools()
    assert result.status == "install-error"
    assert "wants a login" in result.error
    assert "wr0ngpass" not in result.error
    assert "joe" not in result.error


def test_a_build_sees_no_login(own: Path, private_index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", private_index.url(LOGIN))
    # Those of Windows mean nothing elsewhere.
    for name in ("SOME_TOKEN", *(() if sys.platform == "win32" else ("APPDATA", "USERPROFILE", "PATHEXT"))):
        monkeypatch.setenv(name, "hunter22")
    result = forerun.run("import acme_built\nacme_built.seen", preinstalled=["acme-built"])
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert "PATH" in result.value.data
    # The process that runs these tests has it of course; what is between it and the build does not.
    assert "hunter22" not in result.value.data


def test_a_script_of_the_server_sees_no_login() -> None:
    from forerun.server.variables import passed_on

    ours = {
        "HTTPS_PROXY": "http://u:p4ss@proxy:1",
        "no_proxy": "a,b",
        "PIP_INDEX_URL": "https://u:p4ss@h",
        "HOME": "/h",
    }
    ours["UV_DEFAULT_INDEX"] = ours["PIP_INDEX_URL"]
    assert passed_on(ours) == {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "a,b", "HOME": "/h"}


# pip, where uv is not to be had.

HIDDEN = """\
import sys
sys.modules["uv"] = None
sys.path.insert(0, sys.argv.pop(1))
from forerun.commands.main import forerun
sys.exit(forerun())
"""


def by_pip(own: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": "/usr/bin:/bin", **variables}
    root = str(Path(forerun.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, "-c", HIDDEN, root, "run", *arguments],
        cwd=own, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_pip_installs_where_uv_is_not_to_be_had(own: Path, local_index: Any) -> None:
    code = "import acme_tools, sys; print(acme_tools.answer)"
    first = by_pip(own, "--with", "acme-tools", "-c", code, PIP_INDEX_URL=local_index.url())
    assert (first.returncode, first.stdout, first.stderr) == (0, "42\n", "")
    asked = len(local_index.asked)
    second = by_pip(own, "--with", "acme-tools", "-c", code, PIP_INDEX_URL=local_index.url())
    assert (second.returncode, second.stdout) == (0, "42\n")
    assert len(local_index.asked) == asked


def test_pip_takes_the_index_that_uv_was_told(own: Path, local_index: Any) -> None:
    done = by_pip(own, "--with", "acme-tools", "-c", "import acme_tools", UV_DEFAULT_INDEX=local_index.url())
    assert (done.returncode, done.stderr) == (0, "")


def test_pip_builds_what_is_declared(own: Path, local_index: Any) -> None:
    done = by_pip(own, "--with", "acme-built", "-c", "import acme_built", PIP_INDEX_URL=local_index.url())
    said = "forerun: acme-built has no wheel for here and is built from its source, which runs its code\n"
    assert (done.returncode, done.stderr) == (0, said)


def test_pip_builds_nothing_where_nothing_may_be_built(own: Path, local_index: Any) -> None:
    options = ("--no-build", "--with", "acme-built", "-c", "import acme_built")
    done = by_pip(own, *options, PIP_INDEX_URL=local_index.url())
    assert done.returncode == 3
    assert "acme-built" in done.stderr


def test_pip_builds_nothing_where_the_build_would_see_a_login(own: Path, private_index: Any) -> None:
    done = by_pip(own, "--with", "acme-built", "-c", "import acme_built", PIP_INDEX_URL=private_index.url(LOGIN))
    assert done.returncode == 3
    assert "acme-built" in done.stderr
    assert "hunter22" not in done.stderr


def test_pip_says_in_a_sentence_what_it_cannot_have(own: Path, local_index: Any) -> None:
    done = by_pip(own, "--with", "acme-tools==9", "-c", "pass", PIP_INDEX_URL=local_index.url())
    assert done.returncode == 3
    assert done.stderr.startswith("forerun: cannot install acme-tools==9: the package index has no such")
    assert done.stderr.count("\n") == 1


@pytest.mark.network
def test_programs_that_pip_installs_run(own: Path) -> None:
    code = "import charset_normalizer, subprocess; subprocess.run(['normalizer', '--version'], check=True)"
    done = by_pip(own, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "Charset-Normalizer" in done.stdout
