"""The snippets of docs/pytest.md work as they stand."""

import re
from pathlib import Path

from conftest import ROOT
from tests.pytest_plugin.conftest import project_in

BLOCK = re.compile(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", re.DOTALL)


def test_the_documented_tests_are_judged_by_the_documented_suite(tmp_path: Path) -> None:
    project = project_in(tmp_path / "docs")
    for name, text in BLOCK.findall((ROOT / "docs" / "pytest.md").read_text()):
        (project.folder / name).write_text(text)

    done = project.inside(".")

    assert 0 == done.code, done.out
    assert "63 passed" in done.out
    assert "PASS  answers: candidate v42" in done.out
