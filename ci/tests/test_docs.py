"""The pipelines file that the docs show is one that is read, and says what they say."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness_ci.commands import command

from conftest import ROOT

PAGE = (ROOT / "docs" / "control.md").read_text()


def test_the_file_of_the_docs_is_checked_as_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    blocks = [block for block in found if not block.startswith("# canary.suite.yaml")]
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "pipelines.yaml").write_text("".join(blocks))
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(command, ["check"])

    (said,) = re.findall(r"^harness ci check +# (.*)$", PAGE, re.MULTILINE)
    assert (done.exit_code, done.output) == (0, said + "\n")
