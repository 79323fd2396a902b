"""A refused name that may be found where nobody can see it is left out; a denied one is refused wherever it may be."""

from __future__ import annotations

import pytest

import forerun

UNVETTED, DENIED = "django_blog_zinnia", "six"


@pytest.mark.parametrize(
    ("environment", "status"),
    [(None, "success"), ({"PYTHONPATH": "/nowhere"}, "success"), ({}, "refused")],
    ids=["inherited", "the script's own", "ours alone, which the script does not see"],
)
def test_only_a_path_that_the_script_sees_counts(
    environment: dict[str, str] | None, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    result = forerun.run(f"import sys\nif len(sys.argv) > 5:\n    import {UNVETTED}", environment=environment)
    assert result.status == status
    assert any("django-blog-zinnia" in each for each in (*result.notes, result.error))


DENIED_ANYWHERE = {
    "at the top": f"import {DENIED}",
    "in a function": f"def f():\n    import {DENIED}",
    "with a path of its own": f"import sys\nsys.path.append('x')\nimport {DENIED}",
}


@pytest.mark.parametrize("code", DENIED_ANYWHERE.values(), ids=DENIED_ANYWHERE.keys())
def test_a_denied_name_is_refused(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    result = forerun.run(f"{code}\nprint('ran')", deny=[DENIED])
    assert isinstance(result, forerun.Refused)
    assert (result.stdout, [each.name for each in result.verdicts]) == ("", [DENIED])
